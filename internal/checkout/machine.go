package checkout

import "slices"

// State is where a checkout stands. docs/lifecycle.md draws how it moves.
type State string

// The states, in the order a checkout can go through them.
const (
	Started        State = "started"         // stored; PayPal was not asked yet, or is being asked
	OrderUnknown   State = "order_unknown"   // PayPal was asked for an order and we did not see the answer
	Failed         State = "failed"          // PayPal refused to make an order
	Created        State = "created"         // the order exists; the reader has not approved it
	Cancelled      State = "cancelled"       // the reader said no at PayPal; may still change their mind
	Approved       State = "approved"        // the reader approved
	CaptureUnknown State = "capture_unknown" // the capture was asked for and we did not see the answer
	Expired        State = "expired"         // PayPal dropped the order, which was not paid
	Declined       State = "declined"        // the latest attempt to capture was refused
)

// States lists the states in the order a checkout can go through them.
func States() []State {
	return []State{Started, OrderUnknown, Failed, Created, Cancelled, Approved, CaptureUnknown, Expired, Declined}
}

// Known reports whether s is one of the states.
func (s State) Known() bool { return slices.Contains(States(), s) }

// event is what happened to a checkout, after stale facts have been dropped: the columns of the transition table.
type event string

const (
	orderUnanswered   event = "order_unanswered"   // we asked for the order and saw no answer
	orderRefused      event = "order_refused"      // PayPal answered that it makes no such order
	orderCreated      event = "order_created"      // the order exists
	readerCancelled   event = "reader_cancelled"   // the reader came back by the cancel address
	orderApproved     event = "order_approved"     // the order is approved
	captureUnanswered event = "capture_unanswered" // the latest capture attempt has no answer
	captureRefused    event = "capture_refused"    // the latest capture attempt was certainly not carried out
	orderGone         event = "order_gone"         // PayPal no longer knows the order, or voided it
)

// events lists the events in the order of the table's columns.
func events() []event {
	return []event{
		orderUnanswered, orderRefused, orderCreated, readerCancelled, orderApproved,
		captureUnanswered, captureRefused, orderGone,
	}
}

// transitions is the only transition table of a checkout: for each state, the state that each event leads to, in the
// order of events().
//
// How to read it. Events only ever move a checkout to the later of two states, so the order of arrival does not matter
// and a late one never undoes a later state. Attempts to capture are the exception: a refusal and a new attempt may
// alternate, so they are numbered, and latest lets only the latest speak.
var transitions = map[State][]State{
	// order:         unanswered, refused, created, cancelled, approved; capture: unanswered, refused; order gone
	Started:      {OrderUnknown, Failed, Created, Cancelled, Approved, CaptureUnknown, Declined, Expired},
	OrderUnknown: {OrderUnknown, Failed, Created, Cancelled, Approved, CaptureUnknown, Declined, Expired},
	Failed:       {Failed, Failed, Created, Cancelled, Approved, CaptureUnknown, Declined, Expired},
	Created:      {Created, Created, Created, Cancelled, Approved, CaptureUnknown, Declined, Expired},
	Cancelled:    {Cancelled, Cancelled, Cancelled, Cancelled, Approved, CaptureUnknown, Declined, Expired},
	Approved:     {Approved, Approved, Approved, Approved, Approved, CaptureUnknown, Declined, Expired},
	CaptureUnknown: {CaptureUnknown, CaptureUnknown, CaptureUnknown, CaptureUnknown, CaptureUnknown, CaptureUnknown,
		Declined, Expired},
	Expired:  {Expired, Expired, Expired, Expired, Expired, Expired, Declined, Expired},
	Declined: {Declined, Declined, Declined, Declined, Declined, CaptureUnknown, Declined, Declined},
}

// next looks up the state that follows.
func next(from State, e event) State { return transitions[from][slices.Index(events(), e)] }

// latest replaces an event about an attempt, or about the order's end, by the one that counts, given all that is
// known.
func (c *Checkout) latest(e event) event {
	switch {
	case e != orderGone && e != captureUnanswered && e != captureRefused:
		return e
	case c.Refused > 0 && (c.Gone || c.Unanswered <= c.Refused):
		return captureRefused // a doubt about a later attempt ends when the order is gone: it was not carried out
	case c.Gone:
		return orderGone
	default:
		return captureUnanswered
	}
}
