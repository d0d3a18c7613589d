package contribution

import (
	"slices"

	"github.com/google/uuid"

	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// Fact is one thing we learned of one contribution, from PayPal's API or from our own call's outcome: about its order, or
// about money. Only the functions below make facts; the zero Fact is none.
type Fact struct {
	contribution uuid.UUID
	source       Source
	news         fact   // of one about the order
	ref          string // PayPal's id of what it is about
	detail       string // PayPal's code, for people

	order    paypal.Order // of orderCreated and orderApproved: id, approval link
	payer    paypal.Payer // empty where the fact does not say who paid
	attempt  int          // of captureUnanswered and captureRefused
	retryURL string       // of captureRefused

	money *ledger.Fact // nil for one about the order
}

// kind names the fact for the history.
func (f Fact) kind() string {
	if f.money != nil {
		return f.money.Kind()
	}
	return string(f.news)
}

// settles lists what a fact that could be applied settles: contradictions in earlier answers about the same thing.
func (f Fact) settles() []review.Match {
	switch {
	case f.money != nil:
		return f.money.Settles()
	case f.news == orderCreated || f.news == orderApproved:
		return []review.Match{{Code: review.OddAnswer}, {Code: review.OrderOfAnother}}
	default:
		return nil
	}
}

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

func moneySeen(id uuid.UUID, src Source, f ledger.Fact) Fact {
	ref, reason := f.About()
	return Fact{contribution: id, source: src, ref: ref, detail: reason, money: &f}
}

// CaptureSeen is a capture as PayPal's API gives it.
func CaptureSeen(id uuid.UUID, src Source, c paypal.Capture) Fact {
	return moneySeen(id, src, ledger.CaptureSeen(c))
}

// RefundSeen is a refund as PayPal's API gives it.
func RefundSeen(id uuid.UUID, src Source, r paypal.Refund) Fact {
	return moneySeen(id, src, ledger.RefundSeen(r))
}

// ReversalSeen is a reversal. PayPal's API gives it as a refund; that it is none, its capture and the event tell.
func ReversalSeen(id uuid.UUID, src Source, r paypal.Refund) Fact {
	return moneySeen(id, src, ledger.ReversalSeen(r))
}

// DisputeSeen is a dispute as PayPal's API gives it. The payment it is about must be known already.
func DisputeSeen(id uuid.UUID, src Source, d paypal.Dispute) Fact {
	return moneySeen(id, src, ledger.DisputeSeen(d))
}

// OrderSeen is everything an order says: that it exists, how far it came, its captures and their refunds. Of a capture
// that was reversed the latest refund is the reversal: after one PayPal lets nobody refund any more.
func OrderSeen(id uuid.UUID, src Source, o paypal.Order) []Fact {
	seen := Fact{contribution: id, source: src, news: orderCreated, ref: o.ID, order: o, payer: o.Payer}
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
