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

// search is for charges of a subscription that PayPal may have and we have not.
type search struct {
	subscription string
	known        []string  // PayPal's ids of the charges that are booked
	from         time.Time // of the list to ask for; zero where nothing seems to be missing
}

// missingCharges says where to look for charges: PayPal counts more than are booked, it took one later than our last,
// or the next one should have come by now.
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
	// The charge and what the subscription says of it are dated a few seconds apart.
	if fewer || seen.LastPaymentAt.After(latest.Add(time.Hour)) || overdue {
		s.from = listFrom(a.Contribution.CreatedAt, booked, frequency, fewer)
	}
	return s
}

// chargeSlack is how much later than its day a charge may come: PayPal tries one that failed again after five and after
// ten days, and its batches run hours late.
const chargeSlack = 15 * 24 * time.Hour

// listFrom is from when on PayPal is to list the charges of a subscription, so that the list does not grow with the
// years: from some time before the latest that is booked. Where fewer are booked than PayPal counts, it is from the
// charge before the first cycle that brought none, or from the start: the list may have lacked one that was charged
// before others of which a webhook told.
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
// should that break off, the next search begins before what is left. Where PayPal gives no list it may do so later, and
// an empty one proves nothing: the next check asks again.
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

// noteCharge keeps on the subscription that it was charged, so that PayPal is asked soon for the day of the next
// charge. Only money that is in counts: a charge that was denied, or that PayPal holds back, is no payment yet.
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

// noteTerms tells the ledger how often the subscriptions charge. Where a charge was booked before PayPal told of a
// change, that alone is something to save.
func (a *application) noteTerms() {
	for _, s := range a.Subscriptions {
		moved := a.Book.NoteTerms(ledger.Terms{Subscription: s.PayPalID, Frequency: s.Frequency, Since: s.FrequencySince})
		a.changed = a.changed || moved
	}
}

// reviewAfterEnd opens a review of each charge that came after its subscription had ended.
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

// reviewEarly opens a review of each charge that came well before the day on which the reader agreed to the first one.
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
