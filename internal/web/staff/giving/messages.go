package giving

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/dashboard"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
)

const messagesAddress = "/staff/messages"

// Messages is the list of what readers wrote to the newsroom.
type Messages struct {
	screen.Layout

	views         *dashboard.Views
	contributions *contribution.Service
}

// messagesPage is the list, or what was found in it.
type messagesPage struct {
	Notice       *page.Flash
	Search       string
	After        string
	Wrong        page.FilterErrors
	Unread, Read []messageLine
	All          string // how many are unread, in words, where they are more than this page has; else empty
	First        string // the first gift of the list
	At           string // when the list was read
	Next, Back   string
}

// messageLine is what one reader wrote.
type messageLine struct {
	dashboard.Message
	About              string // the contribution's page
	Story              string // the article's address, shortened
	Shown              string // what a form says of it
	Given, Wrote, Seen screen.Stamp
}

// Show answers GET /staff/messages.
func (s *Messages) Show(w http.ResponseWriter, r *http.Request) error {
	loc, v := s.Pages.Localizer(r), r.URL.Query()
	p := messagesPage{
		Search: strings.TrimSpace(v.Get("q")), After: v.Get("after"), Wrong: page.FilterErrors{},
		Notice: messagesNotice(loc, v.Get("did")), At: s.Now().UTC().Format(time.RFC3339Nano),
	}
	found, err := s.views.Messages(r.Context(), dashboard.MessagesQuery{Search: p.Search, After: p.After})
	if err := p.Wrong.Note(loc, err); err != nil {
		return err
	}
	for _, m := range found.Messages {
		line := messageLine{
			Message: m, About: screen.ContributionAddress(m.Contribution), Story: screen.ShortAddress(m.Article),
			Shown: shownMessage(m), Given: s.Stamp(m.GivenAt), Wrote: s.Stamp(m.LaterAt), Seen: s.Stamp(m.ReadAt),
		}
		if m.Unread() {
			p.Unread = append(p.Unread, line)
		} else {
			p.Read = append(p.Read, line)
		}
	}
	if found.Next != "" {
		p.Next = screen.Address(messagesAddress, screen.Query("q", p.Search, "after", found.Next))
	}
	if p.After != "" {
		p.Back = screen.Address(messagesAddress, screen.Query("q", p.Search))
	}
	if len(p.Unread) > 0 && p.Search == "" && p.After == "" {
		p.First = found.Messages[0].Contribution.String()
		if p.All, err = s.unreadBeside(r, len(p.Unread)); err != nil {
			return err
		}
	}
	return s.Render(w, r, p.Wrong.Status(), "staff/messages.html", i18n.New("staff.title.messages"), "contributions", p)
}

// unreadBeside is how many messages are unread, in words; empty where they are no more than those shown.
func (s *Messages) unreadBeside(r *http.Request, shown int) (string, error) {
	n, err := s.views.UnreadMessages(r.Context())
	if err != nil || n <= shown {
		return "", err
	}
	return screen.UnreadInWords(s.Pages.Localizer(r), n), nil
}

func messagesNotice(loc i18n.Localizer, did string) *page.Flash {
	switch did {
	case "read", "unread":
		return &page.Flash{Tone: "good", Title: loc.Say("staff.messages.marked_" + did)}
	case "newer":
		return page.Pending(loc, "staff.messages.newer")
	default:
		return nil
	}
}

// laterShown is behind the id of a gift in a form that also showed what its reader wrote after the gift.
const laterShown = ".later"

func shownMessage(m dashboard.Message) string {
	if m.Later == "" {
		return m.Contribution.String()
	}
	return m.Contribution.String() + laterShown
}

// Read answers POST /staff/messages/read: those that a form names, or all that a list had.
func (s *Messages) Read(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	by, did := screen.Actor(r), "read"
	if v.Has("first") {
		first, wrong := uuid.Parse(v.Get("first"))
		at, wrongTime := time.Parse(time.RFC3339Nano, v.Get("at"))
		if wrong != nil || wrongTime != nil {
			return page.NewError(http.StatusBadRequest, "web.form_garbled")
		}
		err = s.contributions.MarkAllRead(r.Context(), first, at, by)
	} else {
		var shown []contribution.Shown
		for _, one := range v["shown"] {
			id, later := strings.CutSuffix(one, laterShown)
			parsed, wrong := uuid.Parse(id)
			if wrong != nil {
				return page.NewError(http.StatusBadRequest, "web.form_garbled")
			}
			shown = append(shown, contribution.Shown{ID: parsed, Later: later})
		}
		var unread int
		if unread, err = s.contributions.MarkRead(r.Context(), shown, by); unread > 0 {
			did = "newer"
		}
	}
	if err != nil {
		return err
	}
	backToMessages(w, v, did)
	return nil
}

// TakeBack answers POST /staff/messages/unread.
func (s *Messages) TakeBack(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	id, wrong := uuid.Parse(v.Get("id"))
	if wrong != nil {
		return page.NewError(http.StatusBadRequest, "web.form_garbled")
	}
	if err := s.contributions.MarkUnread(r.Context(), id); err != nil {
		return err
	}
	backToMessages(w, v, "unread")
	return nil
}

// backToMessages leads to the page of the list that the form stands on.
func backToMessages(w http.ResponseWriter, v url.Values, did string) {
	page.Redirect(w, screen.Address(messagesAddress, screen.Query("q", v.Get("q"), "after", v.Get("after"), "did", did)))
}
