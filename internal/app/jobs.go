package app

import (
	"context"
	"errors"
	"time"

	"readerfund/internal/job"
)

// jobs are what the service does by the clock, each on one replica at a time. What is not here: the sweep and the inbox
// run on every replica, because rows that are due can be shared out (SKIP LOCKED) and work on them should go on when one
// replica is slow.
func (a *App) jobs() []job.Job {
	return []job.Job{
		{Name: "check alerts", Every: time.Minute, Timeout: 5 * time.Minute, Run: a.alerts.Evaluate},
		{Name: "tidy", Every: time.Hour, Run: a.tidy},
		{Name: "forget", Every: 6 * time.Hour, Run: a.people.Forget},
		{Name: "weigh gifts", Every: 10 * time.Second, Run: a.gate.Weigh},
		nightly(a.cfg, a.books, a.log),
	}
}

// tidy throws away what nobody needs any more.
func (a *App) tidy(ctx context.Context) error {
	return errors.Join(a.sessions.Tidy(ctx), a.gate.Tidy(ctx), a.limits.Tidy(ctx))
}
