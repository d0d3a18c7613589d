package settle

import (
	"cmp"
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
	"readerfund/internal/review"
)

// Settle asks PayPal how the contribution's order stands, captures it if the reader has approved, and applies what
// PayPal said. It returns the contribution as it stands then; on trouble, as it stood, together with the error. It may
// be called any number of times, by anybody, at once.
func (s *Service) Settle(ctx context.Context, id uuid.UUID, src Source) (contribution.Contribution, error) {
	c, err := s.contributions.Get(ctx, id)
	if err != nil {
		return contribution.Contribution{}, err
	}
	return s.settle(ctx, c, src)
}

func (s *Service) settle(ctx context.Context, c contribution.Contribution, src Source) (contribution.Contribution, error) {
	if src.Way == contribution.ByReader && c.Outcome() == contribution.OutcomeReceived {
		return c, nil // the webhook was first: there is nothing the reader needs PayPal for
	}
	src.Returning = c.Checkout.AsksAgain(src.Caller, s.now())
	switch {
	case c.Checkout.PayPalID == "" && c.Outcome() == contribution.OutcomeReceived: // adopted
		return s.settleOpenDisputes(ctx, c, src)
	case c.Checkout.PayPalID == "":
		return s.lapse(ctx, c, src)
	}
	settled, err := detached.Run(ctx, &s.calls, func(ctx context.Context) (contribution.Contribution, error) {
		o, err := s.paypal.Order(ctx, c.Checkout.PayPalID)
		if paypal.NotFound(err) {
			return s.missing(ctx, c, src)
		}
		if err != nil {
			return c, s.reviewAnswer(ctx, c.ID, fmt.Errorf("ask about order %s: %w", c.Checkout.PayPalID, err))
		}
		settled, err := s.settleOrder(ctx, c, o, src)
		if err != nil || settled.Outcome() != contribution.OutcomeReceived || src.Way == contribution.ByReader {
			return settled, err
		}
		return s.settleOpenDisputes(ctx, settled, src)
	})
	if err != nil && settled.ID != c.ID {
		settled = c
	}
	if o := settled.Outcome(); src.Way == contribution.ByReader && (o == contribution.OutcomeOpen || o == contribution.OutcomeCancelled) {
		err = errors.Join(err, s.noteReturn(ctx, settled))
	}
	if src.Way == contribution.ByReader && src.Present && err == nil {
		err = s.noteTold(ctx, settled)
	}
	return settled, unanswered(err)
}

// noteReturn has the sweep ask soon about an order whose reader came back, most likely having approved it, while PayPal
// did not say so.
func (s *Service) noteReturn(ctx context.Context, c contribution.Contribution) error {
	if c.Checkout.Returned {
		return nil
	}
	now := s.now()
	return contribution.NoteReturn(context.WithoutCancel(ctx), s.db, c.ID, now, now.Add(s.sweepEvery))
}

// settleOpenDisputes asks how the contribution's open disputes stand.
func (s *Service) settleOpenDisputes(ctx context.Context, c contribution.Contribution, src Source) (contribution.Contribution, error) {
	open, err := ledger.OpenDisputes(ctx, s.db, c.ID)
	if err != nil {
		return c, err
	}
	for _, id := range open {
		settled, err := s.SettleDispute(ctx, id, src)
		if err != nil {
			return c, err
		}
		c = settled
	}
	return c, nil
}

// SettleOrder is Settle for an order we may not have saved yet: PayPal's custom_id says whose it is. The error is
// ErrNotOurs when it belongs to nobody here.
func (s *Service) SettleOrder(ctx context.Context, orderID string, src Source) (contribution.Contribution, error) {
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
	c, err = s.owner(ctx, o.CustomID)
	if err != nil {
		return contribution.Contribution{}, err
	}
	return detached.Run(ctx, &s.calls, func(ctx context.Context) (contribution.Contribution, error) { return s.settleOrder(ctx, c, o, src) })
}

// SettlePayment is SettleCapture for news that names the capture's order. The order is asked for instead: it carries the
// capture with its fee, its refunds and who paid, so that one question does. The capture itself is asked for where the
// order does not say how it ended, or is another than the one that the contribution was started with.
func (s *Service) SettlePayment(ctx context.Context, orderID, captureID string, src Source) (contribution.Contribution, error) {
	o, err := s.paypal.Order(ctx, orderID)
	if paypal.Unanswered(err) {
		return contribution.Contribution{}, fmt.Errorf("ask about order %s of capture %s: %w", orderID, captureID, err)
	}
	if err == nil && o.Concludes(captureID) {
		if c, err := s.owner(ctx, o.CustomID); err == nil && cmp.Or(c.Checkout.PayPalID, o.ID) == o.ID {
			return s.ApplyAll(ctx, OrderSeen(c.ID, src, o))
		}
	}
	return s.SettleCapture(ctx, captureID, src)
}

