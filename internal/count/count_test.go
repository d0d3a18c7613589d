package count

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/testkit"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// house is a database with a campaign of two variants and a holdout, and a draft.
type house struct {
	t     *testing.T
	db    *db.DB
	clock *testkit.Clock
}

func openHouse(t *testing.T) house {
	t.Helper()
	h := house{t, dbtest.New(t), testkit.ClockAt(noon)}
	if err := campaign.EnsureDefault(t.Context(), h.db, "The Test Post", "EUR", noon); err != nil {
		t.Fatal(err)
	}
	content, err := json.Marshal(campaign.Content{
		Variants: []campaign.Variant{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}}, Holdout: 5,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.exec(`UPDATE campaign SET content = $1`, string(content))
	h.exec(`
		INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, created_at, updated_at,
		                      frequency, content, state)
		SELECT gen_random_uuid(), 'draft', '', '', '', '', '', 'EUR', '{}', $1, $1, 'once', '{}', 'draft'`, noon)
	return h
}

func (h house) exec(query string, args ...any) {
	h.t.Helper()
	if _, err := h.db.ExecContext(h.t.Context(), query, args...); err != nil {
		h.t.Fatal(err)
	}
}

// counter is one process.
func (h house) counter() *Counter {
	zone, err := time.LoadLocation("Pacific/Auckland") // where it is tomorrow
	if err != nil {
		h.t.Fatal(err)
	}
	return New(Config{
		DB: h.db, Campaigns: campaign.NewCatalog(h.db, h.clock.Now), Zone: zone, Now: h.clock.Now,
		Log: slog.New(slog.NewTextHandler(h.t.Output(), nil)),
	})
}

// table is what was written, a line for each row.
func (h house) table() string {
	h.t.Helper()
	var rows []string
	err := h.db.SelectContext(h.t.Context(), &rows, `
		SELECT concat_ws(' ', day, k.slug, coalesce(nullif(variant, ''), '-'), format, coalesce(nullif(article, ''), '-'),
		       readers, views, clicks, closed, opted_out)
		FROM appeal_count JOIN campaign k ON k.id = campaign_id ORDER BY 1`)
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.Join(rows, "\n")
}

func (h house) wants(lines ...string) {
	h.t.Helper()
	if got, want := h.table(), strings.Join(lines, "\n"); got != want {
		h.t.Errorf("counted:\n%s\nwant:\n%s", got, want)
	}
}

// tell counts events of one reader. Each is "kind variant format article", with - for an empty one.
func tell(c *Counter, reader int, events ...string) {
	var all []Event
	for _, text := range events {
		f := strings.Fields(strings.ReplaceAll(text, "-", ""))
		e := Event{Kind: Kind(f[0]), Campaign: campaign.DefaultSlug, Format: campaign.FormatInline}
		for n, into := range []*string{&e.Variant, &e.Format, &e.Article} {
			if n+1 < len(f) {
				*into = f[n+1]
			}
		}
		all = append(all, e)
	}
	ip := netip.AddrFrom4([4]byte{10, byte(reader >> 16), byte(reader >> 8), byte(reader)})
	c.Count(context.Background(), netip.PrefixFrom(ip, 32), netip.PrefixFrom(ip, 24).Masked(), all)
}

// What two processes count ends in the same rows, on the publication's day.
func TestProcessesAddUp(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	one, two := h.counter(), h.counter()
	tell(one, 1, "first a inline https://n.example/1", "view a inline https://n.example/1")
	tell(one, 2, "view a inline https://n.example/1", "click a inline https://n.example/1", "close a banner",
		"optout a banner")
	tell(two, 3, "first a inline https://n.example/1", "view a inline https://n.example/1", "first holdout inline",
		"view holdout inline")
	one.write(t.Context())
	two.write(t.Context())
	tell(one, 1, "view a inline https://n.example/1")
	one.write(t.Context())
	h.wants(
		"2026-11-23 support a banner - 0 0 0 1 1",
		"2026-11-23 support a inline https://n.example/1 2 4 1 0 0",
		"2026-11-23 support holdout inline - 1 1 0 0 0")
}

// A beacon can claim anything.
func TestInventedEventsAreDropped(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	c := h.counter()
	good := Event{View, campaign.DefaultSlug, "a", campaign.FormatInline, ""}
	for _, change := range []func(*Event){
		func(e *Event) { e.Kind = "gift" },
		func(e *Event) { e.Kind = "" },
		func(e *Event) { e.Campaign = "invented" },
		func(e *Event) { e.Campaign, e.Variant = "draft", "" },
		func(e *Event) { e.Campaign = "" },
		func(e *Event) { e.Variant = "c" },
		func(e *Event) { e.Variant = "A" },
		func(e *Event) { e.Format = "popup" },
		func(e *Event) { e.Format = "" },
	} {
		e := good
		change(&e)
		c.Count(t.Context(), netip.Prefix{}, netip.Prefix{}, []Event{e})
	}
	if len(c.sums) != 0 {
		t.Errorf("counted %v", c.sums)
	}
	long := good
	long.Article = "https://n.example/" + strings.Repeat("ü", longArticle)
	c.Count(t.Context(), netip.Prefix{}, netip.Prefix{}, []Event{good, long})
	c.write(t.Context())
	h.wants("2026-11-23 support a inline - 0 2 0 0 0")
}

// Of a million views that one sender claims, some hundreds count; others go on to be heard.
func TestAMillionViewsAreBounded(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	c := h.counter()
	views := slices.Repeat([]string{"view a"}, 10)
	for range 100_000 {
		tell(c, 1, views...)
	}
	tell(c, 2, "click a")
	h.clock.Advance(10 * time.Second)
	for range 100 {
		tell(c, 1, views...)
	}
	// A whole network of senders is bounded as well.
	for n := range 256 {
		for range 40 {
			tell(c, 1<<16+n, "close a inline", "close a inline", "close a inline", "close a inline", "close a inline",
				"close a inline", "close a inline", "close a inline", "close a inline", "close a inline")
		}
	}
	c.write(t.Context())
	h.wants("2026-11-23 support a inline - 0 440 1 1600 0")
}

// The memory is bounded, however many addresses send and however many articles they name.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	c := h.counter()
	for n := range 3 * mostArticles {
		tell(c, n, fmt.Sprintf("view a inline https://n.example/%d", n))
	}
	if len(c.limits.free) > mostKnown+2 {
		t.Errorf("remembers %d senders", len(c.limits.free))
	}
	if len(c.sums) > mostRows || len(c.articles) != mostArticles {
		t.Errorf("holds %d rows and %d articles", len(c.sums), len(c.articles))
	}
	h.clock.Advance(time.Minute)
	c.limits.forget(h.clock.Now())
	if len(c.limits.free) != 0 {
		t.Errorf("still remembers %d senders", len(c.limits.free))
	}
	c.write(t.Context())
	var articles int
	if err := h.db.GetContext(t.Context(), &articles, `SELECT count(*) FROM appeal_count WHERE article <> ''`); err != nil {
		t.Fatal(err)
	}
	if articles == 0 || articles > mostArticles {
		t.Errorf("wrote %d articles", articles)
	}
	// The next day has room again.
	h.clock.Advance(24 * time.Hour)
	tell(c, 1, "view a inline https://n.example/tomorrow")
	if len(c.articles) != 1 {
		t.Errorf("knows %d articles on a new day", len(c.articles))
	}
}

