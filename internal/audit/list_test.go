package audit_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/listing"
)

func TestList(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	log := audit.NewLog(audit.Config{DB: d, Reading: d, Now: time.Now})
	first := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	write := func(e audit.Entry) {
		t.Helper()
		err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error { return audit.Write(ctx, tx, e) })
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 7 {
		write(audit.Entry{
			At: first.Add(time.Duration(i) * time.Minute), Actor: []string{"ann@example.org", "command line"}[i%2],
			Action:  "contribution.refund",
			Subject: fmt.Sprintf("AAAA-000%d", i), Detail: map[string]string{"amount": "5.00 EUR", "before": "completed"},
		})
	}
	write(audit.Entry{At: first.Add(time.Hour), Actor: audit.CommandLine, Action: "staff.add", Subject: "kim@example.org"})

	seen := func(q audit.Query) (all []string) {
		for {
			page, err := log.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Entries {
				all = append(all, e.Subject)
			}
			if q.After = page.Next; q.After == "" {
				return all
			}
		}
	}
	expect := func(got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	expect(seen(audit.Query{Limit: 3}), "kim@example.org", "AAAA-0006", "AAAA-0005", "AAAA-0004", "AAAA-0003", "AAAA-0002",
		"AAAA-0001", "AAAA-0000")
	expect(seen(audit.Query{Actor: " Ann@Example.org ", Limit: 2}), "AAAA-0006", "AAAA-0004", "AAAA-0002", "AAAA-0000")
	expect(seen(audit.Query{Subject: "aaaa0oo3"}), "AAAA-0003")
	expect(seen(audit.Query{Subject: "KIM@example.org"}), "kim@example.org")
	expect(seen(audit.Query{Subject: "AAAA"}))

	page, err := log.List(t.Context(), audit.Query{Subject: "AAAA-0002"})
	if err != nil {
		t.Fatal(err)
	}
	if e := page.Entries[0]; !e.At.Equal(first.Add(2*time.Minute)) || e.Actor != "ann@example.org" ||
		e.Action != "contribution.refund" || e.Detail["amount"] != "5.00 EUR" || e.Detail["before"] != "completed" {
		t.Errorf("got %+v", e)
	}
	for field, q := range map[string]audit.Query{
		"actor": {Actor: "a\x00"}, "subject": {Subject: "\xff"}, "after": {After: "x"},
		"limit": {Limit: listing.MaxLimit + 1},
	} {
		if _, err := log.List(t.Context(), q); !fault.Is(err, fault.Invalid) || fault.All(err)[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
