package contribution

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Event is a line of a contribution's history: a fact that was applied, or something a person did.
type Event struct {
	Kind     string // "capture_completed", "note": a word for programs
	Way      Way    // how we learned of it; empty is ByStaff
	Webhook  int64  // the webhook event's row, 0 for every other way
	Detail   string // PayPal's code, or what a person wrote
	Ref      string // PayPal's id of what it is about
	From, To State
}

// AddEvent adds a line to the history of a contribution that is locked, and whose state does not change by it.
func AddEvent(ctx context.Context, tx *sqlx.Tx, c Contribution, e Event, at time.Time) error {
	e.From, e.To = c.State, c.State
	return addEvent(ctx, tx, c, e, at)
}

func addEvent(ctx context.Context, tx *sqlx.Tx, c Contribution, e Event, at time.Time) error {
	if e.Way == "" {
		e.Way = ByStaff
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO contribution_event (contribution_id, fact, detail, paypal_ref, from_state, to_state, source, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		c.ID, e.Kind, e.Detail, e.Ref, string(e.From), string(e.To), string(e.Way), at)
	if err != nil {
		return fmt.Errorf("record history of %s: %w", c.ID, err)
	}
	return nil
}
