package checkout

import (
	"fmt"
	"time"

	"readerfund/internal/paypal"
)

// Fact is one thing we learned about a checkout, from PayPal's API or from the outcome of our own call. Only the
// functions below make facts; the zero Fact is invalid.
type Fact struct {
	event      event
	id         string // of orderCreated and orderApproved: the order's, or the subscription's
	approveURL string // of orderCreated and orderApproved: where the reader approves
	attempt    int    // of captureUnanswered and captureRefused
	reason     string // PayPal's code
	retryURL   string // of captureRefused
}

// OrderUnanswered is the fact that we asked PayPal for an order and did not see the answer.
func OrderUnanswered() Fact { return Fact{event: orderUnanswered} }

// OrderRefused is the fact that PayPal answered that it does not make this order; reason is its issue code.
func OrderRefused(reason string) Fact { return Fact{event: orderRefused, reason: reason} }

// ReaderCancelled is the fact that the reader came back by the cancel address.
func ReaderCancelled() Fact { return Fact{event: readerCancelled} }

// OrderGone is the fact that PayPal no longer knows the order.
func OrderGone() Fact { return Fact{event: orderGone} }

// CaptureUnanswered is the fact that we asked for the capture, and did not see the answer of that attempt.
func CaptureUnanswered(attempt int) Fact { return Fact{event: captureUnanswered, attempt: attempt} }

// CaptureRefused is the fact that an attempt was certainly not carried out; reason is PayPal's issue code, retryURL
// PayPal's page where the reader may pick another way to pay, if it gave one.
func CaptureRefused(attempt int, reason, retryURL string) Fact {
	return Fact{event: captureRefused, attempt: attempt, reason: reason, retryURL: retryURL}
}

// OrderSeen is what an order shows about the checkout: that it exists, and how far it came.
func OrderSeen(o paypal.Order) []Fact {
	facts := []Fact{{event: orderCreated, id: o.ID, approveURL: o.ApproveURL}}
	switch o.Status {
	case paypal.OrderApproved, paypal.OrderCompleted:
		facts = append(facts, Fact{event: orderApproved, id: o.ID, approveURL: o.ApproveURL})
	case paypal.OrderVoided:
		facts = append(facts, OrderGone())
	case paypal.OrderCreated, paypal.OrderSaved, paypal.OrderPayerRequired:
	}
	return facts
}

// SubscriptionSeen is what a subscription shows about the checkout: that it exists, and whether it was approved,
// whatever became of it since.
func SubscriptionSeen(s paypal.Subscription) Fact {
	f := Fact{event: orderCreated, id: s.ID, approveURL: s.ApproveURL}
	if s.Status != paypal.SubscriptionApprovalPending {
		f.event = orderApproved
	}
	return f
}

// Kind names the fact for the history: "order_created".
func (f Fact) Kind() string { return string(f.event) }

// About returns PayPal's id of what the fact is about, and PayPal's code for the reason; each may be empty.
func (f Fact) About() (id, reason string) { return f.id, f.reason }

// SecondOrderError reports that PayPal named an order for a checkout that has another one.
type SecondOrderError struct{ Known, Named string }

// Error names both orders.
func (e *SecondOrderError) Error() string {
	return fmt.Sprintf("the order %s belongs to a checkout that has the order %s", e.Named, e.Known)
}

// Apply learns from one fact, and reports whether it brought anything new. Applying a fact again changes nothing, and
// facts in any order end in the same state. The error is a *SecondOrderError; the checkout is unchanged then.
func (c *Checkout) Apply(f Fact) (news bool, err error) {
	before := *c
	switch f.event {
	case orderCreated, orderApproved:
		if c.PayPalID != "" && c.PayPalID != f.id {
			return false, &SecondOrderError{Known: c.PayPalID, Named: f.id}
		}
		c.PayPalID = f.id
		if c.ApproveURL == "" {
			c.ApproveURL = f.approveURL
		}
		if c.Kind == Subscription && f.event == orderApproved {
			c.reopen()
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
		if c.Kind == Subscription && c.State == Approved {
			return false, nil
		}
		c.Gone = true
	case orderUnanswered, orderRefused, readerCancelled:
	}
	c.State = next(c.State, c.latest(f.event))
	if c.State != Declined || c.Gone {
		c.RetryAt = time.Time{}
	}
	return *c != before, nil
}

// reopen undoes the end of a checkout whose subscription is approved after all. An order is gone because PayPal says
// so; a subscription only because it was not approved while we asked.
func (c *Checkout) reopen() {
	if c.Gone = false; c.State == Expired {
		c.State = Created
	}
}
