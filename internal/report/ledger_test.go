package report_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/report"
)

// history writes a random one: gifts in three currencies, from articles and from none, around the day on which clocks
// change, with fees, refunds, holds and what gives them back on other days than the gift's.
func (b *book) history(random *rand.Rand, gifts int) {
	first := at("2026-03-20T00:00:00Z")
	for range gifts {
		g := b.Paid(gift{
			Amount: 100 + random.Int64N(9000), Currency: []string{"EUR", "USD", "JPY"}[random.IntN(3)],
			Campaign: []string{"autumn", "winter"}[random.IntN(2)],
			At:       first.Add(time.Duration(random.Int64N(int64(20 * 24 * time.Hour)))),
			Article:  []string{"", "https://example.org/a", "https://example.org/b"}[random.IntN(3)],
			Before:   random.IntN(4) == 0,
		}, 35+random.Int64N(50))
		for _, kind := range []string{
			"-refund", "-reversal", "+fee_refund", "-dispute_hold", "+dispute_release", "-chargeback_fee",
		} {
			if random.IntN(6) == 0 {
				sign := map[byte]int64{'-': -1, '+': 1}[kind[0]]
				later := time.Duration(random.Int64N(int64(15 * 24 * time.Hour)))
				b.Enter(g, kind[1:], sign*(1+random.Int64N(g.Amount)), g.At.Add(later))
			}
		}
	}
}

// Every figure of every row of every report leads to the entries that make it: their sum is the figure, to the cent,
// and so is what stands above the list. READERFUND_REPORT_GIFTS makes the history longer.
func TestEveryFigureIsTheSumOfWhatIsBehindIt(t *testing.T) {
	t.Parallel()
	gifts, _ := strconv.Atoi(os.Getenv("READERFUND_REPORT_GIFTS"))
	b := newBook(t)
	random := rand.New(rand.NewPCG(18, uint64(max(gifts, 40))))
	b.history(random, max(gifts, 40))
	figures := 0
	for _, name := range []string{"Europe/Berlin", "Pacific/Kiritimati"} {
		r := report.New(b.DB, zone(t, name), "EUR")
		for _, q := range []report.TotalsQuery{
			{By: []report.Key{report.ByDay}},
			{By: []report.Key{report.ByMonth}, From: day(t, "2026-03-28"), To: day(t, "2026-04-12")},
			{By: []report.Key{report.ByMonth}},
			{By: []report.Key{report.ByArticle}, From: day(t, "2026-03-29"), To: day(t, "2026-03-29")},
			{By: []report.Key{report.ByCampaign}, To: day(t, "2026-04-01"), Article: "https://example.org/a"},
			{By: []report.Key{report.ByMonth, report.ByCampaign, report.ByArticle}, From: day(t, "2026-03-29")},
			{By: []report.Key{report.ByDay}, NoArticle: true, Campaign: "winter", Currency: "EUR"},
			{By: []report.Key{report.ByArticle}, Part: report.Refunds},
			{},
		} {
			rows, err := r.Totals(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				figures += behind(t, r, q, row)
			}
		}
	}
	if figures < 800 {
		t.Errorf("only %d figures were followed", figures)
	}
	t.Logf("%d figures followed", figures)
}

// behind follows the figures of a row.
func behind(t *testing.T, r *report.Reports, q report.TotalsQuery, row report.TotalsRow) (figures int) {
	t.Helper()
	for part, want := range map[report.Part]int64{
		report.Gifts: row.Gross, report.Fees: -row.Fee, report.Refunds: -row.Refunded, report.Holds: -row.Held, "": row.Net,
	} {
		if q.Part != "" && part != "" {
			continue
		}
		if part == "" {
			part = q.Part
		}
		asked := report.LedgerQuery{TotalsQuery: q.Behind(row, part), Limit: 7}
		sum, n := int64(0), int64(0)
		for {
			page, err := r.Ledger(t.Context(), asked)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range page.Lines {
				if line.Amount.Currency != row.Currency {
					t.Fatalf("%+v lists %s", asked, line.Amount)
				}
				sum += line.Amount.Minor
				n++
			}
			if asked.After = page.Next; page.Next == "" {
				break
			}
		}
		above, err := r.Totals(t.Context(), asked.TotalsQuery)
		if err != nil {
			t.Fatal(err)
		}
		head := report.TotalsRow{}
		if len(above) > 0 {
			head = above[0]
		}
		if len(above) > 1 || sum != want || head.Net != want || head.Entries != n || part == report.Gifts && n != row.Count {
			t.Errorf("%+v, %q: the figure is %d, of %d entries the sum %d, above them %+v", row, part, want, n, sum, above)
		}
		figures++
	}
	return figures
}

func TestLedgerRefuses(t *testing.T) {
	t.Parallel()
	r := report.New(newBook(t).DB, time.UTC, "EUR")
	for field, q := range map[string]report.LedgerQuery{
		"part":     {TotalsQuery: report.TotalsQuery{Part: "tips"}},
		"article":  {TotalsQuery: report.TotalsQuery{Article: "x", NoArticle: true}},
		"currency": {TotalsQuery: report.TotalsQuery{Currency: "eur"}},
		"to":       {TotalsQuery: report.TotalsQuery{From: day(t, "2026-02-02"), To: day(t, "2026-02-01")}},
		"limit":    {Limit: 501},
		"after":    {After: "AAAA"},
	} {
		_, err := r.Ledger(t.Context(), q)
		if faults := fault.All(err); len(faults) != 1 || faults[0].Kind != fault.Invalid || faults[0].Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestLedgerLine(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := report.New(b.DB, time.UTC, "EUR")
	g := b.Paid(gift{Amount: 2500, At: at("2026-11-22T12:00:00.123456Z"), Article: "https://example.org/a"}, 98)
	b.Enter(g, "refund", -500, at("2026-11-23T12:00:00Z"))
	page, err := r.Ledger(t.Context(), report.LedgerQuery{})
	if err != nil || len(page.Lines) != 3 || page.Next != "" {
		t.Fatalf("got %+v, %v", page, err)
	}
	l := page.Lines[0]
	if l.Kind != "refund" || l.Amount != money.New(-500, "EUR") || l.Receipt != g.Receipt || l.ContributionID != g.ID ||
		l.Campaign != "autumn" || l.Article != g.Article || l.Name != "Ann" ||
		!l.OccurredAt.Equal(at("2026-11-23T12:00:00Z")) {
		t.Errorf("got %+v", l)
	}
}
