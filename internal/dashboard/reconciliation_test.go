package dashboard_test

import (
	"fmt"
	"testing"
	"time"

	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
)

func TestReconciliationInOneLine(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := dashboard.New(b.DB, time.UTC)
	now := at("2026-11-22T12:00:00Z")
	none, err := r.Reconciliation(t.Context(), now)
	if err != nil || none != (dashboard.Reconciliation{}) {
		t.Fatalf("before the first run: %+v, %v", none, err)
	}
	b.Paid(gift{At: at("2026-11-20T12:00:00Z"), Amount: 2500}, 50)
	b.Paid(gift{At: at("2026-11-22T11:00:00Z"), Amount: 2500}, 50) // after what was checked
	run := func(state string, dry, follows bool, seen string, checked any, note string) {
		b.Exec(`INSERT INTO reconcile_run (dry, from_at, to_at, read_to, state, follows, checked_to, mended, note, started_at, seen_at, ended_at)
			VALUES ($1, $2, $2, $2, $3, $4, $5, 7, $6, $2, $2, CASE WHEN $3 = 'done' THEN $2::timestamptz END)`, dry, at(seen),
			state, follows, checked, note)
	}
	run("done", false, true, "2026-11-22T04:30:00Z", at("2026-11-22T01:00:00Z"), "")
	// of single days: the line does not move
	run("done", false, false, "2026-11-22T09:00:00Z", at("2026-11-22T06:00:00Z"), "")
	for i, state := range []string{"open", "open", "set_aside", "adopted", "mended", "gone"} {
		b.difference(fmt.Sprint("REF", i), "fee", state)
	}
	got, err := r.Reconciliation(t.Context(), now)
	want := dashboard.Reconciliation{
		Payments: 1, Unexplained: 2, SetAside: 1, Adopted: 1, CheckedTo: at("2026-11-22T01:00:00Z"),
		EndedAt: at("2026-11-22T09:00:00Z"), Fixed: 7,
	}
	if err != nil || got != want {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	run("running", true, false, "2026-11-22T11:59:00Z", nil, "")
	run("broken", false, true, "2026-11-22T11:00:00Z", nil, "PayPal did not answer.")
	got, err = r.Reconciliation(t.Context(), now)
	if err != nil || got.Running || got.Broken != "PayPal did not answer." ||
		!got.BrokenAt.Equal(at("2026-11-22T11:00:00Z")) {
		t.Errorf("broken: %+v, %v", got, err)
	}
	run("running", false, true, "2026-11-22T11:59:00Z", nil, "")
	if got, err = r.Reconciliation(t.Context(), now); err != nil || !got.Running || got.Broken != "" {
		t.Errorf("running: %+v, %v", got, err)
	}
}

func (b *book) difference(ref, kind, state string) int64 {
	b.t.Helper()
	return b.ID(`
		INSERT INTO discrepancy (kind, paypal_ref, code, ours, theirs, occurred_at, state, advice, run_id, first_seen,
			last_seen, detail)
		VALUES ($1, $2, 'T0006', '', '25.00 EUR, completed', $3, $4, 'Look.', 1, $3, $3,
		        '{"payer_given_name": "Ann", "payer_surname": "Gray", "payer_email": "ann@example.org", "note": "For you", "amount_minor": 2500, "currency": "EUR"}')
		RETURNING id`, kind, ref, at("2026-11-21T12:00:00Z"), state)
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := dashboard.New(b.DB, time.UTC)
	for i := range 12 {
		b.difference(fmt.Sprint("REF", i), dashboard.DifferenceKinds()[i%7], dashboard.DifferenceStates()[i%5])
	}
	var all []dashboard.Difference
	for q := (dashboard.DifferencesQuery{Limit: 5}); ; {
		page, err := r.Differences(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Differences...)
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	if len(all) != 12 || all[0].Ref != "REF11" || all[11].Ref != "REF0" {
		t.Errorf("%d differences: %+v", len(all), all)
	}
	for _, c := range []struct {
		q    dashboard.DifferencesQuery
		want int
	}{
		{dashboard.DifferencesQuery{State: "open"}, 3}, {dashboard.DifferencesQuery{Kind: "unknown_payer"}, 1},
		{dashboard.DifferencesQuery{Search: " ref3 "}, 1},
		{dashboard.DifferencesQuery{State: "open", Kind: "fee"}, 1},
	} {
		if page, err := r.Differences(t.Context(), c.q); err != nil || len(page.Differences) != c.want {
			t.Errorf("%+v: %d, want %d, %v", c.q, len(page.Differences), c.want, err)
		}
	}
	for field, q := range map[string]dashboard.DifferencesQuery{
		"state": {State: "lost"}, "kind": {Kind: "odd"}, "limit": {Limit: -1}, "search": {Search: "a\x00"},
		"after": {After: "x"},
	} {
		if _, err := r.Differences(t.Context(), q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", field, err)
		}
	}
	id := b.difference("STRANGE", "unknown_payer", "open")
	d, err := r.Difference(t.Context(), id)
	if err != nil || !d.Adoptable() || d.Sender.Name != "Ann Gray" || d.Sender.Amount.String() != "25.00 EUR" ||
		d.Sender.Note != "For you" {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := r.Difference(t.Context(), 9999); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}
