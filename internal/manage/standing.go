package manage

import (
	"time"

	"readerfund/internal/subscription"
)

// Standing describes a subscription in one word for people: its state, and whether its charges arrive.
type Standing string

// The standings.
const (
	Waiting   Standing = "waiting"   // the reader has not approved it
	Scheduled Standing = "scheduled" // approved; the first charge is due later
	Running   Standing = "running"   // charged when the time comes
	Failing   Standing = "failing"   // the latest charge failed; PayPal tries again
	Recovered Standing = "recovered" // charged again after a charge had failed
	Paused    Standing = "paused"    // by a change of ours
	Suspended Standing = "suspended" // at PayPal, by the payer or by PayPal
	Lost      Standing = "lost"      // PayPal gave up after charges had failed
	Stopped   Standing = "stopped"   // by a change of ours
	Left      Standing = "left"      // ended at PayPal, by the payer or by PayPal
	Over      Standing = "over"      // its plan ended
)

// recoveredFor is how long after a failed charge a successful one is worth mentioning.
const recoveredFor = 40 * 24 * time.Hour

// StandingOf describes a subscription at the time now.
func StandingOf(sub subscription.Subscription, now time.Time) Standing {
	failed := sub.FailedPayments > 0
	if at := sub.FirstCharge(); !failed && sub.State != subscription.Suspended && at.After(now) {
		return Scheduled
	}
	switch sub.State {
	case subscription.Active:
		recent := now.Sub(sub.LastFailedAt) < recoveredFor && sub.LastPaymentAt.After(sub.LastFailedAt)
		switch {
		case failed:
			return Failing
		case recent && !sub.LastFailedAt.IsZero():
			return Recovered
		default:
			return Running
		}
	case subscription.Suspended:
		by, _ := readNote(sub.Note)
		switch {
		case by != "" || !sub.PausedUntil.IsZero():
			return Paused
		case failed:
			return Lost
		default:
			return Suspended
		}
	case subscription.Cancelled:
		switch {
		case sub.EndedBy != "" && sub.EndedBy != ByPayPal:
			return Stopped
		case failed:
			return Lost
		default:
			return Left
		}
	case subscription.Expired:
		return Over
	default:
		return Waiting
	}
}

// PausedForDispute reports whether a subscription was paused because a payment of it was disputed; Disputed reports
// whether one still is. All other pauses of ours have an end.
func PausedForDispute(sub subscription.Subscription, now time.Time) bool {
	return sub.PausedUntil.IsZero() && StandingOf(sub, now) == Paused
}
