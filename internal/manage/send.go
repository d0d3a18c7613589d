package manage

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/settle"
	"readerfund/internal/subscription"
)

// leasedFor is how long one process keeps a change for itself: longer than its calls to PayPal may take.
const leasedFor = time.Minute

// send has PayPal carry out a change, and saves the outcome. Callers in one process share one call.
func (s *Service) send(ctx context.Context, c Change) (Change, error) {
	if c.State != Asked && c.State != Unknown {
		return c, nil
	}
	sent, err := detached.Run(ctx, &s.calls, func(ctx context.Context) (Change, error) {
		got, err, _ := s.sending.Do(c.ID.String(), func() (any, error) { return s.sendOnce(ctx, c.ID) })
		sent, _ := got.(Change)
		return sent, err
	})
	if err != nil {
		return c, db.Translate(err)
	}
	return sent, nil
}

func (s *Service) sendOnce(ctx context.Context, id uuid.UUID) (Change, error) {
	c, mine, err := s.lease(ctx, id)
	if err != nil || !mine {
		return c, err
	}
	sub, err := subscription.Find(ctx, s.db, c.Subscription)
	if err != nil {
		return c, err
	}
	// These calls have no request id at PayPal. So we look first if one may have been sent before, or if the change
	// seems done.
	if !c.sentAt.IsZero() || c.reached(sub) || !sub.Ongoing() {
		looked, err := s.look(ctx, c)
		if err != nil && !paypal.NotFound(err) {
			c.unanswered = err
			return s.postpone(ctx, c, Unknown)
		}
		if !looked.UnderWay() {
			return looked, nil
		}
	}
	approveURL, err := s.call(ctx, c, sub)
	if c.consent {
		return s.saveConsent(ctx, c, approveURL, err)
	}
	return s.saveOutcome(ctx, c, err)
}

// lease takes a change for sending, unless another process has it or it has ended. It commits that PayPal may have
// heard of the change before PayPal does. The change that is returned still has the time of the previous sending.
func (s *Service) lease(ctx context.Context, id uuid.UUID) (c Change, mine bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// The row's lock decides between two processes that want it at once.
		if c, err = find(ctx, tx, id, "FOR UPDATE"); err != nil {
			return err
		}
		now := s.now().UTC().Truncate(time.Microsecond) // as PostgreSQL keeps it: it identifies the lease
		if mine = (c.State == Asked || c.State == Unknown) && !now.Before(c.leaseUntil); !mine {
			return nil
		}
		c.leaseUntil = now.Add(leasedFor)
		_, err = tx.ExecContext(ctx, `UPDATE subscription_change SET sent_at = $2, lease_until = $3 WHERE id = $1`, id, now,
			c.leaseUntil)
		return err
	})
	if err != nil {
		return c, false, fmt.Errorf("lease a change for sending: %w", err)
	}
	return c, mine, nil
}

// call asks PayPal to carry the change out.
func (s *Service) call(
	ctx context.Context, c Change, sub subscription.Subscription,
) (approveURL string, err error) {
	switch c.Kind {
	case Stop:
		return "", s.cancel(ctx, c, sub)
	case Pause:
		return "", s.paypal.SuspendSubscription(ctx, c.Subscription, note(c))
	case Resume:
		return "", s.paypal.ActivateSubscription(ctx, c.Subscription, note(c))
	default:
		if c.consent {
			return s.revise(ctx, c)
		}
		return "", s.paypal.ChangeSubscriptionAmount(ctx, c.Subscription, c.Amount)
	}
}

// cancel ends a subscription. PayPal cancels only active or suspended ones. One that is approved and waits for its
// start is activated first, which charges nothing before that day.
func (s *Service) cancel(ctx context.Context, c Change, sub subscription.Subscription) error {
	err := s.paypal.CancelSubscription(ctx, c.Subscription, note(c))
	if !sub.AwaitsStart() || !paypal.HasIssue(err, paypal.SubscriptionStatusInvalid) {
		return err
	}
	if err := s.paypal.ActivateSubscription(ctx, c.Subscription, note(c)); err != nil {
		return err
	}
	return s.paypal.CancelSubscription(ctx, c.Subscription, note(c))
}

