package web

import (
	"net/http"

	"readerfund/internal/report"
)

// overviewPage is the first page after the sign-in.
type overviewPage struct {
	Today     stamp
	Periods   []period
	Charts    []chart
	Attention report.Attention
	Look      []contributionLine // some of the contributions that a person should look at
	Latest    contributionTable
}

// period is the totals of some days up to today.
type period struct {
	Name    string
	Lines   []totalsLine
	Address string // the same as a report
}

// overviewDays is how far the overview looks back.
const overviewDays = 30

// overview answers GET /staff.
func (s *site) overview(w http.ResponseWriter, r *http.Request) error {
	now := s.Now()
	today := s.Reports.Today(now)
	first := today.Add(1 - overviewDays)
	rows, err := s.Reports.Totals(r.Context(), report.TotalsQuery{From: first, To: today, By: []report.Key{report.ByDay}})
	if err != nil {
		return err
	}
	p := overviewPage{Today: s.stamp(now), Charts: charts(rows, first, today, locale(r))}
	for _, days := range []struct {
		name string
		n    int
	}{{"Today", 1}, {"Last 7 days", 7}, {"Last 30 days", overviewDays}} {
		p.Periods = append(p.Periods, periodOf(days.name, rows, today.Add(1-days.n), today))
	}
	if p.Attention, err = s.Reports.Attention(r.Context()); err != nil {
		return err
	}
	if p.Attention.Contributions > 0 {
		look, err := s.Reports.Contributions(r.Context(), report.ContributionsQuery{Attention: true, Limit: 5})
		if err != nil {
			return err
		}
		p.Look = s.contributionLines(look.Contributions)
	}
	latest, err := s.Reports.Contributions(r.Context(), report.ContributionsQuery{Limit: 10})
	if err != nil {
		return err
	}
	p.Latest = s.contributionTable(r, "Latest contributions", latest.Contributions)
	return s.showStaff(w, r, http.StatusOK, "staff/overview.html", "Overview", "overview", p)
}

// periodOf picks the rows of a day-by-day report that lie in the period.
func periodOf(name string, rows []report.TotalsRow, from, to report.Day) period {
	var within []report.TotalsRow
	for _, row := range rows {
		if row.Day >= from.String() {
			within = append(within, row)
		}
	}
	return period{Name: name, Lines: sumByCurrency(within), Address: address("/staff/reports", filled("from", from.String(), "to", to.String()))}
}
