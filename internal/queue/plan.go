package queue

import (
	"fmt"
	"time"
)

// TimeOfDay is a time of day in a time zone. The zero value means none.
type TimeOfDay struct {
	Hour, Minute int
	Zone         *time.Location
}

func (t TimeOfDay) set() bool { return t.Zone != nil }

// after is the next such moment later than now. On a day whose clock skips it, it comes as long after midnight as on
// other days; on a day whose clock has it twice, it comes once (time.Date).
func (t TimeOfDay) after(now time.Time) time.Time {
	local := now.In(t.Zone)
	for day := 0; ; day++ {
		at := time.Date(local.Year(), local.Month(), local.Day()+day, t.Hour, t.Minute, 0, 0, t.Zone)
		if at.After(now) {
			return at.UTC()
		}
	}
}

// periodic reports whether the kind runs by the clock.
func (k Kind) periodic() bool { return k.Every > 0 || k.At.set() }

// plan describes in words when periodic work runs.
func (k Kind) plan() string {
	if k.At.set() {
		return fmt.Sprintf("daily at %02d:%02d %s", k.At.Hour, k.At.Minute, k.At.Zone)
	}
	return "every " + k.Every.String()
}

// first is when periodic work that has never run is due: at once, or at the next such time of the day.
func (k Kind) first(now time.Time) time.Time {
	if k.At.set() {
		return k.At.after(now)
	}
	return now
}

// next is when periodic work is due after a run that began at started and ended now. A run that takes longer than its
// period is followed by the next at once, without catching up on missed ones.
func (k Kind) next(started, now time.Time) time.Time {
	at := started.Add(k.Every)
	if k.At.set() {
		at = k.At.after(started)
	}
	if at.Before(now) {
		return now
	}
	return at
}
