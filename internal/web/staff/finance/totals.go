package finance

import (
	"fmt"
	"slices"

	"golang.org/x/text/language"

	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/report"
)

// TotalsLine is a line of totals.
type TotalsLine struct {
	Key, Label                       string // its key: one text to sort by, one for people
	Again                            bool   // the line above has the same key
	Wide                             bool   // the key may be long
	Currency                         money.Currency
	Count, Entries                   int64
	Gross, Fee, Refunded, Held, Left money.Amount
	Links                            entryLinks
}

// entryLinks are the addresses of the ledger entries that make a line's figures.
type entryLinks struct{ All, Payments, Fees, Refunds, Holds string }

// totalsTable is a table of totals. Heading is the heading of the column of keys; without it, a line is named by its
// currency.
type totalsTable struct {
	ID      string // of the heading above
	Heading string
	Tag     language.Tag
	Lines   []TotalsLine
	Entries bool // also show how many ledger entries there are
}

func newTotalsTable(id string, tag language.Tag, lines []TotalsLine) totalsTable {
	return totalsTable{ID: id, Tag: tag, Lines: lines}
}

// AnyHeld reports whether PayPal held money back, or released some, in these lines.
func (t totalsTable) AnyHeld() bool {
	return slices.ContainsFunc(t.Lines, func(l TotalsLine) bool { return l.Held.Minor != 0 })
}

// totalsLineOf is a line for a row of the report for q.
func totalsLineOf(r report.TotalsRow, q report.TotalsQuery) TotalsLine {
	in := func(minor int64) money.Amount { return money.New(minor, r.Currency) }
	to := func(part report.Part) string { return ledgerAddress(q.Behind(r, part)) }
	return TotalsLine{
		Currency: r.Currency, Count: r.Count, Entries: r.Entries,
		Gross: in(r.Sums.Gross), Fee: in(r.Sums.Fee), Refunded: in(r.Sums.Refunded), Held: in(r.Sums.Held),
		Left:  in(r.Sums.Net),
		Links: entryLinks{to(q.Part), to(report.Gifts), to(report.Fees), to(report.Refunds), to(report.Holds)},
	}
}

// SumByCurrency adds up rows of the report for q, separately for each currency.
func SumByCurrency(own money.Currency, rows []report.TotalsRow, q report.TotalsQuery) []TotalsLine {
	q.By = nil
	sums := map[money.Currency]report.TotalsRow{}
	for _, r := range rows {
		sum := sums[r.Currency]
		sum.Currency = r.Currency
		sum.Count += r.Count
		sum.Entries += r.Entries
		sum.Sums = sum.Sums.Add(r.Sums)
		sums[r.Currency] = sum
	}
	var lines []TotalsLine
	for _, r := range sums {
		lines = append(lines, totalsLineOf(r, q))
	}
	order := money.Order(own)
	slices.SortFunc(lines, func(a, b TotalsLine) int { return order(a.Currency, b.Currency) })
	return lines
}

// Chart is a currency's gross, day by day, as bars.
type Chart struct {
	Currency money.Currency
	Label    string // describes the picture
	Most     string // the highest bar
	Bars     []bar
}

// bar is one day; positions are in the picture's units, which is chartWidth × chartHeight.
type bar struct {
	X, Y, Width, Height int
	Title               string
}

const (
	chartWidth  = 600
	chartHeight = 80
)

// Charts draws the rows of a day-by-day report over a range of days, for each currency that received money.
func Charts(own money.Currency, loc i18n.Localizer, rows []report.TotalsRow, from, to report.Day) []Chart {
	var all []Chart
	for _, sum := range SumByCurrency(own, rows, report.TotalsQuery{}) {
		if sum.Gross.Minor == 0 {
			continue
		}
		gross := map[string]int64{}
		for _, r := range rows {
			if r.Currency == sum.Currency {
				gross[r.Day] += r.Sums.Gross
			}
		}
		all = append(all, draw(loc, sum, gross, from, to))
	}
	return all
}

func draw(loc i18n.Localizer, sum TotalsLine, gross map[string]int64, from, to report.Day) Chart {
	days := 0
	for d := from; !to.Before(d); d = d.Add(1) {
		days++
	}
	var best string
	for day, minor := range gross {
		if minor > gross[best] || minor == gross[best] && day < best {
			best = day
		}
	}
	step := chartWidth / days
	most := money.Format(money.New(gross[best], sum.Currency), loc.Tag())
	c := Chart{
		Currency: sum.Currency, Most: most,
		Label: loc.Say("staff.chart", i18n.Args{
			"currency": sum.Currency, "first": from.Words(), "last": to.Words(), "best": dayInWords(best), "most": most,
		}),
	}
	for i, d := 0, from; i < days; i, d = i+1, d.Add(1) {
		minor := gross[d.String()]
		b := bar{X: i * step, Width: max(step-max(step/5, 1), 1), Height: 1,
			Title: fmt.Sprintf("%s: %s", d.Words(), money.Format(money.New(minor, sum.Currency), loc.Tag()))}
		if minor > 0 {
			b.Height = max(int(float64(minor)/float64(gross[best])*chartHeight), 3) // a picture, not a calculation
		}
		b.Y = chartHeight - b.Height
		c.Bars = append(c.Bars, b)
	}
	return c
}

// dayInWords formats a day of a report for people; a text that is not a day stays as it is.
func dayInWords(text string) string {
	d, err := report.ParseDay("", text)
	if err != nil {
		return text
	}
	return d.Words()
}
