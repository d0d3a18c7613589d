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

// Payments asks PayPal about a payment or a refund, finds the contribution it belongs to, and applies the answer.
type Payments struct {
	db            *db.DB
	paypal        *paypal.Client
	contributions *contribution.Service
	applier       *Applier
	now           func() time.Time
	owners        *batch.Writer[string, subscription.Owner]
}

// SettlePayment is SettleCapture for news that names the capture's order. It asks for the order instead, which
// contains the capture with its fee, its refunds and the payer, so that one call is enough. It asks for the capture
// itself if the order does not say how it ended, or is not the one that the contribution was started with.
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

// SettleCapture asks PayPal about one capture, or about a sale whose subscription is not known, and applies the
// answer; for a capture that was refunded, the refunds too.
func (p *Payments) SettleCapture(ctx context.Context, captureID string, src Source) (contribution.Contribution, error) {
	seen, c, facts, err := p.seenPayment(ctx, captureID, src)
	if namesNoSubscription(err) {
		err = ErrNotOurs // a payment that was made in PayPal directly looks like that, and a charge has news of its own
	}
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("capture %s: %w", captureID, err)
	}
	if c.Frequency.Recurs() {
		return p.settleSeen(ctx, seen, facts, src)
	}
	if seen.Refunded() || !c.HasSupporter {
		// The order knows what the capture lacks: the refunds and the payer.
		facts = append(p.orderFacts(ctx, c, seen.OrderID, src), facts...)
	}
	return p.applier.ApplyAll(ctx, facts)
}

// SettleRefund asks PayPal about one refund and its capture, and applies both. reversal reports that the news called it
// a reversal; PayPal's API shows that only on the capture. The error is a *ContradictionError where the capture may be
// the charge of a subscription that PayPal does not name yet.
func (p *Payments) SettleRefund(
	ctx context.Context, refundID string, reversal bool, src Source,
) (contribution.Contribution, error) {
	r, err := p.paypal.Refund(ctx, refundID)
	if reversal && paypal.NotFound(err) { // a reversal's news may have the sale's id where the reversal's is expected
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

// orderFacts lists the facts from a capture's order, if PayPal still knows it; none otherwise.
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

// ownerOfCapture finds the contribution that a capture is for. If the capture names one contribution and its order
// belongs to another, that is a contradiction; if PayPal leaves out the custom_id, the order decides.
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
