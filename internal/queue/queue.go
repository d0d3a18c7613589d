// Package queue runs work when it is due: jobs that were put by key, and periodic work that runs by the clock, each
// piece in one process at a time.
//
// A row says when the work is due, how often it was tried and why it failed; the result is in the row of the thing
// that the key names. Put writes the row in the transaction that decides about the thing. Every process has a Queue
// with the same kinds. The process that claims a row, in one UPDATE, works on it and renews its lease. If it dies,
// another takes over when the lease runs out. If it was only suspended and comes back, its claim's id shows that the
// row is no longer its own: its context is cancelled, and its late result changes nothing.
//
// A lease is no proof: between the moment a process is suspended and the moment it notices, two may work. So work
// must be safe to run twice, at once and again; everything here only makes that rare. The package does not know what
// the work is about, and it keeps no result. docs/decisions/0023-one-queue.md says why we wrote our own.
package queue

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/metrics"
)

// Kind is one sort of work. Every or At makes it periodic; it then has one row, with an empty key.
//
// Run does the work for a key. It returns nil when the work is done, At(t) when there is more to do later, and
// otherwise an error: the work is tried again after backoff.Failed, unless the error is Permanent. Its context ends
// when the lease is lost, when the process stops and after Timeout.
type Kind struct {
	Name    string                                      // the same in every process: "check alerts"
	Run     func(ctx context.Context, key string) error // safe to run twice, at once and again
	Every   time.Duration                               // periodic: from the beginning of one run to the next
	At      TimeOfDay                                   // periodic, instead of Every: once a day, at this time
	Places  int                                         // how many rows a process works on at once; zero: one
	Timeout time.Duration                               // zero: an hour
	TryFor  time.Duration                               // how long it may fail before it is dead; zero: for ever
}

// Config is what a Queue needs. Metrics may be nil.
type Config struct {
	DB      *db.DB
	Now     func() time.Time
	Log     *slog.Logger
	Metrics *metrics.Metrics
	Kinds   []Kind
	Lease   time.Duration  // zero: Lease
	Random  func() float64 // in [0, 1), for the back-off; nil: math/rand
}

// Job is a piece of work to put. Kind and Key together identify it: the same work waits only once.
type Job struct {
	Kind, Key string
	Due       time.Time
}

// Put schedules a job, which runs when it is due, once the caller's transaction is committed. If the job is waiting
// already, it is due at the earlier of both times. If it is running, it runs once more after that. If it was dead, it
// is tried again.
func Put(ctx context.Context, tx *sqlx.Tx, j Job, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO queue (kind, key, due_at, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (kind, key) DO UPDATE SET
			due_at        = least(queue.due_at, EXCLUDED.due_at),
			failures      = CASE WHEN queue.dead_at IS NULL THEN queue.failures ELSE 0 END,
			failing_since = CASE WHEN queue.dead_at IS NULL THEN queue.failing_since END,
			dead_at       = NULL`, j.Kind, j.Key, j.Due.UTC(), now.UTC())
	if err != nil {
		return fmt.Errorf("put %q for %s: %w", j.Kind, j.Key, err)
	}
	return nil
}

const (
	defaultTimeout = time.Hour
	// pollEvery is how often a process looks for ready work, and announceEvery how often it announces its periodic
	// work.
	pollEvery     = time.Second
	announceEvery = time.Minute
)

// Queue works on what is due. It is safe for concurrent use.
type Queue struct {
	db      *db.DB
	now     func() time.Time
	log     *slog.Logger
	metrics *metrics.Metrics
	random  func() float64
	lease   time.Duration
	process string // identifies this process
	kinds   map[string]Kind
	awake   chan struct{} // a place is free and more work may be waiting for it, or work was made due earlier

	mu      sync.Mutex
	busy    map[string]int  // places of each kind that are taken
	crowded map[string]bool // kinds whose latest claim filled every free place
}

// New makes a queue. It panics when two kinds have the same name, or when one has no name, no Run, or both Every and
// At.
func New(cfg Config) *Queue {
	q := &Queue{
		db: cfg.DB, now: cfg.Now, log: cfg.Log, metrics: cfg.Metrics, random: cfg.Random, lease: cfg.Lease,
		process: processName(), kinds: map[string]Kind{}, awake: make(chan struct{}, 1),
		busy: map[string]int{}, crowded: map[string]bool{},
	}
	if q.lease == 0 {
		q.lease = Lease
	}
	if q.random == nil {
		q.random = mathrand.Float64
	}
	for _, k := range cfg.Kinds {
		if _, twice := q.kinds[k.Name]; twice || k.Name == "" || k.Run == nil || k.Every > 0 && k.At.set() {
			panic(fmt.Sprintf("queue: kind %q is there twice, does nothing, or has two plans", k.Name))
		}
		if k.Places == 0 || k.periodic() {
			k.Places = 1
		}
		if k.Timeout == 0 {
			k.Timeout = defaultTimeout
		}
		q.kinds[k.Name] = k
	}
	return q
}

// processName identifies this process to people who read the table. Each claim adds a random part of its own.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}

// newClaim returns an id that no other claim ever had.
func (q *Queue) newClaim() string { return q.process + "/" + rand.Text()[:12] }

// Run works until ctx ends; then it cancels its running work, gives it back, and returns once that is done.
func (q *Queue) Run(ctx context.Context) {
	var working sync.WaitGroup
	defer working.Wait()
	var announced time.Time
	for {
		if now := q.now(); now.Sub(announced) >= announceEvery || now.Before(announced) {
			if err := q.announce(ctx, now); err != nil {
				q.logTrouble(ctx, "the periodic work cannot be written down; trying again", err)
			} else {
				announced = now
			}
		}
		claims, err := q.claim(ctx)
		if err != nil {
			q.logTrouble(ctx, "the queue cannot be read; trying again", err)
		}
		for _, c := range claims {
			working.Go(func() { _ = q.work(ctx, c) }) // work logs it, and the row has it
		}
		select {
		case <-ctx.Done():
			return
		case <-q.awake:
		case <-time.After(jittered(pollEvery)):
		}
	}
}

func (q *Queue) logTrouble(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		q.log.ErrorContext(ctx, what, "error", err)
	}
}

// jittered is d ± 25 %, so that processes do not poll in step.
func jittered(d time.Duration) time.Duration {
	return d - d/4 + mathrand.N(d/2+1) //nolint:gosec // jitter, not a secret
}
