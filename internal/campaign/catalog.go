package campaign

import (
	"context"
	"slices"
	"sync"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/text"
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
)

// Catalog gives campaigns, from memory where it read them a moment ago: every reader's page needs one, and they change
// a few times a month. It holds no lock while it reads, and reads once however many ask. It is safe for concurrent use.
type Catalog struct {
	db  *db.DB
	now func() time.Time

	mu       sync.Mutex
	all      []Campaign
	readAt   time.Time
	failedAt time.Time
	reading  *reading // nil when none is on the way
}

// reading is one look at the table. What it found may be used when done is closed.
type reading struct {
	began time.Time // on the real clock
	done  chan struct{}
	all   []Campaign
	err   error
}

// NewCatalog makes an empty catalog; it reads the table when first asked.
func NewCatalog(d *db.DB, now func() time.Time) *Catalog {
	return &Catalog{db: d, now: now}
}

// BySlug finds a campaign. The error is a fault.NotFound, with the names there are, when there is none of that name.
func (c *Catalog) BySlug(ctx context.Context, slug string) (Campaign, error) {
	all, err := c.All(ctx)
	if err != nil {
		return Campaign{}, err
	}
	for i := range all {
		if all[i].Slug == slug {
			return all[i], nil
		}
	}
	var names []string
	for _, k := range all {
		names = append(names, k.Slug)
	}
	return Campaign{}, fault.New(fault.NotFound, "campaign.unknown", fault.Args{
		"slug": text.Line(slug), "similar": text.Nearest(slug, names, 8),
	})
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

// All lists the campaigns by slug. The slice is shared: do not change it. Where the database does not answer, it is
// what was known at most ten minutes ago.
func (c *Catalog) All(ctx context.Context) ([]Campaign, error) {
	known, r := c.look()
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
		return r.all, nil
	case <-enough:
		return known, nil
	case <-ctx.Done():
		return nil, db.Translate(context.Cause(ctx))
	}
}

// look gives what is known and may be shown, if anything, and the reading to wait for, if any.
func (c *Catalog) look() (known []Campaign, r *reading) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.all != nil && within(now, c.readAt, Fresh) {
		return c.all, nil
	}
	if now.Sub(c.readAt) < keepFor {
		known = c.all
	}
	if c.reading == nil && known != nil && within(now, c.failedAt, retryAfter) {
		return known, nil
	}
	if c.reading == nil {
		c.reading = &reading{began: time.Now(), done: make(chan struct{})}
		go c.read(c.reading, now)
	}
	return known, c.reading
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
	r.all, r.err = read(ctx, c.db)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = nil
	if r.err == nil {
		c.all, c.readAt = r.all, at
	} else {
		c.failedAt = c.now()
	}
	close(r.done)
}
