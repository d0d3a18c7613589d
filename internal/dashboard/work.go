package dashboard

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/money"
)

// Work is the state of the background work. Times are UTC, and zero for events that did not happen.
type Work struct {
	Backlogs []Backlog
	Periodic []Job
	Running  []Job // for each list: the first mostJobs, oldest first
	Failing  []Job
	Dead     []Job
}

// Backlog is the work of one kind. Webhook events and the sweep's checkouts wait in rows of their own; for them Running
// is not known.
type Backlog struct {
	Kind    string    `db:"kind"`
	Ready   int64     `db:"ready"` // due, and not claimed by any process
	Since   time.Time // the oldest of them
	Later   int64     `db:"later"`
	Running int64     `db:"running"`
	Failing int64     `db:"failing"` // also counted among the others
	Dead    int64     `db:"dead"`
}

// Job is one piece of work.
type Job struct {
	Kind, Key   string
	Plan        string // of periodic work, in words
	Due         time.Time
	Holder      string // the latest: host/process/claim
	Running     bool
	Failures    int // in a row
	FailingFrom time.Time
	LastError   string
	Dead        time.Time
	Created     time.Time
	Started     time.Time
	Succeeded   time.Time
	Refund      *RefundJob // nil unless it carries out a refund request
}

// RefundJob is the refund request that a job is about.
type RefundJob struct {
	Contribution uuid.UUID
	Receipt      string
	Amount       money.Amount
}

// The kinds of work that wait in rows of their own.
const (
	WebhookEvents = "webhook_event"
	Checkouts     = "checkout"
)

// mostJobs is how many rows of a list are read.
const mostJobs = 50

// Work reads which jobs wait, run, fail and are dead at a given time.
func (v *Views) Work(ctx context.Context, now time.Time) (Work, error) {
	var w Work
	err := v.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		if w.Backlogs, err = readBacklogs(ctx, tx, now.UTC()); err != nil {
			return fmt.Errorf("read backlogs: %w", err)
		}
		for _, list := range []struct {
			into         *[]Job
			which, order string
		}{
			{&w.Periodic, `plan <> '' AND seen_at > $1::timestamptz - interval '10 minutes'`, `kind`},
			{&w.Running, `held_until > $1`, `started_at, kind, key`},
			{&w.Failing, `failures > 0 AND dead_at IS NULL AND created_at <= $1`, `failing_since NULLS LAST, kind, key`},
			{&w.Dead, `dead_at <= $1`, `dead_at, kind, key`},
		} {
			if *list.into, err = readJobs(ctx, tx, list.which, list.order, now.UTC()); err != nil {
				return fmt.Errorf("read the queue: %w", err)
			}
		}
		return nil
	})
	return w, err
}

func readBacklogs(ctx context.Context, tx *sqlx.Tx, now time.Time) ([]Backlog, error) {
	var rows []struct {
		Backlog
		Oldest sql.NullTime `db:"since"`
	}
	// A claimed event is due again after its lease, so it counts as later. The sweep's next time follows from the state.
	err := tx.SelectContext(ctx, &rows, `
		SELECT $2 AS kind, count(*) FILTER (WHERE due_at <= $1) AS ready, min(due_at) FILTER (WHERE due_at <= $1) AS since,
		       count(*) FILTER (WHERE due_at > $1) AS later, 0 AS running,
		       count(*) FILTER (WHERE state = 'received' AND attempts > 1) AS failing,
		       (SELECT count(*) FROM webhook_event WHERE state = 'parked') AS dead
		FROM webhook_event WHERE due_at IS NOT NULL
		UNION ALL
		SELECT $3, count(*) FILTER (WHERE check_at <= $1), min(check_at) FILTER (WHERE check_at <= $1),
		       count(*) FILTER (WHERE check_at > $1), 0, 0, 0
		FROM contribution WHERE check_at IS NOT NULL
		UNION ALL
		(SELECT kind, count(*) FILTER (WHERE coalesce(held_until, due_at) <= $1),
		        min(coalesce(held_until, due_at)) FILTER (WHERE coalesce(held_until, due_at) <= $1),
		        count(*) FILTER (WHERE held_until IS NULL AND due_at > $1), count(*) FILTER (WHERE held_until > $1),
		        count(*) FILTER (WHERE failures > 0 AND dead_at IS NULL), count(*) FILTER (WHERE dead_at IS NOT NULL)
		 FROM queue WHERE plan = '' GROUP BY kind ORDER BY kind)`, now, WebhookEvents, Checkouts)
	all := make([]Backlog, 0, len(rows))
	for _, row := range rows {
		row.Since = utc(row.Oldest)
		all = append(all, row.Backlog)
	}
	return all, err
}

func readJobs(ctx context.Context, tx *sqlx.Tx, which, order string, now time.Time) ([]Job, error) {
	var rows []struct {
		Kind        string       `db:"kind"`
		Key         string       `db:"key"`
		Plan        string       `db:"plan"`
		Due         sql.NullTime `db:"due_at"`
		Holder      string       `db:"holder"`
		Running     bool         `db:"running"`
		Failures    int          `db:"failures"`
		FailingFrom sql.NullTime `db:"failing_since"`
		LastError   string       `db:"last_error"`
		Dead        sql.NullTime `db:"dead_at"`
		Created     time.Time    `db:"created_at"`
		Started     sql.NullTime `db:"started_at"`
		Succeeded   sql.NullTime `db:"succeeded_at"`

		Contribution uuid.NullUUID `db:"contribution_id"`
		Receipt      string        `db:"receipt"`
		AmountMinor  int64         `db:"amount_minor"`
		Currency     string        `db:"currency"`
	}
	// The key of a refund's job is its request's id; CASE keeps other keys, which may be any text, from being parsed as
	// one.
	err := tx.SelectContext(ctx, &rows, `
		SELECT q.kind, q.key, q.plan, q.due_at, q.holder, coalesce(q.held_until > $1, false) AS running, q.failures,
		       q.failing_since, q.last_error, q.dead_at, q.created_at, q.started_at, q.succeeded_at,
		       r.contribution_id, coalesce(c.receipt, '') AS receipt, coalesce(r.amount_minor, 0) AS amount_minor,
		       coalesce(r.currency, '') AS currency
		FROM (SELECT * FROM queue WHERE `+which+` ORDER BY `+order+` LIMIT $2) q
		LEFT JOIN refund_request r ON r.id = CASE WHEN q.kind = 'send refund' THEN q.key::uuid END
		LEFT JOIN contribution c ON c.id = r.contribution_id
		ORDER BY `+order, now, mostJobs)
	all := make([]Job, 0, len(rows))
	for _, r := range rows {
		job := Job{
			Kind: r.Kind, Key: r.Key, Plan: r.Plan, Due: utc(r.Due), Holder: r.Holder, Running: r.Running,
			Failures: r.Failures, FailingFrom: utc(r.FailingFrom), LastError: r.LastError, Dead: utc(r.Dead),
			Created: r.Created.UTC(), Started: utc(r.Started), Succeeded: utc(r.Succeeded),
		}
		if r.Contribution.Valid {
			amount := money.New(r.AmountMinor, money.Currency(r.Currency))
			job.Refund = &RefundJob{r.Contribution.UUID, r.Receipt, amount}
		}
		all = append(all, job)
	}
	return all, err
}
