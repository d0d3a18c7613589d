package settle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/subscription"
)

// SettleSale asks PayPal about one charge of a subscription and applies the answer, with its refunds and reversals.
// subscriptionID is the one that the news named, if any: most often, PayPal's sale has it itself. The error is
// ErrNotOurs when the subscription belongs to no contribution here, and a *ContradictionError when PayPal does not
// say which one it is: it may later.
func (p *Payments) SettleSale(
	ctx context.Context, saleID, subscriptionID string, src Source,
) (contribution.Contribution, error) {
	seen, facts, err := p.seenSale(ctx, saleID, subscriptionID, src)
	if err != nil {
		return contribution.Contribution{}, err
	}
	return p.settleSeen(ctx, seen, facts, src)
}

// seenSale reads a sale, and finds the subscription it belongs to.
func (p *Payments) seenSale(
	ctx context.Context, saleID, subscriptionID string, src Source,
) (paypal.Capture, []Fact, error) {
	seen, err := p.paypal.Sale(ctx, saleID)
	if err != nil {
		return seen, nil, fmt.Errorf("ask about sale %s: %w", saleID, err)
	}
	facts, err := p.saleFacts(ctx, seen, subscriptionID, src)
	if namesNoSubscription(err) {
		if seen.SubscriptionID, err = p.dueFor(ctx, seen, err); err == nil {
			facts, err = p.saleFacts(ctx, seen, "", src)
		}
	}
	if err != nil {
		return seen, nil, fmt.Errorf("sale %s: %w", saleID, err)
	}
	return seen, facts, nil
}

// dueAtMost is how many subscriptions one attempt examines for a charge that names none. If more are due, the next
// attempt takes others; and the sweep asks about each within a day of its charge.
const dueAtMost = 10

// dueFor finds the subscription of a sale that names none, among those that were due then with that amount: the one
// whose list at PayPal has the sale. The amount alone proves nothing. The error is unnamed when none has it.
func (p *Payments) dueFor(ctx context.Context, seen paypal.Capture, unnamed error) (string, error) {
	if seen.CreatedAt.IsZero() {
		return "", unnamed
	}
	due, err := subscription.DueFor(ctx, p.db, seen.Amount, seen.CreatedAt, dueAtMost)
	if err != nil {
		return "", err
	}
	for _, id := range due {
		if its, err := p.lists(ctx, id, seen); err != nil || its {
			return id, err
		}
	}
	return "", unnamed
}

// lists reports whether PayPal lists a sale among the charges of a subscription.
func (p *Payments) lists(ctx context.Context, subscriptionID string, seen paypal.Capture) (bool, error) {
	const day = 24 * time.Hour
	list, _, err := p.paypal.SubscriptionPayments(ctx, subscriptionID, seen.CreatedAt.Add(-day), seen.CreatedAt.Add(day))
	if err != nil && !paypal.NotFound(err) {
		return false, fmt.Errorf("ask for the charges of subscription %s: %w", subscriptionID, err)
	}
	return slices.ContainsFunc(list, func(row paypal.SubscriptionPayment) bool { return row.ID == seen.ID }), nil
}

// namesNoSubscription reports whether the error is that a sale's subscription is unknown.
func namesNoSubscription(err error) bool {
	odd, is := errors.AsType[*ContradictionError](err)
	return is && odd.Code == review.SaleNamesNoSubscription
}

// settleKnownSale is SettleSale for a sale that is booked.
func (p *Payments) settleKnownSale(ctx context.Context, saleID string, src Source) (contribution.Contribution, error) {
	return p.SettleSale(ctx, saleID, "", src)
}

