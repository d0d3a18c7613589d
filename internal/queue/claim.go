package queue

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"readerfund/internal/db"
)

// announce makes sure that all periodic work has its row, and records that it is still wanted. If the row has another
// plan, the work is due at the earlier of both plans' times: during a rolling update both versions run.
func (q *Queue) announce(ctx context.Context, now time.Time) error {
	for _, name := range slices.Sorted(maps.Keys(q.kinds)) {
		k := q.kinds[name]
		if !k.periodic() {
			continue
		}
		var succeeded sql.NullTime
		err := q.db.GetContext(ctx, &succeeded, `
			INSERT INTO queue (kind, key, plan, due_at, created_at, seen_at) VALUES ($1, '', $2, $3, $4, $4)
			ON CONFLICT (kind, key) DO UPDATE SET
				plan    = EXCLUDED.plan,
				due_at  = CASE WHEN queue.plan = EXCLUDED.plan THEN queue.due_at
				               ELSE least(queue.due_at, EXCLUDED.due_at) END,
				seen_at = greatest(queue.seen_at, EXCLUDED.seen_at)
			RETURNING succeeded_at`, name, k.plan(), k.first(now).UTC(), now.UTC())
		if err != nil {
			return db.Translate(fmt.Errorf("write periodic work %q down: %w", name, err))
		}
		if succeeded.Valid {
			q.metrics.JobSucceeded(name, succeeded.Time)
		}
	}
	return nil
}

// claimed is a row that this process has claimed.
type claimed struct {
	Kind         string       `db:"kind"`
	Key          string       `db:"key"`
	Holder       string       `db:"holder"` // this claim's own id
	Failures     int          `db:"failures"`
	FailingSince sql.NullTime `db:"failing_since"`
	Started      time.Time    `db:"started_at"`
}

// claim takes ready rows for the free places of each kind, so that no kind waits for another. It is one statement,
// and so its own transaction.
func (q *Queue) claim(ctx context.Context) ([]claimed, error) {
	kinds, places := q.free()
	if len(kinds) == 0 {
		return nil, nil
	}
	now := q.now().UTC()
	var rows []claimed
	// SKIP LOCKED: leave the rows that another process is claiming at this moment to it. MATERIALIZED: the limit
	// counts once. A row whose holder died keeps a job that was put in the meantime.
	err := q.db.SelectContext(ctx, &rows, `
		WITH ready AS MATERIALIZED (
			SELECT r.kind, r.key FROM unnest($4::text[], $5::int[]) AS free (kind, places)
			CROSS JOIN LATERAL (
				SELECT kind, key FROM queue
				WHERE kind = free.kind AND coalesce(held_until, due_at) <= $1
				ORDER BY coalesce(held_until, due_at) LIMIT free.places FOR UPDATE SKIP LOCKED) r)
		UPDATE queue q SET
			due_at = CASE WHEN q.held_until IS NULL THEN NULL ELSE q.due_at END, held_until = $2, holder = $3, started_at = $1
		FROM ready WHERE q.kind = ready.kind AND q.key = ready.key
		RETURNING q.kind, q.key, q.holder, q.failures, q.failing_since, q.started_at`,
		now, now.Add(q.lease), q.newClaim(), db.Array(kinds), db.Array(places))
	if err != nil {
		return nil, db.Translate(fmt.Errorf("claim what is due: %w", err))
	}
	q.take(kinds, places, rows)
	return rows, nil
}

// free lists how many places of each kind are free.
func (q *Queue) free() (kinds []string, places []int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(q.kinds)) {
		if n := q.kinds[name].Places - q.busy[name]; n > 0 {
			kinds, places = append(kinds, name), append(places, int64(n))
		}
	}
	return kinds, places
}

// take records the rows that were claimed for the free places.
func (q *Queue) take(kinds []string, places []int64, rows []claimed) {
	q.mu.Lock()
	defer q.mu.Unlock()
	got := map[string]int64{}
	for _, c := range rows {
		got[c.Kind]++
		q.busy[c.Kind]++
	}
	for i, kind := range kinds {
		q.crowded[kind] = got[kind] == places[i]
	}
}

// release frees the place of a row, and makes Run look for the next one if more may be waiting.
func (q *Queue) release(kind string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy[kind]--
	if q.crowded[kind] {
		q.wake()
	}
}

// wake makes Run look for work that is ready now.
func (q *Queue) wake() {
	select {
	case q.awake <- struct{}{}:
	default: // a signal is already waiting
	}
}

// renew extends the lease. It reports whether the row is still ours.
func (q *Queue) renew(ctx context.Context, c claimed) (bool, error) {
	return q.change(ctx, "renew the lease", c, `
		UPDATE queue SET held_until = $4 WHERE kind = $1 AND key = $2 AND holder = $3 AND held_until IS NOT NULL`,
		q.now().UTC().Add(q.lease))
}

// giveBack ends a run that was interrupted because this process stops, so that another process can take it at once.
func (q *Queue) giveBack(ctx context.Context, c claimed) (bool, error) {
	return q.change(ctx, "give back", c, `
		UPDATE queue SET held_until = NULL, due_at = least(due_at, $4)
		WHERE kind = $1 AND key = $2 AND holder = $3 AND held_until IS NOT NULL`, q.now().UTC())
}

// end saves the result of a run. It reports whether the row was still ours; if not, it has changed nothing.
func (q *Queue) end(ctx context.Context, c claimed, e ending) (bool, error) {
	if e.outcome == outcomeDone && e.due.IsZero() {
		// If the job was put again in the meantime, the row has a due time, and the work is done once more.
		removed, err := q.change(ctx, "remove", c, `
			DELETE FROM queue WHERE kind = $1 AND key = $2 AND holder = $3 AND held_until IS NOT NULL AND due_at IS NULL`)
		if err != nil || removed {
			return removed, err
		}
	}
	return q.change(ctx, "write down the end of", c, `
		UPDATE queue SET
			held_until = NULL, due_at = least(due_at, $4), failures = $5, failing_since = $6, last_error = $7,
			dead_at = CASE WHEN $8 AND due_at IS NULL THEN $9::timestamptz END, runs = runs + 1, ended_at = $9,
			succeeded_at = CASE WHEN $5 = 0 THEN $9 ELSE succeeded_at END
		WHERE kind = $1 AND key = $2 AND holder = $3 AND held_until IS NOT NULL`,
		null(e.due), e.failures, null(e.failingSince), e.lastError, e.outcome == outcomeDead, q.now().UTC())
}

// change changes a row if this claim still holds it, and reports whether it did.
func (q *Queue) change(ctx context.Context, what string, c claimed, statement string, args ...any) (bool, error) {
	done, err := q.db.ExecContext(ctx, statement, append([]any{c.Kind, c.Key, c.Holder}, args...)...)
	if err != nil {
		return false, db.Translate(fmt.Errorf("%s %q %s: %w", what, c.Kind, c.Key, err))
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

func null(t time.Time) sql.NullTime { return sql.NullTime{Time: t.UTC(), Valid: !t.IsZero()} }
