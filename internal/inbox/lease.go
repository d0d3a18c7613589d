package inbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/queue"
)

// held is an event that this process is working on, and the end of its lease. That time comes from the claim itself:
// a process that has lost the event, or whose event was replayed in the meantime, cannot renew it.
type held struct {
	id    int64
	until time.Time
}

// keepLease renews the lease of an event until ctx ends. Work that has begun is finished even if the lease is lost:
// applying facts twice changes nothing.
func (i *Inbox) keepLease(ctx context.Context, e event) {
	mine := held{e.ID, e.DueAt}
	err := queue.KeepLease(ctx, i.lease, func(ctx context.Context) (ours bool, err error) {
		until, err := i.leases.Do(ctx, mine)
		if ours = !until.IsZero(); ours {
			mine.until = until
		}
		return ours, err
	})
	if err != nil {
		i.log.WarnContext(ctx, "another process may work on a webhook event too", "event", e.EventID, "error", err)
	}
}

// lockEvents locks the events $1 by rising id before a statement changes them. Joined with a list alone, an UPDATE
// takes its rows in whatever order the plan gives, and two of them wait for each other: the renewal of leases and the
// results of the same events are written at the same time.
const lockEvents = `
	WITH locked AS (SELECT id FROM webhook_event WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE)`

// renew extends leases, in one statement. It returns the new end of each, or zero where the lease is lost.
func (i *Inbox) renew(ctx context.Context, all []held) ([]time.Time, error) {
	ids, ends := make([]int64, len(all)), make([]string, len(all))
	for n, h := range all {
		ids[n], ends[n] = h.id, timestamp(&h.until)
	}
	until := i.leaseEnd()
	var renewed []int64
	err := i.db.SelectContext(ctx, &renewed, lockEvents+`
		UPDATE webhook_event w SET due_at = $2 FROM locked JOIN unnest($1::bigint[], $3::text[]) AS h (id, until) USING (id)
		WHERE w.id = locked.id AND w.due_at = h.until::timestamptz RETURNING w.id`, db.Array(ids), until, db.Array(ends))
	if err != nil {
		return nil, fmt.Errorf("renew the leases of webhook events: %w", err)
	}
	results := make([]time.Time, len(all))
	for n, h := range all {
		if slices.Contains(renewed, h.id) {
			results[n] = until
		}
	}
	return results, nil
}

// leaseEnd is the end of a lease that is taken now, in PostgreSQL's precision.
func (i *Inbox) leaseEnd() time.Time { return i.now().UTC().Add(i.lease).Truncate(time.Microsecond) }
