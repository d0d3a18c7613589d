package job

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"readerfund/internal/db"
)

// announce sees to it that every job has its row, and says that it is still wanted. A row that the database has with
// another plan is due when either plan says so first; during a rolling update both are there.
func (k *Keeper) announce(ctx context.Context, now time.Time) error {
	for _, name := range slices.Sorted(maps.Keys(k.jobs)) {
		j := k.jobs[name]
		var row struct {
			Succeeded *time.Time `db:"last_succeeded_at"`
		}
		err := k.db.GetContext(ctx, &row, `
			INSERT INTO job (name, plan, due_at, seen_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name) DO UPDATE SET
				plan    = EXCLUDED.plan,
				due_at  = CASE WHEN job.plan = EXCLUDED.plan THEN job.due_at ELSE least(job.due_at, EXCLUDED.due_at) END,
				seen_at = greatest(job.seen_at, EXCLUDED.seen_at)
			RETURNING last_succeeded_at`, name, j.plan(), j.first(now).UTC(), now.UTC())
		if err != nil {
			return db.Translate(fmt.Errorf("write job %q down: %w", name, err))
		}
		if row.Succeeded != nil {
			k.metrics.JobSucceeded(name, *row.Succeeded)
		}
	}
	return nil
}

// claimed is a job that this process holds.
type claimed struct {
	job      Job
	fence    int64
	started  time.Time
	failures int // in a row, before this run
}

// claim takes every job that is due and held by nobody who is alive. It is one statement, and so its own transaction.
func (k *Keeper) claim(ctx context.Context) ([]claimed, error) {
	free := k.idle()
	if len(free) == 0 {
		return nil, nil
	}
	now := k.now().UTC()
	var rows []struct {
		Name     string `db:"name"`
		Fence    int64  `db:"fence"`
		Failures int    `db:"failures"`
	}
	// SKIP LOCKED: what another replica is claiming at this moment is its. The order keeps two from waiting for each other.
	err := k.db.SelectContext(ctx, &rows, `
		UPDATE job SET held_until = $2, holder = $3, fence = fence + 1, last_started_at = $1
		WHERE name IN (
			SELECT name FROM job
			WHERE name = ANY($4) AND due_at <= $1 AND (held_until IS NULL OR held_until <= $1)
			ORDER BY name FOR UPDATE SKIP LOCKED)
		RETURNING name, fence, failures`, now, now.Add(k.lease), k.holder, db.Array(free))
	if err != nil {
		return nil, db.Translate(fmt.Errorf("claim due jobs: %w", err))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var held []claimed
	for _, row := range rows {
		k.running[row.Name] = true
		held = append(held, claimed{job: k.jobs[row.Name], fence: row.Fence, started: now, failures: row.Failures})
	}
	return held, nil
}

// idle are the jobs that do not run in this process. A job that lost its lease here and has not come to its end yet is
// left to others.
func (k *Keeper) idle() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var names []string
	for name := range k.jobs {
		if !k.running[name] {
			names = append(names, name)
		}
	}
	return names
}

// renew puts the end of the lease off. It answers false when the job is no longer ours.
func (k *Keeper) renew(ctx context.Context, c claimed) (bool, error) {
	done, err := k.db.ExecContext(ctx, `UPDATE job SET held_until = $3 WHERE name = $1 AND fence = $2 AND held_until IS NOT NULL`,
		c.job.Name, c.fence, k.now().UTC().Add(k.lease))
	if err != nil {
		return false, db.Translate(fmt.Errorf("renew the hold on job %q: %w", c.job.Name, err))
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// finish writes down how a run ended and lets the job go. It answers false when the job was no longer ours; then it has
// changed nothing.
func (k *Keeper) finish(ctx context.Context, c claimed, problem error) (bool, error) {
	now := k.now().UTC()
	failures, said := 0, ""
	if problem != nil {
		failures, said = c.failures+1, short(problem)
	}
	done, err := k.db.ExecContext(ctx, `
		UPDATE job SET
			due_at = $3, held_until = NULL, runs = runs + 1, failures = $4, last_error = $5, last_ended_at = $6,
			last_succeeded_at = CASE WHEN $4 = 0 THEN $6::timestamptz ELSE last_succeeded_at END
		WHERE name = $1 AND fence = $2`,
		c.job.Name, c.fence, c.job.next(c.started, now, failures).UTC(), failures, said, now)
	if err != nil {
		return false, db.Translate(fmt.Errorf("write down the end of job %q: %w", c.job.Name, err))
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// giveBack lets go of a job that was broken off because this process stops: it is still due, and another takes it at once.
func (k *Keeper) giveBack(ctx context.Context, c claimed) error {
	_, err := k.db.ExecContext(ctx, `UPDATE job SET held_until = NULL WHERE name = $1 AND fence = $2`, c.job.Name, c.fence)
	if err != nil {
		return db.Translate(fmt.Errorf("give job %q back: %w", c.job.Name, err))
	}
	return nil
}
