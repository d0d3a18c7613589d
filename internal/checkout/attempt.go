package checkout

import "time"

// The limits on trying again after a refusal, so that the form cannot be used to test stolen cards: the time between
// the starts of two attempts, and the number of attempts in one checkout.
const (
	AttemptPause = 30 * time.Second
	MostAttempts = 5
)

// PickTime is the least time that a reader needs to pick another way to pay. A return that comes sooner is a copy of
// the first one.
const PickTime = 3 * time.Second

// Caller describes a request to capture the money of an approved order.
type Caller struct {
	// Present reports whether the reader is there, and has shown that the gift is theirs.
	Present bool
	// Returning reports whether they come from PayPal's page, or pressed our button. If it is too early for another
	// attempt, that attempt is made later.
	Returning bool
}

// Claim is what a Caller may do.
type Claim int

// The claims.
const (
	ClaimRefused Claim = iota // there is nothing to capture, or it is not for this caller to try
	ClaimLater                // the reader asks for a new attempt, which has to wait: call RequestRetry
	ClaimBusy                 // another call is under way
	ClaimNew                  // begin a new attempt: call Begin
	ClaimAgain                // send an attempt again whose answer we did not see: call Lease
)

// Claim decides which attempt a caller may send. Any caller may send the first. A reader who was told that nothing
// was charged is not charged behind their back: after a refusal, or for an order that we called expired, a new
// attempt begins only while they are present or after they asked for it, and within the limits.
func (c *Checkout) Claim(by Caller, now time.Time) Claim {
	switch {
	case c.State == Expired && !by.Present:
		return ClaimRefused
	case now.Before(c.LeasedUntil):
		return ClaimBusy
	case c.Attempt > c.Refused:
		return ClaimAgain
	case c.Refused == 0 || (by.Present || !c.RetryAt.IsZero()) && c.mayTryAt(now):
		return ClaimNew
	case c.RequestsRetry(by, now):
		return ClaimLater
	default:
		return ClaimRefused
	}
}

// Begin starts a new attempt and returns its number; no other caller sends one until the lease ends. After a refusal
// the outcome is unknown from now on: no page says "nothing was charged" while PayPal is being asked.
func (c *Checkout) Begin(now time.Time) int {
	c.Attempt, c.AttemptedAt = c.Refused+1, now
	return c.Attempt
}

// MayTryAgain reports whether another attempt may follow a refused one, now or in half a minute.
func (c *Checkout) MayTryAgain() bool { return c.Refused < MostAttempts }

// mayTryAt reports whether the limits allow a new attempt after a refused one.
func (c *Checkout) mayTryAt(now time.Time) bool {
	return c.MayTryAgain() && now.Sub(c.AttemptedAt) >= AttemptPause
}

// A reader whose payment was declined picks another way to pay at PayPal and often returns before AttemptPause is
// over. Their return requests a retry, in RetryAt. Once it is due, the next code to settle the contribution makes it:
// the reader's page, the sweep or a webhook. Only a reader who has been told of the refusal can request one. A first
// return, a copy of it, or a return that finds the payment declined by the webhook's attempt does not count.

// RequestsRetry reports whether this call is the reader's request for another attempt.
func (c *Checkout) RequestsRetry(by Caller, now time.Time) bool {
	return by.Returning && by.Present && c.State == Declined && c.MayTryAgain() &&
		c.ToldOfRefusal() && now.Sub(c.RefusalToldAt) >= PickTime
}

// ToldOfRefusal reports whether the reader has been told that the latest attempt was refused.
func (c *Checkout) ToldOfRefusal() bool { return c.RefusalToldAt.After(c.AttemptedAt) }

// RequestRetry records that the reader asked for another attempt, which is made as soon as the limits allow it.
func (c *Checkout) RequestRetry() { c.RetryAt = c.AttemptedAt.Add(AttemptPause) }
