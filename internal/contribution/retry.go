package contribution

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/detached"
)

// A reader whose payment was declined picks another way to pay at PayPal and is back before attemptPause is over. Their
// return is kept as a wish, which anybody who settles the contribution fulfils once it is due: the reader's page, the
// sweep or a webhook. Only who has been told of the refusal can wish for another try: a first return, a copy of it, and
// a return that finds a payment declined by the webhook's attempt, are none.

// RetryAt is when a payment that was declined is tried again, because its reader asked for it; zero where they did not.
func (c Contribution) RetryAt() time.Time { return c.retryAt }

// pickTime is the least that it takes to pick another way to pay: who is back sooner is a second copy of the first.
const pickTime = 3 * time.Second

// asksAgain reports whether the source is the reader's wish for another try, as the contribution stands when it comes.
func (c Contribution) asksAgain(src Source, now time.Time) bool {
	return src.Again && src.MayRetry && c.State == Declined && c.MayTryAgain() &&
		c.told() && now.Sub(c.refusalTold) >= pickTime
}

// told reports whether the reader has been told that the latest attempt was refused.
func (c Contribution) told() bool { return c.refusalTold.After(c.captureBegun) }

// noteWish writes down, under the contribution's lock, that another attempt is wished for.
func noteWish(ctx context.Context, tx *sqlx.Tx, c *Contribution, now time.Time) error {
	c.retryAt = c.captureBegun.Add(attemptPause)
	_, err := tx.ExecContext(ctx, `
		UPDATE contribution SET retry_at = $2, check_at = least(check_at, $2::timestamptz), updated_at = $3 WHERE id = $1`,
		c.ID, c.retryAt, now)
	if err != nil {
		return fmt.Errorf("note the wish for another try of %s: %w", c.ID, err)
	}
	return nil
}

// noteTold writes down that the reader came back to a refusal and is being told of it.
func (d *Desk) noteTold(ctx context.Context, c Contribution) error {
	if c.State != Declined || c.told() {
		return nil
	}
	ctx, cancel := detached.Saving(ctx)
	defer cancel()
	_, err := d.db.ExecContext(ctx, `
		UPDATE contribution SET refusal_told_at = $2 WHERE id = $1 AND coalesce(refusal_told_at <= capture_begun_at, true)`,
		c.ID, d.now())
	if err != nil {
		return db.Translate(fmt.Errorf("note what the reader of %s was told: %w", c.ID, err))
	}
	return nil
}

// dropWish ends the wish for another try: the reader turned back, or there is nothing at PayPal to try.
func (d *Desk) dropWish(ctx context.Context, c Contribution) (Contribution, error) {
	if c.RetryAt().IsZero() {
		return c, nil
	}
	_, err := d.db.ExecContext(ctx, `UPDATE contribution SET retry_at = NULL WHERE id = $1 AND state = 'declined'`, c.ID)
	if err != nil {
		return c, db.Translate(fmt.Errorf("drop the wish for another try of %s: %w", c.ID, err))
	}
	return d.Get(ctx, c.ID)
}
