package settle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/fault"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
)

// Settler brings one contribution as a whole up to date with PayPal: its order, which it captures once the reader has
// approved it, or its subscription with the charges that PayPal holds back; and its open disputes.
type Settler struct {
	db            *db.DB
	paypal        *paypal.Client
	contributions *contribution.Service
	applier       *Applier
	orders        *orders
	subscriptions *subscriptions
	payments      *Payments
	disputes      *Disputes
	sweepEvery    time.Duration
	now           func() time.Time
	calls         *detached.Group // calls to PayPal that outlive their callers
}

// Settle asks PayPal for the state of the contribution's order or subscription, captures an order if the reader has
// approved it, and applies PayPal's answers. It returns the contribution as it stands then; on failure, as it stood,
// with the error. Any number of callers may call it at once.
func (s *Settler) Settle(ctx context.Context, id uuid.UUID, src Source) (contribution.Contribution, error) {
	c, err := s.contributions.Get(ctx, id)
	if err != nil {
		return contribution.Contribution{}, err
	}
	return s.settle(ctx, c, src)
}

func (s *Settler) settle(
	ctx context.Context, c contribution.Contribution, src Source,
) (contribution.Contribution, error) {
	if src.Way == contribution.ByReader && c.Outcome() == contribution.OutcomeReceived {
		return c, nil // the webhook was first: the reader needs nothing from PayPal
	}
	src.Returning = c.Checkout.RequestsRetry(src.Caller, s.now())
	switch {
	case c.Checkout.PayPalID == "" && c.Outcome() == contribution.OutcomeReceived: // adopted
		return s.settleOpenDisputes(ctx, c, src)
	case c.Checkout.PayPalID == "":
		return s.lapse(ctx, c, src)
	}
	settled, err := detached.Run(ctx, s.calls, func(ctx context.Context) (contribution.Contribution, error) {
		if c.Checkout.Kind == checkout.Subscription {
			return s.settleRecurring(ctx, c, src)
		}
		o, err := s.paypal.Order(ctx, c.Checkout.PayPalID)
		if paypal.NotFound(err) {
			return s.orders.missing(ctx, c, src)
		}
		if err != nil {
			return c, s.applier.reviewAnswer(ctx, c.ID, fmt.Errorf("ask about order %s: %w", c.Checkout.PayPalID, err))
		}
		settled, err := s.orders.settle(ctx, c, o, src)
		if err != nil || settled.Outcome() != contribution.OutcomeReceived || src.Way == contribution.ByReader {
			return settled, err
		}
		return s.settleOpenDisputes(ctx, settled, src)
	})
	if err != nil && settled.ID != c.ID {
		settled = c
	}
	if src.Way == contribution.ByReader {
		err = errors.Join(err, s.noteReturn(ctx, settled))
		if src.Present && err == nil {
			err = s.noteTold(ctx, settled)
		}
	}
	return settled, unanswered(err)
}

// SettleOrder is Settle for an order we may not have saved yet: PayPal's custom_id names its contribution. The error
// is ErrNotOurs when it belongs to no contribution here.
func (s *Settler) SettleOrder(ctx context.Context, orderID string, src Source) (contribution.Contribution, error) {
	c, err := contribution.FindByOrder(ctx, s.db, orderID)
	if err == nil {
		return s.settle(ctx, c, src)
	}
	if !fault.Is(err, fault.NotFound) {
		return contribution.Contribution{}, db.Translate(err)
	}
	o, err := s.paypal.Order(ctx, orderID)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("ask about order %s: %w", orderID, err)
	}
	c, err = owner(ctx, s.contributions, o.CustomID)
	if err != nil {
		return contribution.Contribution{}, err
	}
	return detached.Run(ctx, s.calls, func(ctx context.Context) (contribution.Contribution, error) {
		return s.orders.settle(ctx, c, o, src)
	})
}

