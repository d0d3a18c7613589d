package checkout

import (
	"fmt"
	"time"

	"readerfund/internal/paypal"
)

// Fact is one thing we learned of a checkout, from PayPal's API or from our own call's outcome. Only the functions
// below make facts; the zero Fact is none.
type Fact struct {
	event    event
	order    paypal.Order // of orderCreated and orderApproved: id, approval link, payer
	attempt  int          // of captureUnanswered and captureRefused
	reason   string       // PayPal's code
	retryURL string       // of captureRefused
}

// OrderUnanswered is: we asked PayPal for an order and did not see the answer.
func OrderUnanswered() Fact { return Fact{event: orderUnanswered} }

// OrderRefused is: PayPal answered that it does not make this order; reason is its issue code.
func OrderRefused(reason string) Fact { return Fact{event: orderRefused, reason: reason} }

// ReaderCancelled is: the reader came back by the cancel address.
func ReaderCancelled() Fact { return Fact{event: readerCancelled} }

// OrderGone is: PayPal no longer knows the order.
func OrderGone() Fact { return Fact{event: orderGone} }

// CaptureUnanswered is: we asked for the capture, and did not see the answer of that attempt.
func CaptureUnanswered(attempt int) Fact { return Fact{event: captureUnanswered, attempt: attempt} }

// CaptureRefused is: that attempt was certainly not carried out; reason is PayPal's issue code, retryURL PayPal's page
// where the reader may pick another way to pay, if it gave one.
func CaptureRefused(attempt int, reason, retryURL string) Fact {
	return Fact{event: captureRefused, attempt: attempt, reason: reason, retryURL: retryURL}
}

// OrderSeen is what an order says of the checkout: that it exists, and how far it came.
func OrderSeen(o paypal.Order) []Fact {
	facts := []Fact{{event: orderCreated, order: o}}
	switch o.Status {
	case paypal.OrderApproved, paypal.OrderCompleted:
		facts = append(facts, Fact{event: orderApproved, order: o})
	case paypal.OrderVoided:
		facts = append(facts, OrderGone())
	case paypal.OrderCreated, paypal.OrderSaved, paypal.OrderPayerRequired:
	}
	return facts
}

// Kind names the fact for the history: "order_created".
func (f Fact) Kind() string { return string(f.event) }

// About is PayPal's id of what the fact is about, and PayPal's code for why it is so; each may be empty.
func (f Fact) About() (id, reason string) { return f.order.ID, f.reason }

// Order is the order that the fact is about; the zero Order where it is about none.
func (f Fact) Order() paypal.Order { return f.order }

// SecondOrderError is PayPal naming an order for a checkout that has another one.
type SecondOrderError struct{ Known, Named string }

// Error says both orders.
func (e *SecondOrderError) Error() string {
	return fmt.Sprintf("the order %s belongs to a checkout that has the order %s", e.Named, e.Known)
}

// Apply learns from one fact, and reports whether anything of it was new. Applying a fact again changes nothing; facts
// in any order end in the same state. The error is a *SecondOrderError; nothing was learned then.
func (c *Checkout) Apply(f Fact) (news bool, err error) {
	before := *c
	switch f.event {
	case orderCreated, orderApproved:
		if c.PayPalID != "" && c.PayPalID != f.order.ID {
			return false, &SecondOrderError{Known: c.PayPalID, Named: f.order.ID}
		}
		c.PayPalID = f.order.ID
		if c.ApproveURL == "" {
			c.ApproveURL = f.order.ApproveURL
		}
		if !c.Gone { // PayPal did not know it for a moment
			c.MissingSince = time.Time{}
		}
	case captureUnanswered:
		if f.attempt > c.Refused {
			c.Unanswered = max(c.Unanswered, f.attempt)
		}
	case captureRefused:
		if f.attempt > c.Refused {
			c.Refused, c.RetryURL = f.attempt, f.retryURL
		}
	case orderGone:
		c.Gone = true
	case orderUnanswered, orderRefused, readerCancelled:
	}
	c.State = next(c.State, c.latest(f.event))
	if c.State != Declined || c.Gone {
		c.RetryAt = time.Time{}
	}
	return *c != before, nil
}
