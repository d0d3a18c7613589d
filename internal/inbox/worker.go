package inbox

import (
	"context"
	"fmt"
	"sync"
	"time"

	"readerfund/internal/db"
)

const (
	// DefaultWorkers is how many events a process works on at once where nothing else is set.
	DefaultWorkers = 64
	// idle is how long Run waits before it looks for work that nobody told it of: retries that are due, and what another
	// process left.
	idle = time.Second
	// gather is how long a free worker waits for others to be free, so that a backlog costs one claim for several events.
	gather = 10 * time.Millisecond
	// claimTimeout bounds a claim that is seen through although the service stops.
	claimTimeout = 5 * time.Second
	// workAtMost bounds what one call of Work takes.
	workAtMost = 1000
)

// Run works off events until ctx ends, and returns once what it had begun is finished. A worker takes an event when it
// is free, so that a slow event keeps no other waiting. Several processes may run at once: each takes what no other
// has.
func (i *Inbox) Run(ctx context.Context) {
	var begun sync.WaitGroup
	defer begun.Wait()
	i.metrics.Workers(i.workers.size())
	begun.Go(func() { i.watchBacklog(ctx) })
	for ctx.Err() == nil {
		_, more, err := i.begin(ctx, &begun, i.workers.size(), i.now())
		if err != nil && ctx.Err() == nil {
			i.log.ErrorContext(ctx, "webhook events cannot be worked on; trying again", "error", err)
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-i.wake:
		case <-time.After(idle):
		}
	}
}

// Work works off the events that are due at this moment, up to a thousand, waits until they are finished, and returns
// how many it took. It shares the workers with Run. While PayPal asks to be left alone it takes none.
func (i *Inbox) Work(ctx context.Context) (int, error) {
	var begun sync.WaitGroup
	defer begun.Wait()
	total, dueBy := 0, i.now() // what fails meanwhile is due again later than this
	for {
		taken, more, err := i.begin(ctx, &begun, workAtMost-total, dueBy)
		if total += taken; err != nil || !more || total == workAtMost {
			return total, err
		}
	}
}

// begin waits for a free worker, and has every worker that is free take an event that was due by then, most of them at
// most. It returns how many events were taken, and whether there may be more.
func (i *Inbox) begin(ctx context.Context, begun *sync.WaitGroup, most int, dueBy time.Time) (int, bool, error) {
	free, err := i.workers.take(ctx, most)
	if err != nil {
		return 0, false, err
	}
	if i.busy() > 0 { // as the worker that is free now may have learned
		i.workers.release(free)
		return 0, false, nil
	}
	due, err := i.claim(ctx, free, dueBy)
	i.workers.release(free - len(due))
	for _, e := range due {
		begun.Go(func() {
			defer i.workers.release(1)
			i.metrics.Working(1)
			defer i.metrics.Working(-1)
			// What was taken is finished even when the service is told to stop: only the taking stops.
			i.workOn(context.WithoutCancel(ctx), e)
		})
	}
	return len(due), len(due) == free, err
}

// claim takes due events for the time of a lease, by putting off when they are due: a process that dies with them loses
// nothing. It is one statement, and so its own transaction. A stop does not cut
// it short: what was taken and not heard of would wait for the end of its lease.
func (i *Inbox) claim(ctx context.Context, most int, dueBy time.Time) ([]event, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
	defer cancel()
	var due []event
	// SKIP LOCKED: what another process is taking at this moment is its.
	err := i.db.SelectContext(ctx, &due, `
		UPDATE webhook_event SET attempts = attempts + 1, due_at = $2
		WHERE id IN (SELECT id FROM webhook_event WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
		RETURNING id, event_id, event_type, body, state, attempts, received_at, due_at`, dueBy, i.leaseEnd(), most)
	if err != nil {
		return nil, db.Translate(fmt.Errorf("take due webhook events: %w", err))
	}
	return due, nil
}

// workers bounds how many events are worked on at once: it holds a token for each worker that is not free.
type workers chan struct{}

func (w workers) size() int { return cap(w) }

// take waits until some workers are free and takes them, most of them at most: at once where a quarter of all are free,
// and after a moment where fewer are. The error is ctx's.
func (w workers) take(ctx context.Context, most int) (int, error) {
	most = min(most, cap(w))
	enough := min(most, max(cap(w)/4, 1))
	var waited <-chan time.Time
	for n := 0; ; n++ {
		if n == most {
			return n, nil
		}
		select {
		case w <- struct{}{}:
			continue
		default:
		}
		if n >= enough {
			return n, nil
		}
		if n > 0 && waited == nil {
			waited = time.After(gather)
		}
		select {
		case w <- struct{}{}:
		case <-waited:
			return n, nil
		case <-ctx.Done():
			w.release(n)
			return 0, context.Cause(ctx)
		}
	}
}

func (w workers) release(n int) {
	for range n {
		<-w
	}
}

// backlogEvery is how often the backlog is measured.
const backlogEvery = 10 * time.Second

// watchBacklog has the metrics know how many events wait for a worker of any process.
func (i *Inbox) watchBacklog(ctx context.Context) {
	for {
		var waiting int64
		err := i.db.GetContext(ctx, &waiting, `SELECT count(*) FROM webhook_event WHERE due_at <= $1`, i.now())
		if err == nil {
			i.metrics.Backlog(waiting)
		} else if ctx.Err() == nil {
			i.log.WarnContext(ctx, "the backlog of webhook events cannot be counted", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(backlogEvery):
		}
	}
}
