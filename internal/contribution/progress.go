package contribution

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/checkout"
	"readerfund/internal/db"
)

// Changes of a checkout that do not come from facts. Each is one statement, and none changes the state.

// EndLease ends the lease of an attempt's call, unless another call holds the lease by now.
func EndLease(ctx context.Context, d *db.DB, c Contribution) error {
	_, err := d.ExecContext(ctx, `UPDATE contribution SET capture_until = NULL WHERE id = $1 AND capture_until = $2`,
		c.ID, c.Checkout.LeasedUntil)
	return err
}

// DropRetry drops the reader's request for another attempt.
func DropRetry(ctx context.Context, d *db.DB, id uuid.UUID) error {
	_, err := d.ExecContext(ctx, `UPDATE contribution SET retry_at = NULL WHERE id = $1 AND state = $2`,
		id, string(Declined))
	if err != nil {
		return fmt.Errorf("drop the request for another attempt of %s: %w", id, err)
	}
	return nil
}

// NoteRefusalTold records that the reader came back to a refusal and is being told about it.
func NoteRefusalTold(ctx context.Context, d *db.DB, id uuid.UUID, now time.Time) error {
	_, err := d.ExecContext(ctx, `
		UPDATE contribution SET refusal_told_at = $2 WHERE id = $1 AND coalesce(refusal_told_at <= capture_begun_at, true)`,
		id, now)
	if err != nil {
		return fmt.Errorf("note what the reader of %s was told: %w", id, err)
	}
	return nil
}

// NoteReturn records that the reader returned before PayPal reported their approval. PayPal is asked at checkAt at
// the latest.
func NoteReturn(ctx context.Context, d *db.DB, id uuid.UUID, now, checkAt time.Time) error {
	_, err := d.ExecContext(ctx, `
		UPDATE contribution SET returned_at = $2, check_at = least(check_at, $3::timestamptz)
		WHERE id = $1 AND returned_at IS NULL AND check_at IS NOT NULL`, id, now, checkAt)
	if err != nil {
		return fmt.Errorf("note the return of %s: %w", id, err)
	}
	return nil
}

// NoteMissing records that PayPal answered that it has no such order. PayPal is asked again at checkAt at the latest.
func NoteMissing(ctx context.Context, d *db.DB, id uuid.UUID, now, checkAt time.Time) error {
	_, err := d.ExecContext(ctx, `
		UPDATE contribution
		SET gone_since = coalesce(gone_since, $2::timestamptz), check_at = least(check_at, $3::timestamptz)
		WHERE id = $1 AND check_at IS NOT NULL`, id, now, checkAt)
	if err != nil {
		return fmt.Errorf("note that the order of %s is missing: %w", id, err)
	}
	return nil
}

// CheckSoon moves the next check to at, if one is scheduled and is later than that.
func CheckSoon(ctx context.Context, q sqlx.ExecerContext, id uuid.UUID, at time.Time) error {
	_, err := q.ExecContext(ctx, `
		UPDATE contribution SET check_at = least(check_at, $2::timestamptz) WHERE id = $1 AND check_at IS NOT NULL`, id, at)
	if err != nil {
		return fmt.Errorf("have PayPal asked about %s soon: %w", id, err)
	}
	return nil
}

// Renumber gives a contribution that has no order yet another receipt number. If another process was quicker, the
// number that it drew is kept.
func Renumber(ctx context.Context, d *db.DB, c Contribution, now time.Time) (Contribution, error) {
	_, err := d.ExecContext(ctx, `
		UPDATE contribution SET receipt = $3, updated_at = $4
		WHERE id = $1 AND receipt = $2 AND order_id IS NULL AND state = ANY ($5)`,
		c.ID, c.Receipt, NewReceipt(), now, db.Array(StatesWhere(State.Orderless)))
	if err != nil {
		return c, db.Translate(fmt.Errorf("draw another receipt number for %s: %w", c.ID, err))
	}
	c, err = Find(ctx, d, c.ID)
	return c, db.Translate(err)
}

// ClaimDue takes at most limit contributions that are due for a check with PayPal, and postpones them in the same
// transaction: another process does not take them too, and if this process dies they are due again later. every is
// the interval of the sweep.
func ClaimDue(ctx context.Context, d *db.DB, limit int, now time.Time, every time.Duration) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := d.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		ids = ids[:0]
		var due []struct {
			ID        uuid.UUID    `db:"id"`
			State     State        `db:"state"`
			Frequency string       `db:"frequency"`
			OrderID   string       `db:"order_id"`
			SubID     string       `db:"subscription_id"`
			Gone      bool         `db:"gone"`
			Paid      bool         `db:"paid"`
			Held      bool         `db:"held"`
			Returned  bool         `db:"returned"`
			RetryAt   sql.NullTime `db:"retry_at"`
			Checks    int          `db:"checks"`
			CreatedAt time.Time    `db:"created_at"`
			FirstAt   sql.NullTime `db:"first_charge_at"`
		}
		// SKIP LOCKED: rows that another process is taking, or is applying facts to, are left for the next time.
		err := tx.SelectContext(ctx, &due, `
			SELECT c.id, c.state, c.frequency, coalesce(c.order_id, '') AS order_id,
			       coalesce(c.subscription_id, '') AS subscription_id, c.returned_at IS NOT NULL AS returned, c.retry_at,
			       c.checks, c.created_at, c.gone, c.first_charge_at,
			       EXISTS (SELECT 1 FROM payment p WHERE p.contribution_id = c.id) AS paid,
			       EXISTS (SELECT 1 FROM payment p LEFT JOIN dispute d ON d.payment_id = p.id AND d.status = 'open'
			               WHERE p.contribution_id = c.id AND (p.status = 'pending' OR d.id IS NOT NULL)) AS held
			FROM contribution c
			WHERE c.check_at <= $1
			ORDER BY c.state <> ALL ($3) AND c.retry_at IS NULL, c.returned_at IS NULL, c.check_at
			LIMIT $2
			FOR UPDATE OF c SKIP LOCKED`, now, limit, db.Array([]string{string(Approved), string(CaptureUnknown)}))
		if err != nil {
			return fmt.Errorf("find what is due: %w", err)
		}
		for _, c := range due {
			read := row{
				State: string(c.State), Frequency: c.Frequency, OrderID: sql.NullString{String: c.OrderID},
				SubscriptionID: sql.NullString{String: c.SubID}, Gone: c.Gone, RetryAt: c.RetryAt,
				ReturnedAt: sql.NullTime{Valid: c.Returned}, CreatedAt: c.CreatedAt, FirstChargeAt: c.FirstAt,
			}
			k := read.checkout()
			money := checkout.Money{Paid: c.Paid, Held: c.Held}
			_, err := tx.ExecContext(ctx, `UPDATE contribution SET checks = checks + 1, check_at = $2 WHERE id = $1`,
				c.ID, null(k.NextCheck(money, c.Checks+1, now, every)))
			if err != nil {
				return fmt.Errorf("postpone the next check of %s: %w", c.ID, err)
			}
			ids = append(ids, c.ID)
		}
		return nil
	})
	return ids, err
}
