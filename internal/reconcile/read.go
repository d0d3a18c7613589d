package reconcile

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"readerfund/internal/paypal"
)

const (
	// readings is how often a window is read at most, if rows moved between its pages while we read.
	readings = 3
	// roomy is how few rows allow the next window to be longer again, after a window held too many for PayPal.
	roomy = 4000
	// tries and firstPause: PayPal may be busy for a while, and the run has time.
	tries      = 6
	firstPause = time.Second
)

// read stages PayPal's record of the span, window by window. A window that holds too many rows is halved.
func (l *run) read(ctx context.Context) error {
	for size := paypal.MaxWindow; l.readTo.Before(l.to); {
		l.report("reading PayPal's record")
		from, to := l.readTo, earlier(l.readTo.Add(size), l.to)
		total, err := l.window(ctx, from, to)
		switch {
		case errors.Is(err, paypal.ErrTooManyTransactions) && to.Sub(from) > time.Second:
			size = max(to.Sub(from)/2, time.Second).Truncate(time.Second)
			continue
		case errors.Is(err, paypal.ErrNotReportedYet) && from.After(l.from):
			l.refreshed = earlier(l.checkedTo(), from) // the record ends before this window
			return l.heartbeat(ctx)
		case err != nil:
			return fmt.Errorf("read PayPal's record from %s to %s: %w", from.Format(time.RFC3339), to.Format(time.RFC3339), err)
		}
		if err := l.step(ctx, to); err != nil {
			return err
		}
		if total < roomy {
			size = min(2*size, paypal.MaxWindow)
		}
	}
	l.report("read PayPal's record")
	return nil
}

// analyze lets the database count the rows that were just staged. Without it, its planner still relies on the table's
// earlier contents (a few rows of an earlier run, or none) and may compare every row with every other; its own
// counting comes a minute later. If the role does not own the table, PostgreSQL only warns.
func (l *run) analyze(ctx context.Context) {
	// The columns by which rows are found.
	const count = `ANALYZE paypal_transaction (run_id, class, paypal_id, initiated_at, reference_id)`
	if _, err := l.db.ExecContext(ctx, count); err != nil {
		l.log.WarnContext(ctx, "PayPal's rows could not be counted; comparing may be slow", "run", l.id, "error", err)
	}
}

// window reads all pages of a window, again if rows moved from one page to another in the meantime: then some came
// twice, and others not at all. It returns how many rows PayPal reports.
func (l *run) window(ctx context.Context, from, to time.Time) (int, error) {
	seen := map[string]bool{} // at most 10,000, which is what PayPal lists
	for reading := 1; ; reading++ {
		before := len(seen)
		total, err := l.pages(ctx, from, to, seen)
		if err != nil || len(seen) >= total || len(seen) == before || reading == readings {
			return total, err
		}
	}
}

// pages reads a window's pages one after the other. While one is being staged, the next is already requested.
func (l *run) pages(ctx context.Context, from, to time.Time, seen map[string]bool) (total int, err error) {
	q := paypal.TransactionQuery{From: from, To: to, Page: 1, PageSize: paypal.MaxPage, All: true}
	if to.Sub(from) <= time.Second {
		q.To = from // both ends are included: this is one second
	}
	ctx, stop := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer stop()
	answers := make(chan answer) // unbuffered: at most two pages are in memory
	asking.Go(func() { l.ask(ctx, q, answers) })
	for a := range answers {
		if a.err != nil {
			return 0, a.err
		}
		if err := l.stage(ctx, a.page.Transactions, seen); err != nil {
			return 0, err
		}
		total = a.page.Total
		l.rows += int64(len(a.page.Transactions))
		if !a.page.RefreshedAt.IsZero() {
			l.refreshed = a.page.RefreshedAt.UTC()
		}
		l.report("reading PayPal's record")
	}
	return total, context.Cause(ctx)
}

// answer is PayPal's answer to the request for a page.
type answer struct {
	page paypal.TransactionPage
	err  error
}

// ask sends every page of a window, and ends with the last one, the first error, or ctx.
func (l *run) ask(ctx context.Context, q paypal.TransactionQuery, to chan<- answer) {
	defer close(to)
	for {
		page, err := l.page(ctx, q)
		select {
		case to <- answer{page, err}:
		case <-ctx.Done():
			return
		}
		if err != nil || q.Page >= page.Pages {
			return
		}
		q.Page++
	}
}

// page requests one page, and retries after a pause while PayPal is busy or unreachable.
func (l *run) page(ctx context.Context, q paypal.TransactionQuery) (paypal.TransactionPage, error) {
	pause := firstPause
	for try := 1; ; try++ {
		page, err := l.paypal.Transactions(ctx, q)
		if err == nil || try == tries || !passing(err) || ctx.Err() != nil {
			return page, err
		}
		wait := pause
		if e, ok := errors.AsType[*paypal.Error](err); ok && e.RetryAfter > 0 {
			wait = min(e.RetryAfter, 2*time.Minute)
		}
		l.log.InfoContext(ctx, "PayPal's record cannot be read now; waiting", "wait", wait, "error", err)
		select {
		case <-ctx.Done():
			return page, context.Cause(ctx)
		case <-time.After(wait):
		}
		pause *= 2
	}
}

// passing reports whether PayPal may give a better answer later.
func passing(err error) bool {
	e, ok := errors.AsType[*paypal.Error](err)
	return ok && (e.Status == 0 || e.Status == http.StatusTooManyRequests || e.Status >= 500)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
