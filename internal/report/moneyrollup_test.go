package report_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

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

// Entries of the version before and of this one, over a change of clocks, added up now and then.
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
						At:      at("2026-02-20T00:00:00Z").Add(time.Duration(draw.Int64N(int64(80 * 24 * time.Hour)))),
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
					n, err := compare(t.Context(), r, drawnQuery(draw, first, 90))
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
