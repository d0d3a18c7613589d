package web

import (
	"cmp"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/report"
)

// reportsPage is totals with their filter.
type reportsPage struct {
	reportFilter
	options
	Keys    []choiceOf
	Presets []preset
	Heading string // of the column of keys
	Sums    []totalsLine
	Lines   []totalsLine
	Cut     bool // there are more lines than are shown
	Charts  []chart
	CSV     string
}

// preset is a range of days that is often asked for.
type preset struct {
	Name    string
	Address string
	Current bool
}

// reportFilter is what was asked for, as it was typed.
type reportFilter struct {
	span
	By, Campaign, Currency, Article string
	Wrong                           wrongs
}

// mostLines is how many lines of totals a page shows; an export has them all.
const mostLines = 500

// mostBars is how many days a chart shows.
const mostBars = 100

// readReportFilter reads a filter; without any days it is the last thirty.
func (s *site) readReportFilter(v url.Values) reportFilter {
	f := reportFilter{By: cmp.Or(v.Get("by"), string(report.ByDay)), Campaign: v.Get("campaign"), Currency: v.Get("currency"), Article: v.Get("article"), Wrong: wrongs{}}
	f.span = readSpan(v, f.Wrong)
	if !v.Has("from") && !v.Has("to") {
		f.to = s.Reports.Today(s.Now())
		f.from = f.to.Add(-29)
		f.From, f.To = f.from.String(), f.to.String()
	}
	return f
}

func (f reportFilter) query() url.Values {
	return filled("from", f.From, "to", f.To, "by", f.By, "campaign", f.Campaign, "currency", f.Currency, "article", f.Article)
}

// question is the filter as report takes it. What is wrong is noted.
func (f reportFilter) question() report.TotalsQuery {
	keys, err := report.ParseKeys(f.By)
	_ = f.Wrong.note(err) // ParseKeys has no other errors
	return report.TotalsQuery{From: f.from, To: f.to, By: keys, Campaign: f.Campaign, Article: f.Article, Currency: money.Currency(f.Currency)}
}

// showReports answers GET /staff/reports.
func (s *site) showReports(w http.ResponseWriter, r *http.Request) error {
	f := s.readReportFilter(r.URL.Query())
	q := f.question()
	p := reportsPage{
		reportFilter: f, Keys: []choiceOf{{"day", "Day"}, {"month", "Month"}, {"article", "Article"}, {"campaign", "Campaign"}},
		Presets: s.presets(f), CSV: address("/staff/reports.csv", f.query()),
	}
	var err error
	if p.options, err = s.filterOptions(r); err != nil {
		return err
	}
	if len(f.Wrong) == 0 {
		rows, err := s.Reports.Totals(r.Context(), q)
		if err := f.Wrong.note(err); err != nil {
			return err
		}
		s.fill(&p, rows, q)
		if first, last := q.From, q.To; f.By == string(report.ByDay) && !first.IsZero() && !last.IsZero() && last.Before(first.Add(mostBars)) {
			p.Charts = s.charts(rows, first, last, locale(r))
		}
	}
	return s.showStaff(w, r, f.Wrong.status(), "staff/reports.html", "Reports", "reports", p)
}

// fill puts the rows on the page: the latest day first, and of articles and campaigns the one that brought most.
func (s *site) fill(p *reportsPage, rows []report.TotalsRow, q report.TotalsQuery) {
	p.Sums = s.sumByCurrency(rows)
	for _, c := range p.Keys {
		if c.Value == p.By {
			p.Heading = c.Label
		}
	}
	for _, row := range rows {
		line := totalsLineOf(row)
		p.name(&line, row, q)
		p.Lines = append(p.Lines, line)
	}
	switch report.Key(p.By) {
	case report.ByDay, report.ByMonth:
		slices.SortStableFunc(p.Lines, func(a, b totalsLine) int { return cmp.Compare(b.Key, a.Key) })
	default:
		order := money.Order(s.DefaultCurrency)
		slices.SortStableFunc(p.Lines, func(a, b totalsLine) int {
			return cmp.Or(order(a.Currency, b.Currency), cmp.Compare(b.Gross.Minor, a.Gross.Minor))
		})
	}
	for i := 1; i < len(p.Lines); i++ {
		p.Lines[i].Again = p.Lines[i].Key == p.Lines[i-1].Key && !p.Lines[i].Wide
	}
	if p.Cut = len(p.Lines) > mostLines; p.Cut {
		p.Lines = p.Lines[:mostLines]
	}
}

// AnyHeld tells whether PayPal held something back, or let it go, in these days.
func (p reportsPage) AnyHeld() bool {
	return slices.ContainsFunc(p.Lines, func(l totalsLine) bool { return l.Held.Minor != 0 })
}

// name gives a line its key, and for an article or a campaign the address of the contributions it is made of. Those of a
// day are left out: money moves on other days than contributions begin.
func (p *reportsPage) name(line *totalsLine, row report.TotalsRow, q report.TotalsQuery) {
	narrow := filled("campaign", q.Campaign, "currency", string(row.Currency), "article", q.Article)
	switch report.Key(p.By) {
	case report.ByDay:
		line.Key, line.Label = row.Day, dayInWords(row.Day)
	case report.ByMonth:
		line.Key, line.Label = row.Month, monthInWords(row.Month)
	case report.ByCampaign:
		line.Key, line.Label = row.Campaign, row.Campaign
		line.Address = address("/staff/contributions", with(narrow, "campaign", row.Campaign))
	default:
		line.Key, line.Label, line.Wide = row.Article, shortAddress(row.Article), true
		if row.Article != "" {
			line.Address = address("/staff/contributions", with(narrow, "article", row.Article))
		}
	}
}

func monthInWords(text string) string {
	month, err := time.Parse("2006-01", text)
	if err != nil {
		return text
	}
	return month.Format("January 2006")
}

// presets are the ranges that are one click away.
func (s *site) presets(f reportFilter) []preset {
	today := s.Reports.Today(s.Now())
	thisMonth := today.Month()
	lastMonth := thisMonth.Add(-1).Month()
	year, err := report.ParseDay("from", s.Now().In(s.Timezone).Format("2006")+"-01-01")
	if err != nil {
		year = today // the clock stands outside the years we report on
	}
	var all []preset
	for _, p := range []struct {
		name     string
		from, to report.Day
	}{
		{"Today", today, today}, {"7 days", today.Add(-6), today}, {"30 days", today.Add(-29), today},
		{"This month", thisMonth, today}, {"Last month", lastMonth, thisMonth.Add(-1)}, {"This year", year, today},
	} {
		v := f.query()
		v.Set("from", p.from.String())
		v.Set("to", p.to.String())
		all = append(all, preset{Name: p.name, Address: address("/staff/reports", v), Current: f.From == p.from.String() && f.To == p.to.String()})
	}
	return all
}

// exportReports answers GET /staff/reports.csv: the same totals, all of them.
func (s *site) exportReports(w http.ResponseWriter, r *http.Request) error {
	f := s.readReportFilter(r.URL.Query())
	q := f.question()
	if len(f.Wrong) > 0 {
		return invalid(f.Wrong)
	}
	rows, err := s.Reports.Totals(r.Context(), q)
	if err != nil {
		return err
	}
	return s.download(w, r, "totals-by-"+f.By, f.span, func(out io.Writer) error {
		return report.WriteTotals(out, report.CSV, q.By, rows)
	})
}
