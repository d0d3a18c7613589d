package manage

import (
	"time"

	"readerfund/internal/fault"
	"readerfund/internal/subscription"
)

// reached reports whether the subscription is in the state that the change asks for.
func (c Change) reached(sub subscription.Subscription) bool {
	switch c.Kind {
	case Stop:
		return sub.State.Ended()
	case Pause:
		return sub.State == subscription.Suspended
	case Resume:
		return sub.State == subscription.Active
	case Amount, Frequency:
		return !sub.State.Ended() && sub.Amount == c.Amount && sub.Frequency == string(c.Frequency)
	default:
		return false
	}
}

// obsolete reports whether the subscription can no longer reach the state that the change asks for.
func (c Change) obsolete(sub subscription.Subscription) bool {
	return c.Kind != Stop && sub.State.Ended()
}

// group is the group of kinds of which only one change of a subscription may be under way; the database has an index
// by it.
func (k Kind) group() Kind {
	switch k {
	case Resume:
		return Pause
	case Frequency:
		return Amount
	default:
		return k
	}
}

// underWay is the change of that group that has not ended; nil if there is none.
func underWay(all []Change, group Kind) *Change {
	for i := range all {
		if all[i].UnderWay() && all[i].Kind.group() == group {
			return &all[i]
		}
	}
	return nil
}

// pausedBy is the change of ours that paused a suspended subscription; nil if PayPal or the payer suspended it. all
// is the result of latest.
func pausedBy(all []Change) *Change {
	var last *Change
	for i := range all {
		c := &all[i]
		if c.Kind.group() == Pause && c.State == Done && (last == nil || c.EndedAt.After(last.EndedAt)) {
			last = c
		}
	}
	if last == nil || last.Kind != Pause {
		return nil
	}
	return last
}

// sameRequest reports whether two changes request the same.
func (c Change) sameRequest(other Change) bool {
	return c.Kind == other.Kind && c.Amount == other.Amount && c.Frequency == other.Frequency && c.Months == other.Months
}

// LongestPause is how many months a pause may last, counted from its beginning, however often it is extended. Then
// the subscription resumes, and the reader can pause it again.
const LongestPause = 3

// pauseUntil is when a pause that is requested now ends. began is when the running pause began; zero if none is
// running. The error is a fault.Invalid on the field months for less than one month, and for more than LongestPause
// in all.
func pauseUntil(now time.Time, months int, began time.Time) (time.Time, error) {
	if months < 1 || months > LongestPause {
		return time.Time{}, fault.Input("months", "change.months", fault.Args{"max": LongestPause})
	}
	until := subscription.MonthsLater(now, months)
	if began.IsZero() {
		return until, nil
	}
	last := subscription.MonthsLater(began, LongestPause)
	if until.Sub(last) >= 24*time.Hour { // on the day the pause began, three months are still allowed
		return time.Time{}, fault.Input("months", "change.paused_too_long", fault.Args{"max": LongestPause})
	}
	return earlier(until, last), nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
