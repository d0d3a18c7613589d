package contribution

import (
	"readerfund/internal/checkout"
	"readerfund/internal/ledger"
)

// State is what is shown as a contribution's status: where its checkout stands until there is a payment, and what its
// payments come to from then on. It is derived, by Status, and kept in contribution.state for lists.
type State string

// The states, from "nothing known" to "money gone back". What they mean is said for the person who reads a report.
const (
	Started           State = "started"            // written down; PayPal was not asked yet, or is being asked
	OrderUnknown      State = "order_unknown"      // PayPal was asked for an order and we did not see the answer
	Failed            State = "failed"             // PayPal refused to make an order; nothing was charged
	Created           State = "created"            // the order exists; the reader has not approved it
	Cancelled         State = "cancelled"          // the reader said no at PayPal; may still change their mind
	Approved          State = "approved"           // the reader approved; the money is not captured yet
	CaptureUnknown    State = "capture_unknown"    // the capture was asked for and we did not see the answer
	Expired           State = "expired"            // PayPal dropped the order; nothing was charged
	Declined          State = "declined"           // PayPal or the bank refused the payment
	Pending           State = "pending"            // captured, and PayPal holds the money back
	Completed         State = "completed"          // the money is in
	Disputed          State = "disputed"           // the money is in, and a dispute about it is open
	PartiallyRefunded State = "partially_refunded" // part of it went back
	Refunded          State = "refunded"           // all of it went back, by refund
	Reversed          State = "reversed"           // PayPal took it back
)

// States lists the states in the order a contribution can go through them.
func States() []State {
	return []State{
		Started, OrderUnknown, Failed, Created, Cancelled, Approved, CaptureUnknown, Expired,
		Declined, Pending, Completed, Disputed, PartiallyRefunded, Refunded, Reversed,
	}
}

// Status is the one rule for what a contribution's state is: what the ledger says wins over everything about the order.
func Status(at checkout.State, s ledger.Standing) State {
	if s.Payments == 0 {
		return State(at) // a checkout's words are those for a contribution, like a payment's below
	}
	return State(s.State())
}

// Received reports whether the money is in, or was and went back since.
func (s State) Received() bool {
	switch s {
	case Completed, Disputed, PartiallyRefunded, Refunded, Reversed:
		return true
	default:
		return false
	}
}

// HoldsMoney reports whether the reader is charged, as far as they can see.
func (s State) HoldsMoney() bool {
	switch s {
	case Pending, Completed, Disputed, PartiallyRefunded:
		return true
	default:
		return false
	}
}

// Outcome is what a reader is told.
type Outcome string

// The outcomes.
const (
	OutcomeOpen       Outcome = "open"       // not approved at PayPal yet
	OutcomeReceived   Outcome = "received"   // the money is in, or was and went back since
	OutcomeConfirming Outcome = "confirming" // approved; PayPal has not said the last word
	OutcomeDeclined   Outcome = "declined"
	OutcomeRetrying   Outcome = "retrying" // declined, and tried again in a moment because the reader asked for it
	OutcomeCancelled  Outcome = "cancelled"
	OutcomeExpired    Outcome = "expired"
	OutcomeFailed     Outcome = "failed"
)

// Outcome is what to say to the reader about the contribution.
func (c Contribution) Outcome() Outcome {
	switch c.State {
	case Completed, Disputed, PartiallyRefunded, Refunded, Reversed:
		return OutcomeReceived
	case Approved, CaptureUnknown, Pending:
		return OutcomeConfirming
	case Declined:
		if !c.Checkout.RetryAt.IsZero() {
			return OutcomeRetrying
		}
		return OutcomeDeclined
	case Cancelled:
		return OutcomeCancelled
	case Expired:
		return OutcomeExpired
	case Failed:
		return OutcomeFailed
	case Started, OrderUnknown, Created:
	}
	return OutcomeOpen
}
