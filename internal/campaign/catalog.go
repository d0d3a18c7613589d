package campaign

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// Fresh is how long the catalog answers from memory without asking. This is its promise: an edit that was committed is
// seen within this time on every replica, as long as the database answers within a second. (A browser, or a cache
// before us, may show an appeal for a minute more: that is what its Cache-Control says.)
const Fresh = 3 * time.Second

const (
	// keepFor is how long the catalog goes on with what it knows while the database does not answer.
	keepFor = 10 * time.Minute
	// answerTime is how long a reader waits for the database where something is known, and readTime how long a read may
	// take in all.
	answerTime = time.Second
	readTime   = 5 * time.Second
	// retryAfter is the pause after a read that failed.
	retryAfter = 5 * time.Second
	// readEvery is how often Run reads.
	readEvery = time.Second
)

// Catalog gives campaigns with their figures, from memory: every reader's page needs one, and they change a few times a
// month. While Run runs, no reader waits for the database; without it, the catalog reads when it is asked and what it
// knows is no longer fresh. It holds no lock while it reads, and reads once however many ask. It is safe for concurrent
// use.
type Catalog struct {
	db    *db.DB
	now   func() time.Time
	zone  *time.Location
	count Counter
	log   *slog.Logger // of what is counted

	latest atomic.Pointer[latest] // nil until the first read

	mu       sync.Mutex
	counted  map[uuid.UUID]Progress
	failedAt time.Time
	reading  *reading // nil when none is on the way
	running  bool
}

// latest is the latest snapshot, and when it was read.
type latest struct {
	snapshot *Snapshot
	readAt   time.Time
}

// reading is one look at the table. What it found may be used when done is closed.
type reading struct {
	began    time.Time // on the real clock
	done     chan struct{}
	snapshot *Snapshot
	err      error
}

// NewCatalog makes an empty catalog; it reads the table when first asked. Its campaigns have no figures from the ledger
// unless Counting is among the options.
func NewCatalog(d *db.DB, now func() time.Time, options ...func(*Catalog)) *Catalog {
	c := &Catalog{db: d, now: now, zone: time.UTC}
	for _, option := range options {
		option(c)
	}
	return c
}

// BySlug finds a campaign that was published once. The error is a fault.NotFound, with the names there are, when there
// is none of that name, and for drafts, which readers do not see.
func (c *Catalog) BySlug(ctx context.Context, slug string) (Campaign, error) {
	e, err := c.Find(ctx, slug)
	if err != nil {
		return Campaign{}, err
	}
	return e.Campaign, nil
}

// Find is BySlug with the campaign's figures.
func (c *Catalog) Find(ctx context.Context, slug string) (*Entry, error) {
	s, err := c.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if e := s.Find(slug); e != nil && e.State != Draft {
		return e, nil
	}
	var names []string
	for i := range s.All {
		if s.All[i].State != Draft {
			names = append(names, s.All[i].Slug)
		}
	}
	return nil, unknown(slug, names)
}

// Default is the campaign of the home page.
func (c *Catalog) Default(ctx context.Context) (Campaign, error) {
	all, err := c.All(ctx)
	if err != nil {
		return Campaign{}, err
	}
	if i := slices.IndexFunc(all, func(k Campaign) bool { return k.IsDefault }); i >= 0 {
		return all[i], nil
	}
	return Campaign{}, fault.New(fault.NotFound, "campaign.no_default")
}

// All lists the campaigns by slug, drafts too. The slice is shared: do not change it.
func (c *Catalog) All(ctx context.Context) ([]Campaign, error) {
	s, err := c.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return s.All, nil
}

// Facts are a campaign's figures as they are known now. It never asks the database.
func (c *Catalog) Facts(id uuid.UUID) Facts {
	if last := c.latest.Load(); last != nil {
		return last.snapshot.Facts(id)
	}
	return Facts{DaysLeft: -1}
}

// Unsaved is a campaign as staff are writing it, with what was counted for it so far: for a preview.
func (c *Catalog) Unsaved(k Campaign) *Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	return newEntry(&k, c.counted, c.now(), c.zone)
}

// Snapshot is all campaigns at one moment. Where the database does not answer, it is what was known at most ten minutes
// ago.
func (c *Catalog) Snapshot(ctx context.Context) (*Snapshot, error) { return c.SnapshotAt(ctx, c.now()) }

// SnapshotAt is Snapshot for a caller who has just read the catalog's clock: reading it costs as much as the rest.
func (c *Catalog) SnapshotAt(ctx context.Context, now time.Time) (*Snapshot, error) {
	known, r := c.look(now)
	if r == nil {
		return known, nil
	}
	var enough <-chan time.Time
	if known != nil {
		enough = time.After(time.Until(r.began.Add(answerTime)))
	}
	select {
	case <-r.done:
		if r.err != nil && known == nil {
			return nil, db.Translate(r.err)
		}
		if r.err != nil {
			return known, nil //nolint:nilerr // the appeal stays on the articles; what needs the database will say so
		}
		return r.snapshot, nil
	case <-enough:
		return known, nil
	case <-ctx.Done():
		return nil, db.Translate(context.Cause(ctx))
	}
}

// look gives what is known and may be shown, if anything, and the reading to wait for, if any.
func (c *Catalog) look(now time.Time) (known *Snapshot, r *reading) {
	last := c.latest.Load()
	if last != nil && within(now, last.readAt, Fresh) {
		return last.snapshot, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if last = c.latest.Load(); last != nil && now.Sub(last.readAt) < keepFor {
		known = last.snapshot
	}
	if known != nil && (c.running || c.reading == nil && within(now, c.failedAt, retryAfter)) {
		return known, nil
	}
	return known, c.begin(now)
}

// begin gives the reading that is on the way, or a new one.
func (c *Catalog) begin(now time.Time) *reading {
	if c.reading == nil {
		c.reading = &reading{began: time.Now(), done: make(chan struct{})}
		go c.read(c.reading, now)
	}
	return c.reading
}

// within reports whether a moment is less than d after another; a clock that was set back is not.
func within(now, then time.Time, d time.Duration) bool {
	passed := now.Sub(then)
	return passed >= 0 && passed < d
}

// read has a deadline of its own, because others wait for it too.
func (c *Catalog) read(r *reading, at time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	earlier := &Snapshot{}
	if last := c.latest.Load(); last != nil {
		earlier = last.snapshot
	}
	all, err := readChanged(ctx, c.db, earlier)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = nil
	if r.err = err; err == nil {
		r.snapshot = newSnapshot(all, c.counted, earlier, at, c.zone)
		c.latest.Store(&latest{r.snapshot, at})
	} else {
		c.failedAt = c.now()
	}
	close(r.done)
}

// Run reads the campaigns every second, and counts their figures, until ctx ends. What fails is tried again.
func (c *Catalog) Run(ctx context.Context) {
	c.setRunning(true)
	defer c.setRunning(false)
	var counting sync.WaitGroup
	defer counting.Wait()
	counting.Go(func() { c.countOn(ctx) })
	for tick := time.NewTicker(readEvery); ; {
		c.mu.Lock()
		c.begin(c.now())
		c.mu.Unlock()
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return
		}
	}
}

func (c *Catalog) setRunning(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = on
}