// look asks PayPal for the subscription's state and ends the change if that decides it.
func (s *Service) look(ctx context.Context, c Change) (Change, error) {
	src := settle.Source{Way: contribution.ByChange}
	if _, err := s.settler.SettleSubscription(ctx, c.Subscription, src); err != nil {
		// The answer may have been applied although a missing charge caused the error.
		if now, problem := find(ctx, s.db, c.ID, ""); problem == nil && !now.UnderWay() {
			return now, nil
		}
		return c, err
	}
	err := s.locked(ctx, c.ID, func(ctx context.Context, tx *sqlx.Tx, of contribution.Contribution, now *Change) error {
		sub, err := subscription.Find(ctx, tx, c.Subscription)
		if err != nil {
			return err
		}
		_, err = conclude(ctx, tx, of, sub, now, s.now().UTC())
		c.State, c.Answer, c.EndedAt = now.State, now.Answer, now.EndedAt
		return err
	})
	return c, err
}

// locked calls a function with the change, under the lock of its contribution.
func (s *Service) locked(
	ctx context.Context, id uuid.UUID,
	do func(ctx context.Context, tx *sqlx.Tx, of contribution.Contribution, c *Change) error,
) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, err := find(ctx, tx, id, "")
		if err != nil {
			return err
		}
		of, err := contribution.Lock(ctx, tx, c.Contribution)
		if err != nil {
			return err
		}
		if c, err = find(ctx, tx, id, ""); err != nil { // another process may have had the lock until now
			return err
		}
		return do(ctx, tx, of, &c)
	})
}

// saveOutcome saves the outcome of a call that needs no consent. The subscription's state decides, not PayPal's
// answer: a refused change may have been made already, an accepted one may not show yet.
func (s *Service) saveOutcome(ctx context.Context, c Change, err error) (Change, error) {
	c.unanswered = err
	refused := paypal.Refused(err)
	if err != nil {
		s.log.WarnContext(ctx, "PayPal did not change a subscription", "contribution", c.Contribution,
			"subscription", c.Subscription, "change", c.Kind, "error", err)
		if !refused && !paypal.OutcomeUnknown(err) { // not sent, or asked to come back later
			return s.postpone(ctx, c, c.State)
		}
	}
	looked, lookErr := s.look(ctx, c)
	switch {
	case lookErr != nil && !paypal.NotFound(lookErr): // a subscription PayPal does not know: the refusal is final
		c.unanswered = lookErr
		return s.postpone(ctx, c, Unknown)
	case !looked.UnderWay():
		return looked, nil
	case !refused:
		return s.postpone(ctx, c, Unknown)
	case c.Kind == Stop || c.By.Kind == BySystem:
		// The system's changes have nobody to retry them, and a stop that fails would leave the reader being charged.
		args := review.Args{"subscription": c.Subscription, "change": string(c.Kind), "answer": codeOf(err)}
		if err := s.applier.OpenReview(ctx, c.Contribution, review.ChangeRefused, args); err != nil {
			return c, err
		}
		return s.postpone(ctx, c, Unknown)
	default:
		return s.end(ctx, c, Refused, codeOf(err))
	}
}

// codeOf returns PayPal's code for a refusal.
func codeOf(err error) string {
	code, _ := paypal.Advice(err)
	return code
}

// end ends a change that did not take place, unless another process has taken it over.
func (s *Service) end(ctx context.Context, c Change, state State, code string) (Change, error) {
	leased := c.leaseUntil
	err := s.locked(ctx, c.ID, func(ctx context.Context, tx *sqlx.Tx, of contribution.Contribution, now *Change) error {
		c = *now
		if !c.UnderWay() || !c.leaseUntil.Equal(leased) {
			return nil
		}
		return save(ctx, tx, of, &c, state, code, s.now().UTC())
	})
	return c, err
}

// postpone leaves the change to the queue, and frees the lease for the next process.
func (s *Service) postpone(ctx context.Context, c Change, state State) (Change, error) {
	ctx, cancel := detached.Saving(ctx)
	defer cancel()
	// If the call was certainly not sent, sentAt is reset to its earlier value.
	sentAt := sql.NullTime{Time: c.sentAt, Valid: !c.sentAt.IsZero()}
	if state == Unknown {
		sentAt = sql.NullTime{Time: s.now().UTC(), Valid: true}
	}
	_, err := s.db.ExecContext(ctx, `
		UPDATE subscription_change SET state = $2, sent_at = $3, lease_until = NULL
		WHERE id = $1 AND state IN ('asked', 'unknown') AND lease_until = $4`, c.ID, string(state), sentAt, c.leaseUntil)
	if err != nil {
		return c, fmt.Errorf("postpone a change: %w", err)
	}
	c.State, c.leaseUntil = state, time.Time{}
	return c, nil
}

// unavailable is the error when the reader cannot continue until PayPal answers.
func unavailable(err error) error { return fault.Wrap(err, fault.Unavailable, "change.paypal_silent") }
