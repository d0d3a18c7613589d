package settle

import (
	"context"
	"errors"
	"fmt"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// Plans provides PayPal's plan for what a reader gives, and makes it if it does not exist. internal/plan implements
// it.
type Plans interface {
	// For returns the plan to subscribe to, and the amount to set in place of its price; nil if it has that price.
	For(ctx context.Context, every paypal.Interval, amount money.Amount) (planID string, override *money.Amount, err error)
	// Refused learns from PayPal's refusal of a subscription to a plan, and reports whether to ask For once more.
	Refused(ctx context.Context, planID string, cause error) (again bool, err error)
}

// subscribe asks PayPal for the subscription and saves the outcome.
func (s *Starter) subscribe(
	ctx context.Context, c contribution.Contribution, locale string,
) (contribution.Contribution, error) {
	src := Source{Way: contribution.ByStart}
	planID, sub, err := s.createSubscription(ctx, c, locale)
	if err != nil && planID != "" {
		again, problem := s.plans.Refused(ctx, planID, err)
		switch {
		case problem != nil:
			return c, problem
		case again:
			planID, sub, err = s.createSubscription(ctx, c, locale)
		}
	}
	switch _, refused := refusedBy(err); {
	case err == nil:
		return s.applier.ApplyAll(ctx, []Fact{SubscriptionSeen(c.ID, src, sub)})
	case planID == "" && !refused:
		return c, s.unplanned(ctx, c, err)
	default:
		return s.unmade(ctx, c, src, err)
	}
}

// unplanned handles a contribution for which there is no plan: whatever the reason, no subscription was made, and the
// contribution is still only started.
func (s *Starter) unplanned(ctx context.Context, c contribution.Contribution, err error) error {
	if _, byPayPal := errors.AsType[*paypal.Error](err); !byPayPal {
		return err
	}
	s.log.WarnContext(ctx, "PayPal gave no plan to subscribe to", "contribution", c.ID, "error", err)
	if paypal.Temporary(err) || paypal.OutcomeUnknown(err) {
		return fault.Wrap(err, fault.Unavailable, "outage.paypal_nothing_charged")
	}
	return refusal(err, "")
}

// createSubscription asks PayPal for the subscription. The PayPal-Request-Id names the contribution and the plan, so
// asking again within 72 hours gives the same subscription. If the plan has changed in the meantime, that is another
// request; if the first one did make a subscription, no reader has its approval link.
func (s *Starter) createSubscription(
	ctx context.Context, c contribution.Contribution, locale string,
) (planID string, sub paypal.Subscription, err error) {
	every := intervalOf(c.Frequency)
	planID, override, err := s.plans.For(ctx, every, c.Amount)
	if err != nil {
		return "", sub, fmt.Errorf("find a plan for %s every %s: %w", c.Amount, every, err)
	}
	address := s.baseURL + "/contributions/" + c.ID.String()
	sub, err = s.paypal.CreateSubscription(ctx, paypal.SubscriptionRequest{
		RequestID: c.ID.String() + "-" + planID, PlanID: planID, CustomID: c.ID.String(), Amount: override,
		StartAt: c.Checkout.FirstChargeAt, BrandName: s.publication, Locale: locale,
		ReturnURL: address + "/return", CancelURL: address + "/cancel",
	})
	return planID, sub, err
}
