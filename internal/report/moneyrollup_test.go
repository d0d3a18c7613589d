package report_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/ledger"
	"readerfund/internal/money"
	"readerfund/internal/report"
)

func addUpMoney(t *testing.T, b *book, zone *time.Location) {
	t.Helper()
	if err := report.NewMoneyRollup(b.DB, zone).AddUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// drawnQuery is any question about the money of some days.
func drawnQuery(draw *rand.Rand, first report.Day, days int) report.TotalsQuery {
	one := func(of ...string) string { return of[draw.IntN(len(of))] }
	q := report.TotalsQuery{
		Currency:  money.Currency(one("", "", "", "EUR", "JPY")),
		Campaign:  one("", "", "autumn", "winter"),
		Frequency: one("", "", "", "once", "month"),
		Part:      []report.Part{"", "", "", report.Gifts, report.Fees, report.Refunds, report.Holds}[draw.IntN(7)],
	}
	switch draw.IntN(5) {
	case 0:
		q.Article = one("https://example.org/0", "https://example.org/1", "https://example.org/2")
	case 1:
		q.NoArticle = true
	}
	from, to := first.Add(draw.IntN(days)), first.Add(draw.IntN(days))
	if to.Before(from) {
		from, to = to, from
	}
	if draw.IntN(4) > 0 {
		q.From = from
	}
	if draw.IntN(4) > 0 {
		q.To = to
	}
	for _, key := range report.Keys() {
		if draw.IntN(3) == 0 {
			q.By = append(q.By, key)
		}
	}
	return q
}

// compare says where kept sums do not answer as the entries do, and how many rows were compared.
func compare(ctx context.Context, r *report.Reports, q report.TotalsQuery) (rows int, err error) {
	bySums, byEntries, kept, err := r.BothTotals(ctx, q)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%+v: %w", q, err)
	case !kept:
		return 0, errors.New("there are no sums")
	case !slices.Equal(bySums, byEntries):
		return 0, fmt.Errorf("%+v:\nby sums    %+v\nby entries %+v", q, bySums, byEntries)
	}
	return len(bySums), nil
}

// Entries of the version before and of this one, over changes of clocks and whole quarters, added up now and then.
func TestSumsAnswerAsEntriesDo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Pacific/Kiritimati"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, zone := newBook(t), zone(t, name)
			draw := rand.New(rand.NewPCG(49, uint64(len(name))))
			r, first := report.New(b.DB, zone, "EUR"), day(t, "2026-02-20")
			found := 0
			for n := range 3 { // so that each article is known
				b.Paid(gift{Amount: 100, At: at("2026-03-01T12:00:00Z"), Article: fmt.Sprintf("https://example.org/%d", n)}, 1)
			}
			for round := range 12 {
				for range 10 {
					g := b.Paid(gift{
						Amount: 100 + draw.Int64N(9000), Currency: []string{"EUR", "JPY"}[draw.IntN(2)],
						Campaign: []string{"autumn", "winter"}[draw.IntN(2)], Before: draw.IntN(8) == 0,
						Article: []string{"", fmt.Sprintf("https://example.org/%d", draw.IntN(3))}[draw.IntN(2)],
						At:      at("2026-02-20T00:00:00Z").Add(time.Duration(draw.Int64N(int64(400 * 24 * time.Hour)))),
					}, draw.Int64N(50))
					kinds := []string{"refund", "dispute_hold", "chargeback_fee"}
					if draw.IntN(3) == 0 {
						b.Enter(g, kinds[draw.IntN(3)], -draw.Int64N(g.Amount), g.At.Add(time.Duration(draw.Int64N(int64(72*time.Hour)))))
					}
				}
				if round%3 == 0 {
					addUpMoney(t, b, zone)
				}
				for range 20 {
					n, err := compare(t.Context(), r, drawnQuery(draw, first, 420))
					if err != nil {
						t.Fatal(err)
					}
					found += n
				}
			}
			if found < 500 {
				t.Errorf("only %d rows were compared", found)
			}
		})
	}
}

