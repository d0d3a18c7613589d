package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/paypal"
)

const (
	// callsAtOnce is how many calls to PayPal run concurrently: enough to fix a day without webhooks in a minute, few
	// enough to leave PayPal's rate limit to the readers.
	callsAtOnce = 8
	// unansweredAtMost is how many calls in a row may go unanswered before the run breaks off, to be resumed later.
	unansweredAtMost = 20
)

// each calls do for every finding, several at once. It ends early when PayPal no longer answers.
func (l *run) each(ctx context.Context, found []finding, do func(ctx context.Context, f *finding) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var why error // not the context's cause, which net/http would hand to other calls as if it were theirs
	var gaveUp sync.Once
	queue := make(chan *finding)
	var workers sync.WaitGroup
	for range min(callsAtOnce, len(found)) {
		workers.Go(func() {
			for f := range queue {
				if ctx.Err() != nil {
					continue
				}
				err := do(ctx, f)
				if !unanswered(err) {
					l.failures.Store(0)
					continue
				}
				if n := l.failures.Add(1); n >= unansweredAtMost {
					gaveUp.Do(func() { why = err })
					stop()
				}
			}
		})
	}
	for i := range found {
		queue <- &found[i]
	}
	close(queue)
	workers.Wait()
	if err := cmp.Or(why, context.Cause(ctx)); err != nil {
		return fmt.Errorf("ask PayPal: %w", err)
	}
	return nil
}

// unanswered reports whether a call got no answer: PayPal or the database was unreachable.
func unanswered(err error) bool {
	switch {
	case err == nil:
		return false
	case fault.KindOf(err) == fault.Unavailable:
		return true
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return true
	default:
		return passing(err)
	}
}

// unexplained drops the findings that PayPal's API explains.
func (l *run) unexplained(ctx context.Context, c comparison, found []finding) ([]finding, error) {
	if c.asks == nil || len(found) == 0 {
		return found, nil
	}
	err := l.each(ctx, found, func(ctx context.Context, f *finding) (err error) {
		f.explained, err = c.asks(ctx, f)
		if err != nil && !paypal.NotFound(err) {
			f.failure = err
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(f finding) bool { return f.explained }), nil
}

// repairAll calls the comparison's repair for every finding that news from PayPal can fix.
func (l *run) repairAll(ctx context.Context, c comparison, found []finding) error {
	if c.repair == nil {
		return nil
	}
	return l.each(ctx, found, func(ctx context.Context, f *finding) error {
		if f.permanent || f.failure != nil {
			return nil //nolint:nilerr // that error was logged when it happened
		}
		err := c.repair(ctx, *f)
		if err != nil {
			f.failure = err
			l.log.WarnContext(ctx, "a difference could not be fixed", "run", l.id, "kind", f.differences[0].Kind,
				"ref", f.key, "error", err)
		}
		return err
	})
}

// explainFailure tells staff why a difference could not be fixed.
func explainFailure(err error) i18n.Message {
	switch {
	case err == nil:
		return i18n.Message{}
	case unanswered(err):
		return i18n.New("reconcile.note_unanswered")
	case answered(err):
		return i18n.New("reconcile.note_not_given", i18n.Args{"error": err.Error()})
	default:
		return i18n.New("reconcile.note_not_booked", i18n.Args{"error": err.Error()})
	}
}
