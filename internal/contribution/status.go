package contribution

import (
	"slices"

	"readerfund/internal/checkout"
	"readerfund/internal/ledger"
)

// State is what is shown as a contribution's status: where its checkout stands until there is a payment, and from
// then on what its payments add up to. It is derived by Status, and stored in contribution.state for lists.
type State string

// The states, from "nothing known" to "money gone back", in the words of the checkout and, once there is a payment, of
// the ledger.
const (
	Started        = State(checkout.Started)
	OrderUnknown   = State(checkout.OrderUnknown)
	Failed         = State(checkout.Failed)
	Created        = State(checkout.Created)
	Cancelled      = State(checkout.Cancelled)
	Approved       = State(checkout.Approved)
	CaptureUnknown = State(checkout.CaptureUnknown)
	Expired        = State(checkout.Expired)

	Declined          = State(ledger.Declined) // the checkout's word as well: an attempt can be refused without a payment
	Pending           = State(ledger.Pending)
	Completed         = State(ledger.Completed)
	Disputed          = State(ledger.Disputed)
	PartiallyRefunded = State(ledger.PartiallyRefunded)
	Refunded          = State(ledger.Refunded)
	Reversed          = State(ledger.Reversed)
)

// States lists the states in the order a contribution can go through them.
func States() []State {
	return []State{
		Started, OrderUnknown, Failed, Created, Cancelled, Approved, CaptureUnknown, Expired,
		Declined, Pending, Completed, Disputed, PartiallyRefunded, Refunded, Reversed,
	}
}

// Status is the only rule for a contribution's state: what the ledger says wins over everything about the checkout.
// ended reports whether its subscription has ended; one that ended before it brought any money was cancelled.
func Status(at checkout.State, s ledger.Standing, ended bool) State {
	switch {
	case s.Payments > 0:
		return State(s.State())
	case ended && at == checkout.Approved:
		return Cancelled
	default:
		return State(at) // the checkout's states have the same words as the contribution's, like the ledger's above
	}
}

// Orderless reports whether PayPal may not have made an order yet.
func (s State) Orderless() bool { return s == Started || s == OrderUnknown }

// Received reports whether the money is in, or was and went back since.
func (s State) Received() bool {
	switch s {
	case Completed, Disputed, PartiallyRefunded, Refunded, Reversed:
		return true
	default:
		return false
	}
}

// Confirming reports whether the reader approved but PayPal's result is not final: it may still become money.
func (s State) Confirming() bool {
	switch s {
	case Approved, CaptureUnknown, Pending:
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

// NeedsReason reports whether PayPal's reason says why the contribution is in this state. Money that is in needs none,
// and a dispute has its own.
func (s State) NeedsReason() bool { return !s.Received() || s == Reversed }

// StatesWhere lists the states for which at least one of the rules above is true, as SQL takes them: state = ANY($1).
func StatesWhere(rules ...func(State) bool) []string {
	var all []string
	for _, s := range States() {
		if slices.ContainsFunc(rules, func(is func(State) bool) bool { return is(s) }) {
			all = append(all, string(s))
		}
	}
	return all
}

// Outcome is what a reader is told.
type Outcome string

// The outcomes.
const (
	OutcomeOpen       Outcome = "open"       // not approved at PayPal yet
	OutcomeReceived   Outcome = "received"   // the money is in, or was and went back since
	OutcomeConfirming Outcome = "confirming" // approved; no final result from PayPal
	OutcomeScheduled  Outcome = "scheduled"  // approved, and the first charge is due later
	OutcomeDeclined   Outcome = "declined"
	OutcomeRetrying   Outcome = "retrying" // declined; the reader asked for another attempt, which follows
	OutcomeCancelled  Outcome = "cancelled"
	OutcomeExpired    Outcome = "expired"
	OutcomeFailed     Outcome = "failed"
)

// Outcome is what to say to the reader about the contribution.
func (c Contribution) Outcome() Outcome {
	switch s := c.State; {
	case s.Received():
		return OutcomeReceived
	case s == Approved && !c.Checkout.FirstChargeAt.IsZero():
		return OutcomeScheduled
	case s.Confirming():
		return OutcomeConfirming
	case s == Declined && !c.Checkout.RetryAt.IsZero():
		return OutcomeRetrying
	case s == Declined:
		return OutcomeDeclined
	case s == Cancelled:
		return OutcomeCancelled
	case s == Expired:
		return OutcomeExpired
	case s == Failed:
		return OutcomeFailed
	default:
		return OutcomeOpen
	}
}
