package contribution

import (
	"slices"

	"readerfund/internal/paypal"
)

// State is where a contribution stands. docs/lifecycle.md draws it.
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
	Disputed          State = "disputed"           // the money is in, and a case about it is open
	PartiallyRefunded State = "partially_refunded" // part of it went back
	Refunded          State = "refunded"           // all of it went back, by refund
	Reversed          State = "reversed"           // PayPal took it back
)

// fact is a kind of news, after reduce has dropped what is stale: the rows of the transition table.
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
	moneyDeclined     fact = "money_declined"     // every capture was declined
	moneyPending      fact = "money_pending"      // a capture waits
	moneyCompleted    fact = "money_completed"    // a capture completed
	moneyDisputed     fact = "money_disputed"     // a case is open about money that did not all go back
	moneyPartlyBack   fact = "money_partly_back"  // refunds and reversals came to less than the captures
	moneyRefunded     fact = "money_refunded"     // refunds came to all of it
	moneyReversed     fact = "money_reversed"     // reversals, with refunds or without, came to all of it
)

// States lists the states in the order a contribution can go through them.
func States() []State {
	return []State{
		Started, OrderUnknown, Failed, Created, Cancelled, Approved, CaptureUnknown, Expired,
		Declined, Pending, Completed, Disputed, PartiallyRefunded, Refunded, Reversed,
	}
}

// facts lists the facts in the order of the table's columns.
func facts() []fact {
	return []fact{
		orderUnanswered, orderRefused, orderCreated, readerCancelled, orderApproved, captureUnanswered, captureRefused, orderGone,
		moneyDeclined, moneyPending, moneyCompleted, moneyDisputed, moneyPartlyBack, moneyRefunded, moneyReversed,
	}
}

// transitions is the one transition table: for each state, what each fact makes of it, in the order of facts().
//
// How to read it. Facts about the order (the first eight columns) only ever move a contribution to the later of two
// states, so the order of arrival does not matter and a late fact never undoes a later state. Capture attempts are the
// exception: a refusal and a new attempt may alternate, so they are numbered, and reduce lets only the latest speak.
// Facts about money (the last seven) are reduced over every capture, refund and case we know; they say what is, and win
// over everything about the order. Each of those only ever advances (see advance), so money never points backwards, with
// two exceptions: a pending capture may end declined, and a case that ends leaves what the refunds say.
func transitions() map[State][]State {
	const (
		st, ou, fa, cr, ca, ap, cu, ex = Started, OrderUnknown, Failed, Created, Cancelled, Approved, CaptureUnknown, Expired
		de, pe, co, di, pr, re, rv     = Declined, Pending, Completed, Disputed, PartiallyRefunded, Refunded, Reversed
	)
	return map[State][]State{
		// order: unanswered, refused, created, cancelled, approved; capture: unanswered, refused; order gone;
		// money: declined, pending, completed, disputed, partly back, refunded, reversed
		st: {ou, fa, cr, ca, ap, cu, de, ex, de, pe, co, di, pr, re, rv},
		ou: {ou, fa, cr, ca, ap, cu, de, ex, de, pe, co, di, pr, re, rv},
		fa: {fa, fa, cr, ca, ap, cu, de, ex, de, pe, co, di, pr, re, rv},
		cr: {cr, cr, cr, ca, ap, cu, de, ex, de, pe, co, di, pr, re, rv},
		ca: {ca, ca, ca, ca, ap, cu, de, ex, de, pe, co, di, pr, re, rv},
		ap: {ap, ap, ap, ap, ap, cu, de, ex, de, pe, co, di, pr, re, rv},
		cu: {cu, cu, cu, cu, cu, cu, de, ex, de, pe, co, di, pr, re, rv},
		ex: {ex, ex, ex, ex, ex, ex, de, ex, de, pe, co, di, pr, re, rv},
		de: {de, de, de, de, de, cu, de, de, de, pe, co, di, pr, re, rv},
		pe: {pe, pe, pe, pe, pe, pe, pe, pe, de, pe, co, di, pr, re, rv},
		co: {co, co, co, co, co, co, co, co, co, co, co, di, pr, re, rv},
		di: {di, di, di, di, di, di, di, di, di, di, co, di, pr, re, rv},
		pr: {pr, pr, pr, pr, pr, pr, pr, pr, pr, pr, pr, di, pr, re, rv},
		re: {re, re, re, re, re, re, re, re, re, re, re, re, re, re, rv},
		rv: {rv, rv, rv, rv, rv, rv, rv, rv, rv, rv, rv, rv, rv, rv, rv},
	}
}

