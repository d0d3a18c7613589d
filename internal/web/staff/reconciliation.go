package staff

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"readerfund/internal/dashboard"
	"readerfund/internal/web/page"
)

// Reconciliation is how PayPal's record and our books compare.
type Reconciliation struct {
	layout

	views *dashboard.Views
}

// reconciliationPage says how PayPal's record and our books compare, and lists where they differ.
type reconciliationPage struct {
	dashboard.Reconciliation
	Line                       string // "12,431 payments, 0 unexplained, checked to 21 Nov 18:00"
	Ended, BrokenOff           stamp
	State, Kind, Search, After string
	Wrong                      page.FilterErrors
	Tabs                       []preset
	Kinds                      []choiceOf
	Rows                       []differenceLine
	Next, First                string
}

// differenceLine is a difference in words.
type differenceLine struct {
	dashboard.Difference
	Address      string
	What         status // of the kind
	StateInWords status
	About        string // the contribution's page
	Happened     stamp
	FirstFound   stamp
	LastFound    stamp
	Closed       stamp
}

// allStates asks for differences in every state; none at all asks for those that are open.
const allStates = "all"

// Show answers GET /staff/reconciliation.
func (s *Reconciliation) Show(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	p := reconciliationPage{State: v.Get("state"), Kind: v.Get("kind"), Search: strings.TrimSpace(v.Get("q")),
		After: v.Get("after"), Wrong: page.FilterErrors{}}
	var err error
	if p.Reconciliation, err = s.views.Reconciliation(r.Context(), s.now()); err != nil {
		return err
	}
	p.Line, p.Ended, p.BrokenOff = s.booksLine(p.Reconciliation, page.Locale(r)), s.stamp(p.EndedAt), s.stamp(p.BrokenAt)
	q := dashboard.DifferencesQuery{State: p.State, Kind: p.Kind, Search: p.Search, After: p.After}
	switch p.State {
	case "":
		q.State = "open"
	case allStates:
		q.State = ""
	}
	found, err := s.views.Differences(r.Context(), q)
	if err := p.Wrong.Note(err); err != nil {
		return err
	}
	for _, d := range found.Differences {
		p.Rows = append(p.Rows, s.differenceLine(d))
	}
	p.choices(found.Next)
	return s.show(w, r, p.Wrong.Status(), "staff/reconciliation.html", "Reconciliation", "reconciliation", p)
}

func (p *reconciliationPage) choices(next string) {
	query := func() url.Values { return filled("state", p.State, "kind", p.Kind, "q", p.Search) }
	for _, state := range append(dashboard.DifferenceStates(), allStates) {
		tab := preset{Name: differenceInWords(state).Label, Address: address("/staff/reconciliation",
			with(query(), "state", state)), Current: p.State == state}
		switch state {
		case "open":
			v := query()
			v.Del("state")
			tab.Address, tab.Current = address("/staff/reconciliation", v), p.State == "" || p.State == state
		case allStates:
			tab.Name = "All"
		}
		p.Tabs = append(p.Tabs, tab)
	}
	for _, kind := range dashboard.DifferenceKinds() {
		p.Kinds = append(p.Kinds, choiceOf{kind, kindInWords(kind).Label})
	}
	if next != "" {
		p.Next = address("/staff/reconciliation", with(query(), "after", next))
	}
	if p.After != "" {
		p.First = address("/staff/reconciliation", query())
	}
}

// booksLine says it in one line, or nothing before the first run has ended.
func (s layout) booksLine(b dashboard.Reconciliation, tag language.Tag) string {
	if b.CheckedTo.IsZero() {
		return ""
	}
	layout := "2 Jan 15:04"
	at := b.CheckedTo.In(s.zone)
	if at.Year() != s.now().In(s.zone).Year() {
		layout = "2 Jan 2006 15:04"
	}
	payments := "payments"
	if b.Payments == 1 {
		payments = "payment"
	}
	return message.NewPrinter(tag).Sprintf("%d %s, %d unexplained, checked to %s", b.Payments, payments, b.Unexplained,
		at.Format(layout))
}

func (s layout) differenceLine(d dashboard.Difference) differenceLine {
	line := differenceLine{
		Difference: d, Address: "/staff/reconciliation/" + strconv.FormatInt(d.ID, 10), What: kindInWords(d.Kind),
		StateInWords: differenceInWords(d.State),
		Happened:     s.stamp(d.At), FirstFound: s.stamp(d.FirstSeen), LastFound: s.stamp(d.LastSeen),
		Closed: s.stamp(d.ClosedAt),
	}
	if d.Receipt != "" {
		line.About = "/staff/contributions/" + d.ContributionID.String()
	}
	return line
}

// kindInWords says what differs. The kinds are the reconciler's.
func kindInWords(kind string) status {
	switch kind {
	case "missing_here":
		return status{"Missing in our books", "bad", "PayPal has it, and our books do not."}
	case "missing_there":
		return status{"Missing at PayPal", "bad", "Our books have it, and PayPal does not."}
	case "amount":
		return status{"Different amounts", "bad", "PayPal and our books have different amounts."}
	case "fee":
		return status{"Different fees", "bad", "PayPal and our books have different fees."}
	case "status":
		return status{"Different status", "bad", "One side says that it happened, and the other does not."}
	case "currency":
		return status{"Different currencies", "bad", "PayPal and our books have different currencies."}
	case "unknown_payer":
		return status{"Paid in PayPal directly", "wait", "It came into the PayPal account without Readerfund: through " +
			"PayPal's own donate button, or a manual transfer."}
	default:
		return status{spaced(kind), "off", ""}
	}
}

// differenceInWords says what became of a difference.
func differenceInWords(state string) status {
	switch state {
	case "open":
		return status{"Open", "bad", "It waits for someone to decide."}
	case "set_aside":
		return status{"Set aside", "off", "Someone has reviewed it, and it no longer counts as unexplained. It is reopened " +
			"if either side changes."}
	case "adopted":
		return status{"Adopted", "good", "It is a contribution now, and reports count it."}
	case "mended":
		return status{"Fixed", "good", "The reconciliation booked what was missing."}
	case "gone":
		return status{"Gone", "off", "The two sides agree now."}
	default:
		return status{spaced(state), "off", ""}
	}
}
