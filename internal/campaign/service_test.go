package campaign_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"readerfund/internal/audit"
	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/testkit"
)

var (
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ann  = campaign.Actor{Name: "ann@example.org"}
	ben  = campaign.Actor{Name: "ben@example.org"}
)

type fixture struct {
	*campaign.Service
	t     *testing.T
	db    *db.DB
	clock *testkit.Clock
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	d, clock := dbtest.New(t), testkit.ClockAt(noon)
	return &fixture{campaign.NewService(campaign.Config{DB: d, Now: clock.Now, Zone: time.UTC}), t, d, clock}
}

// whole is a campaign that can be published.
func whole(slug string) campaign.Edit {
	return campaign.Edit{Slug: slug, Content: campaign.Content{
		Name: "Winter", Language: "en", Currency: "EUR", Frequency: "once",
		Suggested: map[money.Currency][]int64{"EUR": {500, 1000, 2500}},
		Texts: map[string]campaign.Texts{"en": {
			Heading: "Keep the court reporters in court.", Why: "Hearings are public, and nobody else goes there.",
			Ask: "Please give what feels right.", Button: "Give with PayPal", Reassurance: "PayPal shows the amount again.",
		}},
	}}
}

func (d *fixture) must(k campaign.Campaign, err error) campaign.Campaign {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
	return k
}

func (d *fixture) text(query string) (text string) {
	d.t.Helper()
	if err := d.db.GetContext(d.t.Context(), &text, query); err != nil {
		d.t.Fatal(err)
	}
	return text
}

func (d *fixture) count(query string) (n int) {
	d.t.Helper()
	if err := d.db.GetContext(d.t.Context(), &n, query); err != nil {
		d.t.Fatal(err)
	}
	return n
}

// refused reports the keys of an error's faults by their fields.
func refused(err error) map[string]string {
	all := map[string]string{}
	for _, f := range fault.All(err) {
		all[f.Field] = f.Message.Key
	}
	return all
}

// A campaign's whole life: each step is kept as a version and in the audit log, and the version before goes on reading
// its columns.
func TestLifeOfACampaign(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	k := d.must(d.Create(t.Context(), ann, whole("winter")))
	if k.State != campaign.Draft || k.Version != 1 {
		t.Fatalf("created as %s, version %d", k.State, k.Version)
	}
	d.clock.Advance(time.Hour)
	k = d.must(d.Publish(t.Context(), ann, k.Slug, k.Version))
	if k.Status(d.clock.Now()) != campaign.StatusLive || !k.StartsAt.Equal(d.clock.Now()) {
		t.Errorf("published: %s since %s", k.Status(d.clock.Now()), k.StartsAt)
	}
	e := whole("winter")
	e.StartsAt, e.EndsAt = k.StartsAt, noon.Add(48*time.Hour)
	texts := e.Texts["en"]
	texts.Heading = "{supporters} readers do it. Keep the court reporters where the hearings are."
	e.Texts["en"] = texts
	k = d.must(d.Save(t.Context(), ben, k.Slug, k.Version, e))
	if got := d.text(`SELECT heading FROM campaign`); got != "Keep the court reporters where the hearings are." {
		t.Errorf("the version before, which knows no figures, reads %q", got)
	}
	k = d.must(d.Pause(t.Context(), ann, k.Slug, k.Version))
	k = d.must(d.Resume(t.Context(), ann, k.Slug, k.Version))
	k = d.must(d.Restore(t.Context(), ann, k.Slug, k.Version, 2))
	if got := k.Texts["en"].Heading; got != whole("").Texts["en"].Heading || !k.EndsAt.IsZero() {
		t.Errorf("restored: %q, ends %s", got, k.EndsAt)
	}
	k = d.must(d.End(t.Context(), ann, k.Slug, k.Version))
	if read := d.must(d.Campaign(t.Context(), "winter")); read.Version != 7 || read.Status(d.clock.Now()) != campaign.StatusEnded {
		t.Errorf("read as version %d, %s", read.Version, read.Status(d.clock.Now()))
	}

	history, err := d.History(t.Context(), "winter")
	if err != nil {
		t.Fatal(err)
	}
	var changes []string
	for _, v := range slices.Backward(history) {
		changes = append(changes, v.Change+" by "+v.ChangedBy)
	}
	want := []string{
		"created by ann@example.org", "published by ann@example.org", "edited by ben@example.org",
		"paused by ann@example.org", "resumed by ann@example.org", "restored by ann@example.org", "ended by ann@example.org",
	}
	if !slices.Equal(changes, want) {
		t.Errorf("history: %q", changes)
	}
	diff := campaign.Diff(history[5].Campaign, history[4].Campaign)
	if len(diff) != 2 || diff[0] != (campaign.Change{Field: "ends_at", After: "2026-11-24T12:00:00Z"}) ||
		diff[1].Field != "texts.en.heading" || diff[1].After != texts.Heading {
		t.Errorf("diff: %+v", diff)
	}

	log := audit.NewLog(audit.Config{DB: d.db, Reading: d.db, Now: d.clock.Now})
	page, err := log.List(t.Context(), audit.Query{Subject: "winter"})
	if err != nil || len(page.Entries) != 7 || page.Entries[4].Actor != ben.Name ||
		page.Entries[4].Action != "campaign.edit" || page.Entries[4].Detail["fields"] != "ends_at, texts.en.heading" {
		t.Errorf("audit: %+v, %v", page.Entries, err)
	}
	var before struct{ Heading, Currency, Suggested string }
	err = d.db.QueryRowContext(t.Context(), `SELECT heading, currency, suggested FROM campaign WHERE slug = 'winter'`).
		Scan(&before.Heading, &before.Currency, &before.Suggested)
	if err != nil || before.Heading != "Keep the court reporters in court." || before.Currency != "EUR" ||
		before.Suggested != `{"EUR": [500, 1000, 2500]}` {
		t.Errorf("the version before reads %+v, %v", before, err)
	}
}

