package settle

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// orders applies an order as PayPal returned it, and takes the money of one that the reader has approved.
type orders struct {
	db            *db.DB
	paypal        *paypal.Client
	contributions *contribution.Service
	applier       *Applier
	now           func() time.Time
	log           *slog.Logger
}

// settle applies an order as PayPal returned it, and captures it if it is approved.
func (s *orders) settle(
	ctx context.Context, c contribution.Contribution, o paypal.Order, src Source,
) (contribution.Contribution, error) {
	if o.CustomID != c.ID.String() {
		odd := notOurs(review.OrderOfAnother, review.Args{"order": o.ID, "number": o.CustomID})
		return c, errors.Join(odd, s.applier.OpenReview(ctx, c.ID, odd.Code, odd.Args))
	}
	if o.Status == paypal.OrderApproved {
		return s.capture(ctx, c, o, src)
	}
	settled, err := s.applier.ApplyAll(ctx, OrderSeen(c.ID, src, o))
	if err != nil {
		return c, err
	}
	return s.dropRetry(ctx, settled)
}

// dropRetry drops the reader's request for another attempt after a refusal (defined by checkout.RequestsRetry): the
// reader turned back, or there is nothing at PayPal to try.
func (s *orders) dropRetry(ctx context.Context, c contribution.Contribution) (contribution.Contribution, error) {
	if c.Checkout.RetryAt.IsZero() {
		return c, nil
	}
	if err := contribution.DropRetry(ctx, s.db, c.ID); err != nil {
		return c, db.Translate(err)
	}
	return s.contributions.Get(ctx, c.ID)
}

// secondLook is how long we wait before we believe PayPal that it has no such order: just after PayPal made one, a
// reader served by another of its machines may not see it yet.
const secondLook = 10 * time.Second

// missing handles an order or a subscription that PayPal says it does not know. Long after its life we expect that
// answer; before, PayPal must give it twice.
func (s *orders) missing(
	ctx context.Context, c contribution.Contribution, src Source,
) (contribution.Contribution, error) {
	now, since := s.now(), c.Checkout.MissingSince
	if now.Sub(c.CreatedAt) > c.Checkout.Kind.Life() || !since.IsZero() && now.Sub(since) >= secondLook {
		return s.applier.ApplyAll(ctx, []Fact{OrderGone(c.ID, src)})
	}
	return c, db.Translate(contribution.NoteMissing(ctx, s.db, c.ID, now, now.Add(secondLook)))
}
