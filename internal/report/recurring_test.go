package report_test

import (
	"slices"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/report"
	"readerfund/internal/report/reporttest"
)

// addUp has the roll-up brought up to date.
func addUp(t *testing.T, d *db.DB, zone *time.Location, now time.Time) {
	t.Helper()
	if err := report.NewRollup(d, zone, func() time.Time { return now }).AddUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The figures are reckoned by hand, over four months in Berlin, where a month begins an hour or two before it does in
// UTC.
func TestRecurring(t *testing.T) {
	t.Parallel()
	b := reporttest.New(t)
	day := func(text string) time.Time { return reporttest.At("2026-" + text + "T10:00:00Z") }
	life := func(g report.Regret, receipt, state string, amount int64, ended, next any, sales ...time.Time) []reporttest.Gift {
		all := b.Monthly(reporttest.Gift{
			Receipt: receipt, Campaign: g.Campaign, Amount: amount, At: sales[0],
		}, 0, sales...)
		b.Exec(`INSERT INTO subscription (paypal_id, contribution_id, plan_id, state, status_at, seen_at, frequency,
				amount_minor, currency, started_at, ended_at, next_billing_at, recorded_at)
			VALUES ('I-' || $1::text, $2, 'P', $3, $4, $4, 'month', $5, 'EUR', $4, $6, $7, $4)`, receipt, all[0].ID, state,
			sales[0], amount, ended, next)
		return all
	}
	autumn, winter := report.Regret{Campaign: "autumn"}, report.Regret{Campaign: "winter"}
	// Runs on, and gives more from April on, then less.
	a := life(autumn, "A", "active", 700, nil, day("07-02"), day("03-02"), day("04-02"), day("05-02"), day("06-02"))
	b.Exec(`UPDATE payment SET amount_minor = 1000 WHERE paypal_id IN ($1, $2)`, a[1].Capture, a[2].Capture)
	// Begins on the last evening of March in UTC, which is April in Berlin, and stops before its second charge: regret.
	life(autumn, "B", "cancelled", 500, day("04-20"), nil, reporttest.At("2026-03-31T22:30:00Z"))
	// Stops after its second charge: lost in May, no regret.
	life(winter, "C", "cancelled", 300, day("05-20"), nil, day("04-03"), day("05-03"))
	// Refunded before the second charge, and goes on.
	d := life(winter, "D", "active", 900, nil, day("09-01"), day("05-05"), day("06-05"))
	b.Exec(`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		VALUES ($1, 'refund', 'REFUND1', 'completed', 900, 'EUR', $2, $2)`, d[0].Payment, day("05-20"))
	// Refunded after the second: none.
	e := life(winter, "E", "suspended", 400, nil, day("07-01"), day("05-06"), day("06-06"))
	b.Exec(`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		VALUES ($1, 'refund', 'REFUND2', 'completed', 400, 'EUR', $2, $2)`, e[1].Payment, day("06-20"))

	berlin := reporttest.Zone(t, "Europe/Berlin")
	reports, now := report.New(b.DB, berlin, "EUR"), day("06-25")
	if none, err := reports.Recurring(t.Context(), now, 4); err != nil || !none.At.IsZero() || none.Months != nil {
		t.Errorf("before it was added up: %+v %v", none, err)
	}
	addUp(t, b.DB, berlin, now)
	got, err := reports.Recurring(t.Context(), now, 4)
	if err != nil {
		t.Fatal(err)
	}
	months := []report.RecurringMonth{
		{Month: "2026-06", Kept: 3, Down: 1},
		{Month: "2026-05", New: 2, Kept: 1, Lost: 1},
		{Month: "2026-04", New: 2, Kept: 1, Lost: 1, Up: 1},
		{Month: "2026-03", New: 1},
	}
	if !slices.Equal(got.Months, months) {
		t.Errorf("months %+v\nwant   %+v", got.Months, months)
	}
	// A's 7.00 on 2 July; D's next comes too late, E rests.
	if want := []report.Expected{{Amount: money.New(700, "EUR"), Charges: 1}}; !slices.Equal(got.Expected, want) {
		t.Errorf("expected %+v, want %+v", got.Expected, want)
	}
	regrets := []report.Regret{{Campaign: "autumn", Begun: 2, Regretted: 1}, {Campaign: "winter", Begun: 3, Regretted: 1}}
	if !slices.Equal(got.Regret, regrets) || got.Regret[0].Percent() != 50 || got.Regret[1].Percent() != 34 {
		t.Errorf("regret %+v, want %+v", got.Regret, regrets)
	}
	addUp(t, b.DB, time.UTC, day("01-05")) // another zone: all is added up anew
	if none, err := report.New(b.DB, time.UTC, "EUR").Recurring(t.Context(), day("01-05"), 1); err != nil ||
		none.Months[0] != (report.RecurringMonth{Month: "2026-01"}) {
		t.Errorf("before anything began: %+v %v", none, err)
	}
}

// Of gifts that begin later, one is stopped before its first charge, which is regret as well, and one still waits for
// it at PayPal.
func TestRecurringThatBeginsLater(t *testing.T) {
	t.Parallel()
	b := reporttest.New(t)
	day := func(text string) time.Time { return reporttest.At("2026-" + text + "T10:00:00Z") }
	for _, s := range []struct {
		state             string
		ended             any
		started, startsAt time.Time
	}{{"cancelled", day("06-10"), day("06-01"), day("07-01")}, {"approval_pending", nil, day("06-02"), day("07-02")}} {
		g := b.Give(reporttest.Gift{Campaign: "winter", State: "approved", At: s.started})
		b.Exec(`UPDATE contribution SET frequency = 'month' WHERE id = $1`, g.ID)
		b.Exec(`INSERT INTO subscription (paypal_id, contribution_id, plan_id, state, status_at, seen_at, frequency,
				amount_minor, currency, started_at, starts_at, ended_at, recorded_at)
			VALUES ('I-' || $1::text, $2, 'P', $3, $4, $4, 'month', 400, 'EUR', $4, $5, $6, $4)`,
			g.Receipt, g.ID, s.state, s.started, s.startsAt, s.ended)
	}
	b.Give(reporttest.Gift{Amount: 2500, At: day("05-01")})
	addUp(t, b.DB, time.UTC, day("06-25"))
	got, err := report.New(b.DB, time.UTC, "EUR").Recurring(t.Context(), day("06-25"), 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := (report.RecurringMonth{Month: "2026-06", New: 2, Lost: 1}); got.Months[0] != want {
		t.Errorf("%+v, want %+v", got.Months[0], want)
	}
	if want := []report.Expected{{Amount: money.New(400, "EUR"), Charges: 1}}; !slices.Equal(got.Expected, want) {
		t.Errorf("expected %+v, want %+v", got.Expected, want)
	}
	if want := []report.Regret{{Campaign: "winter", Begun: 1, Regretted: 1}}; !slices.Equal(got.Regret, want) {
		t.Errorf("regret %+v, want %+v", got.Regret, want)
	}
}
