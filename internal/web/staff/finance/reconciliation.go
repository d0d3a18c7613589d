package finance

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/text/message"

	"readerfund/internal/dashboard"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// Reconciliation shows how PayPal's record and our books compare.
type Reconciliation struct {
	screen.Layout

	views *dashboard.Views
}

// reconciliationPage says how PayPal's record and our books compare, and lists where they differ.
type reconciliationPage struct {
	dashboard.Reconciliation
	Line                       string // "12,431 payments, 0 unexplained, checked to 21 Nov 18:00"
	Ended, BrokenOff           screen.Stamp
	State, Kind, Search, After string
	Wrong                      page.FilterErrors
	Tabs                       []screen.Preset
	Kinds                      []screen.Choice
	Rows                       []differenceLine
	Next, First                string
}

// differenceLine is a difference in words.
type differenceLine struct {
	dashboard.Difference
	Address      string
	What         words.Status // of the kind
	StateInWords words.Status
	About        string // the contribution's page
	Happened     screen.Stamp
	FirstFound   screen.Stamp
	LastFound    screen.Stamp
	Closed       screen.Stamp
}

// allStates selects differences in every state; an empty value selects the open ones.
const allStates = "all"

// Show answers GET /staff/reconciliation.
func (s *Reconciliation) Show(w http.ResponseWriter, r *http.Request) error {
	v, loc := r.URL.Query(), s.Pages.Localizer(r)
	p := reconciliationPage{State: v.Get("state"), Kind: v.Get("kind"), Search: strings.TrimSpace(v.Get("q")),
		After: v.Get("after"), Wrong: page.FilterErrors{}}
	var err error
	if p.Reconciliation, err = s.views.Reconciliation(r.Context(), s.Now()); err != nil {
		return err
	}
	p.Line, p.Ended, p.BrokenOff = s.booksLine(loc, p.Reconciliation), s.Stamp(p.EndedAt), s.Stamp(p.BrokenAt)
	q := dashboard.DifferencesQuery{State: p.State, Kind: p.Kind, Search: p.Search, After: p.After}
	switch p.State {
	case "":
		q.State = "open"
	case allStates:
		q.State = ""
	}
	found, err := s.views.Differences(r.Context(), q)
	if err := p.Wrong.Note(loc, err); err != nil {
		return err
	}
	for _, d := range found.Differences {
		p.Rows = append(p.Rows, newDifferenceLine(s.Layout, loc, d))
	}
	p.choices(loc, found.Next)
	return s.Render(w, r, p.Wrong.Status(), "staff/reconciliation.html", i18n.New("staff.title.reconciliation"),
		"reconciliation", p)
}

func (p *reconciliationPage) choices(loc i18n.Localizer, next string) {
	query := func() url.Values { return screen.Query("state", p.State, "kind", p.Kind, "q", p.Search) }
	for _, state := range append(dashboard.DifferenceStates(), allStates) {
		tab := screen.Preset{
			Name: words.Difference(loc, state).Label, Current: p.State == state,
			Address: screen.Address("/staff/reconciliation", screen.With(query(), "state", state)),
		}
		switch state {
		case "open":
			v := query()
			v.Del("state")
			tab.Address, tab.Current = screen.Address("/staff/reconciliation", v), p.State == "" || p.State == state
		case allStates:
			tab.Name = loc.Say("staff.all")
		}
		p.Tabs = append(p.Tabs, tab)
	}
	for _, kind := range dashboard.DifferenceKinds() {
		p.Kinds = append(p.Kinds, screen.Choice{Value: kind, Label: words.DifferenceKind(loc, kind).Label})
	}
	if next != "" {
		p.Next = screen.Address("/staff/reconciliation", screen.With(query(), "after", next))
	}
	if p.After != "" {
		p.First = screen.Address("/staff/reconciliation", query())
	}
}

// booksLine sums the comparison up in one line; empty before the first run has ended.
func (s *Reconciliation) booksLine(loc i18n.Localizer, b dashboard.Reconciliation) string {
	if b.CheckedTo.IsZero() {
		return ""
	}
	layout := "2 Jan 15:04"
	at := b.CheckedTo.In(s.Zone)
	if at.Year() != s.Now().In(s.Zone).Year() {
		layout = "2 Jan 2006 15:04"
	}
	number := message.NewPrinter(loc.Tag())
	return loc.Say("reconcile.line", i18n.Args{
		"count": int(b.Payments), "payments": number.Sprint(b.Payments), "unexplained": number.Sprint(b.Unexplained),
		"to": at.Format(layout),
	})
}

func newDifferenceLine(s screen.Layout, loc i18n.Localizer, d dashboard.Difference) differenceLine {
	line := differenceLine{
		Difference: d, Address: "/staff/reconciliation/" + strconv.FormatInt(d.ID, 10),
		What:         words.DifferenceKind(loc, d.Kind),
		StateInWords: words.Difference(loc, d.State),
		Happened:     s.Stamp(d.At), FirstFound: s.Stamp(d.FirstSeen), LastFound: s.Stamp(d.LastSeen),
		Closed: s.Stamp(d.ClosedAt),
	}
	if d.Receipt != "" {
		line.About = screen.ContributionAddress(d.ContributionID)
	}
	return line
}