// saleFacts lists the sale, and its subscription unless we know that it is running: a charge proves that it is, and
// the subscription's own news may be lost.
func (p *Payments) saleFacts(
	ctx context.Context, seen paypal.Capture, hint string, src Source,
) ([]Fact, error) {
	if _, err := uuid.Parse(seen.CustomID); err != nil {
		seen.CustomID = "" // not documented for sales; a value there is not one of our ids
	}
	if seen.SubscriptionID == "" {
		id, err := p.subscriptionOf(ctx, &seen, hint)
		if err != nil || id != uuid.Nil {
			return []Fact{CaptureSeen(id, src, seen)}, err
		}
	}
	owner, err := p.owners.Do(ctx, seen.SubscriptionID)
	if err != nil {
		return nil, err
	}
	if owner.State.Runs() || owner.State.Ended() {
		return []Fact{CaptureSeen(owner.Contribution, src, seen)}, nil
	}
	sub, c, err := p.askOwner(ctx, seen.SubscriptionID)
	if err != nil {
		return nil, err
	}
	return []Fact{SubscriptionSeen(c.ID, src, sub), CaptureSeen(c.ID, src, seen)}, nil
}

// askOwner asks PayPal for a subscription, and finds the contribution that it names.
func (p *Payments) askOwner(
	ctx context.Context, subscriptionID string,
) (paypal.Subscription, contribution.Contribution, error) {
	sub, err := p.paypal.Subscription(ctx, subscriptionID)
	if err != nil {
		return sub, contribution.Contribution{}, fmt.Errorf("ask about subscription %s: %w", subscriptionID, err)
	}
	c, err := owner(ctx, p.contributions, sub.CustomID)
	if err != nil {
		return sub, c, fmt.Errorf("subscription %s: %w", subscriptionID, err)
	}
	return sub, c, nil
}

// subscriptionOf finds the owner of a sale whose subscription PayPal does not name: we have the sale, it has our
// number, or PayPal lists it among the charges of the subscription that its event named. An event alone proves
// nothing.
func (p *Payments) subscriptionOf(ctx context.Context, seen *paypal.Capture, hint string) (uuid.UUID, error) {
	id, _, err := ledger.Owner(ctx, p.db, seen.ID)
	if err == nil || !errors.Is(err, ErrNotOurs) {
		return id, err
	}
	if c, err := owner(ctx, p.contributions, seen.CustomID); err == nil || !errors.Is(err, ErrNotOurs) {
		return c.ID, err
	}
	if hint != "" && !seen.CreatedAt.IsZero() {
		its, err := p.lists(ctx, hint, *seen)
		if err != nil {
			return uuid.Nil, err
		}
		if its {
			seen.SubscriptionID = hint
			return uuid.Nil, nil
		}
	}
	return uuid.Nil, contradiction(review.SaleNamesNoSubscription, review.Args{"payment": seen.ID})
}

// ownersAtOnce allows a second concurrent query, so that a sale that comes alone does not wait.
const ownersAtOnce = 2

// findOwners is subscription.Owners for sales that are examined at about the same time. For a subscription that we do
// not know, it returns the zero Owner.
func (p *Payments) findOwners(ctx context.Context, ids []string) ([]subscription.Owner, error) {
	known, err := subscription.Owners(ctx, p.db, ids...)
	owners := make([]subscription.Owner, len(ids))
	for n, id := range ids {
		owners[n] = known[id]
	}
	return owners, err
}

// seenPayment reads a payment of which only the id is known: a capture, or else the charge of a subscription. It
// returns the payment's facts, including the sale's subscription unless we know that it is running. The error is
// SettleSale's where the payment may be the charge of a subscription that PayPal does not name yet.
func (p *Payments) seenPayment(
	ctx context.Context, id string, src Source,
) (paypal.Capture, contribution.Contribution, []Fact, error) {
	seen, err := p.paypal.Capture(ctx, id)
	if err == nil && (seen.OrderID != "" || seen.CustomID != "") {
		c, err := p.ownerOfCapture(ctx, seen)
		if err != nil || !c.Frequency.Recurs() {
			return seen, c, []Fact{CaptureSeen(c.ID, src, seen)}, err
		}
	} else if err != nil && !paypal.NotFound(err) {
		return seen, contribution.Contribution{}, nil, fmt.Errorf("ask about capture %s: %w", id, err)
	}
	seen, facts, err := p.seenSale(ctx, id, "", src)
	if err != nil {
		return seen, contribution.Contribution{}, nil, err
	}
	c, err := p.contributions.Get(ctx, facts[0].contribution)
	return seen, c, facts, err
}
