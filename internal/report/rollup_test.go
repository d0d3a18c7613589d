package report_test

import (
	"context"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/manage"
	"readerfund/internal/money"
	"readerfund/internal/report"
	"readerfund/internal/report/reporttest"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// past is a newsroom whose past is drawn, and of which news come late and in any order.
type past struct {
	*newsroom.Newsroom
	draw    *rand.Rand
	years   *testkit.Years
	gifts   []uuid.UUID
	settled map[string]bool // PayPal's ids
}

func (p *past) do(err error) {
	p.T.Helper()
	if err != nil {
		p.T.Fatal(err)
	}
}

// begin has some readers begin to give.
func (p *past) begin() {
	p.T.Helper()
	for range 1 + p.draw.IntN(2) {
		every := "month"
		if p.draw.IntN(5) == 0 {
			every = "year"
		}
		if p.draw.IntN(4) == 0 { // after a one-time gift
			c := p.BeginLater("5.00", p.Clock.Now().AddDate(0, 1, 0), []string{"active", "approved"}[p.draw.IntN(2)])
			p.gifts = append(p.gifts, c.ID)
			continue
		}
		c := p.Subscribe(every, []string{"9.00", "12.00", "20.00"}[p.draw.IntN(3)])
		p.gifts = append(p.gifts, c.ID)
		p.years.Add(c.Checkout.PayPalID)
	}
}

// change has one of them give less, or stop. What has ended refuses.
func (p *past) change() {
	ctx, id, by := p.T.Context(), p.gifts[p.draw.IntN(len(p.gifts))], manage.By{Kind: manage.ByReader}
	if p.draw.IntN(4) == 0 {
		_, _ = p.Manage.Stop(ctx, id, by)
		return
	}
	_, _ = p.Manage.ChangeAmount(ctx, id, money.New(int64(200+p.draw.IntN(900)), "EUR"), by)
}

// hear settles some of what PayPal has and we have not heard of, in any order; some of it again.
func (p *past) hear(percent int) {
	p.T.Helper()
	ctx, src := p.T.Context(), settle.Source{Way: contribution.ByWebhook}
	all := p.Ledger()
	p.draw.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, m := range all {
		if p.draw.IntN(100) >= percent || p.settled[m.ID] && p.draw.IntN(20) > 0 {
			continue
		}
		p.settled[m.ID] = true
		switch m.Kind { // each may be refused: what it belongs to is not known yet, and is heard of later
		case "refund", "reversal":
			_, _ = p.Payments.SettleRefund(ctx, m.ID, m.Kind == "reversal", src)
		case "dispute":
			_, _ = p.Disputes.Settle(ctx, m.ID, src)
		default:
			_, _ = p.Payments.SettleSale(ctx, m.ID, "", src)
		}
	}
}

// What is added up day by day, where news say so, is what the whole history comes to: with charges that are heard of
// late, refunds, disputes, changed amounts and ends.
func TestTheRollupIsTheWholeHistory(t *testing.T) {
	t.Parallel()
	zone := reporttest.Zone(t, "America/New_York")
	seed := testkit.Seed(t)
	p := &past{
		Newsroom: newsroom.New(t, newsroom.Options{Clock: testkit.NewClock()}),
		draw:     rand.New(rand.NewPCG(seed, 1)), settled: map[string]bool{},
	}
	p.years = testkit.YearsOf(p.PayPal, seed)
	for name := range p.years.Chances {
		p.years.Chances[name] *= 3
	}
	p.years.Move = func(by time.Duration) error {
		p.Clock.Advance(by)
		return p.PayPal.Hook("POST", "/sandbox/clock", testkit.Fields{"advance": "0s"}, nil)
	}
	reports, rollup := report.New(p.DB, zone, "EUR"), report.NewRollup(p.DB, zone, p.Clock.Now)
	last := report.Recurring{}
	for round := range 30 {
		if round < 15 {
			p.begin()
		}
		p.change()
		p.do(p.years.Pass(3+p.draw.IntN(12), nil))
		p.hear(10 + p.draw.IntN(60))
		if p.draw.IntN(6) == 0 { // it finds every charge
			_, err := p.Sweeper.SweepSubscriptions(t.Context())
			p.do(err)
		}
		p.do(rollup.AddUp(t.Context()))
		got, err := reports.Recurring(t.Context(), p.Clock.Now(), 14)
		p.do(err)
		want, err := direct(t.Context(), p.DB, zone, p.Clock.Now(), 14)
		p.do(err)
		want.At = got.At
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("round %d: added up\n%+v\nall of it\n%+v\n%s", round, got, want, p.years)
		}
		last = got
	}
	t.Logf("%s\n%+v", p.years, last)
	var sum report.RecurringMonth
	for _, m := range last.Months {
		sum.New, sum.Lost, sum.Up, sum.Down = sum.New+m.New, sum.Lost+m.Lost, sum.Up+m.Up, sum.Down+m.Down
	}
	if sum.New == 0 || sum.Lost == 0 || sum.Down == 0 || last.Regret[0].Regretted == 0 {
		t.Errorf("the history is too quiet to prove anything: %+v", sum)
	}
}

