package settle

import (
	"context"
	"errors"
	"fmt"

	"readerfund/internal/contribution"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// Plans gives PayPal's plan for what a reader gives, and makes it where there is none yet. internal/plan has them.
type Plans interface {
	// For is the plan to subscribe to, with the amount to put in place of its price; nil where it has that price.
	For(ctx context.Context, every paypal.Interval, amount money.Amount) (planID string, override *money.Amount, err error)
	// Refused learns from PayPal's refusal of a subscription to a plan, and reports whether to ask For once more.
	Refused(ctx context.Context, planID string, cause error) (again bool, err error)
}

// subscribe asks PayPal for the subscription and saves what came of it.
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
			_, sub, err = s.createSubscription(ctx, c, locale)
		}
	}
	if _, byPayPal := errors.AsType[*paypal.Error](err); err != nil && !byPayPal {
		return c, err // our own database is away: it is still only started
	}
	if err != nil {
		return s.unmade(ctx, c, src, err)
	}
	return s.applier.ApplyAll(ctx, []Fact{SubscriptionSeen(c.ID, src, sub)})
}

// createSubscription asks PayPal for the subscription. The PayPal-Request-Id names the contribution and the plan, so
// asking again within 72 hours gives the same subscription. Where the plan had to be another one meanwhile, that is
// another request; should the first have been made after all, nobody has its approval link.
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
		BrandName: s.publication, Locale: locale, ReturnURL: address + "/return", CancelURL: address + "/cancel",
	})
	return planID, sub, err
}
