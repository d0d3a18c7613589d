package contribution

import "slices"

// fact is a kind of news about an order, after reduce has dropped what is stale: the columns of the transition table.
type fact string

const (
	orderUnanswered   fact = "order_unanswered"   // we asked for the order and saw no answer
	orderRefused      fact = "order_refused"      // PayPal answered that it makes no such order
	orderCreated      fact = "order_created"      // the order exists
	readerCancelled   fact = "reader_cancelled"   // the reader came back by the cancel address
	orderApproved     fact = "order_approved"     // the order is approved
	captureUnanswered fact = "capture_unanswered" // the latest capture attempt has no answer
	captureRefused    fact = "capture_refused"    // the latest capture attempt was certainly not carried out
	orderGone         fact = "order_gone"         // PayPal no longer knows the order, or voided it
)

// facts lists the facts in the order of the table's columns.
func facts() []fact {
	return []fact{
		orderUnanswered, orderRefused, orderCreated, readerCancelled, orderApproved,
		captureUnanswered, captureRefused, orderGone,
	}
}

// transitions is the one transition table of a checkout: for each of its states, what each fact makes of it, in the order of
// facts().
//
// How to read it. Facts only ever move a checkout to the later of two states, so the order of arrival does not matter and a
// late fact never undoes a later state. Capture attempts are the exception: a refusal and a new attempt may alternate, so
// they are numbered, and reduce lets only the latest speak. Once there is a payment, the ledger says what is (Status).
var transitions = map[State][]State{
	// order: unanswered, refused, created, cancelled, approved; capture: unanswered, refused; order gone
	Started:      {OrderUnknown, Failed, Created, Cancelled, Approved, CaptureUnknown, Declined, Expired},
	OrderUnknown: {OrderUnknown, Failed, Created, Cancelled, Approved, CaptureUnknown, Declined, Expired},
	Failed:       {Failed, Failed, Created, Cancelled, Approved, CaptureUnknown, Declined, Expired},
	Created:      {Created, Created, Created, Cancelled, Approved, CaptureUnknown, Declined, Expired},
	Cancelled:    {Cancelled, Cancelled, Cancelled, Cancelled, Approved, CaptureUnknown, Declined, Expired},
	Approved:     {Approved, Approved, Approved, Approved, Approved, CaptureUnknown, Declined, Expired},
	CaptureUnknown: {
		CaptureUnknown, CaptureUnknown, CaptureUnknown, CaptureUnknown, CaptureUnknown,
		CaptureUnknown, Declined, Expired,
	},
	Expired:  {Expired, Expired, Expired, Expired, Expired, Expired, Declined, Expired},
	Declined: {Declined, Declined, Declined, Declined, Declined, CaptureUnknown, Declined, Declined},
}

// checkoutStates lists the table's rows.
func checkoutStates() []State {
	return []State{Started, OrderUnknown, Failed, Created, Cancelled, Approved, CaptureUnknown, Expired, Declined}
}

// next looks the table up. A state that the ledger gave is none of a checkout's, and stays as it is.
func next(from State, f fact) State {
	row, ok := transitions[from]
	if !ok {
		return from
	}
	return row[slices.Index(facts(), f)]
}

// reduce turns the fact just learned into the one that the table is asked with, in the light of all capture attempts.
func (c Contribution) reduce(learned fact) fact {
	switch {
	case learned != orderGone && learned != captureUnanswered && learned != captureRefused:
		return learned
	case c.captureRefused > 0 && (c.gone || c.captureDoubt <= c.captureRefused):
		return captureRefused // a doubt about a later attempt ends when the order is gone: it was not carried out
	case c.gone:
		return orderGone
	default:
		return captureUnanswered
	}
}
