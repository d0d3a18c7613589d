package web

import "strings"

// status is a state in words: a label for lists, a tone for its colour, and what it means.
type status struct {
	Label   string
	Tone    string // good, wait, bad or off
	Meaning string
}

// stateInWords puts a contribution's state into words that a person who takes a reader's call can use.
func stateInWords(state string) status {
	switch state {
	case "started":
		return status{"Started", "wait", "It is written down; PayPal has not been asked yet, or is being asked right now. Nothing was charged."}
	case "order_unknown":
		return status{"No answer yet", "wait", "PayPal was asked for an order and its answer did not arrive. Nothing was charged; we find out by asking again."}
	case "failed":
		return status{"Refused", "bad", "PayPal made no order for it. Nothing was charged."}
	case "created":
		return status{"At PayPal", "wait", "The reader was sent to PayPal and has not approved yet. Nothing was charged."}
	case "cancelled":
		return status{"Turned back", "off", "The reader turned back at PayPal. Nothing was charged; they may still change their mind."}
	case "approved":
		return status{"Approved", "wait", "The reader approved; the money is about to be collected."}
	case "capture_unknown":
		return status{"Being checked", "wait", "We asked for the money and PayPal's answer did not arrive. We ask until we know; please do not ask the reader to pay again."}
	case "expired":
		return status{"Not finished", "off", "PayPal dropped the order because it was not finished in time. Nothing was charged."}
	case "declined":
		return status{"Declined", "bad", "PayPal or the bank declined the payment. Nothing was charged."}
	case "pending":
		return status{"Held by PayPal", "wait", "The reader paid; PayPal holds the money back for now. It counts once PayPal releases it."}
	case "completed":
		return status{"Received", "good", "The money is in."}
	case "disputed":
		return status{"Disputed", "bad", "The money came in, and a case about it is open at PayPal. Past an inquiry, PayPal holds the money back until the case ends."}
	case "partially_refunded":
		return status{"Partly refunded", "off", "The money came in, and part of it went back to the reader."}
	case "refunded":
		return status{"Refunded", "off", "The money came in, and all of it went back to the reader."}
	case "reversed":
		return status{"Taken back", "bad", "The money came in, and PayPal took it back: the reader won a case, or the bank reversed the payment."}
	default:
		return status{spaced(state), "off", ""}
	}
}

// factInWords says what we learned, as a line of a contribution's history.
func factInWords(fact string) string {
	switch fact {
	case "started":
		return "The reader decided to give"
	case "order_unanswered":
		return "We asked PayPal for an order and saw no answer"
	case "order_refused":
		return "PayPal refused to make an order"
	case "order_created":
		return "PayPal made the order"
	case "reader_cancelled":
		return "The reader turned back at PayPal"
	case "order_approved":
		return "The reader approved at PayPal"
	case "capture_unanswered":
		return "We asked for the money and saw no answer"
	case "capture_refused":
		return "PayPal did not collect the money"
	case "order_gone":
		return "PayPal dropped the order"
	case "capture_pending":
		return "PayPal collected the money and holds it"
	case "capture_completed":
		return "PayPal collected the money"
	case "capture_declined", "capture_failed":
		return "The payment was declined"
	case "restored":
		return "It was lost here and brought back from PayPal's record"
	case "capture_refunded":
		return "PayPal reports the payment as refunded"
	case "capture_partially_refunded":
		return "PayPal reports the payment as partly refunded"
	case "refund_pending":
		return "A refund is under way"
	case "refund_completed":
		return "Money went back to the reader"
	case "refund_failed", "refund_cancelled":
		return "A refund did not go through"
	case "reversal_pending":
		return "PayPal is about to take money back"
	case "reversal_completed":
		return "PayPal took money back"
	case "reversal_failed", "reversal_cancelled":
		return "PayPal did not take money back after all"
	case "dispute_open":
		return "A case about the payment is open at PayPal"
	case "dispute_resolved":
		return "The case at PayPal has ended"
	case "refund_asked":
		return "Staff asked for a refund"
	case "refund_refused":
		return "The refund was not made"
	case "note":
		return "Note"
	case "looked":
		return "Staff looked at what needed a person"
	default:
		return spaced(fact)
	}
}

