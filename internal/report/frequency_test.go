package report_test

import (
	"testing"
	"time"

	"readerfund/internal/report"
	"readerfund/internal/report/reporttest"
)

// Reckoned by hand: 25.00 once; 10.00 a month, three times, of which one went back; an entry of the version before.
func TestTotalsByFrequency(t *testing.T) {
	t.Parallel()
	b := reporttest.New(t)
	at := func(month string) time.Time { return reporttest.At("2026-" + month + "-02T10:00:00Z") }
	b.Paid(reporttest.Gift{Amount: 2500, At: at("01")}, 98)
	b.Paid(reporttest.Gift{Amount: 500, At: at("01"), Before: true}, 47)
	sales := b.Monthly(reporttest.Gift{Amount: 1000, At: at("01")}, 64, at("01"), at("02"), at("03"))
	b.Enter(sales[1], "refund", -1000, at("03"))
	rows, err := report.New(b.DB, time.UTC, "EUR").Totals(t.Context(),
		report.TotalsQuery{By: []report.Key{report.ByFrequency}})
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v %v", rows, err)
	}
	for n, want := range []report.TotalsRow{
		{Frequency: "month", Count: 3, Sums: report.Sums{Gross: 3000, Fee: 192, Refunded: 1000, Net: 1808}},
		{Frequency: "once", Count: 2, Sums: report.Sums{Gross: 3000, Fee: 145, Net: 2855}},
	} {
		got := rows[n]
		got.Currency, got.Entries = "", 0
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
