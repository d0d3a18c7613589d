package staff

import (
	"net/http"
	"strings"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/alert"
	"readerfund/internal/dashboard"
	"readerfund/internal/health"
	"readerfund/internal/i18n"
	"readerfund/internal/report"
	"readerfund/internal/web/staff/finance"
	"readerfund/internal/web/staff/giving"
	"readerfund/internal/web/staff/screen"
)

// Overview is the first page after the sign-in.
type Overview struct {
	screen.Layout

	reports *report.Reports
	views   *dashboard.Views
	health  *health.Monitor
	alerts  *alert.Board // nil shows none
}

// overviewPage is the first page after the sign-in.
type overviewPage struct {
	Today      screen.Stamp
	Periods    []period
	Charts     []finance.Chart
	Alerts     []alertLine
	Unwatched  *screen.Stamp // when the alerts were last checked, where that is too long ago
	Attention  health.Attention
	NeedReview []giving.ContributionLine // some of the contributions that need review
	Latest     giving.ContributionTable
}

// period is the totals of a number of days up to today.
type period struct {
	Name    string
	Lines   []finance.TotalsLine
	Address string // the report with the same totals
}

// Calm reports whether nothing needs a person.
func (p overviewPage) Calm() bool {
	return p.Attention.None() && len(p.Alerts) == 0 && p.Unwatched == nil
}

// alertLine is an alert that fires.
type alertLine struct {
	alert.Standing

	Since   screen.Stamp
	Summary string
	Address string // the page that shows the cause; empty if there is none, or the account may not open it
	Words   []textRun
}

// textRun is a piece of text, or a command to type into a terminal.
type textRun struct {
	Text string
	Code bool
}

// textRuns splits a text at its backquotes, which enclose commands.
func textRuns(text string) []textRun {
	var all []textRun
	for i, part := range strings.Split(text, "`") {
		if part != "" {
			all = append(all, textRun{Text: part, Code: i%2 == 1})
		}
	}
	return all
}

// staleAfter is how old the latest check of the alerts may be: they are checked every minute.
const staleAfter = 10 * time.Minute

// firing returns the alerts that are firing, and the time of the latest check if that is too long ago.
func (s *Overview) firing(r *http.Request, now time.Time) (lines []alertLine, last *screen.Stamp, err error) {
	if s.alerts == nil {
		return nil, nil, nil
	}
	all, checked, err := s.alerts.List(r.Context())
	if err != nil {
		return nil, nil, err
	}
	loc := s.Pages.Localizer(r)
	for _, a := range all {
		if a.Firing() {
			line := alertLine{
				Standing: a, Since: s.Stamp(a.Since), Summary: loc.Message(a.Summary()), Address: a.Path,
				Words: textRuns(loc.Message(a.Advice())),
			}
			editors := strings.HasPrefix(a.Path, "/staff/inbox") || strings.HasPrefix(a.Path, screen.WorkAddress)
			if editors && !screen.AccountOf(r).Role.Allows(account.Editor) {
				line.Address = ""
			}
			lines = append(lines, line)
		}
	}
	if !checked.IsZero() && now.Sub(checked) > staleAfter {
		at := s.Stamp(checked)
		last = &at
	}
	return lines, last, nil
}

// overviewDays is how far the overview looks back.
const overviewDays = 30

// Show answers GET /staff.
func (s *Overview) Show(w http.ResponseWriter, r *http.Request) error {
	now := s.Now()
	today := s.reports.Today(now)
	first := today.Add(1 - overviewDays)
	rows, err := s.reports.Totals(r.Context(), report.TotalsQuery{From: first, To: today, By: []report.Key{report.ByDay}})
	if err != nil {
		return err
	}
	loc := s.Pages.Localizer(r)
	p := overviewPage{Today: s.Stamp(now), Charts: finance.Charts(s.Currency, loc, rows, first, today)}
	for _, days := range []int{1, 7, overviewDays} {
		name := loc.Say("staff.last_days", i18n.Args{"count": days})
		p.Periods = append(p.Periods, s.periodOf(name, rows, today.Add(1-days), today))
	}
	if p.Alerts, p.Unwatched, err = s.firing(r, now); err != nil {
		return err
	}
	if p.Attention, err = s.health.Attention(r.Context(), s.Now()); err != nil {
		return err
	}
	if p.Attention.Contributions > 0 {
		review, err := s.views.Contributions(r.Context(), dashboard.ContributionsQuery{Attention: true, Limit: 5})
		if err != nil {
			return err
		}
		p.NeedReview = giving.ContributionLines(s.Layout, loc, review.Contributions)
	}
	latest, err := s.views.Contributions(r.Context(), dashboard.ContributionsQuery{Limit: 10})
	if err != nil {
		return err
	}
	p.Latest = giving.NewContributionTable(s.Layout, r, i18n.New("staff.latest"), latest.Contributions)
	return s.Render(w, r, http.StatusOK, "staff/overview.html", i18n.New("staff.title.overview"), "overview", p)
}

// periodOf picks the rows of a day-by-day report that lie in the period.
func (s *Overview) periodOf(name string, rows []report.TotalsRow, from, today report.Day) period {
	var within []report.TotalsRow
	for _, row := range rows {
		if row.Day >= from.String() {
			within = append(within, row)
		}
	}
	return period{
		Name: name, Lines: finance.SumByCurrency(s.Currency, within, report.TotalsQuery{From: from, To: today}),
		Address: screen.Address("/staff/reports", screen.Query("from", from.String(), "to", today.String())),
	}
}