// wayInWords says how news reached us.
func wayInWords(source string) string {
	switch source {
	case "start":
		return "PayPal's answer to our request"
	case "return":
		return "the reader's return from PayPal"
	case "webhook":
		return "a webhook"
	case "sweep":
		return "our own look at PayPal"
	case "staff":
		return "a request of staff"
	case "reconcile":
		return "reconciliation with PayPal's record"
	default:
		return spaced(source)
	}
}

// entryInWords names a line of the ledger.
func entryInWords(kind string) string {
	switch kind {
	case "charge":
		return "Gift"
	case "fee":
		return "PayPal's fee"
	case "refund":
		return "Refund"
	case "fee_refund":
		return "Fee given back"
	case "reversal":
		return "Taken back by PayPal"
	case "dispute_hold":
		return "Held for a dispute"
	case "dispute_release":
		return "Released after a dispute"
	case "chargeback_fee":
		return "PayPal's fee for a dispute"
	case "chargeback_fee_refund":
		return "Dispute fee given back"
	default:
		return spaced(kind)
	}
}

// movementInWords names the status of a payment or refund.
func movementInWords(state string) status {
	switch state {
	case "completed":
		return status{"Done", "good", ""}
	case "pending":
		return status{"Waiting", "wait", ""}
	case "declined", "failed":
		return status{"Declined", "bad", ""}
	default:
		return status{spaced(state), "off", ""}
	}
}

// eventInWords says what a webhook is about. Source: PayPal, "Webhook event names".
func eventInWords(kind string) string {
	switch kind {
	case "CHECKOUT.ORDER.APPROVED":
		return "A reader approved a payment"
	case "CHECKOUT.ORDER.COMPLETED":
		return "An order is done"
	case "CHECKOUT.PAYMENT-APPROVAL.REVERSED":
		return "An approval ran out and was undone"
	case "PAYMENT.CAPTURE.COMPLETED":
		return "A payment came in"
	case "PAYMENT.CAPTURE.PENDING":
		return "A payment is held"
	case "PAYMENT.CAPTURE.DENIED", "PAYMENT.CAPTURE.DECLINED":
		return "A payment was declined"
	case "PAYMENT.CAPTURE.REFUNDED":
		return "A payment was refunded"
	case "PAYMENT.REFUND.PENDING":
		return "A refund is on its way"
	case "PAYMENT.REFUND.FAILED":
		return "A refund failed"
	case "PAYMENT.CAPTURE.REVERSED":
		return "A payment was taken back"
	case "CUSTOMER.DISPUTE.CREATED":
		return "A reader opened a dispute"
	case "CUSTOMER.DISPUTE.UPDATED":
		return "A dispute moved on"
	case "CUSTOMER.DISPUTE.RESOLVED":
		return "A dispute ended"
	case "(unreadable)": // ours: the inbox keeps it for what PayPal signed and nobody can read
		return "Something that cannot be read"
	default:
		return "Another kind of news"
	}
}

// webhookInWords puts the state of a webhook event into words.
func webhookInWords(state string) status {
	switch state {
	case "received":
		return status{"Waiting", "wait", "It is kept and will be worked on shortly, or again after a failed try."}
	case "applied":
		return status{"Done", "good", "What it told has been checked with PayPal and taken over."}
	case "ignored":
		return status{"Not for us", "off", "It is about something that does not concern contributions made here."}
	case "parked":
		return status{"Parked", "bad", "It could not be settled and was put aside. Nothing is lost: once the cause is gone, work on it again."}
	default:
		return status{spaced(state), "off", ""}
	}
}

// spaced makes a code that we have no words for readable.
func spaced(code string) string { return strings.ReplaceAll(code, "_", " ") }
