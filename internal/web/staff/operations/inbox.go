package operations

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"readerfund/internal/contribution"
	"readerfund/internal/dashboard"
	"readerfund/internal/health"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// Inbox is the list of PayPal's webhook events.
type Inbox struct {
	screen.Layout

	views     *dashboard.Views
	health    *health.Monitor
	replayAll func(ctx context.Context, by contribution.Actor) (int, error)
}

// inboxPage is the list of webhook events.
type inboxPage struct {
	State, Search, After string
	Notice               *page.Flash
	Parked               int64 // how many could be replayed; 0 shows no button
	Wrong                page.FilterErrors
	Tabs                 []screen.Preset
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
	StateInWords words.Status
	Received     screen.Stamp
}

// suspectLine is a refused delivery in a list.
type suspectLine struct {
	dashboard.Suspect
	First, Last screen.Stamp
	Original    string // the page of the event it imitates
}

// maxSuspects is how many refused deliveries are listed.
const maxSuspects = 20

// List answers GET /staff/inbox.
func (s *Inbox) List(w http.ResponseWriter, r *http.Request) error {
	v, loc := r.URL.Query(), s.Pages.Localizer(r)
	p := inboxPage{State: v.Get("state"), Search: strings.TrimSpace(v.Get("q")), After: v.Get("after"),
		Wrong: page.FilterErrors{}}
	p.Tabs = []screen.Preset{{Name: loc.Say("staff.all"), Address: "/staff/inbox", Current: p.State == ""}}
	for _, state := range dashboard.WebhookStates() {
		p.Tabs = append(p.Tabs, screen.Preset{Name: words.Webhook(loc, state).Label,
			Address: screen.Address("/staff/inbox", screen.Query("state", state)), Current: p.State == state})
	}
	found, err := s.views.Inbox(r.Context(), dashboard.InboxQuery{State: p.State, Search: p.Search, After: p.After})
	if err := p.Wrong.Note(loc, err); err != nil {
		return err
	}
	for _, e := range found.Webhooks {
		p.Rows = append(p.Rows, newWebhookLine(s.Layout, loc, e))
	}
	p.page(found.Next)
	if p.State == "parked" {
		waiting, err := s.health.Attention(r.Context(), s.Now())
		if err != nil {
			return err
		}
		p.Parked = waiting.Parked
	}
	p.Notice = replayedNotice(loc, v.Get("replayed"))
	suspects, err := s.views.Suspects(r.Context(), s.Now(), maxSuspects)
	if err != nil {
		return err
	}
	for _, x := range suspects {
		line := suspectLine{Suspect: x, First: s.Stamp(x.FirstSeenAt), Last: s.Stamp(x.LastSeenAt)}
		if x.OriginalID != 0 {
			line.Original = inboxAddress(x.OriginalID)
		}
		p.Suspects = append(p.Suspects, line)
	}
	return s.Render(w, r, p.Wrong.Status(), "staff/inbox.html", i18n.New("staff.title.inbox"), "inbox", p)
}

func (p *inboxPage) page(next string) {
	query := func() url.Values { return screen.Query("state", p.State, "q", p.Search) }
	if next != "" {
		p.Next = screen.Address("/staff/inbox", screen.With(query(), "after", next))
	}
	if p.After != "" {
		p.First = screen.Address("/staff/inbox", query())
	}
}

func newWebhookLine(s screen.Layout, loc i18n.Localizer, e dashboard.Webhook) webhookLine {
	line := webhookLine{Webhook: e, Address: inboxAddress(e.ID), What: words.Event(loc, e.Type),
		StateInWords: words.Webhook(loc, e.State), Received: s.Stamp(e.ReceivedAt)}
	if e.Receipt != "" {
		line.About = screen.ContributionAddress(e.ContributionID)
	}
	return line
}

func inboxAddress(id int64) string { return "/staff/inbox/" + strconv.FormatInt(id, 10) }

// ReplayAll answers POST /staff/inbox/replay.
func (s *Inbox) ReplayAll(w http.ResponseWriter, r *http.Request) error {
	n, err := s.replayAll(r.Context(), screen.Actor(r))
	if err != nil {
		return err
	}
	page.Redirect(w, "/staff/inbox?replayed="+strconv.Itoa(n))
	return nil
}

// replayedNotice says how many events were replayed; count comes from the address.
func replayedNotice(loc i18n.Localizer, count string) *page.Flash {
	n, err := strconv.Atoi(count)
	switch {
	case err != nil || n < 0:
		return nil
	case n == 0:
		return page.Good(loc, "staff.nothing_parked")
	default:
		return page.Pending(loc, "staff.replaying_all", i18n.Args{"count": n})
	}
}