// While the database is away, counts wait, and what comes meanwhile is added.
func TestCountsWaitForTheDatabase(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	c := h.counter()
	tell(c, 1, "view a", "click b")
	away, err := db.Open(t.Context(), h.db.URL(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := away.Close(); err != nil {
		t.Fatal(err)
	}
	c.DB = away
	c.write(t.Context())
	tell(c, 1, "view a", "view b")
	c.write(t.Context())
	h.wants("")
	c.DB = h.db
	c.write(t.Context())
	c.write(t.Context())
	h.wants("2026-11-23 support a inline - 0 2 0 0 0", "2026-11-23 support b inline - 0 1 1 0 0")
}

// A stop in order loses nothing.
func TestStoppingWritesWhatIsLeft(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	c := h.counter()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { c.Run(ctx); close(ended) }()
	tell(c, 1, "view a")
	stop()
	<-ended
	h.wants("2026-11-23 support a inline - 0 1 0 0 0")
}

// A process that goes on writes within a second or so.
func TestRunWritesEverySecond(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	c := h.counter()
	go c.Run(t.Context())
	tell(c, 1, "view a")
	testkit.Eventually(t, 10*time.Second, "the view is written", func() (bool, string) {
		table := h.table()
		return table == "2026-11-23 support a inline - 0 1 0 0 0", table
	})
}

// Articles are told apart for some months; the sums stay.
func TestOldArticlesAreFolded(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	c := h.counter()
	tell(c, 1, "first a inline https://n.example/1", "view a inline https://n.example/1")
	tell(c, 1, "view a inline https://n.example/2", "click a inline https://n.example/2", "view a", "close a banner")
	c.write(t.Context())
	h.clock.Advance(24 * time.Hour)
	tell(c, 1, "view b inline https://n.example/1")
	c.write(t.Context())
	h.clock.Advance((ArticleDays - 1) * 24 * time.Hour)
	before := h.table()
	if err := c.Fold(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.wants(before)
	h.clock.Advance(24 * time.Hour)
	for range 2 { // the second time there is nothing to do
		if err := c.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.wants(
			"2026-11-23 support a banner - 0 0 0 1 0",
			"2026-11-23 support a inline - 1 3 1 0 0",
			"2026-11-24 support b inline https://n.example/1 0 1 0 0 0")
	}
	h.clock.Advance(24 * time.Hour)
	if err := c.Fold(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.wants(
		"2026-11-23 support a banner - 0 0 0 1 0",
		"2026-11-23 support a inline - 1 3 1 0 0",
		"2026-11-24 support b inline - 0 1 0 0 0")
}

// Readers who come at once, while counts are being written by two processes, are all counted once.
func TestNothingIsLostWhileWriting(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	ctx, stop := context.WithCancel(t.Context())
	var readers, processes sync.WaitGroup
	for process := range 2 {
		c := h.counter()
		processes.Go(func() {
			for ctx.Err() == nil {
				c.write(t.Context())
			}
			c.write(t.Context())
		})
		for reader := range 8 {
			readers.Go(func() {
				for range 200 {
					tell(c, process<<8+reader, "view a inline https://n.example/1")
				}
			})
		}
	}
	readers.Wait()
	stop()
	processes.Wait()
	h.wants("2026-11-23 support a inline https://n.example/1 0 3200 0 0 0")
}
