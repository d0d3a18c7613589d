package ledger

import (
	"fmt"
	"slices"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// disputeState is how far a dispute has come, as far as it affects money. docs/lifecycle.md draws it.
type disputeState string

const (
	disputeUnknown  disputeState = ""         // not heard of yet; never stored
	disputeInquiry  disputeState = "inquiry"  // buyer and newsroom talk; nothing is held
	disputeHeld     disputeState = "held"     // a claim or a bank's chargeback: PayPal holds the amount
	disputeResolved disputeState = "resolved" // it ended; refunds and reversals show what became of the money
)

func disputeStates() []disputeState {
	return []disputeState{disputeUnknown, disputeInquiry, disputeHeld, disputeResolved}
}

// disputeTransitions is the only transition table of a dispute: the state that each further answer of PayPal's leads
// to. A dispute only advances, so an old answer undoes nothing, and its end is final: if PayPal opens it again, a
// person has to look.
var disputeTransitions = map[disputeState]map[disputeState]disputeState{
	disputeUnknown:  {disputeInquiry: disputeInquiry, disputeHeld: disputeHeld, disputeResolved: disputeResolved},
	disputeInquiry:  {disputeInquiry: disputeInquiry, disputeHeld: disputeHeld, disputeResolved: disputeResolved},
	disputeHeld:     {disputeInquiry: disputeHeld, disputeHeld: disputeHeld, disputeResolved: disputeResolved},
	disputeResolved: {disputeInquiry: disputeResolved, disputeHeld: disputeResolved, disputeResolved: disputeResolved},
}

// dispute is what later facts need to know of a dispute. seen is the answer of PayPal's that was just applied.
type dispute struct {
	paypalID  string
	state     disputeState
	stage     paypal.DisputeStage
	changedAt time.Time
	seen      *paypal.Dispute
}

func stateOf(d paypal.Dispute) disputeState {
	switch {
	case !d.Open():
		return disputeResolved
	case d.Holds():
		return disputeHeld
	default:
		return disputeInquiry
	}
}

// applyDispute stores a dispute and books its effect on the money: a hold once it is past an inquiry, the release at
// its end, and the fees that PayPal took or returned for it. The buyer's winning is not booked here: the money then
// goes back by a reversal, which PayPal reports as a refund of its own.
func (b *Book) applyDispute(seen paypal.Dispute, src Source, now time.Time) (bool, error) {
	p := b.disputedPayment(seen)
	if _, taken := b.elsewhere[seen.ID]; p == nil || taken {
		return false, fmt.Errorf("dispute %s is about no payment of it: %w", seen.ID, ErrNotOurs)
	}
	news := b.joinDispute(p, seen, now)
	if disputeImpossible(p, seen) {
		return b.reviewDispute(p, seen) || news, nil
	}
	about := review.Args{"case": seen.ID}
	b.Reviews.Resolve(review.Settled,
		review.Match{Code: review.DisputeCurrency, About: about}, review.Match{Code: review.DisputeTooLarge, About: about})
	for _, e := range disputeEntries(seen, now) {
		news = b.book(p, e, src) || news
	}
	return news, nil
}

// disputedPayment is the payment of this book that the dispute is about; nil if there is none. If the dispute names
// several, it stays with the one under which it was first stored.
func (b *Book) disputedPayment(seen paypal.Dispute) *Payment {
	for _, p := range b.payments {
		if slices.ContainsFunc(p.disputes, func(d *dispute) bool { return d.paypalID == seen.ID }) {
			return p
		}
	}
	for _, id := range seen.CaptureIDs {
		if p := b.payment(id); p != nil {
			return p
		}
	}
	return nil
}

// joinDispute adds the dispute or advances the one we have, and reports whether that changed anything.
func (b *Book) joinDispute(p *Payment, seen paypal.Dispute, now time.Time) (news bool) {
	changed, learned := orNow(seen.UpdatedAt, now), stateOf(seen)
	at := slices.IndexFunc(p.disputes, func(d *dispute) bool { return d.paypalID == seen.ID })
	if at < 0 {
		p.disputes = append(p.disputes, &dispute{
			paypalID: seen.ID, state: disputeTransitions[disputeUnknown][learned], stage: seen.Stage, changedAt: changed,
			seen: &seen,
		})
		return true
	}
	d := p.disputes[at]
	ended, ends := d.state == disputeResolved, learned == disputeResolved
	switch {
	case ended && !ends && changed.After(d.changedAt):
		return b.Reviews.Open(review.DisputeOpenAgain, review.Args{"case": seen.ID})
	case ended && !ends:
		return false
	case ended == ends && !changed.After(d.changedAt) && stageRank(seen.Stage) <= stageRank(d.stage):
		return false
	}
	d.state, d.stage, d.seen = disputeTransitions[d.state][learned], seen.Stage, &seen
	if changed.After(d.changedAt) {
		d.changedAt = changed
	}
	return true
}

// stageRank orders PayPal's stages (Disputes v1, dispute_lifecycle_stage), since a dispute only moves forward. An
// unknown stage comes first.
func stageRank(stage paypal.DisputeStage) int {
	return slices.Index([]paypal.DisputeStage{
		paypal.StageInquiry, paypal.StageChargeback, paypal.StagePreArbitration, paypal.StageArbitration,
	}, stage)
}

// disputeImpossible reports whether the money in a dispute contradicts the payment it is said to be about.
func disputeImpossible(p *Payment, seen paypal.Dispute) bool {
	return seen.Amount.Currency != p.Amount.Currency || seen.Amount.Minor > p.Amount.Minor
}

// reviewDispute opens a review of a dispute that cannot be booked, until a later answer can be.
func (b *Book) reviewDispute(p *Payment, seen paypal.Dispute) (news bool) {
	if seen.Amount.Currency != p.Amount.Currency {
		return b.Reviews.Open(review.DisputeCurrency, review.Args{
			"case": seen.ID, "disputed": string(seen.Amount.Currency), "paid": string(p.Amount.Currency),
		})
	}
	return b.Reviews.Open(review.DisputeTooLarge, review.Args{
		"case": seen.ID, "disputed": seen.Amount.String(), "paid": p.Amount.String(),
	})
}

// disputeEntries lists a dispute's entries in the ledger. They follow from PayPal's latest answer alone, so that they
// are the same whichever of the dispute's steps we heard of. PayPal does not say when a dispute left the inquiry, so
// the hold has the date of the dispute's beginning.
func disputeEntries(d paypal.Dispute, now time.Time) []entry {
	began, ended := orNow(d.CreatedAt, now), orNow(d.UpdatedAt, now)
	var all []entry
	if d.Holds() {
		all = append(all, entry{kindDisputeHold, d.Amount.Neg(), d.ID, began})
		if !d.Open() {
			all = append(all, entry{kindDisputeRelease, d.Amount, d.ID, ended})
		}
	}
	taken, given := money.New(0, d.Amount.Currency), money.New(0, d.Amount.Currency)
	var takenAt, givenAt time.Time
	for _, fee := range d.Fees {
		switch {
		case fee.Amount.Currency != d.Amount.Currency:
			// The account holds another currency. The ledger uses the payment's; reconciliation reports the
			// difference.
		case fee.Amount.Minor > 0:
			taken.Minor += fee.Amount.Minor
			takenAt = orNow(fee.At, ended)
		default:
			given.Minor -= fee.Amount.Minor
			givenAt = orNow(fee.At, ended)
		}
	}
	if taken.Minor > 0 {
		all = append(all, entry{kindChargebackFee, taken.Neg(), d.ID, takenAt})
	}
	if given.Minor > 0 {
		all = append(all, entry{kindChargebackFeeRefund, given, d.ID, givenAt})
	}
	return all
}
