package main

import (
	"testing"
	"time"

	"readerfund/internal/dashboard"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/report"
)

// A small archive has all that the questions ask for, its books agree, every index is there again, and every question
// is answered and timed.
func TestArchiveIsAskedEverything(t *testing.T) {
	t.Parallel()
	url := dbtest.NewURL(t)
	pool, err := db.Open(t.Context(), url, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	count := func(query string) (n int) {
		t.Helper()
		if err := pool.GetContext(t.Context(), &n, query); err != nil {
			t.Fatal(err)
		}
		return n
	}
	const indexes = `
		SELECT count(*) FROM pg_index WHERE indisvalid AND indrelid IN (SELECT relid FROM pg_stat_user_tables)`
	before := count(indexes)
	a := newArchive(3000, time.Now())
	if err := a.fill(t.Context(), url, t.Logf); err != nil {
		t.Fatal(err)
	}
	if got := count(indexes); got != before {
		t.Errorf("there are %d indexes, %d before", got, before)
	}
	for query, want := range map[string]int{
		`SELECT count(*) FROM contribution`:                                                                          3000,
		`SELECT count(*) FROM ledger_entry WHERE campaign_id IS NULL`:                                                0,
		`SELECT count(*) FROM payment p WHERE NOT EXISTS (SELECT 1 FROM ledger_entry l WHERE l.payment_id = p.id)`:   0,
		`SELECT count(*) FROM webhook_event w LEFT JOIN payment p ON p.paypal_id = w.resource_id WHERE p.id IS NULL`: 0,
	} {
		if got := count(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	views := dashboard.New(pool, time.UTC)
	for name, q := range map[string]dashboard.ContributionsQuery{
		"state": {Status: rareState}, "article": {Article: rareArticle}, "campaign": {Campaign: rareCampaign},
		"currency": {Currency: rareCurrency}, "name": {Search: rareName}, "review": {Attention: true},
	} {
		page, err := views.Contributions(t.Context(), q)
		if n := len(page.Contributions); err != nil || n == 0 || page.Next != "" {
			t.Errorf("%d contributions of a rare %s (next %q): %v", n, name, page.Next, err)
		}
	}
	totals, err := report.New(pool, time.UTC, "EUR").Totals(t.Context(), report.TotalsQuery{Article: usualArticle})
	if err != nil || len(totals) == 0 || totals[0].Net == 0 {
		t.Errorf("totals of a usual article are %+v: %v", totals, err)
	}
	if err := a.time(t.Context(), pool, 1, func(q question, took []float64) {
		if len(took) != 1 || took[0] <= 0 {
			t.Errorf("%s took %v", q.what, took)
		}
	}); err != nil {
		t.Error(err)
	}
}
