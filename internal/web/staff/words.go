package staff

import (
	"strings"
)

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
		return status{"Started", "wait", "It is saved; PayPal has not been asked for an order yet, or is being asked right " +
			"now. Nothing was charged."}
	case "order_unknown":
		return status{"No answer yet", "wait", "PayPal was asked for an order and its answer did not arrive. Nothing was " +
			"charged; Readerfund asks again."}
	case "failed":
		return status{"Failed", "bad", "PayPal refused to create an order for it. Nothing was charged."}
	case "created":
		return status{"Awaiting approval", "wait", "The reader was sent to PayPal and has not approved yet. Nothing was " +
			"charged."}
	case "cancelled":
		return status{"Cancelled", "off", "The reader cancelled at PayPal. Nothing was charged; they may still change " +
			"their mind."}
	case "approved":
		return status{"Approved", "wait", "The reader approved; the payment is about to be captured."}
	case "capture_unknown":
		return status{"Being checked", "wait", "PayPal was asked to capture the payment and its answer did not arrive. " +
			"Readerfund asks until it is known; please do not ask the reader to pay again."}
	case "expired":
		return status{"Expired", "off", "The order expired at PayPal before it was paid. Nothing was charged."}
	case "declined":
		return status{"Declined", "bad", "PayPal or the bank declined the payment. Nothing was charged."}
	case "pending":
		return status{"Pending", "wait", "The reader paid; PayPal has not released the money yet. It counts once PayPal " +
			"does."}
	case "completed":
		return status{"Completed", "good", "The money is in."}
	case "disputed":
		return status{"Disputed", "bad", "The money came in, and the reader has an open dispute about it. Once it is more " +
			"than an inquiry, PayPal holds the money until the dispute ends."}
	case "partially_refunded":
		return status{"Partially refunded", "off", "The money came in, and part of it was refunded or reversed."}
	case "refunded":
		return status{"Refunded", "off", "The money came in, and all of it was refunded to the reader."}
	case "reversed":
		return status{"Reversed", "bad", "The money came in, and PayPal took it back: the reader won a dispute, or the " +
			"bank reversed the payment."}
	default:
		return status{spaced(state), "off", ""}
	}
}

// factInWords says what we learned, as a line of a contribution's history.
func factInWords(fact string) string {
	switch fact {
	case "started":
		return "Contribution started"
	case "order_unanswered":
		return "PayPal's answer to the order did not arrive"
	case "order_refused":
		return "PayPal refused to create the order"
	case "order_created":
		return "PayPal created the order"
	case "reader_cancelled":
		return "The reader cancelled at PayPal"
	case "order_approved":
		return "The reader approved at PayPal"
	case "capture_unanswered":
		return "PayPal's answer to the capture did not arrive"
	case "capture_refused":
		return "PayPal refused the capture"
	case "order_gone":
		return "The order expired at PayPal"
	case "capture_pending":
		return "Payment captured, pending at PayPal"
	case "capture_completed":
		return "Payment captured"
	case "capture_declined", "capture_failed":
		return "Payment declined"
	case "restored":
		return "Restored from PayPal's record"
	case "capture_refunded":
		return "PayPal reports the payment as refunded"
	case "capture_partially_refunded":
		return "PayPal reports the payment as partially refunded"
	case "refund_pending":
		return "Refund pending"
	case "refund_completed":
		return "Refund completed"
	case "refund_failed", "refund_cancelled":
		return "Refund did not go through"
	case "reversal_pending":
		return "Reversal pending"
	case "reversal_completed":
		return "Reversal completed"
	case "reversal_failed", "reversal_cancelled":
		return "Reversal did not go through"
	case "dispute_open":
		return "Dispute open at PayPal"
	case "dispute_resolved":
		return "Dispute ended"
	case "refund_asked":
		return "Refund requested"
	case "refund_refused":
		return "Refund refused"
	case "note":
		return "Note"
	case "looked":
		return "Reviewed by staff"
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
		return "a scheduled check with PayPal"
	case "staff":
		return "a staff request"
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
		return "Payment"
	case "fee":
		return "Fee"
	case "refund":
		return "Refund"
	case "fee_refund":
		return "Fee refunded"
	case "reversal":
		return "Reversal"
	case "dispute_hold":
		return "Dispute hold"
	case "dispute_release":
		return "Dispute hold released"
	case "chargeback_fee":
		return "Dispute fee"
	case "chargeback_fee_refund":
		return "Dispute fee refunded"
	default:
		return spaced(kind)
	}
}

// movementInWords names the status of a payment or refund.
func movementInWords(state string) status {
	switch state {
	case "completed":
		return status{"Completed", "good", ""}
	case "pending":
		return status{"Pending", "wait", ""}
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
		return "Order approved"
	case "CHECKOUT.ORDER.COMPLETED":
		return "Order completed"
	case "CHECKOUT.PAYMENT-APPROVAL.REVERSED":
		return "Approval expired"
	case "PAYMENT.CAPTURE.COMPLETED":
		return "Payment completed"
	case "PAYMENT.CAPTURE.PENDING":
		return "Payment pending"
	case "PAYMENT.CAPTURE.DENIED", "PAYMENT.CAPTURE.DECLINED":
		return "Payment declined"
	case "PAYMENT.CAPTURE.REFUNDED":
		return "Payment refunded"
	case "PAYMENT.REFUND.PENDING":
		return "Refund pending"
	case "PAYMENT.REFUND.FAILED":
		return "Refund failed"
	case "PAYMENT.CAPTURE.REVERSED":
		return "Payment reversed"
	case "CUSTOMER.DISPUTE.CREATED":
		return "Dispute opened"
	case "CUSTOMER.DISPUTE.UPDATED":
		return "Dispute updated"
	case "CUSTOMER.DISPUTE.RESOLVED":
		return "Dispute ended"
	case "(unreadable)": // ours: the inbox keeps it for what PayPal signed and nobody can read
		return "Unreadable event"
	default:
		return "Other event"
	}
}

// webhookInWords puts the state of a webhook event into words.
func webhookInWords(state string) status {
	switch state {
	case "received":
		return status{"Received", "wait", "It is stored and will be processed shortly, or again after a failed attempt."}
	case "applied":
		return status{"Applied", "good", "It was checked with PayPal, and what PayPal answered is booked."}
	case "ignored":
		return status{"Ignored", "off", "It does not concern contributions made here."}
	case "parked":
		return status{"Parked", "bad", "It could not be processed after several attempts. Nothing is lost: once the cause " +
			"is fixed, replay it."}
	default:
		return status{spaced(state), "off", ""}
	}
}

// spaced makes a code that we have no words for readable.
func spaced(code string) string { return strings.ReplaceAll(code, "_", " ") }
