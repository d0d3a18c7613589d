package reconcile

import (
	"context"
	"fmt"
	"time"

	"readerfund/internal/i18n"
	"readerfund/internal/paypal"
)

const (
	eventsAtOnce = 100
	// eventMemory is how long PayPal lists events; a minute less, so that a slow clock asks for nothing too old.
	eventMemory = paypal.EventMemory - time.Minute
)

// recoverEvents asks PayPal for the events of the span and since, up to this moment, and passes to the inbox those
// that no delivery ever brought. They cover what is too new for PayPal's record. An event alone moves no money, so a
// list that cannot be read does not fail the run.
func (l *run) recoverEvents(ctx context.Context) error {
	now := l.now().UTC()
	from := l.from
	if oldest := now.Add(-eventMemory); from.Before(oldest) {
		from = oldest
	}
	if l.asked && l.to.Before(from) {
		return nil
	}
	to := now
	if l.asked && !l.order.To.IsZero() {
		to = earlier(now, l.to)
	}
	l.report("asking for webhook events that never came")
	var listed []paypal.ListedEvent
	flush := func() error {
		n, err := l.inbox.Recover(ctx, listed)
		l.result.Recovered += n
		listed = listed[:0]
		return err
	}
	err := l.paypal.WebhookEvents(ctx, from, to, func(e paypal.ListedEvent) error {
		if listed = append(listed, e); len(listed) < eventsAtOnce {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		if unanswered(err) {
			return fmt.Errorf("list webhook events: %w", err)
		}
		l.warn(ctx, i18n.New("reconcile.unchecked_events"), err)
	}
	if l.result.Recovered > 0 {
		return l.workOff(ctx)
	}
	return nil
}

// workOff processes the events at once, beside the service, or instead of it if it is not running.
func (l *run) workOff(ctx context.Context) error {
	for {
		l.report("working on events that never came")
		n, err := l.inbox.Work(ctx)
		if err != nil || n == 0 {
			return err
		}
		if err := l.heartbeat(ctx); err != nil {
			return err
		}
	}
}
