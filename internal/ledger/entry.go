package ledger

import (
	"strings"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/review"
)

// entryKind is the kind of movement that an entry books. docs/lifecycle.md says where each comes from.
type entryKind string

const (
	kindCharge              entryKind = "charge"
	kindFee                 entryKind = "fee"
	kindRefund              entryKind = "refund"
	kindFeeRefund           entryKind = "fee_refund"
	kindReversal            entryKind = "reversal"
	kindDisputeHold         entryKind = "dispute_hold"
	kindDisputeRelease      entryKind = "dispute_release"
	kindChargebackFee       entryKind = "chargeback_fee"
	kindChargebackFeeRefund entryKind = "chargeback_fee_refund"
)

// entry is one line of the ledger.
type entry struct {
	kind   entryKind
	amount money.Amount // signed: money in is positive
	ref    string       // PayPal's id of the capture, refund or dispute
	at     time.Time    // when it happened at PayPal
}

// entryKey identifies an entry: there is at most one of each kind for one thing at PayPal.
type entryKey struct {
	kind entryKind
	ref  string
}

// book adds the entry unless the ledger has it, and reports whether it changed anything. An existing entry with
// another amount is never changed: a person has to look at it, until PayPal's amount is again the one in the ledger.
func (b *Book) book(p *Payment, e entry, src Source) (news bool) {
	key := entryKey{e.kind, e.ref}
	there, known := b.entries[key]
	if !known {
		b.entries[key] = e
		b.booked = append(b.booked, booked{e, p, src})
		return true
	}
	args := review.Args{"kind": strings.ReplaceAll(string(e.kind), "_", " "), "ref": e.ref}
	if there.amount == e.amount {
		b.Reviews.Resolve(review.Settled, review.Match{Code: review.LedgerDiffers, About: args})
		return false
	}
	args["says"], args["booked"] = e.amount.String(), there.amount.String()
	return b.Reviews.Open(review.LedgerDiffers, args)
}

// booked is an entry that has no row yet.
type booked struct {
	entry
	payment *Payment
	source  Source
}