// tell writes news of a contribution down, as booking does.
func tell(t *testing.T, q sqlx.ExecerContext, contribution uuid.UUID, fact, ref string) {
	t.Helper()
	_, err := q.ExecContext(t.Context(), `
		INSERT INTO contribution_event (contribution_id, fact, paypal_ref, from_state, to_state, source, at)
		VALUES ($1, $2, $3, 'completed', 'completed', 'webhook', now())`, contribution, fact, ref)
	if err != nil {
		t.Fatal(err)
	}
}

// Of three charges one is heard of after the others were added up: what they are compared with, when the gift began and
// whether it was regretted are other than before.
func TestTheRollupFollowsALateCharge(t *testing.T) {
	t.Parallel()
	now := reporttest.At("2026-06-25T10:00:00Z")
	for late := range 3 {
		b := reporttest.New(t)
		at := []time.Time{now.AddDate(0, -3, 0), now.AddDate(0, -2, 0), now.AddDate(0, -1, 0)}
		all := b.Monthly(reporttest.Gift{Receipt: "A", Campaign: "autumn", Amount: 500, At: at[0]}, 0, at...)
		for n, minor := range []int64{500, 400, 700} {
			b.Exec(`UPDATE payment SET amount_minor = $2 WHERE id = $1`, all[n].Payment, minor)
		}
		// Given back between the second and the third: regretted only while the second is not known.
		b.Exec(`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
			VALUES ($1, 'refund', 'R1', 'completed', 100, 'EUR', $2, $2)`, all[2].Payment, at[1].AddDate(0, 0, 9))
		b.Exec(`UPDATE payment SET status = 'pending' WHERE id = $1`, all[late].Payment)
		addUp(t, b.DB, time.UTC, now)
		b.Exec(`UPDATE payment SET status = 'completed' WHERE id = $1`, all[late].Payment)
		tell(t, b.DB, all[late].ID, "capture_completed", all[late].Capture)
		addUp(t, b.DB, time.UTC, now)
		got, err := report.New(b.DB, time.UTC, "EUR").Recurring(t.Context(), now, 12)
		if err != nil {
			t.Fatal(err)
		}
		want, err := direct(t.Context(), b.DB, time.UTC, now, 12)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("charge %d is late: added up\n%+v\nall of it\n%+v, %v", late, got, want, err)
		}
	}
}

