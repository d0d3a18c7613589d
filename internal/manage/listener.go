package manage

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/review"
	"readerfund/internal/settle"
	"readerfund/internal/subscription"
)

// Listener follows up PayPal's news about changes. It ends the changes that have taken place according to the news,
// however the news came and whatever state we thought they were in, and records who ended or paused a subscription.
// It reports two subscriptions of one person to staff. disputePauses says that an open dispute pauses a subscription.
func Listener(disputePauses bool) settle.Listener {
	return func(ctx context.Context, tx *sqlx.Tx, a settle.Applied) error {
		if a.Contribution.Frequency == contribution.Once {
			return nil
		}
		if a.Subscription != nil {
			if err := changed(ctx, tx, a); err != nil {
				return err
			}
		}
		if disputePauses {
			return afterDisputes(ctx, tx, a)
		}
		return nil
	}
}

// changed follows up news about a subscription. The listeners after this one see who ended it and until when it is
// paused.
func changed(ctx context.Context, tx *sqlx.Tx, a settle.Applied) error {
	before, now := a.Subscription.Before, &a.Subscription.After
	terms := before.Amount != now.Amount || before.Frequency != now.Frequency
	if before.State == now.State && !terms {
		return nil
	}
	all, err := latest(ctx, tx, now.PayPalID)
	if err != nil {
		return err
	}
	if before.State != now.State {
		if err := noteState(ctx, tx, a, all); err != nil {
			return err
		}
	}
	for i := range all {
		c := &all[i]
		if !c.UnderWay() && !terms {
			continue
		}
		ended, err := conclude(ctx, tx, a.Contribution, *now, c, a.At)
		if err != nil {
			return err
		}
		if done := ended && c.State == Done; done && c.Kind == Pause {
			now.PausedUntil = c.Until
		} else if done && c.Kind.group() == Amount {
			terms = false // an older request is not what took place
		}
	}
	if before.State != now.State && now.State == subscription.Active && !before.State.Runs() {
		return nameSecond(ctx, tx, a)
	}
	return nil
}

// noteState records who ended a subscription, and whether its pause is over or was one of ours.
func noteState(ctx context.Context, tx *sqlx.Tx, a settle.Applied, all []Change) error {
	now := &a.Subscription.After
	by, until := readNote(now.Note)
	switch now.State {
	case subscription.Cancelled, subscription.Expired:
		now.EndedBy, now.PausedUntil = endedBy(*now, all), time.Time{}
		if err := settleSecond(ctx, tx, a); err != nil {
			return err
		}
		return setEndedBy(ctx, tx, now.PayPalID, now.EndedBy)
	case subscription.Suspended:
		if by == "" || until.IsZero() || underWay(all, Pause) != nil {
			return nil
		}
		now.PausedUntil = until // of a change that was lost with the database
		return setPausedUntil(ctx, tx, now.PayPalID, until, a.At)
	case subscription.Active:
		if now.PausedUntil.IsZero() {
			return nil
		}
		now.PausedUntil = time.Time{}
		return setPausedUntil(ctx, tx, now.PayPalID, time.Time{}, a.At)
	default:
		return nil
	}
}

// endedBy is who ended a subscription: whoever stopped it here, or else the payer or PayPal.
func endedBy(sub subscription.Subscription, all []Change) string {
	if sub.State == subscription.Expired {
		return ByPayPal
	}
	for _, c := range all {
		if c.Kind == Stop {
			return c.By.Kind
		}
	}
	if by, _ := readNote(sub.Note); by != "" {
		return by
	}
	return ByPayPal
}

// nameSecond asks staff to look when a subscription begins while another one of the same person is running: it may be
// intended, or a mistake that the reader has not noticed. The review names both.
func nameSecond(ctx context.Context, tx *sqlx.Tx, a settle.Applied) error {
	if err := lockPerson(ctx, tx, a.Contribution.ID); err != nil {
		return err
	}
	var others []struct {
		PayPalID string `db:"paypal_id"`
		Receipt  string `db:"receipt"`
	}
	err := tx.SelectContext(ctx, &others, `
		SELECT s.paypal_id, c.receipt FROM contribution own
		JOIN contribution c ON c.supporter_id = own.supporter_id AND c.id <> own.id
		JOIN subscription s ON s.contribution_id = c.id AND s.state IN ('active', 'suspended')
		WHERE own.id = $1 ORDER BY s.started_at, s.paypal_id`, a.Contribution.ID)
	if err != nil {
		return fmt.Errorf("find other subscriptions of a person: %w", err)
	}
	for _, other := range others {
		args := review.Args{
			"subscription": a.Subscription.After.PayPalID, "other": other.PayPalID, "receipt": other.Receipt,
		}
		if _, err := review.Open(ctx, tx, a.Contribution.ID, review.TwoSubscriptions, args, a.At); err != nil {
			return err
		}
	}
	return nil
}

// settleSecond closes the reviews that nameSecond opened about a subscription that has ended: on its own
// contribution, and on those of the same person that name it as the other one.
func settleSecond(ctx context.Context, tx *sqlx.Tx, a settle.Applied) error {
	ended := a.Subscription.After.PayPalID
	if err := lockPerson(ctx, tx, a.Contribution.ID); err != nil {
		return err
	}
	var others []uuid.UUID
	err := tx.SelectContext(ctx, &others, `
		SELECT c.id FROM contribution own
		JOIN contribution c ON c.supporter_id = own.supporter_id AND c.id <> own.id AND c.frequency <> 'once'
		WHERE own.id = $1 ORDER BY c.id`, a.Contribution.ID)
	if err != nil {
		return fmt.Errorf("find other recurring gifts of a person: %w", err)
	}
	own := review.Match{Code: review.TwoSubscriptions, About: review.Args{"subscription": ended}}
	if _, err := review.Resolve(ctx, tx, a.Contribution.ID, review.Settled, a.At, own); err != nil {
		return err
	}
	other := review.Match{Code: review.TwoSubscriptions, About: review.Args{"other": ended}}
	for _, id := range others {
		if _, err := review.Resolve(ctx, tx, id, review.Settled, a.At, other); err != nil {
			return err
		}
	}
	return nil
}

// lockPerson locks the supporter of a contribution that is locked already: always in this order, as when a person is
// linked. The reviews that name two subscriptions of one person change only under this lock, so that a subscription
// which begins while another one ends is not reported after that end was handled. A person who was erased, or is
// unknown, has no row.
func lockPerson(ctx context.Context, tx *sqlx.Tx, contribution uuid.UUID) error {
	_, err := tx.ExecContext(ctx, `
		SELECT 1 FROM supporter WHERE id = (SELECT supporter_id FROM contribution WHERE id = $1) FOR NO KEY UPDATE`,
		contribution)
	if err != nil {
		return fmt.Errorf("lock a person: %w", err)
	}
	return nil
}
