package inbox

import (
	"context"
	"fmt"
	"sync"
	"time"

	"readerfund/internal/db"
)

const (
	// DefaultWorkers is how many events a process works on at once when nothing else is configured.
	DefaultWorkers = 64
	// idle is how long Run waits before it looks for work that it was not notified of: retries that are due, and
	// events that another process left.
	idle = time.Second
	// gather is how long a free worker waits for others to become free, so that one claim takes several events of a
	// backlog.
	gather = 10 * time.Millisecond
	// claimTimeout bounds a claim that is completed even if the service stops.
	claimTimeout = 5 * time.Second
	// workAtMost bounds how many events one call of Work takes.
	workAtMost = 1000
)

// Run processes events until ctx ends, and returns once the work it has begun is finished. A worker takes an event
// when it is free, so that a slow event does not delay the others. Several processes may run at once: each takes
// events that no other process has.
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

// Work processes the events that are due at this moment, up to a thousand, waits until they are finished, and returns
// how many it took. It shares the workers with Run. It takes none while PayPal asks us to slow down.
func (i *Inbox) Work(ctx context.Context) (int, error) {
	var begun sync.WaitGroup
	defer begun.Wait()
	total, dueBy := 0, i.now() // an event that fails during the call is due again later than this
	for {
		taken, more, err := i.begin(ctx, &begun, workAtMost-total, dueBy)
		if total += taken; err != nil || !more || total == workAtMost {
			return total, err
		}
	}
}

// begin waits for a free worker, and lets every free worker, up to most, take an event that was due by dueBy. It
// returns how many events were taken, and whether there may be more.
func (i *Inbox) begin(ctx context.Context, begun *sync.WaitGroup, most int, dueBy time.Time) (int, bool, error) {
	free, err := i.workers.take(ctx, most)
	if err != nil {
		return 0, false, err
	}
	if i.busy() > 0 { // the worker that has just become free may have learned it
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
			// Events that were taken are finished even when the service is told to stop; it only stops taking new
			// ones.
			i.workOn(context.WithoutCancel(ctx), e)
		})
	}
	return len(due), len(due) == free, err
}

// claim takes due events for the time of a lease, by postponing when they are due: if the process dies with them,
// nothing is lost. It is one statement, and so its own transaction. A stop does not interrupt it: events that were
// taken without our seeing the answer would wait for the end of their lease.
func (i *Inbox) claim(ctx context.Context, most int, dueBy time.Time) ([]event, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
	defer cancel()
	var due []event
	// SKIP LOCKED: leave the rows that another process is taking at this moment to it.
	err := i.db.SelectContext(ctx, &due, `
		UPDATE webhook_event SET attempts = attempts + 1, due_at = $2
		WHERE id IN (SELECT id FROM webhook_event WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
		RETURNING id, event_id, event_type, body, state, attempts, received_at, due_at`, dueBy, i.leaseEnd(), most)
	if err != nil {
		return nil, db.Translate(fmt.Errorf("take due webhook events: %w", err))
	}
	return due, nil
}

// workers bounds how many events are worked on at once: it holds a token for each busy worker.
type workers chan struct{}

func (w workers) size() int { return cap(w) }

// take waits until some workers are free and takes them, at most the given number: at once if a quarter of all are
// free, and after a moment if fewer are. The error is ctx's.
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

// watchBacklog reports to the metrics how many events wait for a worker of any process.
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
