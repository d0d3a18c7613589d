package finance

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/report"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// Reports are the totals with their filter, as a page and as CSV.
type Reports struct {
	screen.Layout

	reports   *report.Reports
	campaigns *campaign.Catalog
	exports   *screen.Exporter
}

// reportsPage is totals with their filter.
type reportsPage struct {
	reportFilter
	screen.Options
	Keys    []screen.Choice
	Presets []screen.Preset
	Scope   string
	Sums    totalsTable
	Lines   totalsTable
	Cut     bool // there are more lines than are shown
	Charts  []Chart
	CSV     string
}

// reportFilter is the filter as it was typed.
type reportFilter struct {
	moneyFilter
	By string
}

// maxLines is how many lines of totals a page shows; an export has them all.
const maxLines = 500

// maxBars is how many days a chart shows.
const maxBars = 100

// readFilter parses a filter; without any days it covers the last thirty.
func (s *Reports) readFilter(loc i18n.Localizer, v url.Values) reportFilter {
	f := reportFilter{moneyFilter: readMoneyFilter(loc, v), By: cmp.Or(v.Get("by"), string(report.ByDay))}
	if !v.Has("from") && !v.Has("to") {
		f.LastDay = s.reports.Today(s.Now())
		f.FirstDay = f.LastDay.Add(-29)
		f.From, f.To = f.FirstDay.String(), f.LastDay.String()
	}
	return f
}

func (f reportFilter) query() url.Values { return screen.With(f.moneyFilter.query(), "by", f.By) }

// reportQuery is the filter as report takes it. It notes what is wrong.
func (f reportFilter) reportQuery(loc i18n.Localizer) report.TotalsQuery {
	keys, err := report.ParseKeys(f.By)
	_ = f.Wrong.Note(loc, err) // ParseKeys has no other errors
	q := f.moneyFilter.reportQuery()
	q.By = keys
	return q
}

// Show answers GET /staff/reports.
func (s *Reports) Show(w http.ResponseWriter, r *http.Request) error {
	loc := s.Pages.Localizer(r)
	f := s.readFilter(loc, r.URL.Query())
	q := f.reportQuery(loc)
	p := reportsPage{
		reportFilter: f, Keys: keyChoices(loc), Scope: f.scope(loc),
		Presets: s.presets(loc, f), CSV: screen.CSVAddress("/staff/reports.csv", f.query()),
	}
	var err error
	if p.Options, err = s.FilterOptions(r, s.campaigns); err != nil {
		return err
	}
	if len(f.Wrong) == 0 {
		rows, err := s.reports.Totals(r.Context(), q)
		if err := f.Wrong.Note(loc, err); err != nil {
			return err
		}
		s.fill(loc, &p, rows, q)
		if first, last := q.From, q.To; f.By == string(report.ByDay) && !first.IsZero() && !last.IsZero() &&
			last.Before(first.Add(maxBars)) {
			p.Charts = Charts(s.Currency, loc, rows, first, last)
		}
	}
	return s.Render(w, r, f.Wrong.Status(), "staff/reports.html", i18n.New("staff.title.reports"), "reports", p)
}

func keyChoices(loc i18n.Localizer) []screen.Choice {
	var all []screen.Choice
	for _, key := range []report.Key{
		report.ByDay, report.ByMonth, report.ByArticle, report.ByCampaign, report.ByFrequency,
	} {
		all = append(all, screen.Choice{Value: string(key), Label: loc.Say("report.key." + string(key))})
	}
	return all
}

// fill puts the rows on the page: the latest day first, and among articles and campaigns the one with the highest
// amount.
func (s *Reports) fill(loc i18n.Localizer, p *reportsPage, rows []report.TotalsRow, q report.TotalsQuery) {
	p.Sums = newTotalsTable("sums", loc.Tag(), SumByCurrency(s.Currency, rows, q))
	lines := make([]TotalsLine, len(rows))
	for i, row := range rows {
		lines[i] = totalsLineOf(row, q)
		name(loc, &lines[i], row, q)
	}
	if slices.ContainsFunc(q.By, func(k report.Key) bool { return k == report.ByDay || k == report.ByMonth }) {
		slices.SortStableFunc(lines, func(a, b TotalsLine) int { return cmp.Compare(b.Key, a.Key) })
	} else {
		order := money.Order(s.Currency)
		slices.SortStableFunc(lines, func(a, b TotalsLine) int {
			return cmp.Or(order(a.Currency, b.Currency), cmp.Compare(b.Gross.Minor, a.Gross.Minor))
		})
	}
	for i := 1; i < len(lines); i++ {
		lines[i].Again = lines[i].Key == lines[i-1].Key && !lines[i].Wide
	}
	if p.Cut = len(lines) > maxLines; p.Cut {
		lines = lines[:maxLines]
	}
	p.Lines = newTotalsTable("lines", loc.Tag(), lines)
	p.Lines.Heading = headingOf(loc, q.By)
}

func headingOf(loc i18n.Localizer, by []report.Key) string {
	var all []string
	for _, c := range keyChoices(loc) {
		if slices.Contains(by, report.Key(c.Value)) {
			all = append(all, c.Label)
		}
	}
	return strings.Join(all, ", ")
}

// name gives a line its keys, in the order of the heading.
func name(loc i18n.Localizer, line *TotalsLine, row report.TotalsRow, q report.TotalsQuery) {
	var keys, labels []string
	for _, c := range keyChoices(loc) {
		if !slices.Contains(q.By, report.Key(c.Value)) {
			continue
		}
		key, label := "", ""
		switch report.Key(c.Value) {
		case report.ByDay:
			key, label = row.Day, dayInWords(row.Day)
		case report.ByMonth:
			key, label = row.Month, monthInWords(row.Month)
		case report.ByCampaign:
			key, label = row.Campaign, row.Campaign
		case report.ByFrequency:
			key, label = row.Frequency, words.Of(loc, "contribution.frequency.", row.Frequency)
		case report.ByArticle:
			key, label, line.Wide = row.Article, cmp.Or(screen.ShortAddress(row.Article), loc.Say("report.no_article")), true
		}
		keys, labels = append(keys, key), append(labels, label)
	}
	line.Key, line.Label = strings.Join(keys, "\n"), strings.Join(labels, ", ")
}

func monthInWords(text string) string {
	month, err := time.Parse("2006-01", text)
	if err != nil {
		return text
	}
	return month.Format("January 2006")
}

// presets are the ranges offered as links.
func (s *Reports) presets(loc i18n.Localizer, f reportFilter) []screen.Preset {
	today := s.reports.Today(s.Now())
	thisMonth := today.Month()
	lastMonth := thisMonth.Add(-1).Month()
	year, err := report.ParseDay("from", s.Now().In(s.Zone).Format("2006")+"-01-01")
	if err != nil {
		year = today // the clock is outside the years that we report on
	}
	var all []screen.Preset
	for _, p := range []struct {
		name     string
		from, to report.Day
	}{
		{"today", today, today}, {"7_days", today.Add(-6), today}, {"30_days", today.Add(-29), today},
		{"this_month", thisMonth, today}, {"last_month", lastMonth, thisMonth.Add(-1)}, {"this_year", year, today},
	} {
		v := f.query()
		v.Set("from", p.from.String())
		v.Set("to", p.to.String())
		all = append(all, screen.Preset{
			Name: loc.Say("staff.preset." + p.name), Address: screen.Address("/staff/reports", v),
			Current: f.From == p.from.String() && f.To == p.to.String(),
		})
	}
	return all
}
