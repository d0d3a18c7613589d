package inbox

import (
	"context"
	"fmt"
	"time"

	"readerfund/internal/db"
)

// result is the result of an event, to be saved to its row.
type result struct {
	id int64
	resolution
}

// save writes the results of events that finish at about the same time, in one statement. It commits after the facts
// were committed: if the process dies in between, the event is processed again when its lease ends, and applying
// facts twice changes nothing.
func (i *Inbox) save(ctx context.Context, results []result) ([]struct{}, error) {
	text := func(of func(resolution) string) any {
		return db.Array(db.Column(results, func(r result) string { return of(r.resolution) }))
	}
	// If the event was replayed or erased in the meantime, this worker may no longer finish it.
	_, err := i.db.ExecContext(ctx, lockEvents+`
		UPDATE webhook_event w
		SET state = r.state, note = r.note, due_at = nullif(r.due_at, '')::timestamptz,
		    contribution_id = coalesce(nullif(r.contribution_id, '')::uuid, w.contribution_id),
		    processed_at = nullif(r.processed_at, '')::timestamptz
		FROM locked JOIN unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
			AS r (id, state, note, due_at, contribution_id, processed_at) USING (id)
		WHERE w.id = locked.id AND w.state IN ('received', 'parked')`,
		db.Array(db.Column(results, func(r result) int64 { return r.id })),
		text(func(v resolution) string { return v.state }),
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

// timestamp formats a time for PostgreSQL; empty for nil.
func timestamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
