package settle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/batch"
	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/subscription"
)

// Payments asks PayPal about a payment or a refund, finds whose it is, and applies the answer.
type Payments struct {
	db            *db.DB
	paypal        *paypal.Client
	contributions *contribution.Service
	applier       *Applier
	now           func() time.Time
	owners        *batch.Writer[string, subscription.Owner]
}

// SettlePayment is SettleCapture for news that names the capture's order. The order is asked for instead: it carries
// the capture with its fee, its refunds and who paid, so that one question does. The capture itself is asked for where
// the order does not say how it ended, or is another than the one that the contribution was started with.
func (p *Payments) SettlePayment(
	ctx context.Context, orderID, captureID string, src Source,
) (contribution.Contribution, error) {
	o, err := p.paypal.Order(ctx, orderID)
	if paypal.Unanswered(err) {
		return contribution.Contribution{}, fmt.Errorf("ask about order %s of capture %s: %w", orderID, captureID, err)
	}
	id, malformed := uuid.Parse(o.CustomID)
	if err != nil || malformed != nil || !o.Concludes(captureID) {
		return p.SettleCapture(ctx, captureID, src)
	}
	c, err := p.applier.applyAnd(ctx, OrderSeen(id, src, o), func(a *application) error {
		if cmp.Or(a.Contribution.Checkout.PayPalID, o.ID) != o.ID {
			return errAnotherOrder
		}
		return nil
	})
	if errors.Is(err, errAnotherOrder) || fault.Is(err, fault.NotFound) {
		return p.SettleCapture(ctx, captureID, src)
	}
	return c, err
}

var errAnotherOrder = errors.New("the contribution was started with another order")

// SettleCapture asks PayPal about one capture, or a sale of which the subscription is not known, and applies the
// answer; for a capture that was refunded, the refunds too.
func (p *Payments) SettleCapture(ctx context.Context, captureID string, src Source) (contribution.Contribution, error) {
	seen, c, facts, err := p.seenPayment(ctx, captureID, src)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("capture %s: %w", captureID, err)
	}
	if c.Frequency.Recurs() {
		return p.settleSeen(ctx, seen, facts, src)
	}
	if seen.Refunded() || !c.HasSupporter {
		// The order knows what the capture does not tell: the refunds, and who paid.
		facts = append(p.orderFacts(ctx, c, seen.OrderID, src), facts...)
	}
	return p.applier.ApplyAll(ctx, facts)
}

// SettleRefund asks PayPal about one refund and its capture, and applies both. reversal says that the news called it
// one; PayPal's API tells that of the capture only.
func (p *Payments) SettleRefund(
	ctx context.Context, refundID string, reversal bool, src Source,
) (contribution.Contribution, error) {
	r, err := p.paypal.Refund(ctx, refundID)
	if reversal && paypal.NotFound(err) { // the news of one may have the sale's id where the reversal's is expected
		if c, err := p.SettleReturned(ctx, refundID, "", src); !paypal.NotFound(err) {
			return c, err
		}
	}
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("ask about refund %s: %w", refundID, err)
	}
	if r.CaptureID == "" {
		return contribution.Contribution{}, contradiction(review.RefundNamesNoPayment, review.Args{"refund": refundID})
	}
	seen, c, facts, err := p.seenPayment(ctx, r.CaptureID, src)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("refund %s: %w", refundID, err)
	}
	if seen.Reversed() {
		facts = append(p.orderFacts(ctx, c, seen.OrderID, src), facts...)
	}
	if reversal {
		return p.applier.ApplyAll(ctx, append(facts, ReversalSeen(c.ID, src, r)))
	}
	return p.applier.ApplyAll(ctx, append(facts, RefundSeen(c.ID, src, r)))
}

// orderFacts is what the order of a capture says, where PayPal still knows it; nothing otherwise.
func (p *Payments) orderFacts(ctx context.Context, c contribution.Contribution, orderID string, src Source) []Fact {
	orderID = cmp.Or(c.Checkout.PayPalID, orderID)
	if orderID == "" || c.Checkout.Kind != checkout.Order {
		return nil
	}
	o, err := p.paypal.Order(ctx, orderID)
	if err != nil || o.CustomID != c.ID.String() {
		return nil
	}
	return OrderSeen(c.ID, src, o)
}

// ownerOfCapture finds the contribution that a capture is for. It is a contradiction when the capture names one and its
// order is another's; where PayPal leaves the custom_id out, the order tells.
func (p *Payments) ownerOfCapture(ctx context.Context, seen paypal.Capture) (contribution.Contribution, error) {
	c, err := owner(ctx, p.contributions, seen.CustomID)
	failed, agreed := err != nil && !errors.Is(err, ErrNotOurs), err == nil && seen.OrderID == c.Checkout.PayPalID
	if failed || agreed || seen.OrderID == "" {
		return c, err
	}
	buyer, problem := contribution.FindByOrder(ctx, p.db, seen.OrderID)
	switch {
	case fault.Is(problem, fault.NotFound):
		return c, err
	case problem != nil:
		return contribution.Contribution{}, db.Translate(problem)
	case err == nil && buyer.ID == c.ID, seen.CustomID == "":
		return buyer, nil
	}
	odd := notOurs(review.PaymentMisnumbered, review.Args{"payment": seen.ID, "number": seen.CustomID})
	return contribution.Contribution{}, errors.Join(odd, p.applier.OpenReview(ctx, buyer.ID, odd.Code, odd.Args))
}

// owner finds the contribution that PayPal's custom_id names.
func owner(
	ctx context.Context, contributions *contribution.Service, customID string,
) (contribution.Contribution, error) {
	id, err := uuid.Parse(customID)
	if err != nil {
		return contribution.Contribution{}, ErrNotOurs
	}
	c, err := contributions.Get(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return contribution.Contribution{}, ErrNotOurs
	}
	return c, err
}