// Two people save the same version: the second is told what the first saved, and nothing is overwritten.
func TestTwoPeopleDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	k := d.must(d.Create(t.Context(), ann, whole("winter")))
	mine, theirs := whole("winter"), whole("winter")
	mine.Name, theirs.Name = "Mine", "Theirs"
	d.must(d.Save(t.Context(), ben, "winter", k.Version, theirs))
	_, err := d.Save(t.Context(), ann, "winter", k.Version, mine)
	conflict, ok := errors.AsType[*campaign.ConflictError](err)
	if !ok || !fault.Is(err, fault.Conflict) || conflict.Saved.Name != "Theirs" || conflict.By != ben.Name {
		t.Fatalf("got %v", err)
	}
	d.must(d.Save(t.Context(), ann, "winter", conflict.Saved.Version, mine))

	var all sync.WaitGroup
	won := make(chan campaign.Campaign, 8)
	for range cap(won) {
		all.Go(func() {
			if k, err := d.Save(t.Context(), ann, "winter", 3, mine); err == nil {
				won <- k
			} else if !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Errorf("%d of eight saved the same version", len(won))
	}
}

func TestStatesThatDoNotFollow(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	k := d.must(d.Create(t.Context(), ann, whole("winter")))
	refuse := func(name string, _ campaign.Campaign, err error) {
		t.Helper()
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	try := func(name string, do func(context.Context, campaign.Actor, string, int64) (campaign.Campaign, error)) {
		t.Helper()
		k, err := do(t.Context(), ann, "winter", k.Version)
		refuse(name, k, err)
	}
	try("pause a draft", d.Pause)
	try("resume a draft", d.Resume)
	try("end a draft", d.End)
	k = d.must(d.Publish(t.Context(), ann, "winter", k.Version))
	try("publish twice", d.Publish)
	try("resume what runs", d.Resume)
	if _, err := d.Save(t.Context(), ann, "winter", k.Version, whole("summer")); refused(err)["slug"] != "campaign.slug_fixed" {
		t.Errorf("renamed: %v", err)
	}
	if _, err := d.Restore(t.Context(), ann, "winter", k.Version, 9); !fault.Is(err, fault.NotFound) {
		t.Errorf("a version that is not there: %v", err)
	}
	if _, err := d.Pause(t.Context(), ann, "wintr", 1); !fault.Is(err, fault.NotFound) {
		t.Errorf("a campaign that is not there: %v", err)
	}
	if _, err := d.Create(t.Context(), ann, whole("winter")); refused(err)["slug"] != "campaign.slug_taken" {
		t.Errorf("a slug twice: %v", err)
	}
	late := whole("late")
	late.EndsAt = d.clock.Now().Add(time.Hour)
	gone := d.must(d.Create(t.Context(), ann, late))
	d.clock.Advance(time.Hour)
	if _, err := d.Publish(t.Context(), ann, "late", gone.Version); refused(err)["ends_at"] != "campaign.end_passed" {
		t.Errorf("published after its end: %v", err)
	}
	copied := d.must(d.Duplicate(t.Context(), ann, "winter", "spring", "Spring"))
	if copied.State != campaign.Draft || copied.Name != "Spring" || !copied.StartsAt.IsZero() {
		t.Errorf("copied as %+v", copied)
	}
}

// At most one fund drive runs at a time; who plans a second is told beside the field which the first is.
func TestFundDrivesDoNotOverlap(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	drive := func(slug string, from, days int) campaign.Campaign {
		e := whole(slug)
		e.Name, e.FundDrive = "The "+slug+" drive", true
		e.StartsAt = noon.AddDate(0, 0, from)
		e.EndsAt = e.StartsAt.AddDate(0, 0, days)
		return d.must(d.Create(t.Context(), ann, e))
	}
	first := drive("first", 1, 10)
	second := drive("second", 5, 10)
	third := drive("third", 11, 5)
	first = d.must(d.Publish(t.Context(), ann, "first", first.Version))
	_, err := d.Publish(t.Context(), ann, "second", second.Version)
	all := fault.All(err)
	if len(all) != 1 || all[0].Field != "fund_drive" || all[0].Message.Args["other"] != "The first drive" {
		t.Fatalf("got %v", err)
	}
	d.must(d.Publish(t.Context(), ann, "third", third.Version)) // it begins as the first ends
	d.must(d.End(t.Context(), ann, "first", first.Version))
	if _, err := d.Publish(t.Context(), ann, "second", second.Version); refused(err)["fund_drive"] == "" {
		t.Errorf("it overlaps the third: %v", err)
	}
	endless := whole("endless")
	endless.FundDrive = true
	if _, err := d.Create(t.Context(), ann, endless); refused(err)["ends_at"] != "campaign.fund_drive_endless" {
		t.Errorf("endless: %v", err)
	}
}

// A campaign of the version before has no document and no version kept. The first edit keeps both.
func TestEditOfACampaignOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	_, err := d.db.ExecContext(t.Context(), `
		INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, created_at, updated_at)
		VALUES (gen_random_uuid(), 'old', 'Old words', 'Why', 'Ask', 'Give', 'Safe', 'EUR', '{"EUR": [500]}', $1, $1)`, noon)
	if err != nil {
		t.Fatal(err)
	}
	k := d.must(d.Save(t.Context(), ann, "old", 1, whole("old")))
	history, err := d.History(t.Context(), "old")
	if err != nil || len(history) != 2 || history[1].Texts["en"].Heading != "Old words" {
		t.Fatalf("history: %+v, %v", history, err)
	}
	if k = d.must(d.Restore(t.Context(), ann, "old", k.Version, 1)); k.Texts["en"].Heading != "Old words" {
		t.Errorf("restored: %q", k.Texts["en"].Heading)
	}
}

// One campaign is the default at a time, whoever else is made it meanwhile.
func TestOneCampaignIsTheDefault(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	if err := campaign.EnsureDefault(t.Context(), d.db, "The Test Post", "EUR", noon); err != nil {
		t.Fatal(err)
	}
	k := d.must(d.Create(t.Context(), ann, whole("winter")))
	if _, err := d.MakeDefault(t.Context(), ann, "winter", k.Version); !fault.Is(err, fault.Conflict) {
		t.Errorf("a draft: %v", err)
	}
	k = d.must(d.Publish(t.Context(), ann, "winter", k.Version))
	catalog := campaign.NewCatalog(d.db, d.clock.Now)
	isDefault := func(want string) {
		t.Helper()
		d.clock.Advance(campaign.Fresh)
		if got, err := catalog.Default(t.Context()); err != nil || got.Slug != want {
			t.Errorf("the default is %q, %v; want %q", got.Slug, err, want)
		}
	}
	isDefault(campaign.DefaultSlug)
	if _, err := d.MakeDefault(t.Context(), ann, "winter", k.Version-1); !fault.Is(err, fault.Conflict) {
		t.Errorf("an earlier version: %v", err)
	}
	var all sync.WaitGroup
	for range 4 {
		for slug, version := range map[string]int64{"winter": k.Version, campaign.DefaultSlug: 1} {
			all.Go(func() {
				if _, err := d.MakeDefault(t.Context(), ann, slug, version); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	k = d.must(d.MakeDefault(t.Context(), ann, "winter", k.Version))
	isDefault("winter")
	d.must(d.Save(t.Context(), ann, "winter", k.Version, whole("winter")))
	isDefault("winter")
	if n := d.count(`SELECT count(*) FROM audit_entry WHERE action = 'campaign.default'`); n != 9 {
		t.Errorf("%d audit entries", n)
	}
}

// What is refused leaves nothing behind: no version and no audit entry.
func TestRefusedChangesLeaveNothing(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	k := d.must(d.Create(t.Context(), ann, whole("winter")))
	bad := whole("winter")
	bad.Currency, bad.EndsAt, bad.StartsAt = "XXX", noon, noon.Add(time.Hour)
	_, err := d.Save(t.Context(), ann, "winter", k.Version, bad)
	if got := refused(err); got["currency"] == "" || got["ends_at"] == "" {
		t.Fatalf("got %v", got)
	}
	versions, entries := d.count(`SELECT count(*) FROM campaign_version`), d.count(`SELECT count(*) FROM audit_entry`)
	if versions != 1 || entries != 1 {
		t.Errorf("%d versions, %d entries", versions, entries)
	}
}
