package staff

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"readerfund/internal/audit"
	"readerfund/internal/web/page"
)

// AuditLog is the list of what staff did.
type AuditLog struct {
	layout

	audit *audit.Log
}

// auditPage is the list of what staff did.
type auditPage struct {
	Actor, Subject, After string
	Wrong                 page.FilterErrors
	Rows                  []auditLine
	Next, First           string
}

// auditLine is one act, in words.
type auditLine struct {
	audit.Entry
	When   stamp
	What   string
	About  string // the page of what it was done to, where there is one
	Change string // "Received → Refunded"
	Detail []detailLine
}

type detailLine struct{ Name, Value string }

// Any reports whether the list is restricted at all.
func (p auditPage) Any() bool { return p.Actor != "" || p.Subject != "" }

// Show answers GET /staff/audit.
func (s *AuditLog) Show(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	p := auditPage{Actor: strings.TrimSpace(v.Get("actor")), Subject: strings.TrimSpace(v.Get("subject")),
		After: v.Get("after"), Wrong: page.FilterErrors{}}
	found, err := s.audit.List(r.Context(), audit.Query{Actor: p.Actor, Subject: p.Subject, After: p.After})
	if err := p.Wrong.Note(err); err != nil {
		return err
	}
	for _, e := range found.Entries {
		p.Rows = append(p.Rows, s.auditLine(e))
	}
	query := func() url.Values { return filled("actor", p.Actor, "subject", p.Subject) }
	if found.Next != "" {
		p.Next = address("/staff/audit", with(query(), "after", found.Next))
	}
	if p.After != "" {
		p.First = address("/staff/audit", query())
	}
	return s.show(w, r, p.Wrong.Status(), "staff/audit.html", "Audit log", "audit", p)
}

func (s layout) auditLine(e audit.Entry) auditLine {
	line := auditLine{Entry: e, When: s.stamp(e.At), What: actInWords(string(e.Action), e.Detail["outcome"])}
	if id, err := uuid.Parse(e.Detail["contribution"]); err == nil {
		line.About = "/staff/contributions/" + id.String()
	}
	switch room, _, _ := strings.Cut(string(e.Action), "."); room {
	case "inbox":
		line.About = address("/staff/inbox", filled("q", e.Subject))
	case "reconcile":
		line.About = address("/staff/reconciliation", filled("state", "all", "q", e.Subject))
	}
	before, after := e.Detail["before"], e.Detail["after"]
	switch {
	case before != "" && after != "" && before != after:
		line.Change = standInWords(before) + " → " + standInWords(after)
	case before != "" && after != "":
		line.Change = "still " + standInWords(before)
	case before != "":
		line.Change = "was " + standInWords(before)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		if value := e.Detail[name]; value != "" && name != "before" && name != "after" &&
			(name != "contribution" || !strings.HasPrefix(line.About, "/staff/contributions")) {
			line.Detail = append(line.Detail, detailInWords(name, value))
		}
	}
	return line
}

// standInWords names what stood before or after an act: a state of a contribution or of an event, or what is written
// there.
func standInWords(state string) string {
	if known := stateInWords(state); known.Meaning != "" {
		return known.Label
	}
	if known := webhookInWords(state); known.Meaning != "" {
		return known.Label
	}
	if known := differenceInWords(state); known.Meaning != "" {
		return known.Label
	}
	return spaced(state)
}

// detailInWords names what was noted of an act.
func detailInWords(name, value string) detailLine {
	switch name {
	case "kind":
		return detailLine{"type", kindInWords(value).Label}
	case "ours":
		return detailLine{"our books said", value}
	case "theirs":
		return detailLine{"PayPal said", value}
	case "outcome":
		return detailLine{"outcome", spaced(value)}
	default:
		return detailLine{spaced(name), value}
	}
}

// actInWords says what was done, as a line of the audit log. What speaks to PayPal has two: that it was begun, and with
// its outcome how it ended.
func actInWords(action, outcome string) string {
	switch action + " " + outcome {
	case "contribution.accept_dispute ":
		return "Started to accept a dispute"
	case "contribution.accept_dispute unknown":
		return "No answer to accepting a dispute"
	case "contribution.accept_dispute not sent":
		return "Could not send PayPal the acceptance of a dispute"
	case "contribution.accept_dispute refused", "contribution.accept_dispute not accepted":
		return "PayPal refused the acceptance of a dispute"
	case "contribution.ask_paypal no answer":
		return "Asked PayPal again, no answer"
	}
	words := map[string]string{
		"staff.sign_in": "Signed in", "staff.sign_in_failed": "Could not sign in", "staff.sign_out": "Signed out",
		"staff.export": "Downloaded a CSV file", "staff.add": "Added an account", "staff.disable": "Disabled an account",
		"staff.enable": "Enabled an account", "staff.role": "Changed an account's role",
		"staff.password": "Changed a password", "staff.password_reset": "Created a one-time password",
		"staff.unlock": "Unlocked an account", "staff.end_sessions": "Signed an account out everywhere",
		"contribution.refund": "Requested a refund", "contribution.refund_answer": "PayPal answered a refund request",
		"contribution.accept_dispute": "Accepted a dispute", "contribution.note": "Added a note",
		"contribution.looked": "Closed a review", "contribution.ask_paypal": "Asked PayPal again",
		"contribution.adopt": "Adopted a payment", "inbox.replay": "Replayed a PayPal event",
		"queue.retry": "Retried background work", "queue.discard": "Discarded background work",
		"contribution.view": "Viewed a contribution", "reconcile.view": "Viewed a difference",
		"inbox.view": "Viewed a PayPal event", "supporter.find": "Looked up a reader",
		"supporter.export": "Exported a reader's data", "supporter.erase": "Erased a reader's data",
		"reconcile.adopt": "Adopted a payment", "reconcile.set_aside": "Set a difference aside",
		"reconcile.reopen": "Reopened a difference",
	}
	return cmp.Or(words[action], spaced(strings.ReplaceAll(action, ".", " ")))
}
