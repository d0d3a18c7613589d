package operations

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"readerfund/internal/audit"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// AuditLog is the list of what staff did.
type AuditLog struct {
	screen.Layout

	audit *audit.Log
}

// auditPage is the list of what staff did.
type auditPage struct {
	Actor, Subject, After string
	Wrong                 page.FilterErrors
	Rows                  []auditLine
	Next, First           string
}

// auditLine is one action, in words.
type auditLine struct {
	audit.Entry
	When   screen.Stamp
	What   string
	About  string // the page of what was acted on, if it has one
	Change string // "Received → Refunded"
	Detail []detailLine
}

type detailLine struct{ Name, Value string }

// Any reports whether the list is filtered at all.
func (p auditPage) Any() bool { return p.Actor != "" || p.Subject != "" }

// Show answers GET /staff/audit.
func (s *AuditLog) Show(w http.ResponseWriter, r *http.Request) error {
	v, loc := r.URL.Query(), s.Pages.Localizer(r)
	p := auditPage{Actor: strings.TrimSpace(v.Get("actor")), Subject: strings.TrimSpace(v.Get("subject")),
		After: v.Get("after"), Wrong: page.FilterErrors{}}
	found, err := s.audit.List(r.Context(), audit.Query{Actor: p.Actor, Subject: p.Subject, After: p.After})
	if err := p.Wrong.Note(loc, err); err != nil {
		return err
	}
	for _, e := range found.Entries {
		p.Rows = append(p.Rows, s.line(loc, e))
	}
	query := func() url.Values { return screen.Query("actor", p.Actor, "subject", p.Subject) }
	if found.Next != "" {
		p.Next = screen.Address("/staff/audit", screen.With(query(), "after", found.Next))
	}
	if p.After != "" {
		p.First = screen.Address("/staff/audit", query())
	}
	return s.Render(w, r, p.Wrong.Status(), "staff/audit.html", i18n.New("staff.title.audit"), "audit", p)
}

func (s *AuditLog) line(loc i18n.Localizer, e audit.Entry) auditLine {
	line := auditLine{Entry: e, When: s.Stamp(e.At), What: actionInWords(loc, string(e.Action), e.Detail["outcome"])}
	if id, err := uuid.Parse(e.Detail["contribution"]); err == nil {
		line.About = screen.ContributionAddress(id)
	}
	switch room, _, _ := strings.Cut(string(e.Action), "."); room {
	case "campaign":
		line.About = screen.CampaignAddress(e.Subject)
	case "inbox":
		line.About = screen.Address("/staff/inbox", screen.Query("q", e.Subject))
	case "monthly":
		line.About = screen.Address(screen.MonthlyAddress, screen.Query("currency", e.Subject))
	case "reconcile":
		line.About = screen.Address("/staff/reconciliation", screen.Query("state", "all", "q", e.Subject))
	}
	before, after := e.Detail["before"], e.Detail["after"]
	switch {
	case before != "" && after != "" && before != after:
		line.Change = auditStateInWords(loc, before) + " → " + auditStateInWords(loc, after)
	case before != "" && after != "":
		line.Change = loc.Say("audit.change.still", i18n.Args{"state": auditStateInWords(loc, before)})
	case before != "":
		line.Change = loc.Say("audit.change.was", i18n.Args{"state": auditStateInWords(loc, before)})
	}
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		if value := e.Detail[name]; value != "" && name != "before" && name != "after" &&
			(name != "contribution" || !strings.HasPrefix(line.About, "/staff/contributions")) {
			line.Detail = append(line.Detail, detailInWords(loc, name, value))
		}
	}
	return line
}

// auditStateInWords names the state before or after an action: of a contribution or an event, or the text itself if it
// is neither.
func auditStateInWords(loc i18n.Localizer, state string) string {
	if known := words.State(loc, state); known.Meaning != "" {
		return known.Label
	}
	if known := words.Webhook(loc, state); known.Meaning != "" {
		return known.Label
	}
	if known := words.Difference(loc, state); known.Meaning != "" {
		return known.Label
	}
	return words.Spaced(state)
}

// detailInWords names a recorded detail of an action.
func detailInWords(loc i18n.Localizer, name, value string) detailLine {
	switch name {
	case "kind":
		value = words.DifferenceKind(loc, value).Label
	case "outcome":
		value = words.Spaced(value)
	}
	return detailLine{words.Of(loc, "audit.detail.", name), value}
}

// actionInWords says what was done, as a line of the audit log. An action that calls PayPal has several lines: one for
// its start, and one for its outcome.
func actionInWords(loc i18n.Localizer, action, outcome string) string {
	outcome = strings.ReplaceAll(cmp.Or(outcome, "none"), " ", "_")
	if words, known := loc.Lookup("audit.outcome." + action + "." + outcome); known {
		return words
	}
	if words, known := loc.Lookup("audit.act." + action); known {
		return words
	}
	return words.Spaced(strings.ReplaceAll(action, ".", " "))
}
