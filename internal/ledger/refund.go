package ledger

import (
	"fmt"
	"slices"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// refund is money of a payment that went back, or is on its way back.
type refund struct {
	paypalID   string
	kind       entryKind // kindRefund or kindReversal
	status     string
	reason     string
	amount     money.Amount // positive
	occurredAt time.Time
	changed    bool
}

// The statuses of a refund, as they are stored.
const (
	refundPending   = string(StatusPending)
	refundCompleted = string(StatusCompleted)
	refundFailed    = string(StatusFailed)
)

var refundStatuses = map[paypal.RefundStatus]string{
	paypal.RefundPending: refundPending, paypal.RefundCompleted: refundCompleted,
	paypal.RefundFailed: refundFailed, paypal.RefundCancelled: refundFailed,
}

// applyRefund stores a refund or reversal and books it once it completed. Its payment must be known already.
func (b *Book) applyRefund(seen paypal.Refund, reversal bool, src Source, now time.Time) (bool, error) {
	seen.CreatedAt = orNow(seen.CreatedAt, now)
	p, err := b.refundedPayment(seen)
	if err != nil {
		return false, err
	}
	learned, ok := refundStatuses[seen.Status]
	if !ok {
		return false, contradiction(review.RefundStatus, review.Args{"refund": seen.ID, "status": string(seen.Status)})
	}
	kind := kindRefund
	if reversal {
		kind = kindReversal
	}
	r, news, err := p.joinRefund(kind, seen, learned)
	if err != nil || r.status != refundCompleted {
		return news, err
	}
	news = b.book(p, entry{r.kind, seen.Amount.Neg(), seen.ID, seen.CreatedAt}, src) || news
	switch {
	case seen.FeeRefunded.Minor == 0:
		return news, nil
	case seen.FeeRefunded.Currency != p.Amount.Currency:
		args := review.Args{
			"refund": seen.ID, "fee": seen.FeeRefunded.String(), "currency": string(p.Amount.Currency),
		}
		return b.Reviews.Open(review.RefundFeeImpossible, args) || news, nil
	default:
		return b.book(p, entry{kindFeeRefund, seen.FeeRefunded, seen.ID, seen.CreatedAt}, src) || news, nil
	}
}

// refundedPayment is the payment that a refund belongs to. A single refund cannot exceed the payment; several
// reversals together can, and that is for PayPal to decide.
func (b *Book) refundedPayment(seen paypal.Refund) (*Payment, error) {
	if other, ok := b.elsewhere[seen.CaptureID]; ok {
		return nil, fmt.Errorf("refund %s of capture %s: %w", seen.ID, seen.CaptureID,
			notOurs(review.PaymentElsewhere, review.Args{"payment": seen.CaptureID, "other": other.String()}))
	}
	p := b.payment(seen.CaptureID)
	if p == nil || b.refundedElsewhere(seen.ID, p) {
		return nil, contradiction(review.RefundOfNoPayment, review.Args{"refund": seen.ID, "payment": seen.CaptureID})
	}
	if seen.Amount.Currency != p.Amount.Currency || seen.Amount.Minor <= 0 || seen.Amount.Minor > p.Amount.Minor {
		return nil, contradiction(review.RefundImpossible,
			review.Args{"amount": seen.Amount.String(), "refund": seen.ID, "paid": p.Amount.String()})
	}
	return p, nil
}

// refundedElsewhere reports whether a refund is known to belong to another payment than p.
func (b *Book) refundedElsewhere(id string, p *Payment) bool {
	for _, other := range b.payments {
		if other != p && slices.ContainsFunc(other.refunds, func(r *refund) bool { return r.paypalID == id }) {
			return true
		}
	}
	_, elsewhere := b.elsewhere[id]
	return elsewhere
}

// joinRefund adds the refund, or advances it from pending; completed and failed are final. It stays a refund or a
// reversal, whichever it was first seen as, because the ledger's entry has that kind.
func (p *Payment) joinRefund(kind entryKind, seen paypal.Refund, learned string) (*refund, bool, error) {
	var known *refund
	for _, r := range p.refunds {
		if r.paypalID == seen.ID {
			known = r
		}
	}
	if known != nil && (known.status == learned || known.status != refundPending) {
		return known, false, nil
	}
	if known != nil {
		kind = known.kind
	}
	if learned == refundCompleted && kind == kindRefund && p.returned()+seen.Amount.Minor > p.Amount.Minor {
		return nil, false, contradiction(review.RefundTooLarge,
			review.Args{"refund": seen.ID, "amount": seen.Amount.String(), "payment": p.PayPalID})
	}
	if known == nil {
		known = &refund{paypalID: seen.ID, kind: kind, amount: seen.Amount, occurredAt: seen.CreatedAt}
		p.refunds = append(p.refunds, known)
	}
	known.status, known.reason, known.changed = learned, seen.Reason, true
	p.changed = p.changed || learned == refundCompleted && kind == kindRefund // payment.returned_minor counts it
	return known, true, nil
}

// returned is the sum of the completed refunds in minor units. Reversals do not count: a bank may take back what was
// already refunded.
func (p *Payment) returned() (minor int64) {
	for _, r := range p.refunds {
		if r.status == refundCompleted && r.kind == kindRefund {
			minor += r.amount.Minor
		}
	}
	return minor
}
