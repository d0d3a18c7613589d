package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"readerfund/internal/manage"
	"readerfund/internal/money"
	"readerfund/internal/queue"
	"readerfund/internal/reconcile"
	"readerfund/internal/refund"
)

// kinds are the service's background jobs, run later or on a schedule, each by one process at a time. The sweep and the
// inbox are not among them: their rows have due times of their own.
func (a *App) kinds() []queue.Kind {
	night := queue.TimeOfDay{Hour: 4, Minute: 30, Zone: a.cfg.Timezone} // few people give then
	morning := queue.TimeOfDay{Hour: 9, Zone: a.cfg.Timezone}           // when a mail about money wakes no reader
	return []queue.Kind{
		{Name: "check alerts", Every: time.Minute, Timeout: 5 * time.Minute, Run: whole(a.alerts.Evaluate)},
		{Name: "tidy", Every: time.Hour, Run: whole(a.tidy)},
		{Name: "prepare plans", Every: time.Hour, Timeout: 10 * time.Minute, Run: whole(a.preparePlans)},
		{Name: "forget", Every: 6 * time.Hour, Run: whole(a.forget)},
		{Name: "weigh gifts", Every: 10 * time.Second, Run: whole(a.gate.CountOutcomes)},
		{Name: "reconcile", At: night, Timeout: 6 * time.Hour, Run: whole(a.reconcile)},
		{Name: refund.Sending, Places: 4, Timeout: 5 * time.Minute, Run: a.refunds.Resume},
		{Name: "issue receipts", Every: 5 * time.Second, Run: whole(a.receipts.Issue)},
		{Name: "add up money", Every: 10 * time.Second, Run: whole(a.money.AddUp)},
		{Name: "add up recurring gifts", Every: 10 * time.Minute, Run: whole(a.rollup.AddUp)},
		{Name: "fold counts", Every: 6 * time.Hour, Run: whole(a.counter.Fold)},
		{Name: "tell of yearly charges", At: morning, Run: whole(a.notices.Yearly)},
		{Name: "send statements", At: morning, Run: whole(a.notices.Statements)},
		{Name: "send mail", Every: 2 * time.Second, Run: whole(a.mail.Send)},
		{Name: "send prompt mail", Every: 2 * time.Second, Run: whole(a.mail.SendPrompt)},
		{Name: manage.Changing, Places: 4, Timeout: 5 * time.Minute, Run: a.changes.Process},
		{Name: manage.EndingPause, Places: 4, Timeout: 5 * time.Minute, Run: a.changes.EndPause},
		{Name: "queue refunds", Every: time.Minute, Run: whole(a.refunds.CatchUp)},
	}
}

// whole adapts a periodic job, which has no key.
func whole(run func(context.Context) error) func(context.Context, string) error {
	return func(ctx context.Context, _ string) error { return run(ctx) }
}

// forget deletes what identifies people and has been kept for long enough.
func (a *App) forget(ctx context.Context) error {
	return errors.Join(a.people.Forget(ctx), a.mail.Forget(ctx))
}

// preparePlans ensures that PayPal has plans for every currency that a campaign offers.
func (a *App) preparePlans(ctx context.Context) error {
	campaigns, err := a.catalog.All(ctx)
	if err != nil {
		return err
	}
	var offered []money.Currency
	for _, c := range campaigns {
		offered = append(offered, c.Currencies()...)
	}
	slices.Sort(offered)
	return a.plans.Prepare(ctx, slices.Compact(offered)...)
}

// tidy deletes what is no longer needed.
func (a *App) tidy(ctx context.Context) error {
	return errors.Join(a.sessions.Tidy(ctx), a.gate.Tidy(ctx), a.limits.Tidy(ctx), a.manageLinks.Tidy(ctx),
		a.media.Tidy(ctx), a.looks.Tidy(ctx))
}

// reconcile compares PayPal's record of the account with our books, from where the last run ended.
func (a *App) reconcile(ctx context.Context) error {
	res, err := a.books.Run(ctx, reconcile.Order{})
	if err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	a.log.InfoContext(ctx, "reconciled", "payments", res.Payments, "fixed", res.Fixed,
		"unexplained", res.Unexplained(), "checked_to", res.CheckedTo)
	return nil
}
