package manage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/fault"
	"readerfund/internal/ledger"
	"readerfund/internal/queue"
	"readerfund/internal/subscription"
)

// How often PayPal is asked whether the reader has consented: soon after they came back, and at longer intervals
// otherwise.
const (
	soon      = time.Minute
	lookEvery = time.Hour
)

// errTakenOver makes the queue try a change again that another process was sending.
var errTakenOver = errors.New("another process was sending it")

// Process brings a change to its end: it asks PayPal for the subscription's state, and to make the change if that is
// still to be done. The queue runs it until the change has ended.
func (s *Service) Process(ctx context.Context, key string) error {
	id, err := uuid.Parse(key)
	if err != nil {
		return queue.Permanent(fmt.Errorf("change of a subscription %q: %w", key, err))
	}
	c, err := find(ctx, s.db, id, "")
	if fault.Is(err, fault.NotFound) {
		return queue.Permanent(err)
	}
	if err != nil {
		return err
	}
	switch {
	case c.State == Approval:
		return s.lookForConsent(ctx, c)
	case c.UnderWay() && c.consent: // the process died before it could send the reader to PayPal
		_, err = s.end(ctx, c, Expired, "")
		return err
	}
	if c, err = s.send(ctx, c); err != nil {
		return err
	}
	switch {
	case c.UnderWay() && s.now().Before(c.leaseUntil): // another process is sending it
		return queue.At(c.leaseUntil)
	case c.UnderWay():
		why := cmp.Or(c.unanswered, errTakenOver)
		return queue.Unreached(fmt.Errorf("PayPal does not say that the subscription is changed: %w", why))
	default:
		return nil
	}
}

// lookForConsent asks whether the reader has consented, until consent is no longer expected.
func (s *Service) lookForConsent(ctx context.Context, c Change) error {
	c, err := s.look(ctx, c)
	if err != nil {
		return queue.Unreached(err)
	}
	if c.State != Approval {
		return nil
	}
	if s.now().Sub(c.AskedAt) < consentWithin {
		return queue.At(s.now().Add(lookEvery))
	}
	_, err = s.end(ctx, c, Expired, "")
	return err
}

// disputedCheck is when to look again at a pause that is over while a dispute is open.
const disputedCheck = 24 * time.Hour

// EndPause resumes a subscription whose pause is over. The queue runs it at that time. If the reader has resumed it
// before, or it has ended, there is nothing to do.
func (s *Service) EndPause(ctx context.Context, key string) error {
	sub, err := subscription.Find(ctx, s.db, key)
	if fault.Is(err, fault.NotFound) {
		return queue.Permanent(err)
	}
	if err != nil || sub.State != subscription.Suspended || sub.PausedUntil.IsZero() {
		return err
	}
	if s.now().Before(sub.PausedUntil) {
		return queue.At(sub.PausedUntil)
	}
	open, err := ledger.OpenDisputes(ctx, s.db, sub.Contribution)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		return queue.At(s.now().Add(disputedCheck))
	}
	_, err = s.Resume(ctx, sub.Contribution, By{Kind: BySystem, Reason: "the pause is over"})
	if fault.Is(err, fault.Conflict) { // something else is under way
		return queue.At(s.now().Add(leasedFor))
	}
	return err
}