// SettleCapture asks PayPal about one capture and applies the answer; for one that was refunded, the refunds too.
func (s *Service) SettleCapture(ctx context.Context, captureID string, src Source) (contribution.Contribution, error) {
	seen, err := s.paypal.Capture(ctx, captureID)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("ask about capture %s: %w", captureID, err)
	}
	c, err := s.ownerOfCapture(ctx, seen)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("capture %s: %w", captureID, err)
	}
	facts := []Fact{CaptureSeen(c.ID, src, seen)}
	if seen.Refunded() || !c.HasSupporter {
		// The order knows what the capture does not tell: the refunds, and who paid.
		facts = append(s.orderFacts(ctx, c, seen.OrderID, src), facts...)
	}
	return s.ApplyAll(ctx, facts)
}

// SettleRefund asks PayPal about one refund and its capture, and applies both. reversal says that the news called it
// one; PayPal's API tells that of the capture only.
func (s *Service) SettleRefund(ctx context.Context, refundID string, reversal bool, src Source) (contribution.Contribution, error) {
	r, err := s.paypal.Refund(ctx, refundID)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("ask about refund %s: %w", refundID, err)
	}
	if r.CaptureID == "" {
		return contribution.Contribution{}, contradiction(review.RefundNamesNoPayment, review.Args{"refund": refundID})
	}
	seen, err := s.paypal.Capture(ctx, r.CaptureID)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("ask about capture %s of refund %s: %w", r.CaptureID, refundID, err)
	}
	c, err := s.ownerOfCapture(ctx, seen)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("refund %s: %w", refundID, err)
	}
	facts := []Fact{CaptureSeen(c.ID, src, seen)}
	if seen.Reversed() {
		facts = append(s.orderFacts(ctx, c, seen.OrderID, src), facts...)
	}
	if reversal {
		return s.ApplyAll(ctx, append(facts, ReversalSeen(c.ID, src, r)))
	}
	return s.ApplyAll(ctx, append(facts, RefundSeen(c.ID, src, r)))
}

// orderFacts is what the order of a capture says, where PayPal still knows it; nothing otherwise.
func (s *Service) orderFacts(ctx context.Context, c contribution.Contribution, orderID string, src Source) []Fact {
	orderID = cmp.Or(c.Checkout.PayPalID, orderID)
	if orderID == "" {
		return nil
	}
	o, err := s.paypal.Order(ctx, orderID)
	if err != nil || o.CustomID != c.ID.String() {
		return nil
	}
	return OrderSeen(c.ID, src, o)
}

// SettleDispute asks PayPal about one case and applies the answer to the contribution whose payment it is about. The
// error is ErrNotOurs when that belongs to nobody here.
func (s *Service) SettleDispute(ctx context.Context, disputeID string, src Source) (contribution.Contribution, error) {
	seen, err := s.paypal.Dispute(ctx, disputeID)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("ask about dispute %s: %w", disputeID, err)
	}
	id, direct, err := s.disputed(ctx, seen, src)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("dispute %s: %w", disputeID, err)
	}
	c, err := s.ApplyAll(ctx, []Fact{DisputeSeen(id, src, seen)})
	if err != nil || seen.Open() || direct {
		return c, err
	}
	// How the case ended shows in what became of the money: ask for that too, should its own news be lost.
	for _, capture := range seen.CaptureIDs {
		settled, err := s.SettleCapture(ctx, capture, src)
		switch {
		case err == nil && settled.ID == id:
			c = settled
		case err != nil && !errors.Is(err, ErrNotOurs) && !paypal.NotFound(err):
			return c, err
		}
	}
	return c, nil
}

// disputed finds whose payment a dispute is about, and whether it was made in PayPal directly. A payment we have not heard
// of is asked for first.
func (s *Service) disputed(ctx context.Context, seen paypal.Dispute, src Source) (uuid.UUID, bool, error) {
	if len(seen.CaptureIDs) == 0 {
		return uuid.Nil, false, contradiction(review.DisputeNamesNoPayment, review.Args{"case": seen.ID})
	}
	id, direct, err := ledger.Owner(ctx, s.db, seen.CaptureIDs...)
	if !errors.Is(err, ErrNotOurs) {
		return id, direct, err
	}
	for _, capture := range seen.CaptureIDs {
		c, err := s.SettleCapture(ctx, capture, src)
		if err == nil {
			return c.ID, false, nil
		}
		if !errors.Is(err, ErrNotOurs) && !paypal.NotFound(err) {
			return uuid.Nil, false, err
		}
	}
	return uuid.Nil, false, ErrNotOurs
}

