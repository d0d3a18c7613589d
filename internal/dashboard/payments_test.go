package dashboard_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"readerfund/internal/dashboard"
	"readerfund/internal/report"
	"readerfund/internal/report/reporttest"
)

// One line for each payment of what recurs, the latest first: its own money and its number, however late the first of
// them came to be known.
func TestEachPaymentOfARecurringContributionIsALine(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.Paid(reporttest.Gift{Receipt: "ONCE-0001", Amount: 2500, At: reporttest.At("2026-03-01T10:00:00Z")}, 98)
	at := func(month string) time.Time { return reporttest.At("2026-" + month + "-02T10:00:00Z") }
	sales := b.Monthly(reporttest.Gift{Receipt: "MONT-0001", Amount: 1000, At: at("01")}, 64, at("02"), at("01"), at("03"))
	b.Enter(sales[0], "refund", -1000, at("03"))
	b.Exec(`UPDATE payment SET state = 'refunded', returned_minor = 1000 WHERE id = $1`, sales[0].Payment)
	b.Exec(`UPDATE payment SET frequency = 'year' WHERE id = $1`, sales[2].Payment) // since its reader changed it
	b.Exec(`INSERT INTO payment (contribution_id, kind, paypal_id, status, state, amount_minor, currency, occurred_at,
			recorded_at, subscription_id)
		VALUES ($1, 'sale', 'SALE-PENDING', 'pending', 'pending', 1000, 'EUR', $2, $2, 'I-MONT-0001')`, sales[0].ID, at("04"))
	b.Monthly(reporttest.Gift{Receipt: "NONE-0001", Amount: 700, At: at("01"), State: "created"}, 0)

	var out strings.Builder
	r := dashboard.New(b.DB, time.UTC)
	if err := r.WriteContributions(t.Context(), &out, report.JSON, dashboard.ContributionsQuery{}); err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	if err := json.Unmarshal([]byte(out.String()), &rows); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows {
		cycle, _ := json.Marshal(row["cycle"])
		done := "done"
		if row["completed_at"] == nil {
			done = "open"
		}
		got = append(got, strings.Join([]string{
			row["receipt"].(string), row["frequency"].(string), row["subscription_id"].(string), string(cycle),
			row["status"].(string), done, row["gross"].(string), row["fee"].(string), row["refunded"].(string),
			row["net"].(string),
		}, " "))
	}
	want := []string{
		"ONCE-0001 once  null completed done 25.00 0.98 0.00 24.02",
		"MONT-0001 month I-MONT-0001 null pending open 0.00 0.00 0.00 0.00",
		"MONT-0001 year I-MONT-0001 3 completed done 10.00 0.64 0.00 9.36",
		"MONT-0001 month I-MONT-0001 2 refunded done 10.00 0.64 10.00 -0.64",
		"MONT-0001 month I-MONT-0001 1 completed done 10.00 0.64 0.00 9.36",
		"NONE-0001 month I-NONE-0001 null created open 0.00 0.00 0.00 0.00",
	}
	// The two of one moment come in either order.
	if len(got) == 6 && strings.HasPrefix(got[1], "NONE") {
		got = append(append(got[:1:1], got[2:]...), got[1])
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