// News of a transaction that was written before others and committed after them are not missed.
func TestTheRollupWaitsForSlowTransactions(t *testing.T) {
	t.Parallel()
	b, now := reporttest.New(t), reporttest.At("2026-06-25T10:00:00Z")
	sale := b.Monthly(reporttest.Gift{Receipt: "A", Campaign: "autumn", Amount: 500, At: now}, 0, now.AddDate(0, -1, 0))[0]
	addUp(t, b.DB, time.UTC, now)
	slow, err := b.DB.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	tell(t, slow, sale.ID, "refund_completed", "R1")
	if _, err := slow.Exec(`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at,
			recorded_at) VALUES ($1, 'refund', 'R1', 'completed', 500, 'EUR', $2, $2)`, sale.Payment, now); err != nil {
		t.Fatal(err)
	}
	tell(t, b.DB, sale.ID, "note", "") // with a later number
	addUp(t, b.DB, time.UTC, now.Add(11*time.Minute))
	if got := regretted(t, b, now); got != 0 {
		t.Fatalf("%d regrets before any is committed", got)
	}
	if err := slow.Commit(); err != nil {
		t.Fatal(err)
	}
	addUp(t, b.DB, time.UTC, now.Add(12*time.Minute))
	if got := regretted(t, b, now); got != 1 {
		t.Errorf("%d regrets, want 1", got)
	}
}

func regretted(t *testing.T, b *reporttest.Book, now time.Time) (n int64) {
	t.Helper()
	got, err := report.New(b.DB, time.UTC, "EUR").Recurring(t.Context(), now, 12)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range got.Regret {
		n += r.Regretted
	}
	return n
}

// A first run that was broken off goes on where it was, and the answer is not given before it is whole.
func TestTheRollupGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	b, now := reporttest.New(t), reporttest.At("2026-06-25T10:00:00Z")
	var sales []time.Time
	for n := range 12 {
		sales = append(sales, now.AddDate(0, n-12, 0))
	}
	all := b.Monthly(reporttest.Gift{Receipt: "A", Campaign: "autumn", Amount: 500, At: sales[0]}, 0, sales...)
	b.Exec(`UPDATE payment SET amount_minor = 400 WHERE id = $1`, all[3].Payment)
	addUp(t, b.DB, time.UTC, now)
	want, err := direct(t.Context(), b.DB, time.UTC, now, 14)
	if err != nil {
		t.Fatal(err)
	}
	b.Exec(`DELETE FROM recurring_day WHERE day >= '2026-02-01'`)
	b.Exec(`UPDATE recurring_progress SET fill_from = '2026-02-01', added_at = NULL`)
	reports := report.New(b.DB, time.UTC, "EUR")
	if none, err := reports.Recurring(t.Context(), now, 14); err != nil || !none.At.IsZero() {
		t.Errorf("half of it is given: %+v %v", none, err)
	}
	addUp(t, b.DB, time.UTC, now)
	got, err := reports.Recurring(t.Context(), now, 14)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("added up\n%+v\nall of it\n%+v, %v", got, want, err)
	}
	if err := report.NewRollup(b.DB, time.UTC, func() time.Time { return now }).AddUp(canceled(t)); err == nil {
		t.Error("a database that does not answer is no error")
	}
}

// A gift that was stopped before its first charge counts on the day on which it was, also where nobody had paid by
// then.
func TestTheRollupBeginsWithAGiftThatWasNeverCharged(t *testing.T) {
	t.Parallel()
	n := newsroom.New(t, newsroom.Options{Clock: testkit.NewClock()})
	gift := n.BeginLater("5.00", n.Clock.Now().AddDate(0, 1, 0), "active")
	if _, err := n.Manage.Stop(t.Context(), gift.ID, manage.By{Kind: manage.ByReader}); err != nil {
		t.Fatal(err)
	}
	n.Clock.Advance(10 * 24 * time.Hour)
	addUp(t, n.DB, time.UTC, n.Clock.Now())
	got, err := report.New(n.DB, time.UTC, "EUR").Recurring(t.Context(), n.Clock.Now(), 14)
	if err != nil || len(got.Regret) != 1 || got.Regret[0].Begun != 1 || got.Regret[0].Regretted != 1 {
		t.Errorf("%+v %v, want one gift begun and regretted", got.Regret, err)
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
