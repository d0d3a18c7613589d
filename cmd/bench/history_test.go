package main

import (
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/report"
)

// A small history has what it says it has, its sums are its ledger, and every question about a year finds something.
func TestHistoryIsWhatItSays(t *testing.T) {
	t.Parallel()
	url := dbtest.NewURL(t)
	pool, err := db.Open(t.Context(), url, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	if err := newHistory(6000, time.Now()).fill(t.Context(), url, t.Logf); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{
		`SELECT count(*) FROM payment`: 6000,
		`SELECT count(*) FROM payment p LEFT JOIN contribution c ON c.id = p.contribution_id
		 WHERE c.id IS NULL OR c.created_at > p.occurred_at`: 0,
		`SELECT count(*) FROM payment p WHERE NOT EXISTS (
		 SELECT 1 FROM ledger_entry l WHERE l.payment_id = p.id AND l.contribution_id = p.contribution_id)`: 0,
		`SELECT count(DISTINCT currency) FROM ledger_entry`:                 3,
		`SELECT count(DISTINCT campaign_id) FROM ledger_entry`:              historyCampaigns,
		`SELECT (count(DISTINCT article_id) > 1000)::int FROM ledger_entry`: 1,
		`SELECT (count(*) BETWEEN 3000 AND 4200)::int FROM ledger_entry
		 WHERE frequency = 'month' AND kind = 'charge'`: 1,
		`SELECT (max(n) BETWEEN 6 AND 48)::int FROM (
		 SELECT count(*) AS n FROM payment GROUP BY contribution_id) c`: 1,
	} {
		var got int
		if err := pool.GetContext(t.Context(), &got, query); err != nil || got != want {
			t.Errorf("%s: %d, want %d: %v", query, got, want, err)
		}
	}
	for _, table := range []string{"payment", "article"} { // new rows come after those that were written
		var next bool
		if err := pool.GetContext(t.Context(), &next, `
			SELECT nextval(pg_get_serial_sequence($1, 'id')) > (SELECT count(*) FROM `+table+`)`, table); err != nil || !next {
			t.Errorf("the next number of %s: %v, %v", table, next, err)
		}
	}
	rollup := report.NewMoneyRollup(pool, time.UTC)
	if err := rollup.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := rollup.EachDifference(t.Context(), func(d report.SumDifference) error {
		t.Errorf("%+v", d)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	of := &summed{pool: pool, reports: report.New(pool, time.UTC, "EUR")}
	for _, q := range yearQuestions() {
		for _, asked := range q.queries {
			if rows, err := of.reports.Totals(t.Context(), asked); err != nil || len(rows) == 0 && asked.Article == "" {
				t.Errorf("%s: %d rows, %v", q.what, len(rows), err)
			}
		}
		if _, err := of.reads(q.bare).turn(t.Context(), 0); err != nil {
			t.Errorf("%s: %v", q.what, err)
		}
	}
}
