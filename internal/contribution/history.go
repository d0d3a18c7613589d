package contribution

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/review"
)

// Event is a line of a contribution's history that no fact wrote: something a person did, or what became of it. An empty
// Way is ByStaff.
type Event struct {
	Kind   string // "note", "refund_asked": a word for programs
	Way    Way
	Detail string // PayPal's code, or what a person wrote
	Ref    string // PayPal's id of what it is about
}

// AddEvent adds a line to the history of a contribution that is locked.
func AddEvent(ctx context.Context, tx *sqlx.Tx, c Contribution, e Event, at time.Time) error {
	return addEvent(ctx, tx, c, c.State, e, at)
}

func addEvent(ctx context.Context, tx *sqlx.Tx, c Contribution, from State, e Event, at time.Time) error {
	if e.Way == "" {
		e.Way = ByStaff
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO contribution_event (contribution_id, fact, detail, paypal_ref, from_state, to_state, source, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		c.ID, e.Kind, e.Detail, e.Ref, string(from), string(c.State), string(e.Way), at)
	if err != nil {
		return fmt.Errorf("record history of %s: %w", c.ID, err)
	}
	return nil
}

// OpenReview asks a person to look at a contribution, in a transaction of its own. Asking again for the same does nothing.
func (d *Desk) OpenReview(ctx context.Context, id uuid.UUID, code review.Code, args review.Args) error {
	return d.askForALook(ctx, id, code, args)
}
