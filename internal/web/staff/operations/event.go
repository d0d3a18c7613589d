package operations

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/dashboard"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
)

// viewedDelivery is the audit log's action for opening a webhook event. The subject is PayPal's id of it.
const viewedDelivery audit.Action = "inbox.view"

// Event is one of PayPal's webhook events, as it was delivered.
type Event struct {
	screen.Layout

	views  *dashboard.Views
	replay func(ctx context.Context, ids []string, by contribution.Actor) (int, error)
	audit  *audit.Log
}

// webhookPage is one event with what was delivered.
type webhookPage struct {
	webhookLine
	Notice               *page.Flash
	Sent, Processed, Due screen.Stamp
	Headers              []headerLine
	Body                 string
	Erased               screen.Stamp // when headers and body were deleted
	Indented             bool         // the body is shown with our line breaks, not byte by byte
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
	if err := screen.AuditView(r, s.audit, viewedDelivery, e.EventID); err != nil {
		return err
	}
	loc := s.Pages.Localizer(r)
	p := webhookPage{
		webhookLine: newWebhookLine(s.Layout, loc, e.Webhook), Sent: s.Stamp(e.SentAt), Processed: s.Stamp(e.ProcessedAt),
		Due: s.Stamp(e.DueAt),
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		p.Headers = append(p.Headers, headerLine{name, strings.Join(e.Headers[name], ", ")})
	}
	p.Body, p.Indented = readable(e.Body)
	p.Erased = s.Stamp(e.ErasedAt)
	if r.URL.Query().Get("replayed") != "" {
		p.Notice = workedOnNotice(loc, e.Webhook)
	}
	return s.Render(w, r, http.StatusOK, "staff/webhook.html", i18n.New("staff.title.event", i18n.Args{"id": e.EventID}),
		"inbox", p)
}

// readable returns a body as text for a person: JSON with line breaks; a body that is not JSON, or nested too deeply,
// with its unprintable bytes escaped.
func readable(body []byte) (text string, indented bool) {
	var b bytes.Buffer
	if utf8.Valid(body) && depth(body) <= maxDepth && json.Indent(&b, body, "", "  ") == nil {
		return b.String(), true
	}
	return strings.Trim(strconv.QuoteToGraphic(string(body)), `"`), false
}

// maxDepth is how many levels are indented. Each line is indented by its level, so that a body of 20 KB with 10,000
// levels would fill 200 MB.
const maxDepth = 100

// depth is an upper bound of how deeply a body is nested; brackets in its strings count, too.
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

// Replay answers POST /staff/inbox/{event}/replay. Only parked events are replayed: the button may be pressed twice,
// and an event that is already being worked on needs no help.
func (s *Event) Replay(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("event"), 10, 64)
	if err != nil {
		return page.NotFound()
	}
	e, err := s.views.Webhook(r.Context(), id)
	if err != nil {
		return err
	}
	if e.State == "parked" {
		if _, err := s.replay(r.Context(), []string{strconv.FormatInt(id, 10)}, screen.Actor(r)); err != nil {
			return err
		}
	}
	page.Redirect(w, inboxAddress(id)+"?replayed=1")
	return nil
}

// workedOnNotice says how far a replayed event has got.
func workedOnNotice(loc i18n.Localizer, e dashboard.Webhook) *page.Flash {
	switch e.State {
	case "applied", "ignored":
		return &page.Flash{Tone: "good", Title: loc.Say("staff.replayed"), Text: e.Note}
	case "parked":
		return &page.Flash{Tone: "bad", Title: loc.Say("staff.failed_again"), Text: e.Note}
	default:
		return page.Pending(loc, "staff.replaying")
	}
}
