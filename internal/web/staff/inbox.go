package staff

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/dashboard"
	"readerfund/internal/health"
	"readerfund/internal/web/page"
)

// Inbox is the list of PayPal's events.
type Inbox struct {
	layout

	views     *dashboard.Views
	health    *health.Monitor
	replayAll func(ctx context.Context, by contribution.Actor) (int, error)
}

// inboxPage is the list of what PayPal sent.
type inboxPage struct {
	State, Search, After string
	Notice               *page.Flash
	Parked               int64 // how many could be replayed; 0 shows no button
	Wrong                page.FilterErrors
	Tabs                 []preset
	Rows                 []webhookLine
	Next, First          string
	Suspects             []suspectLine
}

// webhookLine is a webhook event in a list.
type webhookLine struct {
	dashboard.Webhook
	Address      string
	About        string // the contribution's page
	What         string
	StateInWords status
	Received     stamp
}

// suspectLine is a refused delivery in a list.
type suspectLine struct {
	dashboard.Suspect
	First, Last stamp
	Original    string // the page of the event it imitates
}

// maxSuspects is how many refused deliveries are listed.
const maxSuspects = 20

// List answers GET /staff/inbox.
func (s *Inbox) List(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	p := inboxPage{State: v.Get("state"), Search: strings.TrimSpace(v.Get("q")), After: v.Get("after"),
		Wrong: page.FilterErrors{}}
	p.Tabs = []preset{{Name: "All", Address: "/staff/inbox", Current: p.State == ""}}
	for _, state := range dashboard.WebhookStates() {
		p.Tabs = append(p.Tabs, preset{Name: webhookInWords(state).Label,
			Address: address("/staff/inbox", filled("state", state)), Current: p.State == state})
	}
	found, err := s.views.Inbox(r.Context(), dashboard.InboxQuery{State: p.State, Search: p.Search, After: p.After})
	if err := p.Wrong.Note(err); err != nil {
		return err
	}
	for _, e := range found.Webhooks {
		p.Rows = append(p.Rows, s.webhookLine(e))
	}
	p.page(found.Next)
	if p.State == "parked" {
		waiting, err := s.health.Attention(r.Context(), s.now())
		if err != nil {
			return err
		}
		p.Parked = waiting.Parked
	}
	p.Notice = replayedNotice(v.Get("replayed"))
	suspects, err := s.views.Suspects(r.Context(), s.now(), maxSuspects)
	if err != nil {
		return err
	}
	for _, x := range suspects {
		line := suspectLine{Suspect: x, First: s.stamp(x.FirstSeenAt), Last: s.stamp(x.LastSeenAt)}
		if x.OriginalID != 0 {
			line.Original = inboxAddress(x.OriginalID)
		}
		p.Suspects = append(p.Suspects, line)
	}
	return s.show(w, r, p.Wrong.Status(), "staff/inbox.html", "PayPal events", "inbox", p)
}

func (p *inboxPage) page(next string) {
	query := func() url.Values { return filled("state", p.State, "q", p.Search) }
	if next != "" {
		p.Next = address("/staff/inbox", with(query(), "after", next))
	}
	if p.After != "" {
		p.First = address("/staff/inbox", query())
	}
}

func (s layout) webhookLine(e dashboard.Webhook) webhookLine {
	line := webhookLine{Webhook: e, Address: inboxAddress(e.ID), What: eventInWords(e.Type),
		StateInWords: webhookInWords(e.State), Received: s.stamp(e.ReceivedAt)}
	if e.Receipt != "" {
		line.About = "/staff/contributions/" + e.ContributionID.String()
	}
	return line
}

func inboxAddress(id int64) string { return "/staff/inbox/" + strconv.FormatInt(id, 10) }

// Event is one of PayPal's events, as it was delivered.
type Event struct {
	layout

	views  *dashboard.Views
	replay func(ctx context.Context, ids []string, by contribution.Actor) (int, error)
	audit  *audit.Log
}

// webhookPage is one event with what was delivered.
type webhookPage struct {
	webhookLine
	Notice               *page.Flash
	Sent, Processed, Due stamp
	Headers              []headerLine
	Body                 string
	Erased               stamp // when headers and body were deleted
	Indented             bool  // the body is shown with our line breaks, not byte by byte
}

type headerLine struct{ Name, Value string }

// Show answers GET /staff/inbox/{event}.
func (s *Event) Show(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("event"), 10, 64)
	if err != nil {
		return page.NotFound()
	}
	e, err := s.views.Webhook(r.Context(), id)
	if err != nil {
		return err
	}
	if err := auditView(r, s.audit, viewedDelivery, e.EventID); err != nil {
		return err
	}
	p := webhookPage{webhookLine: s.webhookLine(e.Webhook), Sent: s.stamp(e.SentAt), Processed: s.stamp(e.ProcessedAt),
		Due: s.stamp(e.DueAt)}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		p.Headers = append(p.Headers, headerLine{name, strings.Join(e.Headers[name], ", ")})
	}
	p.Body, p.Indented = readable(e.Body)
	p.Erased = s.stamp(e.ErasedAt)
	if r.URL.Query().Get("replayed") != "" {
		p.Notice = workedOnNotice(e.Webhook)
	}
	return s.show(w, r, http.StatusOK, "staff/webhook.html", "Event "+e.EventID, "inbox", p)
}

// readable is a body that a person can read: JSON with line breaks, and what is no JSON, or nested beyond all sense,
// with its odd bytes spelt out.
func readable(body []byte) (text string, indented bool) {
	var b bytes.Buffer
	if utf8.Valid(body) && depth(body) <= maxDepth && json.Indent(&b, body, "", "  ") == nil {
		return b.String(), true
	}
	return strings.Trim(strconv.QuoteToGraphic(string(body)), `"`), false
}

// maxDepth is how many levels are indented out. Each line is indented by its level, so that a body of 20 KB with 10,000
// levels would fill 200 MB.
const maxDepth = 100

// levels is an upper bound of how deep a body is nested; brackets in its texts count, too.
func depth(body []byte) (most int) {
	level := 0
	for _, b := range body {
		switch b {
		case '{', '[':
			level++
			most = max(most, level)
		case '}', ']':
			level--
		}
	}
	return most
}
