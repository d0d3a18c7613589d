// Package count counts how often the appeal is seen and followed: sums by the publication's day, campaign, variant,
// format and article, kept in memory and written once a second. It knows no person and no address of one, except to
// bound how many events it takes from it, and judges nothing: package experiment does.
package count

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/metrics"
)

// Kind is what happened to an appeal.
type Kind string

// The kinds. Starts and gifts are not among them: they arrive as contributions, with and without JavaScript.
const (
	First  Kind = "first"  // a browser sees the campaign for the first time: the number of readers
	View   Kind = "view"   // half of the appeal was in sight for a second, once for each page
	Click  Kind = "click"  // the reader went on to the form or to PayPal
	Close  Kind = "close"  // closed a banner
	OptOut Kind = "optout" // "do not ask me again"
)

// kinds are the kinds in the order of the table's columns.
var kinds = [...]Kind{First, View, Click, Close, OptOut}

// Event is one thing that happened, as a reader's browser tells it.
type Event struct {
	Kind     Kind   `json:"k"`
	Campaign string `json:"c"` // slug
	Variant  string `json:"v"` // name; empty where none was drawn
	Format   string `json:"f"`
	Article  string `json:"a"` // address, of a site that is known
}

// Bounds of what is taken and kept.
const (
	mostArticles = 50_000 // told apart by a process in a day; others count without their article
	mostRows     = 50_000 // kept in memory while the database is away
	longArticle  = 1000   // bytes; PostgreSQL's index takes 2,700 in all
)

// Config is what a Counter is made with.
type Config struct {
	DB        *db.DB
	Campaigns *campaign.Catalog
	Zone      *time.Location // whose days are counted
	Now       func() time.Time
	Log       *slog.Logger
	Metrics   *metrics.Metrics // may be nil
}

// Counter counts. It is safe for concurrent use.
type Counter struct {
	Config

	limits limiter

	mu       sync.Mutex
	sums     map[row]*sums // not written yet
	day      string        // of articles
	articles map[string]struct{}
}

// row is what is counted under.
type row struct {
	campaign                      uuid.UUID
	day, variant, format, article string
}

// sums are the counts of a row, in the order of kinds.
type sums [len(kinds)]int64

// New makes a Counter; Run writes what it counts.
func New(c Config) *Counter {
	return &Counter{
		Config: c, limits: limiter{free: map[netip.Prefix]time.Time{}}, sums: map[row]*sums{},
		articles: map[string]struct{}{},
	}
}

// Count takes a reader's events. What names an unknown campaign, variant, format or kind is left out, and so is all of
// it where an address or its network sent too many lately: an event is a claim that anybody can make.
func (c *Counter) Count(ctx context.Context, address, network netip.Prefix, events []Event) {
	now := c.Now()
	if !c.limits.take(now, len(events), address, network) {
		c.Metrics.AppealEvents("limited", len(events))
		return
	}
	counted := c.countAll(ctx, now, events)
	c.Metrics.AppealEvents("counted", counted)
	c.Metrics.AppealEvents("unknown", len(events)-counted)
}

// countAll adds the events that can be, and returns how many.
func (c *Counter) countAll(ctx context.Context, now time.Time, events []Event) (counted int) {
	all, err := c.Campaigns.SnapshotAt(ctx, now)
	if err != nil {
		return 0
	}
	day := now.In(c.Zone).Format(time.DateOnly)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range events {
		if kind, r, known := rowOf(all, day, e); known && c.add(kind, r) {
			counted++
		}
	}
	return counted
}

// rowOf is what an event is counted under, if it can be one.
func rowOf(all *campaign.Snapshot, day string, e Event) (kind int, r row, known bool) {
	kind = slices.Index(kinds[:], e.Kind)
	if kind < 0 || !campaign.IsFormat(e.Format) {
		return 0, row{}, false
	}
	k := all.Find(e.Campaign)
	if k == nil || k.State == campaign.Draft || !draws(k, e.Variant) {
		return 0, row{}, false
	}
	if len(e.Article) > longArticle {
		e.Article = ""
	}
	return kind, row{k.ID, day, e.Variant, e.Format, e.Article}, true
}

// add counts one, unless too much waits to be written. c.mu is held.
func (c *Counter) add(kind int, r row) bool {
	r = c.bounded(r)
	s := c.sums[r]
	if s == nil {
		if len(c.sums) >= mostRows {
			return false
		}
		s = new(sums)
		c.sums[r] = s
	}
	s[kind]++
	return true
}

// draws reports whether the campaign draws a variant now, or the holdout; "" is the campaign without variants.
func draws(k *campaign.Entry, name string) bool {
	if name == campaign.Holdout {
		return k.Holdout > 0
	}
	return name == "" || k.HasVariant(name)
}

// bounded is the row without its article, where the process has told apart too many that day. c.mu is held.
func (c *Counter) bounded(r row) row {
	if c.day != r.day {
		c.day, c.articles = r.day, map[string]struct{}{}
	}
	if _, known := c.articles[r.article]; known || r.article == "" {
		return r
	}
	if len(c.articles) >= mostArticles {
		r.article = ""
		return r
	}
	c.articles[r.article] = struct{}{}
	return r
}
