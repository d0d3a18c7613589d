// Package job runs periodic work, each piece on one replica at a time.
//
// Every replica has a Keeper with the same jobs; which of them runs a job that is due is decided by one UPDATE of the
// job's row. The holder renews its lease while it works. A replica that dies is followed by another when the lease runs
// out; one that was stopped and comes back finds by the number of its claim (the fence) that the job is no longer its
// own: its context is cancelled, and its late finish changes nothing.
//
// A lease is no proof: between the moment a holder falls asleep and the moment it notices, two may work. So a job must be
// safe to run twice, at once and again; everything here is there to make that rare. The package knows nothing of what the
// jobs do, and it does not queue: work that belongs to a row waits in that row (docs/decisions/0006).
package job

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/metrics"
)

// Job is one piece of periodic work. Either Every or At says when it is due.
type Job struct {
	Name    string                          // the same on every replica: "check alerts"
	Every   time.Duration                   // from the beginning of one run to the next
	At      TimeOfDay                       // instead of Every: once a day, at this time
	Timeout time.Duration                   // a run's context ends after it; zero: an hour
	Run     func(ctx context.Context) error // safe to run twice, at once and again
}

// Config is what a Keeper needs. Metrics may be nil.
type Config struct {
	DB      *db.DB
	Now     func() time.Time
	Log     *slog.Logger
	Metrics *metrics.Metrics
	Jobs    []Job
	Lease   time.Duration // how long a job is left to a replica that is not heard of; zero: 15 s
}

const (
	// usualLease is how soon another replica takes over from a dead one. It must be long against the difference of the
	// replicas' clocks (NTP: well under a second).
	usualLease = 15 * time.Second
	// usualTimeout is far above what any job should need.
	usualTimeout = time.Hour
	// look is how often a keeper asks what is due, and report how often it says which jobs it has.
	look   = time.Second
	report = time.Minute
)

// ErrLost is why a job's context ended when another replica holds it now, or nobody could be asked who does.
var ErrLost = errors.New("the job is no longer held by this process")

// ErrStopped is why a job's context ended when the keeper was told to stop.
var ErrStopped = errors.New("the service is stopping")

// Keeper runs what is due. It is safe for concurrent use.
type Keeper struct {
	db      *db.DB
	now     func() time.Time
	log     *slog.Logger
	metrics *metrics.Metrics
	jobs    map[string]Job
	lease   time.Duration
	holder  string

	mu      sync.Mutex
	running map[string]bool
}

// NewKeeper makes a keeper. It panics when two jobs have one name, or a job does not say when it runs.
func NewKeeper(cfg Config) *Keeper {
	k := &Keeper{
		db: cfg.DB, now: cfg.Now, log: cfg.Log, metrics: cfg.Metrics, lease: cfg.Lease, holder: holder(),
		jobs: map[string]Job{}, running: map[string]bool{},
	}
	if k.lease == 0 {
		k.lease = usualLease
	}
	for _, j := range cfg.Jobs {
		if _, twice := k.jobs[j.Name]; twice || j.Run == nil || (j.Every > 0) == j.At.set() {
			panic(fmt.Sprintf("job %q is there twice, does nothing, or does not say when", j.Name))
		}
		if j.Timeout == 0 {
			j.Timeout = usualTimeout
		}
		k.jobs[j.Name] = j
	}
	return k
}

// holder names this process among all replicas, for whoever reads the table. The random part tells a process from one
// that had its number before.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), rand.Text()[:8])
}

// Run works until ctx ends; then it cancels what it is running, gives it back, and returns once that is done.
func (k *Keeper) Run(ctx context.Context) {
	var crew sync.WaitGroup
	defer crew.Wait()
	var reported time.Time
	for {
		if now := k.now(); now.Sub(reported) >= report || now.Before(reported) {
			if err := k.announce(ctx, now); err != nil {
				k.complain(ctx, "the periodic jobs cannot be written down; trying again", err)
			} else {
				reported = now
			}
		}
		held, err := k.claim(ctx)
		if err != nil {
			k.complain(ctx, "the periodic jobs cannot be looked at; trying again", err)
		}
		for _, c := range held {
			crew.Go(func() { _ = k.work(ctx, c) }) // said in the log and in the table
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause(look)):
		}
	}
}

func (k *Keeper) complain(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		k.log.ErrorContext(ctx, what, "error", err)
	}
}
