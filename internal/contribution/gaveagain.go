package contribution

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/review"
)

// gaveAgainWithin is how long after one gift another gift of the same reader may be the same gift, given again
// because the first seemed to have failed.
const gaveAgainWithin = 24 * time.Hour

// ReviewGivenAgain opens a review for each pair of this contribution and another one of the same reader in which the
// earlier was charged after the reader had read that nothing was. The same reader means the same supporter at PayPal,
// or the same email address in the form.
func ReviewGivenAgain(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, now time.Time) error {
	var pairs []struct {
		First    uuid.UUID `db:"first"`
		Receipt  string    `db:"receipt"`
		Minor    int64     `db:"amount_minor"`
		Currency string    `db:"currency"`
	}
	err := tx.SelectContext(ctx, &pairs, `
		SELECT a.id AS first, b.receipt, b.amount_minor, b.currency
		FROM review r
		JOIN contribution a ON a.id = r.contribution_id
		JOIN contribution b ON b.created_at > a.created_at AND b.created_at <= a.created_at + make_interval(secs => $3)
		WHERE r.code = $2 AND (a.id = $1 OR b.id = $1)
		  AND (b.supporter_id = a.supporter_id OR b.email <> '' AND lower(b.email) = lower(a.email))
		  AND (b.id = $1 OR b.state = ANY($4))
		ORDER BY b.created_at`,
		id, string(review.ChargedAfterNo), gaveAgainWithin.Seconds(),
		db.Array(StatesWhere(State.Confirming, State.HoldsMoney)))
	if err != nil {
		return fmt.Errorf("find other gifts of the reader of %s: %w", id, err)
	}
	for _, p := range pairs {
		args := review.Args{"receipt": p.Receipt, "amount": money.New(p.Minor, money.Currency(p.Currency)).String()}
		if _, err := review.Open(ctx, tx, p.First, review.GaveAgain, args, now); err != nil {
			return err
		}
	}
	return nil
}
