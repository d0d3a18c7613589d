package settle

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/detached"
	"readerfund/internal/paypal"
)

// Cancel records that the reader came back by the cancel address. It asks PayPal first, so that a reader who approved
// before turning back is not told that nothing was charged. It changes nothing about money: an approval that comes
// after all still counts. It drops a request for another attempt after a refusal. On failure it returns the
// contribution as it stood, with the error.
func (s *Settler) Cancel(ctx context.Context, id uuid.UUID) (contribution.Contribution, error) {
	c, err := s.contributions.Get(ctx, id)
	if err == nil && !c.Checkout.RetryAt.IsZero() {
		return s.orders.dropRetry(ctx, c)
	}
	if err != nil || c.Checkout.PayPalID == "" || c.Outcome() != contribution.OutcomeOpen {
		return c, err
	}
	settled, err := detached.Run(ctx, s.calls, func(ctx context.Context) (contribution.Contribution, error) {
		facts := []Fact{ReaderCancelled(id)}
		if c.Checkout.Kind == checkout.Subscription {
			seen, err := s.paypal.Subscription(ctx, c.Checkout.PayPalID)
			switch {
			case err == nil:
				facts = append([]Fact{SubscriptionSeen(id, Source{Way: contribution.ByReader}, seen)}, facts...)
			case !paypal.NotFound(err):
				return c, fmt.Errorf("ask about subscription %s: %w", c.Checkout.PayPalID, err)
			}
			return s.applier.ApplyAll(ctx, facts)
		}
		o, err := s.paypal.Order(ctx, c.Checkout.PayPalID)
		switch {
		case err == nil && o.CustomID == id.String():
			facts = append(OrderSeen(id, Source{Way: contribution.ByReader}, o), facts...)
		case err != nil && !paypal.NotFound(err):
			return c, fmt.Errorf("ask about order %s: %w", c.Checkout.PayPalID, err)
		}
		return s.applier.ApplyAll(ctx, facts)
	})
	if err != nil {
		return c, unanswered(err)
	}
	return settled, nil
}
