package campaign_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/testkit"
)

// Two catalogs are two processes: what one replica edits, the other shows within campaign.Fresh, and nothing is asked
// of the database in between.
func TestAnEditIsSeenOnEveryReplica(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), testkit.ClockAt(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	if err := campaign.EnsureDefault(t.Context(), d, "The Test Post", "EUR", c.Now()); err != nil {
		t.Fatal(err)
	}
	other, err := db.Open(t.Context(), d.URL(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	replicas := []*campaign.Catalog{campaign.NewCatalog(d, c.Now), campaign.NewCatalog(other, c.Now)}
	shown := func(k *campaign.Catalog) string {
		t.Helper()
		now, err := k.Default(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return now.In(language.English).Heading
	}
	edit := func(heading string) {
		t.Helper()
		if _, err := d.ExecContext(t.Context(), `
			UPDATE campaign SET content = jsonb_set(content, '{texts, en, heading}', to_jsonb($1::text)), updated_at = $2,
			    version = version + 1`,
			heading, c.Now()); err != nil {
			t.Fatal(err)
		}
	}
	edit("before")
	for _, k := range replicas {
		if got := shown(k); got != "before" {
			t.Fatalf("shows %q", got)
		}
	}
	edit("after")
	c.Advance(campaign.Fresh - time.Nanosecond)
	for _, k := range replicas {
		if got := shown(k); got != "before" {
			t.Errorf("asked the database again too soon: %q", got)
		}
	}
	c.Advance(time.Nanosecond)
	for n, k := range replicas {
		if got := shown(k); got != "after" {
			t.Errorf("replica %d still shows %q", n, got)
		}
	}

	// A campaign that comes, and one that goes.
	if _, err := d.ExecContext(t.Context(), `UPDATE campaign SET slug = 'winter', version = version + 1`); err != nil {
		t.Fatal(err)
	}
	c.Advance(campaign.Fresh)
	for n, k := range replicas {
		if _, err := k.BySlug(t.Context(), "winter"); err != nil {
			t.Errorf("replica %d: %v", n, err)
		}
		if _, err := k.BySlug(t.Context(), "support"); !fault.Is(err, fault.NotFound) {
			t.Errorf("replica %d still has the old one: %v", n, err)
		}
	}

	// A clock that is set back does not keep an old copy alive.
	edit("later")
	c.Advance(-time.Hour)
	for n, k := range replicas {
		if got := shown(k); got != "later" {
			t.Errorf("replica %d shows %q after its clock was set back", n, got)
		}
	}
}

// A database that does not answer takes the appeal off no article: what was known is shown for ten minutes, and one
// look is on its way however many ask.
func TestWhatIsKnownIsShownWhileTheDatabaseIsSlow(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), testkit.ClockAt(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	if err := campaign.EnsureDefault(t.Context(), d, "The Test Post", "EUR", c.Now()); err != nil {
		t.Fatal(err)
	}
	catalog := campaign.NewCatalog(d, c.Now)
	shown := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := catalog.Default(ctx)
		return err
	}
	if err := shown(); err != nil {
		t.Fatal(err)
	}
	slow, err := d.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slow.ExecContext(t.Context(), `LOCK TABLE campaign IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	for _, later := range []time.Duration{4 * time.Second, time.Minute, 8 * time.Minute} {
		c.Advance(later)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if err := shown(); err != nil {
					t.Errorf("%s after the database began to be slow: %v", later, err)
				}
			})
		}
		all.Wait()
		var looks int
		err := d.GetContext(t.Context(), &looks, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM campaign%'`)
		if err != nil || looks > 1 {
			t.Errorf("%d looks at once, %v", looks, err)
		}
	}
	c.Advance(2 * time.Minute)
	if err := shown(); err == nil {
		t.Error("it is shown after ten minutes, too")
	}
	if err := slow.Rollback(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); shown() != nil; time.Sleep(50 * time.Millisecond) {
		if c.Advance(time.Second); time.Now().After(deadline) {
			t.Fatal("it does not come back with the database")
		}
	}
}
