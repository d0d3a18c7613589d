package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"readerfund/internal/fault"
)

const (
	// memory is how far back PayPal's transaction search reaches. Source: PayPal, "Transaction Search" (three years).
	memory = 3 // years
	// overlap is checked again every time: PayPal reports up to three hours late, and rows change after that (a
	// pending payment clears).
	overlap = 3 * 24 * time.Hour
	// early allows for payments that PayPal dates slightly before we wrote the contribution.
	early = time.Hour
)

// check refuses a span that cannot be checked.
func (r *Reconciler) check(o Order) error {
	now := r.now()
	day := func(t time.Time) string { return t.In(r.zone).Format("2 Jan 2006") }
	// To is the end of its day, so that today may be the last one.
	last := o.To.In(r.zone).AddDate(0, 0, -1)
	oldest := now.AddDate(-memory, 0, 0)
	var problems []error
	switch {
	case o.From.IsZero():
	case o.From.After(now):
		problems = append(problems, fault.Input("from", "reconcile.in_future", fault.Args{
			"day": day(o.From), "today": day(now),
		}))
	case o.From.Before(oldest):
		problems = append(problems, fault.Input("from", "reconcile.too_old", fault.Args{
			"oldest": day(oldest.AddDate(0, 0, 1)),
		}))
	}
	switch {
	case o.To.IsZero():
	case last.After(now):
		problems = append(problems, fault.Input("to", "reconcile.in_future", fault.Args{
			"day": day(last), "today": day(now),
		}))
	case o.To.Before(oldest):
		problems = append(problems, fault.Input("to", "reconcile.too_old", fault.Args{
			"oldest": day(oldest.AddDate(0, 0, 2)),
		}))
	case !o.From.IsZero() && !o.To.After(o.From):
		problems = append(problems, fault.Input("to", "reconcile.days_swapped", fault.Args{
			"last": day(last), "first": day(o.From),
		}))
	}
	return errors.Join(problems...)
}

// span returns the times that the order covers. PayPal's search knows whole seconds only.
func (r *Reconciler) span(ctx context.Context, o Order) (from, to time.Time, err error) {
	now := r.now().UTC()
	from, to = o.From.UTC(), o.To.UTC()
	if o.To.IsZero() || to.After(now) {
		to = now
	}
	if o.From.IsZero() {
		line, err := r.line(ctx)
		if err != nil {
			return from, to, err
		}
		from = line.Add(-overlap)
		if line.IsZero() {
			if from, err = r.beginning(ctx, now); err != nil {
				return from, to, err
			}
		}
		if !from.Before(to) {
			from = to.Add(-overlap)
		}
	}
	if oldest := now.AddDate(-memory, 0, 0).Add(time.Hour); from.Before(oldest) {
		from = oldest
	}
	return from.Truncate(time.Second), to.Truncate(time.Second), nil
}

// line is the time up to which everything was checked; zero before the first run has ended.
func (r *Reconciler) line(ctx context.Context) (time.Time, error) {
	var at sql.NullTime
	err := r.db.GetContext(ctx, &at, `SELECT max(checked_to) FROM reconcile_run WHERE state = 'done' AND follows`)
	if err != nil {
		return time.Time{}, fmt.Errorf("read how far was checked: %w", err)
	}
	return at.Time.UTC(), nil // zero where it is null
}

// beginning is where the first run begins: before the first thing we know of, even if that is only the campaign that
// the first start made. Earlier movements of the account are not ours to compare.
func (r *Reconciler) beginning(ctx context.Context, now time.Time) (time.Time, error) {
	var first sql.NullTime
	err := r.db.GetContext(ctx, &first, `
		SELECT least((SELECT min(created_at) FROM contribution), (SELECT min(occurred_at)
			FROM payment), (SELECT min(created_at) FROM campaign))`)
	if err != nil {
		return time.Time{}, fmt.Errorf("find the first contribution: %w", err)
	}
	if !first.Valid {
		return now.Add(-overlap), nil
	}
	return first.Time.UTC().Add(-early), nil
}
