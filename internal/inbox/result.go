package inbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"readerfund/internal/db"
)

// result is what became of an event, on its way into its row.
type result struct {
	id int64
	resolution
}

// save writes what became of events that are finished at about the same time, in one statement. It is a commit of its
// own, after that of the facts: a process that dies in between leaves an event that is worked on again when its lease
// ends, and facts that are applied twice change nothing.
func (i *Inbox) save(ctx context.Context, results []result) ([]struct{}, error) {
	// In one order, so that two processes with the same events wait for each other and do not deadlock.
	sorted := slices.SortedFunc(slices.Values(results), func(a, b result) int { return int(a.id - b.id) })
	ids := make([]int64, len(sorted))
	for n, r := range sorted {
		ids[n] = r.id
	}
	text := func(of func(resolution) string) any {
		return db.Array(db.Column(sorted, func(r result) string { return of(r.resolution) }))
	}
	// One that was replayed or erased meanwhile is no longer this worker's to end.
	_, err := i.db.ExecContext(ctx, `
		UPDATE webhook_event w
		SET state = r.state, note = r.note, due_at = nullif(r.due_at, '')::timestamptz,
		    contribution_id = coalesce(nullif(r.contribution_id, '')::uuid, w.contribution_id),
		    processed_at = nullif(r.processed_at, '')::timestamptz
		FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
			AS r (id, state, note, due_at, contribution_id, processed_at)
		WHERE w.id = r.id AND w.state IN ('received', 'parked')`,
		db.Array(ids), text(func(v resolution) string { return v.state }),
		text(func(v resolution) string { return v.note.String() }),
		text(func(v resolution) string { return timestamp(v.due) }),
		text(func(v resolution) string {
			if v.contribution == nil {
				return ""
			}
			return v.contribution.String()
		}),
		text(func(v resolution) string { return timestamp(v.processed) }))
	if err != nil {
		return nil, fmt.Errorf("save what became of webhook events: %w", err)
	}
	return make([]struct{}, len(results)), nil
}

// timestamp is a time as PostgreSQL reads it; empty for none.
func timestamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
