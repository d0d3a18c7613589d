package health

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Attention counts what a person has to review.
type Attention struct {
	Contributions int64 `db:"contributions"`
	Disputes      int64 `db:"disputes"` // open disputes that wait for our answer
	Refunds       int64 `db:"refunds"`  // requested by staff, and not answered by PayPal yet
	Parked        int64 `db:"parked"`
	Suspects      int64 `db:"suspects"` // deliveries refused as forged within the last day
}

// suspectNews is how long a suspect delivery is reported: any longer, and an alert that nobody can resolve would hide
// the next one.
const suspectNews = 24 * time.Hour

// None reports whether all counts are zero.
func (a Attention) None() bool { return a == Attention{} }

// Attention counts what waits for a person at a given time.
func (m *Monitor) Attention(ctx context.Context, now time.Time) (Attention, error) {
	var a Attention
	err := m.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &a, `
			SELECT (SELECT count(DISTINCT contribution_id) FROM review WHERE closed_at IS NULL) AS contributions,
			       (SELECT count(*) FROM dispute WHERE status = 'open' AND (respond_by IS NOT NULL OR may_accept)) AS disputes,
			       (SELECT count(*) FROM refund_request WHERE ended_at IS NULL AND state IN ('asked', 'unknown')) AS refunds,
			       (SELECT count(*) FROM webhook_event WHERE state = 'parked') AS parked,
			       (SELECT count(*) FROM suspect_delivery WHERE last_seen_at > $1) AS suspects`, now.Add(-suspectNews))
	})
	if err != nil {
		return Attention{}, fmt.Errorf("read what needs attention: %w", err)
	}
	return a, nil
}
