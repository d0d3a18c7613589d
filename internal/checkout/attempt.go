package checkout

import "time"

// The limits of trying again after a refusal, so that nobody tests stolen cards here: between the beginnings of two
// attempts, and of one checkout in all.
const (
	AttemptPause = 30 * time.Second
	MostAttempts = 5
)

// PickTime is the least that it takes to pick another way to pay: a reader who is back sooner is a second copy of the
// first.
const PickTime = 3 * time.Second

// Caller is whoever wants the money of an approved order.
type Caller struct {
	// Present: the reader is there, and has shown that the gift is theirs.
	Present bool
	// Returning: they come from PayPal's page, or pressed our button. Where it is too early for another attempt, it is
	// made later.
	Returning bool
}

// Claim is what a Caller may do.
type Claim int

// The claims.
const (
	ClaimRefused Claim = iota // there is nothing to capture, or it is not for this caller to try
	ClaimLater                // the reader wishes for a new attempt, which has to wait: call Wish
	ClaimBusy                 // another call is under way
	ClaimNew                  // begin a new attempt: call Begin
	ClaimAgain                // an attempt whose answer nobody saw is sent again: call Lease
)

// Claim decides who sends which attempt. The first attempt is anybody's. A reader who was told that nothing was charged
// is not charged behind their back: a new attempt after a refusal, or for an order we called expired, begins only while
// they are there or after they asked for it, and within the limits.
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
	case c.AsksAgain(by, now):
		return ClaimLater
	default:
		return ClaimRefused
	}
}

// Begin begins a new attempt and gives its number; the lease is until when nobody else calls. After a refusal its
// outcome is unknown from now on: "nothing was charged" is said to nobody while PayPal is being asked.
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

// A reader whose payment was declined picks another way to pay at PayPal and is back before AttemptPause is over. Their
// return is kept as a wish, which whoever settles the contribution fulfils once it is due: the reader's page, the sweep
// or a webhook. Only who has been told of the refusal can wish for another attempt: a first return, a copy of it, and a
// return that finds a payment declined by the webhook's attempt, are none.

// AsksAgain reports whether the caller is the reader's wish for another attempt.
func (c *Checkout) AsksAgain(by Caller, now time.Time) bool {
	return by.Returning && by.Present && c.State == Declined && c.MayTryAgain() &&
		c.Told() && now.Sub(c.ToldAt) >= PickTime
}

// Told reports whether the reader has been told that the latest attempt was refused.
func (c *Checkout) Told() bool { return c.ToldAt.After(c.AttemptedAt) }

// Wish is that the reader wishes for another attempt, which is made as soon as the limits allow it.
func (c *Checkout) Wish() { c.RetryAt = c.AttemptedAt.Add(AttemptPause) }
