package ledger

import (
	"strconv"
	"strings"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// Payment is one movement of money for a contribution. Times are UTC.
type Payment struct {
	PayPalID string // of the capture or sale
	Kind     string // "capture", "sale", or "direct": made in PayPal without an order of ours
	// Subscription is PayPal's id of the subscription that a sale is a charge of; empty for every other payment.
	Subscription string
	// Frequency is how often its subscription charged then, "month" or "year"; of any other payment the contribution's.
	Frequency  string
	Status     Status // PayPal's word for the capture itself
	State      State  // what became of the payment
	Receipt    string // a person can read it out; empty while no money is in
	Reason     string // PayPal's code for a pending or declined payment
	Amount     money.Amount
	OccurredAt time.Time // PayPal's create_time

	id         int64 // its row; 0 while it has none
	refunds    []*refund
	disputes   []*dispute
	converted  bool        // its conversion is stored
	conversion *conversion // learned from the fact being applied
	changed    bool        // changed since it was loaded
	labelled   bool        // its frequency has been decided
	relabelled bool        // its entries are stored with another frequency
}

// conversion is what PayPal made of a payment in a currency that the account does not hold.
type conversion struct {
	from, to money.Amount
	rate     string // as PayPal writes it
}

// Returned is how much of the payment went back, by refunds and reversals, in minor units.
func (p Payment) Returned() int64 {
	minor, _ := p.back()
	return minor
}

// back is how much of the payment went back, in minor units, and whether that includes a reversal.
func (p *Payment) back() (minor int64, reversed bool) {
	for _, r := range p.refunds {
		if r.status == refundCompleted {
			minor += r.amount.Minor
			reversed = reversed || r.kind == kindReversal
		}
	}
	return minor, reversed
}

func (p *Payment) disputed() bool {
	for _, d := range p.disputes {
		if d.state != disputeResolved {
			return true
		}
	}
	return false
}

// advance moves the payment's state according to its own rows.
func (p *Payment) advance() {
	back, reversed := p.back()
	f, known := reduce(p.Status, p.Amount.Minor, back, reversed, p.disputed())
	if !known {
		return
	}
	if to := next(p.State, f); to != p.State {
		p.State, p.changed = to, true
	}
}

// applyCapture stores a capture and books it once it has completed. The charge has the date of PayPal's create_time,
// which no later answer about the capture changes, so the entries do not depend on which answer came first.
func (b *Book) applyCapture(seen paypal.Capture, direct bool, src Source, now time.Time) (bool, error) {
	seen.CreatedAt = orNow(seen.CreatedAt, now)
	learned, ok := statusOf(seen.Status)
	if !ok {
		return false, contradiction(review.PaymentStatus, review.Args{"payment": seen.ID, "status": string(seen.Status)})
	}
	if seen.CustomID != "" && seen.CustomID != b.subject.Contribution.String() {
		return false, notOurs(review.PaymentOfAnother, review.Args{"payment": seen.ID, "number": seen.CustomID})
	}
	if other, ok := b.elsewhere[seen.ID]; ok {
		return false, notOurs(review.PaymentElsewhere, review.Args{"payment": seen.ID, "other": other.String()})
	}
	p, news := b.joinPayment(seen, direct, learned)
	p.keepConversion(seen)
	if b.subject.once() && seen.Amount != b.subject.Amount {
		args := review.Args{"captured": seen.Amount.String(), "chosen": b.subject.Amount.String()}
		news = b.Reviews.Open(review.AmountDiffers, args) || news
	}
	if p.Status != StatusCompleted {
		return news, nil
	}
	if seen.CreatedAt.Before(p.OccurredAt) { // an earlier answer lacked the time
		p.OccurredAt, p.changed, news = seen.CreatedAt, true, true
	}
	news = b.book(p, entry{kindCharge, seen.Amount, seen.ID, seen.CreatedAt}, src) || news
	if seen.Fee == nil {
		return news, nil
	}
	return b.bookFee(p, seen, src) || news, nil
}

// joinPayment adds the capture, or advances the one we have.
func (b *Book) joinPayment(seen paypal.Capture, direct bool, learned Status) (*Payment, bool) {
	p := b.payment(seen.ID)
	if p == nil {
		p = &Payment{
			PayPalID: seen.ID, Kind: "capture", Status: learned, Reason: seen.Reason, Amount: seen.Amount,
			Subscription: seen.SubscriptionID, Frequency: b.subject.Frequency, OccurredAt: seen.CreatedAt, changed: true,
		}
		switch {
		case direct:
			p.Kind = "direct"
		case !b.subject.once():
			p.Kind = "sale"
		}
		b.payments = append(b.payments, p)
		return p, true
	}
	named := p.Subscription == "" && seen.SubscriptionID != "" // PayPal may leave it out for days
	if named {
		p.Subscription, p.changed = seen.SubscriptionID, true
	}
	to := later(p.Status, learned)
	heldForAnother := to == StatusPending && learned == StatusPending && seen.Reason != p.Reason
	if to == p.Status && !heldForAnother {
		return p, named
	}
	p.Status, p.Reason, p.changed = to, seen.Reason, true
	return p, true
}

// keepConversion notes what a completed payment was converted to. The first answer stays: the money was converted
// once.
func (p *Payment) keepConversion(seen paypal.Capture) {
	if p.Status != StatusCompleted || p.converted ||
		seen.Receivable == nil || seen.Receivable.Currency == seen.Amount.Currency || seen.Net == nil {
		return
	}
	p.converted, p.conversion = true, &conversion{*seen.Net, *seen.Receivable, seen.ExchangeRate}
}

// bookFee books PayPal's fee for a payment, unless the fee is impossible.
func (b *Book) bookFee(p *Payment, seen paypal.Capture, src Source) (news bool) {
	args := review.Args{"fee": seen.Fee.String(), "amount": seen.Amount.String()}
	if feeImpossible(seen) {
		args["payment"] = seen.ID
		return b.Reviews.Open(review.FeeImpossible, args)
	}
	if seen.Fee.Minor > seen.Amount.Minor { // booked all the same, because PayPal says so
		news = b.Reviews.Open(review.FeeLarge, args)
	}
	news = b.reviewNet(seen) || news
	return b.book(p, entry{kindFee, seen.Fee.Neg(), seen.ID, seen.CreatedAt}, src) || news
}

// feeImpossible reports whether a capture's fee cannot be booked.
func feeImpossible(seen paypal.Capture) bool {
	return seen.Fee != nil && (seen.Fee.Currency != seen.Amount.Currency || seen.Fee.Minor < 0)
}

// reviewNet opens a review when the amount that reached the account is not the payment less PayPal's fee, as with a
// platform's fee. The ledger has PayPal's own fee, which is what transaction search compares. The review stays open
// until the sum is right.
func (b *Book) reviewNet(seen paypal.Capture) (news bool) {
	if seen.Net == nil || seen.Net.Currency != seen.Amount.Currency || seen.FeeElsewhere {
		return false
	}
	missing := money.New(seen.Amount.Minor-seen.Fee.Minor-seen.Net.Minor, seen.Amount.Currency)
	about := review.Args{"payment": seen.ID}
	args := review.Args{
		"payment": seen.ID, "amount": seen.Amount.String(), "fee": seen.Fee.String(), "net": seen.Net.String(),
	}
	switch {
	case missing.Minor == 0:
		b.Reviews.Resolve(review.Settled,
			review.Match{Code: review.NetDiffers, About: about}, review.Match{Code: review.PlatformFee, About: about})
		return false
	case seen.PlatformFee != nil && *seen.PlatformFee == missing:
		args["platform"] = missing.String()
		return b.Reviews.Open(review.PlatformFee, args)
	default:
		args["difference"] = missing.String()
		return b.Reviews.Open(review.NetDiffers, args)
	}
}

// reviewPaidTwice opens a review when PayPal took the money of a one-time contribution more than once. All of it is
// booked, because we have received it. Each further payment replaces the review by a new one.
func (b *Book) reviewPaidTwice() {
	var ids []string
	for _, p := range b.payments {
		if p.Status == StatusCompleted {
			ids = append(ids, p.PayPalID)
		}
	}
	if !b.subject.once() || len(ids) < 2 {
		return
	}
	args := review.Args{"count": strconv.Itoa(len(ids)), "payments": strings.Join(ids, ", ")}
	if !b.Reviews.Open(review.PaidTwice, args) {
		return
	}
	for fewer := 2; fewer < len(ids); fewer++ {
		about := review.Args{"count": strconv.Itoa(fewer)}
		b.Reviews.Resolve(review.Superseded, review.Match{Code: review.PaidTwice, About: about})
	}
}

func orNow(at, now time.Time) time.Time {
	if at.IsZero() {
		return now
	}
	return at
}
