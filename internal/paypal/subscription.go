package paypal

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"readerfund/internal/money"
)

// SubscriptionStatus is PayPal's (Billing Subscriptions v1).
type SubscriptionStatus string

// The subscription's statuses. Cancelled and Expired are final.
const (
	SubscriptionApprovalPending SubscriptionStatus = "APPROVAL_PENDING"
	SubscriptionApproved        SubscriptionStatus = "APPROVED"
	SubscriptionActive          SubscriptionStatus = "ACTIVE"
	SubscriptionSuspended       SubscriptionStatus = "SUSPENDED"
	SubscriptionCancelled       SubscriptionStatus = "CANCELLED"
	SubscriptionExpired         SubscriptionStatus = "EXPIRED"
)

// SubscriptionRequest is what a new subscription says. RequestID is the stored PayPal-Request-Id, which PayPal keeps
// for 72 hours; CustomID is at most 127 printable ASCII characters; BrandName is cut at 127; a Locale that PayPal would
// refuse is left out. Amount stands in place of the plan's own price; nil leaves that. StartAt is when the first charge
// is due; zero is at once, and PayPal refuses a time that has passed.
type SubscriptionRequest struct {
	RequestID, PlanID, CustomID, BrandName, Locale, ReturnURL, CancelURL string

	Amount  *money.Amount
	StartAt time.Time
}

// Subscription is one subscription as PayPal has it. What PayPal leaves out is nil or zero, and it leaves out much: a
// cancelled one has no next charge, one that was never active no charges at all, an event's or an older one no plan.
// ApproveURL is empty once the payer has nothing to approve, and always leads to PayPal (or to the emulator that is our
// base). Times are UTC.
type Subscription struct {
	ID, PlanID, CustomID, ApproveURL string

	Status     SubscriptionStatus
	StatusAt   time.Time
	StatusNote string // what whoever changed the status gave as the reason; empty where the payer gave none

	// Overridden says that the price is this subscription's own and no longer the plan's.
	Overridden bool
	// Amount, Every and Endless are those of the cycle that goes on: what is charged next, how often, and whether
	// until somebody ends it.
	Amount  *money.Amount
	Every   Interval
	Endless *bool

	CyclesCompleted int
	NextBillingAt   time.Time // shown as it is and never reckoned: PayPal's calendar has months of its own
	LastPayment     *money.Amount
	LastPaymentAt   time.Time
	Outstanding     *money.Amount
	FailedPayments  int // one after the other, up to now
	LastFailed      *FailedPayment

	Payer                         Payer
	CreatedAt, UpdatedAt, StartAt time.Time
}

// FailedPayment is the latest charge that failed. RetryAt is zero where PayPal does not try it again.
type FailedPayment struct {
	Amount      *money.Amount
	Reason      string // PayPal's: "PAYER_CANNOT_PAY", "PAYMENT_DENIED", …
	At, RetryAt time.Time
}

// subscriptionsPath is where the API has subscriptions; an id follows after a slash.
const subscriptionsPath = "/v1/billing/subscriptions"

// CreateSubscription makes a subscription for the payer to approve; the first charge follows by itself. Repeating it
// with the same RequestID gives the same subscription in its latest state. An optional text that PayPal refuses is left
// out.
func (c *Client) CreateSubscription(ctx context.Context, r SubscriptionRequest) (Subscription, error) {
	if err := r.check(); err != nil {
		return Subscription{}, err
	}
	sub, err := c.createSubscription(ctx, r)
	if plain, ok := r.without(err); ok {
		c.log.LogAttrs(ctx, slog.LevelWarn,
			"PayPal refuses an optional text of the subscription; it is asked once more without",
			slog.String("error", err.Error()))
		sub, err = c.createSubscription(ctx, plain)
	}
	if err != nil {
		return Subscription{}, err
	}
	// A replay may come back active, and needs no link.
	if sub.Status == SubscriptionApprovalPending {
		if err := c.checkApproval(createSubscription, sub.ApproveURL); err != nil {
			return Subscription{}, err
		}
	}
	return c.withoutForeignApproval(sub), nil
}

const createSubscription = "create subscription"

func (r SubscriptionRequest) check() error {
	if err := checkID(createSubscription, r.PlanID); err != nil {
		return err
	}
	if r.Amount != nil {
		return checkWrite(createSubscription, r.RequestID, *r.Amount)
	}
	return checkRequestID(createSubscription, r.RequestID)
}

func (c *Client) createSubscription(ctx context.Context, r SubscriptionRequest) (Subscription, error) {
	return c.subscription(ctx, "", call{
		operation: createSubscription, method: http.MethodPost, path: subscriptionsPath, requestID: r.RequestID,
		in: newSubscription(r),
	})
}

// without is the request without the optional texts that err refuses, under a request id of its own: PayPal may replay
// a refusal.
func (r SubscriptionRequest) without(err error) (SubscriptionRequest, bool) {
	changed := dropRefused(err, map[string]*string{"locale": &r.Locale, "brand_name": &r.BrandName})
	r.RequestID += plainRequest
	return r, changed
}

// Subscription reads a subscription, with what it charges and why its latest charge failed.
func (c *Client) Subscription(ctx context.Context, id string) (Subscription, error) {
	const operation = "get subscription"
	if err := checkID(operation, id); err != nil {
		return Subscription{}, err
	}
	sub, err := c.subscription(ctx, id, call{
		operation: operation, method: http.MethodGet,
		path: subscriptionsPath + "/" + id + "?fields=last_failed_payment,plan",
	})
	return c.withoutForeignApproval(sub), err
}

// subscription does a call that answers with a subscription, with its approval link as PayPal wrote it.
func (c *Client) subscription(ctx context.Context, id string, k call) (Subscription, error) {
	var sub Subscription
	k.read = func(body []byte) (err error) {
		var in subscriptionJSON
		if err := json.Unmarshal(body, &in); err != nil {
			return err
		}
		if sub, err = in.read(); err == nil && id != "" && sub.ID != id {
			err = errors.New("it is another subscription than the one asked for")
		}
		return err
	}
	if err := c.do(ctx, k); err != nil {
		return Subscription{}, err
	}
	return sub, nil
}

// withoutForeignApproval drops a link no reader may follow. A subscription that is being read is worth having without.
func (c *Client) withoutForeignApproval(s Subscription) Subscription {
	if !c.base.payerLink(s.ApproveURL) {
		s.ApproveURL = ""
	}
	return s
}
