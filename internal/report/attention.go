package report

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Attention counts what a person should look at.
type Attention struct {
	Contributions int64 `db:"contributions"`
	Parked        int64 `db:"parked"`
	Suspects      int64 `db:"suspects"`
}

// None tells whether there is nothing.
func (a Attention) None() bool { return a == Attention{} }

// Attention counts what waits for a person.
func (r *Reports) Attention(ctx context.Context) (Attention, error) {
	var a Attention
	err := r.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &a, `
			SELECT (SELECT count(*) FROM contribution WHERE attention <> '') AS contributions,
			       (SELECT count(*) FROM webhook_event WHERE state = 'parked') AS parked,
			       (SELECT count(*) FROM suspect_delivery) AS suspects`)
	})
	if err != nil {
		return Attention{}, fmt.Errorf("read what needs attention: %w", err)
	}
	return a, nil
}