// Cancel notes that the reader came back by the cancel address. It asks PayPal first: who approved before they turned
// back is not told that nothing was charged. It changes nothing about money: an approval that comes after all still
// counts. A wish for another try after a refusal ends. On trouble it returns the contribution as it stood, with the error.
func (s *Service) Cancel(ctx context.Context, id uuid.UUID) (contribution.Contribution, error) {
	c, err := s.contributions.Get(ctx, id)
	if err == nil && !c.Checkout.RetryAt.IsZero() {
		return s.dropWish(ctx, c)
	}
	if err != nil || c.Checkout.PayPalID == "" || c.Outcome() != contribution.OutcomeOpen {
		return c, err
	}
	settled, err := detached.Run(ctx, &s.calls, func(ctx context.Context) (contribution.Contribution, error) {
		facts := []Fact{ReaderCancelled(id)}
		o, err := s.paypal.Order(ctx, c.Checkout.PayPalID)
		switch {
		case err == nil && o.CustomID == id.String():
			facts = append(OrderSeen(id, Source{Way: contribution.ByReader}, o), facts...)
		case err != nil && !paypal.NotFound(err):
			return c, fmt.Errorf("ask about order %s: %w", c.Checkout.PayPalID, err)
		}
		return s.ApplyAll(ctx, facts)
	})
	if err != nil {
		return c, unanswered(err)
	}
	return settled, nil
}

// owner finds the contribution that PayPal's custom_id names.
func (s *Service) owner(ctx context.Context, customID string) (contribution.Contribution, error) {
	id, err := uuid.Parse(customID)
	if err != nil {
		return contribution.Contribution{}, ErrNotOurs
	}
	c, err := s.contributions.Get(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return contribution.Contribution{}, ErrNotOurs
	}
	return c, err
}

// ownerOfCapture finds the contribution that a capture is for. It is a contradiction when the capture names one and its
// order is another's; where PayPal leaves the custom_id out, the order tells.
func (s *Service) ownerOfCapture(ctx context.Context, seen paypal.Capture) (contribution.Contribution, error) {
	c, err := s.owner(ctx, seen.CustomID)
	if err != nil && !errors.Is(err, ErrNotOurs) || seen.OrderID == "" || err == nil && seen.OrderID == c.Checkout.PayPalID {
		return c, err
	}
	buyer, problem := contribution.FindByOrder(ctx, s.db, seen.OrderID)
	switch {
	case fault.Is(problem, fault.NotFound):
		return c, err
	case problem != nil:
		return contribution.Contribution{}, db.Translate(problem)
	case err == nil && buyer.ID == c.ID, seen.CustomID == "":
		return buyer, nil
	}
	odd := notOurs(review.PaymentMisnumbered, review.Args{"payment": seen.ID, "number": seen.CustomID})
	return contribution.Contribution{}, errors.Join(odd, s.OpenReview(ctx, buyer.ID, odd.Code, odd.Args))
}

// settleOrder applies an order as PayPal gave it, and captures it if it is approved.
func (s *Service) settleOrder(ctx context.Context, c contribution.Contribution, o paypal.Order, src Source) (contribution.Contribution, error) {
	if o.CustomID != c.ID.String() {
		odd := notOurs(review.OrderOfAnother, review.Args{"order": o.ID, "number": o.CustomID})
		return c, errors.Join(odd, s.OpenReview(ctx, c.ID, odd.Code, odd.Args))
	}
	if o.Status == paypal.OrderApproved {
		return s.captureOrder(ctx, c, o, src)
	}
	settled, err := s.ApplyAll(ctx, OrderSeen(c.ID, src, o))
	if err != nil {
		return c, err
	}
	return s.dropWish(ctx, settled)
}

// secondLook is how long we wait before we believe PayPal that it knows no such order: right after it made one, a
// reader at another of its machines may not see it yet.
const secondLook = 10 * time.Second

// missing is for an order that PayPal says it does not know. Long after an order's life that is what we expect;
// before, it must say so twice.
func (s *Service) missing(ctx context.Context, c contribution.Contribution, src Source) (contribution.Contribution, error) {
	now := s.now()
	if now.Sub(c.CreatedAt) > checkout.OrderLife || !c.Checkout.MissingSince.IsZero() && now.Sub(c.Checkout.MissingSince) >= secondLook {
		return s.ApplyAll(ctx, []Fact{OrderGone(c.ID, src)})
	}
	return c, db.Translate(contribution.NoteMissing(ctx, s.db, c.ID, now, now.Add(secondLook)))
}

// lapse ends a contribution whose order we never got to know: nobody had its approval link, so once the order's life
// has passed nobody can pay it.
func (s *Service) lapse(ctx context.Context, c contribution.Contribution, src Source) (contribution.Contribution, error) {
	if c.State != contribution.Started && c.State != contribution.OrderUnknown || s.now().Sub(c.CreatedAt) <= checkout.OrderLife {
		return c, nil
	}
	return s.ApplyAll(ctx, []Fact{OrderGone(c.ID, src)})
}

// unanswered makes a failed call to PayPal a fault that can be shown; the cause stays for the log.
func unanswered(err error) error {
	if err == nil {
		return nil
	}
	if fault.KindOf(err) != fault.Internal || errors.Is(err, ErrNotOurs) {
		return err
	}
	if _, ok := errors.AsType[*paypal.Error](err); ok || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fault.Wrap(err, fault.Unavailable, "paypal.silent")
	}
	return err
}