// next looks the table up.
func next(from State, f fact) State {
	return transitions()[from][slices.Index(facts(), f)]
}

// knowledge is what the rows of one contribution say together. It only ever grows, whatever order news comes in; the
// state follows from it.
type knowledge struct {
	captureDoubt   int // latest attempt without an answer
	captureRefused int // latest attempt certainly not carried out
	gone           bool
	payments       []payment
	back           int64 // minor units of completed refunds and reversals, positive
	reversed       bool  // a reversal is among them
	disputed       bool  // a case is open
}

// reduce turns the news just learned into the fact that the table is asked with, in the light of all we know.
func reduce(news fact, k knowledge) fact {
	if f, ok := moneyFact(k); ok {
		return f
	}
	switch {
	case news != orderGone && news != captureUnanswered && news != captureRefused:
		return news
	case k.captureRefused > 0 && (k.gone || k.captureDoubt <= k.captureRefused):
		return captureRefused // a doubt about a later attempt ends when the order is gone: it was not carried out
	case k.gone:
		return orderGone
	default:
		return captureUnanswered
	}
}

// moneyFact is the strongest thing to say of the captures, if there is any.
func moneyFact(k knowledge) (fact, bool) {
	var gross int64
	strongest := fact("")
	for _, p := range k.payments {
		switch p.Status {
		case paymentCompleted:
			gross += p.AmountMinor
			strongest = moneyCompleted
		case paymentPending:
			if strongest != moneyCompleted {
				strongest = moneyPending
			}
		case paymentDeclined:
			if strongest == "" {
				strongest = moneyDeclined
			}
		}
	}
	if strongest != moneyCompleted {
		return strongest, strongest != ""
	}
	switch {
	case k.disputed && k.back < gross:
		return moneyDisputed, true
	case k.back == 0:
		return moneyCompleted, true
	case k.back < gross:
		return moneyPartlyBack, true
	case k.reversed:
		return moneyReversed, true
	default:
		return moneyRefunded, true
	}
}

// paymentStatus is what we say of a capture, once PayPal's refund states are taken out: those are rows of their own.
type paymentStatus string

const (
	paymentDeclined  paymentStatus = "declined"
	paymentPending   paymentStatus = "pending"
	paymentCompleted paymentStatus = "completed"
)

// captureStatus reads PayPal's capture status. A capture that was refunded had been completed.
func captureStatus(s paypal.CaptureStatus) (paymentStatus, bool) {
	switch s {
	case paypal.CaptureCompleted, paypal.CapturePartiallyRefunded, paypal.CaptureRefunded:
		return paymentCompleted, true
	case paypal.CapturePending:
		return paymentPending, true
	case paypal.CaptureDeclined, paypal.CaptureFailed:
		return paymentDeclined, true
	default:
		return "", false
	}
}

// advance joins what we knew of a capture with what we learn: pending comes first, and completed is never undone.
func (s paymentStatus) advance(learned paymentStatus) paymentStatus {
	if rank := []paymentStatus{"", paymentPending, paymentDeclined, paymentCompleted}; slices.Index(rank, learned) > slices.Index(rank, s) {
		return learned
	}
	return s
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

// Outcome tells what to say to the reader about the contribution.
func (c Contribution) Outcome() Outcome {
	switch c.State {
	case Completed, Disputed, PartiallyRefunded, Refunded, Reversed:
		return OutcomeReceived
	case Approved, CaptureUnknown, Pending:
		return OutcomeConfirming
	case Declined:
		if !c.RetryAt().IsZero() {
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
