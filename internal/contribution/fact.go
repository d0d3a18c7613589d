package contribution

import (
	"slices"

	"github.com/google/uuid"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// Fact is one thing we learned of one contribution, from PayPal's API or from our own call's outcome. Only the functions
// below make facts; the zero Fact is none.
type Fact struct {
	contribution uuid.UUID
	source       Source
	news         fact
	ref          string // PayPal's id of what it is about
	detail       string // PayPal's code, for people

	order    paypal.Order // of orderCreated and orderApproved: id, approval link, payer
	attempt  int          // of captureUnanswered and captureRefused
	retryURL string       // of captureRefused
	capture  *paypal.Capture
	refund   *paypal.Refund
	reversal bool // PayPal or a bank took the money back, rather than us giving it
	dispute  *paypal.Dispute
	direct   bool // the capture is a payment without an order, as transaction search reports it
}

// pending tells whether the fact is that PayPal holds a payment.
func (f Fact) pending() bool { return f.capture != nil && f.capture.Status == paypal.CapturePending }

// OrderUnanswered is: we asked PayPal for an order and did not see the answer.
func OrderUnanswered(id uuid.UUID, src Source) Fact {
	return Fact{contribution: id, source: src, news: orderUnanswered}
}

// OrderRefused is: PayPal answered that it does not make this order; reason is its issue code.
func OrderRefused(id uuid.UUID, src Source, reason string) Fact {
	return Fact{contribution: id, source: src, news: orderRefused, detail: reason}
}

// ReaderCancelled is: the reader came back by the cancel address.
func ReaderCancelled(id uuid.UUID) Fact {
	return Fact{contribution: id, source: Source{Way: ByReader}, news: readerCancelled}
}

// OrderGone is: PayPal no longer knows the order.
func OrderGone(id uuid.UUID, src Source) Fact {
	return Fact{contribution: id, source: src, news: orderGone}
}

// CaptureUnanswered is: we asked for the capture, and did not see the answer of that attempt.
func CaptureUnanswered(id uuid.UUID, src Source, attempt int) Fact {
	return Fact{contribution: id, source: src, news: captureUnanswered, attempt: attempt}
}

// CaptureRefused is: that attempt was certainly not carried out; reason is PayPal's issue code, retryURL PayPal's page
// where the reader may pick another way to pay, if it gave one.
func CaptureRefused(id uuid.UUID, src Source, attempt int, reason, retryURL string) Fact {
	return Fact{contribution: id, source: src, news: captureRefused, attempt: attempt, detail: reason, retryURL: retryURL}
}

// CaptureSeen is a capture as PayPal's API gives it.
func CaptureSeen(id uuid.UUID, src Source, c paypal.Capture) Fact {
	return Fact{contribution: id, source: src, ref: c.ID, detail: c.Reason, capture: &c}
}

// RefundSeen is a refund as PayPal's API gives it.
func RefundSeen(id uuid.UUID, src Source, r paypal.Refund) Fact {
	return Fact{contribution: id, source: src, ref: r.ID, detail: r.Reason, refund: &r}
}

// ReversalSeen is a reversal. PayPal's API gives it as a refund; that it is none, its capture and the event tell.
func ReversalSeen(id uuid.UUID, src Source, r paypal.Refund) Fact {
	return Fact{contribution: id, source: src, ref: r.ID, detail: r.Reason, refund: &r, reversal: true}
}

// DisputeSeen is a case as PayPal's API gives it. The payment it is about must be known already.
func DisputeSeen(id uuid.UUID, src Source, d paypal.Dispute) Fact {
	return Fact{contribution: id, source: src, ref: d.ID, detail: d.Reason, dispute: &d}
}

// paymentReported is a payment that was made in PayPal directly, as transaction search reports it.
func paymentReported(id uuid.UUID, src Source, t paypal.Transaction) Fact {
	seen := paypal.Capture{ID: t.ID, Status: paypal.CaptureCompleted, Amount: t.Amount, CreatedAt: t.InitiatedAt}
	if t.Fee != nil {
		fee := t.Fee.Neg()
		seen.Fee = &fee
	}
	f := CaptureSeen(id, src, seen)
	f.direct = true
	return f
}

// refundReported is the refund or reversal of such a payment.
func refundReported(id uuid.UUID, src Source, t paypal.Transaction) Fact {
	seen := paypal.Refund{ID: t.ID, CaptureID: t.ReferenceID, Status: paypal.RefundCompleted, Amount: t.Amount.Neg(), CreatedAt: t.InitiatedAt}
	seen.FeeRefunded = money.New(0, t.Amount.Currency)
	if t.Fee != nil {
		seen.FeeRefunded = *t.Fee
	}
	if t.EventCode != refundCode {
		return ReversalSeen(id, src, seen)
	}
	return RefundSeen(id, src, seen)
}

// refundCode is the transaction event code of a refund by the seller; other codes that give money back are reversals.
// Source: PayPal, "Transaction event codes".
const refundCode = "T1107"

// OrderSeen is everything an order says: that it exists, how far it came, its captures and their refunds. Of a capture
// that was reversed the latest refund is the reversal: after one PayPal lets nobody refund any more.
func OrderSeen(id uuid.UUID, src Source, o paypal.Order) []Fact {
	seen := Fact{contribution: id, source: src, news: orderCreated, ref: o.ID, order: o}
	facts := []Fact{seen}
	switch o.Status {
	case paypal.OrderApproved, paypal.OrderCompleted:
		seen.news = orderApproved
		facts = append(facts, seen)
	case paypal.OrderVoided:
		facts = append(facts, OrderGone(id, src))
	case paypal.OrderCreated, paypal.OrderSaved, paypal.OrderPayerRequired:
	}
	for _, c := range o.Captures {
		facts = append(facts, CaptureSeen(id, src, c))
	}
	for _, r := range o.Refunds {
		facts = append(facts, backSeen(id, src, o, r))
	}
	return facts
}

// backSeen tells a refund from a reversal. Of two made in the same second the one PayPal lists later is the latest.
func backSeen(id uuid.UUID, src Source, o paypal.Order, r paypal.Refund) Fact {
	reversed := slices.ContainsFunc(o.Captures, func(c paypal.Capture) bool { return c.ID == r.CaptureID && c.Reversed() })
	if !reversed {
		return RefundSeen(id, src, r)
	}
	latest := r
	for _, other := range o.Refunds {
		if other.CaptureID == r.CaptureID && !other.CreatedAt.Before(latest.CreatedAt) {
			latest = other
		}
	}
	if latest.ID == r.ID {
		return ReversalSeen(id, src, r)
	}
	return RefundSeen(id, src, r)
}
