package settle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/paypal"
)

// captureTimeout bounds the call for a capture; it is longer than the client's own limit. captureLease keeps other
// callers from calling in the meantime: PayPal "might fail the second" of two requests at once, and that refusal
// would say nothing about the first. If the caller dies, another one calls once the lease has ended.
const (
	captureTimeout = 10 * time.Second
	captureLease   = captureTimeout + 2*time.Second
	leasePoll      = 50 * time.Millisecond
)

// capture applies an order that the reader has approved and takes the money, or waits for the call that does. The
// transaction that applies the order decides which caller may send which attempt, and is committed before PayPal
// hears of it.
func (s *orders) capture(
	ctx context.Context, c contribution.Contribution, o paypal.Order, src Source,
) (contribution.Contribution, error) {
	for {
		var claim checkout.Claim
		claimed, err := s.applier.applyAnd(ctx, OrderSeen(c.ID, src, o), func(a *application) (err error) {
			if len(a.contradictions) == 0 {
				claim, err = a.claim(src)
			}
			return err
		})
		switch {
		case err != nil:
			return c, err
		case claim == checkout.ClaimRefused, claim == checkout.ClaimLater:
			return claimed, nil
		case claim != checkout.ClaimBusy:
			return s.send(ctx, claimed, src, claim == checkout.ClaimAgain)
		case src.Way == contribution.BySweep: // the sweep looks again when the call under way must be over
			return claimed, db.Translate(contribution.CheckSoon(ctx, s.db, claimed.ID, claimed.Checkout.LeasedUntil))
		}
		select {
		case <-ctx.Done():
			return claimed, context.Cause(ctx)
		case <-time.After(leasePoll):
		}
	}
}

// claim decides, under the contribution's lock, what the source may do to take the money, and begins it.
func (a *application) claim(src Source) (checkout.Claim, error) {
	if a.Contribution.State.Received() || a.Contribution.State == contribution.Pending {
		return checkout.ClaimRefused, nil
	}
	k := &a.Contribution.Checkout
	claim := k.Claim(src.Caller, a.now)
	switch claim {
	case checkout.ClaimRefused, checkout.ClaimBusy:
		return claim, nil
	case checkout.ClaimLater:
		k.RequestRetry()
		a.changed = true
		return claim, nil
	case checkout.ClaimNew:
		if attempt := k.Begin(a.now); attempt > 1 {
			if err := a.apply(CaptureUnanswered(a.Contribution.ID, src, attempt)); err != nil {
				return claim, err
			}
		}
	case checkout.ClaimAgain:
	}
	k.LeasedUntil = a.now.Add(captureLease).UTC().Truncate(time.Microsecond) // as PostgreSQL keeps it
	a.changed = true
	return claim, nil
}

// send asks PayPal for the money and applies the answer. The attempt's number is part of the PayPal-Request-Id, so
// asking again for the same attempt gives the same capture.
func (s *orders) send(
	ctx context.Context, c contribution.Contribution, src Source, again bool,
) (contribution.Contribution, error) {
	orderID, attempt := c.Checkout.PayPalID, c.Checkout.Attempt
	call, cancel := context.WithTimeout(ctx, captureTimeout)
	defer cancel()
	o, err := s.paypal.CaptureOrder(call, orderID, fmt.Sprintf("%s-capture-%d", c.ID, attempt))
	no, refused := refusedBy(err)
	switch {
	case err == nil && len(o.Captures) > 0:
		return s.applyOutcome(ctx, c, OrderSeen(c.ID, src, o)...)
	case err == nil || paypal.HasIssue(err, "ORDER_ALREADY_CAPTURED"):
		return s.applyOrder(ctx, c, src)
	case paypal.NotFound(err):
		defer s.endLease(ctx, c)
		return s.missing(ctx, c, src)
	case paypal.OutcomeUnknown(err):
		unanswered, applyErr := s.applyOutcome(ctx, c, CaptureUnanswered(c.ID, src, attempt))
		return unanswered, errors.Join(err, applyErr)
	case refused:
		s.log.InfoContext(ctx, "PayPal refused the capture", "contribution", c.ID, "attempt", attempt, "error", err)
		no := CaptureRefused(c.ID, src, attempt, reasonOf(no), no.RedirectURL())
		if again { // this answer does not undo what an earlier call of this attempt may have done
			return s.applyOrder(ctx, c, src, no)
		}
		return s.applyOutcome(ctx, c, no)
	default: // not sent, or asked to come back later: the sweep will
		s.endLease(ctx, c)
		return c, fmt.Errorf("capture order %s: %w", orderID, err)
	}
}

// applyOutcome applies the outcome of our call, and ends its lease, unless another process has one by now.
func (s *orders) applyOutcome(
	ctx context.Context, c contribution.Contribution, facts ...Fact,
) (contribution.Contribution, error) {
	return s.applier.applyAnd(ctx, facts, func(a *application) error {
		if k := &a.Contribution.Checkout; k.LeasedUntil.Equal(c.Checkout.LeasedUntil) {
			k.LeasedUntil, a.changed = time.Time{}, true
		}
		return nil
	})
}

// applyOrder asks PayPal for the order and applies it, and also the facts given if it was not captured.
func (s *orders) applyOrder(
	ctx context.Context, c contribution.Contribution, src Source, unless ...Fact,
) (contribution.Contribution, error) {
	o, err := s.paypal.Order(ctx, c.Checkout.PayPalID)
	if err != nil {
		s.endLease(ctx, c)
		err = fmt.Errorf("read order %s after its capture: %w", c.Checkout.PayPalID, err)
		return c, s.applier.reviewAnswer(ctx, c.ID, err)
	}
	facts := OrderSeen(c.ID, src, o)
	if len(o.Captures) == 0 {
		facts = append(facts, unless...)
	}
	return s.applyOutcome(ctx, c, facts...)
}

// endLease ends the lease of a call that gave nothing to apply. If that fails, the lease simply runs out.
func (s *orders) endLease(ctx context.Context, c contribution.Contribution) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), captureLease)
	defer cancel()
	if err := contribution.EndLease(ctx, s.db, c); err != nil {
		s.log.WarnContext(ctx, "the end of a capture's call was not noted; its lease lapses",
			"contribution", c.ID, "error", err)
	}
}
