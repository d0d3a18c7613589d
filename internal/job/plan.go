package job

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// TimeOfDay is a time on the clock of a place. The zero value is none.
type TimeOfDay struct {
	Hour, Minute int
	Zone         *time.Location
}

func (t TimeOfDay) set() bool { return t.Zone != nil }

// after is the next such moment later than now. On the day that skips it, it is as long after midnight as on others; on the
// day that has it twice, it comes once (time.Date).
func (t TimeOfDay) after(now time.Time) time.Time {
	local := now.In(t.Zone)
	for day := 0; ; day++ {
		at := time.Date(local.Year(), local.Month(), local.Day()+day, t.Hour, t.Minute, 0, 0, t.Zone)
		if at.After(now) {
			return at.UTC()
		}
	}
}

// plan says in words when the job runs.
func (j Job) plan() string {
	if j.At.set() {
		return fmt.Sprintf("daily at %02d:%02d %s", j.At.Hour, j.At.Minute, j.At.Zone)
	}
	return "every " + j.Every.String()
}

// first is when a job that was never run is due: at once, or at the next such time of the day.
func (j Job) first(now time.Time) time.Time {
	if j.At.set() {
		return j.At.after(now)
	}
	return now
}

// next is when the job is due after a run that began at started and ended now. What takes longer than its period begins
// again at once, and does not catch up on what it missed. After a failure it is tried again sooner, where the period is
// long: after a minute, two, four, and so on up to an hour.
func (j Job) next(started, now time.Time, failures int) time.Time {
	at := started.Add(j.Every)
	if j.At.set() {
		at = j.At.after(started)
	}
	if at.Before(now) {
		at = now
	}
	if failures == 0 {
		return at
	}
	again := now.Add(min(time.Minute<<min(failures-1, 6), time.Hour))
	if again.Before(at) {
		return again
	}
	return at
}

// pause is about d: the jitter keeps replicas from asking in step.
func pause(d time.Duration) time.Duration {
	return d - d/4 + rand.N(d/2+1) //nolint:gosec // jitter, not a secret
}
