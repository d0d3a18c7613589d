package campaign_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/testkit"
)

// counts is a ledger that a test writes by hand.
type counts struct {
	asked  []campaign.Counted
	found  map[uuid.UUID]campaign.Progress
	broken error
}

func (c *counts) count(
	_ context.Context, _ time.Time, all []campaign.Counted,
) (map[uuid.UUID]campaign.Progress, error) {
	c.asked = all
	return c.found, c.broken
}

// An entry stays the same as long as nothing about it changes, so that what was made of it can be kept; another
// campaign's edit, or its money, is no reason to make it anew.
func TestAnEntryChangesWithItsCampaignOrItsFiguresOnly(t *testing.T) {
	t.Parallel()
	d, ledger := newFixture(t), &counts{}
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	catalog := campaign.NewCatalog(d.db, d.clock.Now,
		campaign.Counting(ledger.count, zone, slog.New(slog.NewTextHandler(io.Discard, nil))))
	goal := whole("goal")
	goal.Goal = &campaign.Goal{Kind: campaign.GoalAmount, Minor: 20_000, Currency: "EUR"}
	goal.EndsAt = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC) // midnight in Los Angeles
	k := d.must(d.Create(t.Context(), ann, goal))
	k = d.must(d.Publish(t.Context(), ann, "goal", k.Version))
	other := d.must(d.Create(t.Context(), ann, whole("other")))
	find := func(slug string) *campaign.Entry {
		t.Helper()
		d.clock.Advance(campaign.Fresh)
		e, err := catalog.Find(t.Context(), slug)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	count := func() {
		t.Helper()
		if err := catalog.Count(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	first := find("goal")
	if f := first.Facts; f.Known || f.DaysLeft != 2 || f.Ends != "2026-11-23" || f.Goal != money.New(20_000, "EUR") {
		t.Errorf("before anything was counted: %+v", f)
	}
	d.must(d.Save(t.Context(), ann, "other", other.Version, whole("other")))
	if find("goal") != first {
		t.Error("another campaign's edit changed this entry")
	}

	ledger.found = map[uuid.UUID]campaign.Progress{k.ID: {Raised: money.New(12_390, "EUR"), Supporters: 3}}
	count()
	if want := (campaign.Counted{ID: k.ID, Currency: "EUR", Since: k.StartsAt}); len(ledger.asked) != 1 ||
		ledger.asked[0] != want {
		t.Errorf("asked for %+v, want %+v", ledger.asked, want)
	}
	if f := catalog.Facts(k.ID); f.Percent != 61 {
		t.Errorf("what was counted is not shown before the next read: %+v", f)
	}
	second := find("goal")
	if f := second.Facts; second == first || !f.Known || f.Percent != 61 || f.Share() != 61 || f.Supporters != 3 {
		t.Errorf("counted: %+v", f)
	}
	count()
	if find("goal") != second || catalog.Facts(k.ID) != second.Facts {
		t.Error("the same figures made a new entry")
	}
	ledger.broken = errors.New("no connection")
	if err := catalog.Count(t.Context()); !errors.Is(err, ledger.broken) {
		t.Errorf("got %v", err)
	}
	if find("goal") != second {
		t.Error("a count that failed lost the figures")
	}

	if _, err := catalog.Find(t.Context(), "other"); !fault.Is(err, fault.NotFound) ||
		strings.Contains(err.Error(), "similar: other") {
		t.Errorf("a draft is found: %v", err)
	}

	// A refund took everything back, and the night changed the days that are left.
	ledger.broken, ledger.found = nil, map[uuid.UUID]campaign.Progress{k.ID: {Raised: money.New(-35, "EUR")}}
	count()
	d.clock.Advance(19 * time.Hour) // 7:00 UTC and a little: still the 22nd in Los Angeles
	if f := find("goal").Facts; f.DaysLeft != 2 {
		t.Errorf("before midnight: %+v", f)
	}
	d.clock.Advance(time.Hour)
	if f := find("goal").Facts; f.Raised.Minor != 0 || f.Percent != 0 || f.DaysLeft != 1 {
		t.Errorf("after the refund and midnight: %+v", f)
	}
	d.clock.Advance(24 * time.Hour)
	if f := find("goal").Facts; f.DaysLeft != 0 {
		t.Errorf("after the end: %+v", f)
	}
	k.EndsAt = time.Time{}
	k.Goal = &campaign.Goal{Kind: campaign.GoalSupporters, Count: 10}
	if f := catalog.Unsaved(k).Facts; f.DaysLeft != -1 || f.GoalCount != 10 || !f.Known {
		t.Errorf("unsaved: %+v", f)
	}
	if f := catalog.Facts(uuid.New()); f != (campaign.Facts{DaysLeft: -1}) {
		t.Errorf("a campaign that is not there: %+v", f)
	}
}

// While Run runs, the catalog follows edits and figures by itself.
func TestRunFollowsEditsAndFigures(t *testing.T) {
	t.Parallel()
	d, ledger := newFixture(t), &counts{found: map[uuid.UUID]campaign.Progress{}}
	e := whole("winter")
	e.Goal = &campaign.Goal{Kind: campaign.GoalSupporters, Count: 10}
	k := d.must(d.Create(t.Context(), ann, e))
	d.must(d.Publish(t.Context(), ann, "winter", 1))
	ledger.found[k.ID] = campaign.Progress{Raised: money.New(0, "EUR"), Supporters: 5}
	clock := testkit.RunningClock()
	catalog := campaign.NewCatalog(d.db, clock.Now,
		campaign.Counting(ledger.count, time.UTC, slog.New(slog.NewTextHandler(io.Discard, nil))))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { catalog.Run(ctx); close(ended) }()
	for deadline := time.Now().Add(30 * time.Second); catalog.Facts(k.ID).Percent != 50; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still %+v", catalog.Facts(k.ID))
		}
	}

	// The database is slow, and what is known is old: nobody waits, not even who has no time at all.
	slow, err := d.db.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slow.ExecContext(t.Context(), `LOCK TABLE campaign IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	clock.Advance(campaign.Fresh)
	hurried, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := catalog.Find(hurried, "winter"); err != nil {
		t.Errorf("a reader waits for the database: %v", err)
	}
	if err := slow.Rollback(); err != nil {
		t.Fatal(err)
	}
	stop()
	<-ended
}
