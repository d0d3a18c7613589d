package settle

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// Source is how a fact reached us. Event is the webhook event's row, 0 for every other way. The Caller tells
// whether the reader is there: then a refused capture may be tried once more.
type Source struct {
	Way   contribution.Way
	Event int64
	checkout.Caller
}

// Fact is one thing we learned about one contribution, from PayPal's API or from the outcome of our own call: about
// its checkout, its subscription, or its money. Only the functions below make facts; the zero Fact is invalid.
type Fact struct {
	contribution uuid.UUID
	source       Source
	checkout     *checkout.Fact       // one of the three is set
	subscription *paypal.Subscription // it is about the checkout, too
	money        *ledger.Fact
	payer        paypal.Payer // empty if the fact does not name the payer
}

func checkoutFact(id uuid.UUID, src Source, f checkout.Fact) Fact {
	return Fact{contribution: id, source: src, checkout: &f}
}

func moneyFact(id uuid.UUID, src Source, f ledger.Fact) Fact {
	return Fact{contribution: id, source: src, money: &f}
}

// wanted is the contribution to lock for facts about it.
func wanted(facts []Fact) contribution.Wanted {
	return contribution.Wanted{ID: facts[0].contribution, Facts: moneyOf(facts)}
}

// moneyOf picks the facts about money.
func moneyOf(facts []Fact) (money []ledger.Fact) {
	for _, f := range facts {
		if f.money != nil {
			money = append(money, *f.money)
		}
	}
	return money
}

// OrderUnanswered is the fact that we asked PayPal for an order and did not see the answer.
func OrderUnanswered(id uuid.UUID, src Source) Fact {
	return checkoutFact(id, src, checkout.OrderUnanswered())
}

// OrderRefused is the fact that PayPal answered that it does not make this order; reason is its issue code.
func OrderRefused(id uuid.UUID, src Source, reason string) Fact {
	return checkoutFact(id, src, checkout.OrderRefused(reason))
}

// ReaderCancelled is the fact that the reader came back by the cancel address.
func ReaderCancelled(id uuid.UUID) Fact {
	return checkoutFact(id, Source{Way: contribution.ByReader}, checkout.ReaderCancelled())
}

// OrderGone is the fact that PayPal no longer knows the order.
func OrderGone(id uuid.UUID, src Source) Fact { return checkoutFact(id, src, checkout.OrderGone()) }

// CaptureUnanswered is the fact that we asked for the capture, and did not see the answer of that attempt.
func CaptureUnanswered(id uuid.UUID, src Source, attempt int) Fact {
	return checkoutFact(id, src, checkout.CaptureUnanswered(attempt))
}

// CaptureRefused is the fact that an attempt was certainly not carried out; see checkout.CaptureRefused.
func CaptureRefused(id uuid.UUID, src Source, attempt int, reason, retryURL string) Fact {
	return checkoutFact(id, src, checkout.CaptureRefused(attempt, reason, retryURL))
}

// CaptureSeen is a capture as PayPal's API gives it.
func CaptureSeen(id uuid.UUID, src Source, c paypal.Capture) Fact {
	return moneyFact(id, src, ledger.CaptureSeen(c))
}

// RefundSeen is a refund as PayPal's API gives it.
func RefundSeen(id uuid.UUID, src Source, r paypal.Refund) Fact {
	return moneyFact(id, src, ledger.RefundSeen(r))
}

// ReversalSeen is a reversal. PayPal's API returns it as a refund; only its capture and the event show that it is not
// one.
func ReversalSeen(id uuid.UUID, src Source, r paypal.Refund) Fact {
	return moneyFact(id, src, ledger.ReversalSeen(r))
}

// DisputeSeen is a dispute as PayPal's API gives it. The payment it is about must be known already.
func DisputeSeen(id uuid.UUID, src Source, d paypal.Dispute) Fact {
	return moneyFact(id, src, ledger.DisputeSeen(d))
}

// SubscriptionSeen is a subscription as PayPal's API gives it.
func SubscriptionSeen(id uuid.UUID, src Source, s paypal.Subscription) Fact {
	return Fact{contribution: id, source: src, subscription: &s, payer: s.Payer}
}

// OrderSeen lists everything an order shows: that it exists, how far it came, its captures and their refunds. The
// latest refund of a reversed capture is the reversal: PayPal refuses refunds after one.
func OrderSeen(id uuid.UUID, src Source, o paypal.Order) []Fact {
	var facts []Fact
	for _, f := range checkout.OrderSeen(o) {
		fact := checkoutFact(id, src, f)
		fact.payer = o.Payer
		facts = append(facts, fact)
	}
	for _, c := range o.Captures {
		facts = append(facts, CaptureSeen(id, src, c))
	}
	for _, r := range o.Refunds {
		facts = append(facts, backSeen(id, src, o, r))
	}
	return facts
}

// backSeen tells a refund from a reversal. Of two made in the same second, the one that PayPal lists later is the
// later one.
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

// kind names the fact for the history.
func (f Fact) kind() string {
	switch {
	case f.subscription != nil:
		return "subscription_" + strings.ToLower(string(f.subscription.Status))
	case f.money != nil:
		return f.money.Kind()
	default:
		return f.checkout.Kind()
	}
}

// about returns PayPal's id of what the fact is about, and PayPal's code for the reason; each may be empty.
func (f Fact) about() (id, reason string) {
	switch {
	case f.subscription != nil:
		return f.subscription.ID, ""
	case f.money != nil:
		return f.money.About()
	default:
		return f.checkout.About()
	}
}

// isOrder reports whether the fact comes from an order.
func (f Fact) isOrder() bool {
	if f.checkout == nil {
		return false
	}
	id, _ := f.checkout.About()
	return id != ""
}

// event is the fact's line in the history.
func (f Fact) event(from, to contribution.State) contribution.Event {
	id, reason := f.about()
	return contribution.Event{
		Kind: f.kind(), Way: f.source.Way, Webhook: f.source.Event, Detail: reason, Ref: id, From: from, To: to,
	}
}

// settles lists the reviews that are settled once the fact is applied: contradictions in earlier answers about the
// same thing.
func (f Fact) settles() []review.Match {
	switch {
	case f.money != nil:
		return f.money.Settles()
	case f.isOrder():
		return []review.Match{{Code: review.OddAnswer}, {Code: review.OrderOfAnother}}
	case f.subscription != nil:
		about := review.Args{"subscription": f.subscription.ID}
		return []review.Match{
			{Code: review.OddAnswer}, {Code: review.SubscriptionOfAnother, About: about},
			{Code: review.SubscriptionStatus, About: about}, {Code: review.SubscriptionMissing, About: about},
		}
	default:
		return nil
	}
}
