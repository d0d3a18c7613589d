package app

import (
	"context"
	"errors"
	"time"

	"readerfund/internal/queue"
	"readerfund/internal/refund"
)

// kinds are what the service does later or by the clock, each piece by one process at a time. What is not here: the
// sweep and the inbox, whose rows have a due time of their own.
func (a *App) kinds() []queue.Kind {
	return []queue.Kind{
		{Name: "check alerts", Every: time.Minute, Timeout: 5 * time.Minute, Run: whole(a.alerts.Evaluate)},
		{Name: "tidy", Every: time.Hour, Run: whole(a.tidy)},
		{Name: "forget", Every: 6 * time.Hour, Run: whole(a.people.Forget)},
		{Name: "weigh gifts", Every: 10 * time.Second, Run: whole(a.gate.Weigh)},
		nightly(a.cfg, a.books, a.log),
		{Name: refund.Sending, Places: 4, Timeout: 5 * time.Minute, Run: a.refunds.Resume},
		{Name: "queue refunds", Every: time.Minute, Run: whole(a.refunds.CatchUp)},
	}
}

// whole is periodic work, which has no key.
func whole(run func(context.Context) error) func(context.Context, string) error {
	return func(ctx context.Context, _ string) error { return run(ctx) }
}

// tidy throws away what nobody needs any more.
func (a *App) tidy(ctx context.Context) error {
	return errors.Join(a.sessions.Tidy(ctx), a.gate.Tidy(ctx), a.limits.Tidy(ctx))
}
