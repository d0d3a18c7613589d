package contribution

import "time"

// orderLife is how long PayPal keeps an order that nobody approved, and one that was approved and not captured. Source:
// Orders v2, order links ("3 hours"); an account manager can make it up to 72 h, which only means that we go on asking
// until PayPal says it is gone.
const orderLife = 3 * time.Hour

// check is what decides when the sweep asks PayPal about a contribution again.
type check struct {
	state     State
	hasOrder  bool
	closed    bool      // the order cannot be captured any more: it was already, or it is gone
	caseOpen  bool      // a case is open, whatever became of the money
	returned  bool      // the reader came back from PayPal, and PayPal had not said that they approved
	retryAt   time.Time // the reader wishes for another attempt; zero when they do not
	done      int       // looks since the last change of state
	createdAt time.Time
}

// next is when the sweep asks again, or zero when PayPal will tell nothing new. every is the interval of the sweep.
//
//	a case, or money that PayPal holds      every half an hour, then ever less, at last twice a day
//	approved, or an outcome we did not see  at once, then ever less, at last every ten minutes
//	declined, another try is wished for     when it is due, then likewise
//	the reader came back                    at once, then ever less, at last every half hour
//	nobody came back, or it was refused     ten minutes after the start, ten before the order's end, and when it is over
//	no order                                when one would be over: nobody can pay without
func (k check) next(now time.Time, every time.Duration) time.Time {
	wait := func(first time.Duration, doublings int, longest time.Duration) time.Time {
		return now.Add(max(every, min(first<<min(k.done, doublings), longest)))
	}
	if k.caseOpen {
		return wait(30*every, 5, 12*time.Hour)
	}
	switch k.state {
	case Pending:
		return wait(30*every, 5, 12*time.Hour)
	case Approved, CaptureUnknown:
		return wait(every, 4, 10*time.Minute)
	case Started, OrderUnknown:
		if !k.hasOrder {
			return later(k.createdAt.Add(orderLife+every), now.Add(every))
		}
	case Created, Cancelled:
	case Declined:
		if k.closed {
			return time.Time{}
		}
		if now.Before(k.retryAt) {
			return k.retryAt
		}
		if !k.retryAt.IsZero() {
			return wait(every, 4, 10*time.Minute)
		}
	case Failed, Expired, Completed, Disputed, PartiallyRefunded, Refunded, Reversed:
		return time.Time{}
	}
	if k.returned && k.state != Declined {
		return wait(every, 5, 30*time.Minute)
	}
	soon := min(10*every, 10*time.Minute)
	for _, age := range []time.Duration{soon, orderLife - soon, orderLife + every} {
		if at := k.createdAt.Add(age); at.After(now) {
			return at
		}
	}
	return wait(30*every, 5, 12*time.Hour) // PayPal keeps it longer than it says, or did not answer
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
