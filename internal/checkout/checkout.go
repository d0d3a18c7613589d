// Package checkout is one try to get PayPal's approval for a contribution: how far its order or its subscription
// came, the attempts to capture an order and their limits, the reader's request for another one, and when to ask PayPal
// again.
//
// It consists of rules over a value, without a network or a clock of its own. It does not deal with money: once there
// is a payment, the ledger records what becomes of it.
package checkout

import "time"

// Kind is what PayPal is asked to approve.
type Kind string

// The kinds.
const (
	Order        Kind = "order"        // one payment
	Subscription Kind = "subscription" // an agreement that recurs: once it is approved, PayPal charges by itself
)

// OrderLife is how long PayPal keeps an order that the payer has not approved, or that was approved and not captured.
// Source: Orders v2, order links ("3 hours"). An account manager can extend it to 72 h; then we only keep asking
// until PayPal says that the order is gone.
const OrderLife = 3 * time.Hour

// SubscriptionLife is how long we ask about a subscription that the payer has not approved. PayPal does not say how
// long its link lives; 72 hours is how long the same PayPal-Request-Id gives the same subscription.
const SubscriptionLife = 72 * time.Hour

// Life is how long we wait for the approval.
func (k Kind) Life() time.Duration {
	if k == Subscription {
		return SubscriptionLife
	}
	return OrderLife
}

// Checkout is how far one try has come. Times are UTC, and zero if the event did not happen.
type Checkout struct {
	Kind       Kind
	State      State
	PayPalID   string // the order's, or the subscription's; empty until PayPal made it
	ApproveURL string // where the reader approves; empty until PayPal made it
	RetryURL   string // where the reader picks another way to pay, after a refusal that allows it

	// Attempts to capture are numbered from 1, because a refusal and a further attempt may alternate.
	Attempt       int       // the latest one begun
	Unanswered    int       // the latest one whose answer we did not see
	Refused       int       // the latest that was certainly not carried out
	AttemptedAt   time.Time // when the latest was begun
	LeasedUntil   time.Time // until when a call for it may be under way
	RefusalToldAt time.Time // when the reader came back to a refusal and was told of it
	RetryAt       time.Time // when another attempt is due, because the reader asked for it

	Returned     bool      // the reader came back before PayPal said that they approved
	MissingSince time.Time // when PayPal first said that it knows no such order
	Gone         bool      // PayPal dropped the order, or the subscription was never approved: no capture any more
	CreatedAt    time.Time

	FirstChargeAt time.Time // of a subscription: when the first charge is due, unless that is at once
}
