package ledger

import (
	"slices"

	"readerfund/internal/paypal"
)

// State is where a payment stands. docs/lifecycle.md draws how it moves.
type State string

// The states of a payment.
const (
	Unknown           State = ""                   // not heard of yet; never stored
	Declined          State = "declined"           // PayPal or the bank refused it
	Pending           State = "pending"            // taken, and PayPal holds the money back
	Completed         State = "completed"          // the money is in
	Disputed          State = "disputed"           // the money is in, and a dispute about it is open
	PartiallyRefunded State = "partially_refunded" // part of it went back
	Refunded          State = "refunded"           // all of it went back, by refund
	Reversed          State = "reversed"           // all of it went back, and PayPal or a bank took some of that
)

// States lists the states in the order a payment can go through them.
func States() []State {
	return []State{Unknown, Declined, Pending, Completed, Disputed, PartiallyRefunded, Refunded, Reversed}
}

// fact sums up all rows of one payment: the columns of the transition table.
type fact string

const (
	factDeclined  fact = "declined"
	factPending   fact = "pending"
	factCompleted fact = "completed"
	factDisputed  fact = "disputed"    // a dispute is open about money that did not all go back
	factPartly    fact = "partly back" // refunds and reversals came to less than the payment
	factRefunded  fact = "refunded"    // refunds came to all of it
	factReversed  fact = "reversed"    // reversals, with refunds or without, came to all of it
)

func facts() []fact {
	return []fact{factDeclined, factPending, factCompleted, factDisputed, factPartly, factRefunded, factReversed}
}

// transitions is the only transition table of a payment: for each state, the state that each fact leads to, in the
// order of facts().
//
// How to read it. A payment's facts are reduced from its own rows, each of which only advances; so money never moves
// backwards, and one payment says nothing about another. The exception is a dispute that ends: the payment's refunds
// then decide its state. PayPal may settle a pending payment either way; after it declined one, a late "pending" is
// stale.
var transitions = map[State][]State{
	// declined, pending, completed, disputed, partly back, refunded, reversed
	Unknown:   {Declined, Pending, Completed, Disputed, PartiallyRefunded, Refunded, Reversed},
	Declined:  {Declined, Declined, Completed, Disputed, PartiallyRefunded, Refunded, Reversed},
	Pending:   {Declined, Pending, Completed, Disputed, PartiallyRefunded, Refunded, Reversed},
	Completed: {Completed, Completed, Completed, Disputed, PartiallyRefunded, Refunded, Reversed},
	Disputed:  {Disputed, Disputed, Completed, Disputed, PartiallyRefunded, Refunded, Reversed},
	PartiallyRefunded: {
		PartiallyRefunded, PartiallyRefunded, PartiallyRefunded, Disputed, PartiallyRefunded, Refunded, Reversed,
	},
	Refunded: {Refunded, Refunded, Refunded, Refunded, Refunded, Refunded, Reversed},
	Reversed: {Reversed, Reversed, Reversed, Reversed, Reversed, Reversed, Reversed},
}

// next looks up the state that follows.
func next(from State, f fact) State { return transitions[from][slices.Index(facts(), f)] }

// reduce sums up payments in one fact; false if there are none. gross and back are minor units.
func reduce(furthest Status, gross, back int64, reversed, disputed bool) (fact, bool) {
	switch {
	case furthest == "":
		return "", false
	case furthest == StatusDeclined:
		return factDeclined, true
	case furthest == StatusPending:
		return factPending, true
	case disputed && back < gross:
		return factDisputed, true
	case back == 0:
		return factCompleted, true
	case back < gross:
		return factPartly, true
	case reversed:
		return factReversed, true
	default:
		return factRefunded, true
	}
}

// Status is PayPal's word for a capture, without its refund states: refunds are rows of their own.
type Status string

// The statuses of a payment at PayPal, and of a refund.
const (
	StatusDeclined  Status = "declined" // a payment only
	StatusPending   Status = "pending"
	StatusCompleted Status = "completed"
	StatusFailed    Status = "failed" // a refund only
)

// statusOf reads PayPal's capture status. A capture that was refunded must have completed.
func statusOf(s paypal.CaptureStatus) (Status, bool) {
	switch s {
	case paypal.CaptureCompleted, paypal.CapturePartiallyRefunded, paypal.CaptureRefunded:
		return StatusCompleted, true
	case paypal.CapturePending:
		return StatusPending, true
	case paypal.CaptureDeclined, paypal.CaptureFailed:
		return StatusDeclined, true
	default:
		return "", false
	}
}

// later combines the known status of one payment with a new one: pending comes first, and completed is never undone.
func later(known, learned Status) Status {
	return ranked([]Status{"", StatusPending, StatusDeclined, StatusCompleted}, known, learned)
}

// strongest combines the statuses of several payments: one that may still come in wins over one that was declined.
func strongest(a, b Status) Status {
	return ranked([]Status{"", StatusDeclined, StatusPending, StatusCompleted}, a, b)
}

func ranked(order []Status, a, b Status) Status {
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}
