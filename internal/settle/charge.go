package settle

import (
	"context"
	"fmt"
	"slices"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/subscription"
)

// search describes a search for charges of a subscription that PayPal may have and we do not.
type search struct {
	subscription string
	known        []string  // PayPal's ids of the charges that are booked
	from         time.Time // start of the list to ask for; zero if nothing seems to be missing
}

// missingCharges decides whether charges have to be searched for: PayPal counts more than are booked, it took one
// later than our last, or the next one should have come by now.
func (a *application) missingCharges(seen paypal.Subscription) search {
	s := search{subscription: seen.ID}
	var booked []time.Time
	for _, p := range a.Book.Payments() {
		if p.Status == ledger.StatusCompleted && p.Subscription == seen.ID {
			s.known, booked = append(s.known, p.PayPalID), append(booked, p.OccurredAt)
		}
	}
	slices.SortFunc(booked, time.Time.Compare)
	latest, frequency, overdue := time.Time{}, string(a.Contribution.Frequency), false
	if len(booked) > 0 {
		latest = booked[len(booked)-1]
	}
	for _, sub := range a.Subscriptions {
		if sub.PayPalID == seen.ID {
			frequency, overdue = sub.Frequency, sub.Overdue(a.now)
		}
	}
	fewer := seen.CyclesCompleted > len(booked)
	// PayPal's dates for the charge and in the subscription differ by a few seconds.
	if fewer || seen.LastPaymentAt.After(latest.Add(time.Hour)) || overdue {
		s.from = listFrom(a.Contribution.CreatedAt, booked, frequency, fewer)
	}
	return s
}

// chargeSlack is how much later than its day a charge may come: PayPal retries a failed one after five and after ten
// days, and its batches run hours late.
const chargeSlack = 15 * 24 * time.Hour

// listFrom is the start of the list of charges to ask PayPal for, so that the list does not grow over the years: some
// time before the latest booked charge. If fewer are booked than PayPal counts, it is the charge before the first
// cycle without one, or the start: an earlier list may have lacked a charge that is older than others of which we
// learned by webhook.
func listFrom(started time.Time, booked []time.Time, frequency string, fewer bool) time.Time {
	cycle, from := 31*24*time.Hour, started
	if frequency == string(contribution.Yearly) {
		cycle = 366 * 24 * time.Hour
	}
	for _, at := range booked {
		if fewer && at.Sub(from) > cycle+chargeSlack {
			break
		}
		from = at
	}
	if from.Equal(started) {
		return started.Add(-24 * time.Hour)
	}
	return from.Add(-chargeSlack)
}

// findCharges asks for the list of a subscription's charges, and settles those that are not booked, the oldest first:
// if that is interrupted, the next search begins before the remaining ones. If PayPal returns no list it may do so
// later, and an empty one proves nothing: the next check asks again.
func (s *subscriptions) findCharges(
	ctx context.Context, c contribution.Contribution, look search, src Source,
) (contribution.Contribution, error) {
	list, listed, err := s.paypal.SubscriptionPayments(ctx, look.subscription, look.from, s.now())
	if err != nil {
		return c, fmt.Errorf("ask for the charges of subscription %s: %w", look.subscription, err)
	}
	if !listed {
		s.log.InfoContext(ctx, "PayPal does not list the charges of a subscription yet",
			"subscription", look.subscription)
	}
	slices.SortStableFunc(list, func(a, b paypal.SubscriptionPayment) int { return a.At.Compare(b.At) })
	for _, row := range list {
		if slices.Contains(look.known, row.ID) || row.Status == string(paypal.CaptureDeclined) {
			continue
		}
		settled, err := s.payments.SettleSale(ctx, row.ID, look.subscription, src)
		if err != nil {
			return c, err
		}
		c = settled
	}
	return c, nil
}

// noteCharge records on the subscription that it was charged, so that PayPal is soon asked for the date of the next
// charge. Only money that is in counts: a denied charge, or one that PayPal holds back, is not a payment yet.
func (a *application) noteCharge(f ledger.Fact) {
	seen := f.Capture()
	if seen == nil {
		return
	}
	for _, p := range a.Book.Payments() {
		if p.PayPalID != seen.ID || p.Status != ledger.StatusCompleted || p.Subscription == "" {
			continue
		}
		at := p.OccurredAt.UTC().Truncate(time.Microsecond) // as PostgreSQL keeps it
		for n := range a.Subscriptions {
			s := &a.Subscriptions[n]
			if s.PayPalID == p.Subscription && at.After(s.LastPaymentAt) {
				s.LastPaymentAt, a.changed = at, true
			}
		}
	}
}

// noteTerms tells the ledger how often the subscriptions charge. If a charge was booked before PayPal told us of a
// change, the correction has to be saved even without other news.
func (a *application) noteTerms() {
	for _, s := range a.Subscriptions {
		moved := a.Book.NoteTerms(ledger.Terms{Subscription: s.PayPalID, Frequency: s.Frequency, Since: s.FrequencySince})
		a.changed = a.changed || moved
	}
}

// reviewAfterEnd opens a review for each charge that came after its subscription had ended.
func (a *application) reviewAfterEnd() {
	for _, p := range a.Book.Payments() {
		for _, s := range a.Subscriptions {
			if p.Status == ledger.StatusCompleted && p.Subscription == s.PayPalID && s.State.Ended() &&
				p.OccurredAt.After(s.EndedAt) {
				a.Book.Reviews.Open(review.ChargedAfterEnd, review.Args{
					"payment": p.PayPalID, "amount": p.Amount.String(), "ended": s.EndedAt.Format(time.DateOnly),
				})
			}
		}
	}
}

// reviewEarly opens a review for each charge that came well before the date that the reader agreed to for the first
// one.
func (a *application) reviewEarly() {
	due := a.Contribution.Checkout.FirstChargeAt
	for _, p := range a.Book.Payments() {
		if p.Status == ledger.StatusCompleted && p.Subscription != "" && subscription.Early(p.OccurredAt, due) {
			a.Book.Reviews.Open(review.ChargedEarly, review.Args{
				"payment": p.PayPalID, "amount": p.Amount.String(), "due": due.Format(time.DateOnly),
			})
		}
	}
}
