package settle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/subscription"
)

// subscriptions applies a subscription as PayPal returned it, and finds its charges whose news was lost.
type subscriptions struct {
	paypal   *paypal.Client
	applier  *Applier
	payments *Payments
	now      func() time.Time
	log      *slog.Logger
}

// ask asks for the state of a contribution's subscription and settles it.
func (s *subscriptions) ask(
	ctx context.Context, id uuid.UUID, paypalID string, src Source,
) (contribution.Contribution, error) {
	seen, err := s.paypal.Subscription(ctx, paypalID)
	if paypal.NotFound(err) {
		return contribution.Contribution{}, s.reviewMissing(ctx, id, paypalID, err)
	}
	if err != nil {
		err = fmt.Errorf("ask about subscription %s: %w", paypalID, err)
		return contribution.Contribution{}, s.applier.reviewAnswer(ctx, id, err)
	}
	return s.settle(ctx, id, seen, src)
}

// errRunsUnknown says that PayPal does not know a subscription that may charge the reader, by PayPal's earlier answers.
var errRunsUnknown = errors.New("PayPal does not know a subscription that runs")

// reviewMissing opens a review where PayPal does not know a subscription that may charge the reader, most likely
// because our credentials are of another account. The error is errRunsUnknown then, with PayPal's. Nothing is ended;
// the next good answer closes the review.
func (s *subscriptions) reviewMissing(ctx context.Context, id uuid.UUID, paypalID string, missing error) error {
	missing = fmt.Errorf("ask about subscription %s: %w", paypalID, missing)
	known, err := subscription.Find(ctx, s.payments.db, paypalID)
	if err == nil && known.Ongoing() {
		err = s.applier.OpenReview(ctx, id, review.SubscriptionMissing, review.Args{"subscription": paypalID})
		return errors.Join(cmp.Or(err, errRunsUnknown), missing)
	}
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return errors.Join(err, missing)
}

// settle applies a subscription as PayPal returned it, and then the charges that PayPal has and we do not.
func (s *subscriptions) settle(
	ctx context.Context, id uuid.UUID, seen paypal.Subscription, src Source,
) (contribution.Contribution, error) {
	var charges search
	c, err := s.applier.applyAnd(ctx, []Fact{SubscriptionSeen(id, src, seen)}, func(a *application) error {
		if waits := seen.Status == paypal.SubscriptionApprovalPending && a.Contribution.Checkout.PayPalID == seen.ID; waits &&
			a.now.Sub(a.Contribution.CreatedAt) > checkout.SubscriptionLife {
			if err := a.apply(OrderGone(id, src)); err != nil {
				return err
			}
		}
		charges = a.missingCharges(seen)
		return nil
	})
	if err != nil || charges.from.IsZero() {
		return c, err
	}
	return s.findCharges(ctx, c, charges, src)
}

// learnSubscription applies PayPal's answer about a subscription and about the approval that it began with, and
// reports whether it brought news for the history.
func (a *application) learnSubscription(seen paypal.Subscription) (news bool, err error) {
	c := &a.Contribution
	if seen.CustomID != c.ID.String() || !c.Frequency.Recurs() {
		return false, notOurs(review.SubscriptionOfAnother,
			review.Args{"subscription": seen.ID, "number": seen.CustomID})
	}
	at := slices.IndexFunc(a.Subscriptions, func(s subscription.Subscription) bool { return s.PayPalID == seen.ID })
	was := subscription.Subscription{
		PayPalID: seen.ID, Contribution: c.ID, Frequency: string(c.Frequency), Amount: c.Amount,
	}
	if at >= 0 {
		was = a.Subscriptions[at]
	}
	next := was
	if news, err = next.Apply(seen, a.now); err != nil {
		return false, contradiction(review.SubscriptionStatus,
			review.Args{"subscription": seen.ID, "status": string(seen.Status)})
	}
	if news && at < 0 {
		a.Subscriptions = append(a.Subscriptions, next)
	} else if news {
		a.Subscriptions[at] = next
	}
	if was.StartedAt.IsZero() && !next.StartedAt.IsZero() {
		a.compareWithIntent(seen)
	}
	moved, err := c.Checkout.Apply(checkout.SubscriptionSeen(seen))
	if second, is := errors.AsType[*checkout.SecondOrderError](err); is && next.Ongoing() {
		a.Book.Reviews.Open(review.SecondSubscription,
			review.Args{"subscription": second.Named, "known": second.Known})
	}
	a.changed = a.changed || news
	a.latest.kind, a.latest.reason = "subscription_"+strings.ToLower(string(seen.Status)), ""
	switch {
	case was.State != next.State || moved:
	case next.FailedPayments > was.FailedPayments:
		a.latest.kind, a.latest.reason = "subscription_payment_failed", next.LastFailedReason
	default:
		a.latest.kind = "subscription_updated"
	}
	return moved || notable(was, next), nil
}

// notable reports whether a change belongs in the history: a new date for the next charge, or a successful charge,
// does not.
func notable(was, next subscription.Subscription) bool {
	return was.State != next.State || was.Amount != next.Amount || was.Frequency != next.Frequency ||
		next.FailedPayments > was.FailedPayments
}

// compareWithIntent opens a review if the payer approved something other than the reader chose here. A value that
// PayPal leaves out is not a difference. Later changes are between PayPal and the reader.
func (a *application) compareWithIntent(seen paypal.Subscription) {
	c := a.Contribution
	amount, every := c.Amount, intervalOf(c.Frequency)
	if seen.Amount != nil {
		amount = *seen.Amount
	}
	if seen.Every != "" {
		every = seen.Every
	}
	if amount != c.Amount || every != intervalOf(c.Frequency) {
		a.Book.Reviews.Open(review.SubscriptionDiffers, review.Args{
			"subscription": seen.ID, "chosen": c.Amount.String(), "frequency": string(c.Frequency),
			"approved": amount.String(), "interval": strings.ToLower(string(every)),
		})
	}
	if due := c.Checkout.FirstChargeAt; !seen.StartAt.IsZero() && subscription.Early(seen.StartAt, due) {
		a.Book.Reviews.Open(review.SubscriptionStartsEarly, review.Args{
			"subscription": seen.ID, "due": due.Format(time.DateOnly), "start": seen.StartAt.Format(time.DateOnly),
		})
	}
	if seen.Endless != nil && !*seen.Endless {
		a.Book.Reviews.Open(review.SubscriptionEnds, review.Args{"subscription": seen.ID})
	}
}

// intervalOf is PayPal's word for how often a reader gives.
func intervalOf(f contribution.Frequency) paypal.Interval {
	if f == contribution.Yearly {
		return paypal.Yearly
	}
	return paypal.Monthly
}

// subscriptionChanges lists the subscriptions about which the facts brought news.
func (a *application) subscriptionChanges() (all []SubscriptionChange) {
	for n, now := range a.Subscriptions {
		var before subscription.Subscription
		if n < len(a.known) {
			before = a.known[n]
		}
		if now != before {
			all = append(all, SubscriptionChange{before, now})
		}
	}
	return all
}
