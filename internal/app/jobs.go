package app

import (
	"time"

	"readerfund/internal/job"
)

// jobs are what the service does by the clock, each on one replica at a time. What is not here: the sweep and the inbox
// run on every replica, because rows that are due can be shared out (SKIP LOCKED) and work on them should go on when one
// replica is slow.
func (a *App) jobs() []job.Job {
	return []job.Job{
		{Name: "check alerts", Every: time.Minute, Timeout: 5 * time.Minute, Run: a.alerts.Evaluate},
		{Name: "tidy", Every: time.Hour, Run: a.accounts.Tidy},
		{Name: "forget", Every: 6 * time.Hour, Run: a.people.Forget},
		nightly(a.cfg, a.books, a.log),
	}
}