// What the version before books has no campaign, or is not counted; what happens to it later keeps sums right.
func TestSumsFollowWhatTheVersionBeforeBooks(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r, rollup := report.New(b.DB, time.UTC, "EUR"), report.NewMoneyRollup(b.DB, time.UTC)
	addUpMoney(t, b, time.UTC)
	byFrequency := report.TotalsQuery{By: []report.Key{report.ByFrequency, report.ByDay}}
	agree := func(when string, rows int) {
		t.Helper()
		if n, err := compare(t.Context(), r, byFrequency); err != nil || n != rows {
			t.Fatalf("%s: %d rows, %v", when, n, err)
		}
		addUpMoney(t, b, time.UTC)
		if n, err := compare(t.Context(), r, byFrequency); err != nil || n != rows {
			t.Fatalf("%s, added up: %d rows, %v", when, n, err)
		}
	}
	sale := b.Monthly(gift{Amount: 900, At: at("2026-03-01T12:00:00Z")}, 30, at("2026-03-01T12:00:00Z"))[0]
	moved := func(frequency string) {
		t.Helper()
		b.learn(sale, func(kept *ledger.Book) {
			kept.NoteTerms(ledger.Terms{Subscription: "I-" + sale.Receipt, Frequency: frequency, Since: sale.At})
		})
	}
	moved("year") // before it is counted
	agree("moved before it was counted", 1)
	moved("month")
	moved("year")
	moved("month")
	agree("moved three times", 1)
	before := b.Paid(gift{Amount: 500, At: at("2026-03-02T12:00:00Z"), Before: true}, 47)
	agree("without a campaign", 2)
	b.Exec(`UPDATE ledger_entry SET counted = NULL WHERE campaign_id IS NULL`) // booked before there were sums
	agree("without a campaign, before there were sums", 2)
	b.learn(before, func(*ledger.Book) {}) // which copies the campaign
	agree("with its campaign", 2)
	if left := b.ID(`SELECT count(*) FROM ledger_entry WHERE counted = false OR campaign_id IS NULL`); left != 0 {
		t.Errorf("%d entries are still not counted", left)
	}
	if all := differences(t, rollup); len(all) != 0 {
		t.Errorf("differences: %q", all)
	}
}

// learn changes the book of a gift as the ledger does.
func (b *book) learn(g gift, change func(*ledger.Book)) {
	b.t.Helper()
	err := b.DB.InTx(b.t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		kept, err := ledger.Load(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		change(kept)
		return kept.Save(ctx, tx, g.At)
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// A charge at 23:30 UTC is of another day in each zone. Sums are of one zone; where another is asked for, totals come
// from the ledger until they are made anew.
func TestAnotherTimeZoneMakesSumsAnew(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.Paid(gift{Amount: 500, At: at("2026-03-31T23:30:00Z")}, 47)
	byDay := report.TotalsQuery{By: []report.Key{report.ByDay}}
	for _, c := range []struct{ zone, day string }{
		{"UTC", "2026-03-31"}, {"Europe/Berlin", "2026-04-01"}, {"America/New_York", "2026-03-31"},
	} {
		r := report.New(b.DB, zone(t, c.zone), "EUR")
		for _, when := range []string{"before", "after"} {
			bySums, byEntries, kept, err := r.BothTotals(t.Context(), byDay)
			if err != nil || kept != (when == "after") || len(bySums) != 1 || bySums[0].Day != c.day ||
				!slices.Equal(bySums, byEntries) {
				t.Errorf("%s, %s: %v, %+v, %v", c.zone, when, kept, bySums, err)
			}
			addUpMoney(t, b, zone(t, c.zone))
		}
	}
}

// By hand: which sums are read for a range, from those of quarters down to days.
func TestDivide(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, to, want string }{
		{"2026-01-01", "2026-12-31", "quarter 2026-01-01 2026-12-31"},
		{"2025-11-30", "2026-11-29", "quarter 2026-01-01 2026-09-30, month 2025-12-01 2025-12-31, " +
			"day 2025-11-30 2025-11-30, month 2026-10-01 2026-10-31, day 2026-11-01 2026-11-29"},
		{"2026-02-10", "2026-04-05", "month 2026-03-01 2026-03-31, day 2026-02-10 2026-02-28, day 2026-04-01 2026-04-05"},
		{"2026-02-10", "2026-03-05", "day 2026-02-10 2026-03-05"},
		{"2026-02-10", "", "quarter 2026-04-01 -, month 2026-03-01 2026-03-31, day 2026-02-10 2026-02-28"},
		{"", "2028-02-29", "quarter - 2027-12-31, month 2028-01-01 2028-02-29"},
		{"", "", "quarter - -"},
	} {
		from, _ := report.ParseDay("", c.from)
		to, _ := report.ParseDay("", c.to)
		if got := report.Divided(from, to); got != c.want {
			t.Errorf("%s to %s:\n%s, want\n%s", c.from, c.to, got, c.want)
		}
	}
}

// The version before writes articles as addresses alone. Totals of one article are one row all the same.
func TestAnArticleIsOneRow(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := report.New(b.DB, time.UTC, "EUR")
	const address = "https://example.org/a"
	b.Paid(gift{Amount: 500, At: at("2026-03-01T12:00:00Z"), Article: address, Before: true}, 40)
	b.Paid(gift{Amount: 700, At: at("2026-03-01T12:00:00Z"), Article: address}, 60)
	for range 2 {
		check(t, totals(t, r, report.TotalsQuery{By: []report.Key{report.ByArticle}}),
			address+" EUR 2: 12.00 -1.00 -0.00 = 11.00")
		addUpMoney(t, b, time.UTC)
	}
}
