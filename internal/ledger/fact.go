package ledger

import (
	"strings"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// Fact is one thing we learned about money. Only the functions below make facts; the zero Fact is invalid.
type Fact struct {
	capture  *paypal.Capture
	direct   bool // the capture is a payment without an order, as transaction search reports it
	refund   *paypal.Refund
	reversal bool // PayPal or a bank took the money back, rather than us giving it
	dispute  *paypal.Dispute
}

// CaptureSeen is a capture as PayPal's API gives it.
func CaptureSeen(c paypal.Capture) Fact { return Fact{capture: &c} }

// RefundSeen is a refund as PayPal's API gives it.
func RefundSeen(r paypal.Refund) Fact { return Fact{refund: &r} }

// ReversalSeen is a reversal. PayPal's API returns it as a refund; only its capture and the event show that it is not
// one.
func ReversalSeen(r paypal.Refund) Fact { return Fact{refund: &r, reversal: true} }

// DisputeSeen is a dispute as PayPal's API gives it. The payment it is about must be known already.
func DisputeSeen(d paypal.Dispute) Fact { return Fact{dispute: &d} }

// PaymentReported is a payment that was made in PayPal directly, as transaction search reports it.
func PaymentReported(t paypal.Transaction) Fact {
	seen := paypal.Capture{ID: t.ID, Status: paypal.CaptureCompleted, Amount: t.Amount, CreatedAt: t.InitiatedAt}
	if t.Fee != nil {
		fee := t.Fee.Neg()
		seen.Fee = &fee
	}
	return Fact{capture: &seen, direct: true}
}

// RefundReported is the refund or reversal of such a payment.
func RefundReported(t paypal.Transaction) Fact {
	seen := paypal.Refund{
		ID: t.ID, CaptureID: t.ReferenceID, Status: paypal.RefundCompleted,
		Amount: t.Amount.Neg(), FeeRefunded: money.New(0, t.Amount.Currency), CreatedAt: t.InitiatedAt,
	}
	if t.Fee != nil {
		seen.FeeRefunded = *t.Fee
	}
	return Fact{refund: &seen, reversal: t.EventCode != paypal.RefundCode}
}

// Kind names the fact for the history: "capture_completed", "refund_pending", "dispute_open".
func (f Fact) Kind() string {
	switch {
	case f.capture != nil:
		return "capture_" + strings.ToLower(string(f.capture.Status))
	case f.refund != nil && f.reversal:
		return "reversal_" + strings.ToLower(string(f.refund.Status))
	case f.refund != nil:
		return "refund_" + strings.ToLower(string(f.refund.Status))
	case f.dispute != nil && f.dispute.Open():
		return "dispute_open"
	case f.dispute != nil:
		return "dispute_resolved"
	default:
		return ""
	}
}

// About returns PayPal's id of what the fact is about, and PayPal's code for the reason, which may be empty.
func (f Fact) About() (id, reason string) {
	switch {
	case f.capture != nil:
		return f.capture.ID, f.capture.Reason
	case f.refund != nil:
		return f.refund.ID, f.refund.Reason
	case f.dispute != nil:
		return f.dispute.ID, f.dispute.Reason
	default:
		return "", ""
	}
}

// Pending reports whether the fact says that PayPal holds a payment.
func (f Fact) Pending() bool { return f.capture != nil && f.capture.Status == paypal.CapturePending }

// Capture is the capture or sale that the fact is about; nil for any other fact.
func (f Fact) Capture() *paypal.Capture { return f.capture }

// Refund is the refund or reversal that the fact is about; nil for any other fact.
func (f Fact) Refund() *paypal.Refund { return f.refund }

// Dispute is the dispute that the fact is about; nil for any other fact.
func (f Fact) Dispute() *paypal.Dispute { return f.dispute }
