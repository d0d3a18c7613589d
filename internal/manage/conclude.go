package manage

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/queue"
	"readerfund/internal/review"
	"readerfund/internal/subscription"
)

// conclude ends a change according to the subscription's state, and reports whether it did. The reader's consent
// counts even after we stopped waiting for it. The contribution is locked.
func conclude(
	ctx context.Context, tx *sqlx.Tx, of contribution.Contribution, sub subscription.Subscription, c *Change,
	now time.Time,
) (bool, error) {
	late := c.consent && (c.State == Expired || c.State == Refused)
	switch {
	case !c.UnderWay() && !late:
		return false, nil
	case c.UnderWay() && c.obsolete(sub):
		return true, save(ctx, tx, of, c, Superseded, "", now)
	case !c.reached(sub):
		return false, nil
	}
	if c.Kind.group() == Amount {
		c.MissesNext = sub.NextIsFixed(now) // the reader's consent may have taken days
	}
	if err := save(ctx, tx, of, c, Done, "", now); err != nil {
		return false, err
	}
	if err := resolve(ctx, tx, *c, now); err != nil {
		return false, err
	}
	switch c.Kind {
	case Pause:
		return true, setPausedUntil(ctx, tx, sub.PayPalID, c.Until, now)
	case Resume:
		return true, setPausedUntil(ctx, tx, sub.PayPalID, time.Time{}, now)
	default:
		return true, nil
	}
}

// resolve closes the reviews that a change has settled by taking place.
func resolve(ctx context.Context, tx *sqlx.Tx, c Change, now time.Time) error {
	which := []review.Match{{
		Code: review.ChangeRefused, About: review.Args{"subscription": c.Subscription, "change": string(c.Kind)},
	}}
	if c.Kind == Resume || c.Kind == Stop {
		which = append(which, review.Match{
			Code: review.PausedByDispute, About: review.Args{"subscription": c.Subscription},
		})
	}
	_, err := review.Resolve(ctx, tx, c.Contribution, review.Settled, now, which...)
	return err
}

// setPausedUntil records when a pause ends by itself, and schedules its end; zero means that it does not.
func setPausedUntil(ctx context.Context, tx *sqlx.Tx, subscriptionID string, until, now time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE subscription SET paused_until = $2 WHERE paypal_id = $1`, subscriptionID,
		sql.NullTime{Time: until, Valid: !until.IsZero()})
	if err != nil {
		return fmt.Errorf("write down until when %s is paused: %w", subscriptionID, err)
	}
	if until.IsZero() {
		return nil
	}
	return queue.Put(ctx, tx, queue.Job{Kind: EndingPause, Key: subscriptionID, Due: until}, now)
}

// setEndedBy records who ended a subscription.
func setEndedBy(ctx context.Context, tx *sqlx.Tx, subscriptionID, by string) error {
	_, err := tx.ExecContext(ctx, `UPDATE subscription SET ended_by = $2, paused_until = NULL WHERE paypal_id = $1`,
		subscriptionID, by)
	if err != nil {
		return fmt.Errorf("write down who ended %s: %w", subscriptionID, err)
	}
	return nil
}