// settleRecurring asks about the subscription that a contribution began with, and about the charges that PayPal holds
// back. A subscription that changes or is charged later is handled by SettleSubscription.
func (s *Settler) settleRecurring(
	ctx context.Context, c contribution.Contribution, src Source,
) (contribution.Contribution, error) {
	settled, err := s.subscriptions.ask(ctx, c.ID, c.Checkout.PayPalID, src)
	switch {
	case paypal.NotFound(err) && !errors.Is(err, errRunsUnknown) && !c.State.Received():
		return s.orders.missing(ctx, c, src)
	case err != nil:
		return c, err
	case src.Way == contribution.ByReader:
		return settled, nil
	}
	pending, err := ledger.PendingPayments(ctx, s.db, c.ID)
	if err != nil {
		return settled, err
	}
	for _, sale := range pending {
		if settled, err = s.payments.settleKnownSale(ctx, sale, src); err != nil {
			return c, err
		}
	}
	return s.settleOpenDisputes(ctx, settled, src)
}

// SettleSubscription asks PayPal for the state of a subscription and applies the answer, and those of its charges
// that PayPal has and we do not. PayPal's custom_id names its contribution. The error is ErrNotOurs when it belongs
// to no contribution here.
func (s *Settler) SettleSubscription(
	ctx context.Context, paypalID string, src Source,
) (contribution.Contribution, error) {
	settled, err := detached.Run(ctx, s.calls, func(ctx context.Context) (contribution.Contribution, error) {
		owner, err := s.payments.owners.Do(ctx, paypalID)
		if err != nil {
			return contribution.Contribution{}, err
		}
		if owner.Contribution != uuid.Nil {
			return s.subscriptions.ask(ctx, owner.Contribution, paypalID, src)
		}
		seen, c, err := s.payments.askOwner(ctx, paypalID)
		if err != nil {
			return contribution.Contribution{}, err
		}
		return s.subscriptions.settle(ctx, c.ID, seen, src)
	})
	return settled, unanswered(err)
}

// settleOpenDisputes asks for the state of the contribution's open disputes.
func (s *Settler) settleOpenDisputes(
	ctx context.Context, c contribution.Contribution, src Source,
) (contribution.Contribution, error) {
	open, err := ledger.OpenDisputes(ctx, s.db, c.ID)
	if err != nil {
		return c, err
	}
	for _, id := range open {
		settled, err := s.disputes.Settle(ctx, id, src)
		if err != nil {
			return c, err
		}
		c = settled
	}
	return c, nil
}

// lapse ends a contribution whose order or subscription we never learned of: without its approval link it cannot be
// paid, and after its life PayPal forgets it.
func (s *Settler) lapse(
	ctx context.Context, c contribution.Contribution, src Source,
) (contribution.Contribution, error) {
	young := s.now().Sub(c.CreatedAt) <= c.Checkout.Kind.Life()
	if c.State != contribution.Started && c.State != contribution.OrderUnknown || young {
		return c, nil
	}
	return s.applier.ApplyAll(ctx, []Fact{OrderGone(c.ID, src)})
}

// noteReturn makes the sweep ask soon about an order whose reader came back, most likely having approved it, before
// PayPal showed the approval.
func (s *Settler) noteReturn(ctx context.Context, c contribution.Contribution) error {
	o := c.Outcome()
	if c.Checkout.Returned || o != contribution.OutcomeOpen && o != contribution.OutcomeCancelled {
		return nil
	}
	now := s.now()
	return contribution.NoteReturn(context.WithoutCancel(ctx), s.db, c.ID, now, now.Add(s.sweepEvery))
}

// noteTold records that the reader came back to a refusal and is being told of it.
func (s *Settler) noteTold(ctx context.Context, c contribution.Contribution) error {
	if c.State != contribution.Declined || c.Checkout.ToldOfRefusal() {
		return nil
	}
	ctx, cancel := detached.Saving(ctx)
	defer cancel()
	return db.Translate(contribution.NoteRefusalTold(ctx, s.db, c.ID, s.now()))
}
