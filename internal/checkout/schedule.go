package checkout

import (
	"time"

	"readerfund/internal/backoff"
)

// Money is what the ledger knows about a contribution, as far as it decides when to ask PayPal.
type Money struct {
	Paid bool // there is a payment: the order cannot be captured any more
	Held bool // PayPal holds a payment back, or a dispute is open
	// Ended reports whether the subscription ended before it brought any money.
	Ended bool
}

// firstExpected is how long after its day a first charge may take: PayPal charges some hours later.
const firstExpected = 12 * time.Hour

// lastLook is the longest wait between checks for the first charge of an approved subscription.
const lastLook = 2 * time.Hour

// NextCheck is when PayPal is asked again, or zero when it will tell nothing new. done counts the checks since the
// state last changed; every is the interval of the sweep.
//
//	a dispute, or money that PayPal holds   after half an hour, then at growing intervals up to twelve hours
//	approved, or an outcome we did not see  at the next sweep, then at growing intervals up to ten minutes
//	approved, a subscription                at the next sweep, then at growing intervals up to two hours, for three days
//	approved, its first charge is later     half a day after that charge is due, then as for a subscription
//	declined, the reader wants another try  when it is due, then at growing intervals up to ten minutes
//	the reader came back                    at the next sweep, then at growing intervals up to half an hour
//	not approved, or refused                ten minutes after the start, ten before the order's end, and after it;
//	                                        for a subscription also after one day and after three
//	no order                                when an order would have ended: without one it cannot be paid
func (c *Checkout) NextCheck(m Money, done int, now time.Time, every time.Duration) time.Time {
	// The longest wait shrinks with the interval of the sweep, so that a short one shows in all of them.
	wait := func(first time.Duration, most int, longest time.Duration) time.Time {
		ask := backoff.Backoff{First: first, Longest: max(every, min(time.Duration(most)*first, longest))}
		return now.Add(ask.Wait(done + 1))
	}
	switch {
	case m.Held:
		return wait(30*every, 32, 12*time.Hour)
	case m.Paid, c.Gone:
		return time.Time{}
	}
	switch c.State {
	case Failed, Expired:
		return time.Time{}
	case Approved, CaptureUnknown:
		switch {
		case c.Kind == Order:
			return wait(every, 16, 10*time.Minute)
		case m.Ended || now.Sub(latest(c.CreatedAt, c.FirstChargeAt)) > SubscriptionLife:
			return time.Time{} // a running subscription has checks of its own
		case c.FirstChargeAt.After(now):
			return c.FirstChargeAt.Add(firstExpected)
		default:
			return wait(every, 128, lastLook)
		}
	case Started, OrderUnknown:
		if c.PayPalID == "" {
			return latest(c.CreatedAt.Add(c.Kind.Life()+every), now.Add(every))
		}
	case Declined:
		if now.Before(c.RetryAt) {
			return c.RetryAt
		}
		if !c.RetryAt.IsZero() {
			return wait(every, 16, 10*time.Minute)
		}
	case Created, Cancelled:
	}
	if c.Returned && c.State != Declined {
		return wait(every, 32, 30*time.Minute)
	}
	soon, life := min(10*every, 10*time.Minute), c.Kind.Life()
	looks := []time.Duration{soon, OrderLife - soon, OrderLife + every}
	if c.Kind == Subscription {
		looks = append(looks, life/3, life+every)
	}
	for _, age := range looks {
		if at := c.CreatedAt.Add(age); at.After(now) {
			return at
		}
	}
	return wait(30*every, 32, 12*time.Hour) // PayPal keeps it longer than it says, or did not answer
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
