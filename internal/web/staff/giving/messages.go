package giving

import (
	"net/http"

	"readerfund/internal/dashboard"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
)

const messagesAddress = "/staff/messages"

// Messages is the list of what readers wrote to the newsroom.
type Messages struct {
	screen.Layout

	views *dashboard.Views
}

type messagesPage struct {
	Rows        []messageLine
	Wrong       page.FilterErrors
	Next, First string
}

// messageLine is what one reader wrote.
type messageLine struct {
	dashboard.Message
	About        string // the contribution's page
	Given, Wrote screen.Stamp
}

// Show answers GET /staff/messages.
func (s *Messages) Show(w http.ResponseWriter, r *http.Request) error {
	after := r.URL.Query().Get("after")
	p := messagesPage{Wrong: page.FilterErrors{}}
	rows, next, err := s.views.Messages(r.Context(), after)
	if err := p.Wrong.Note(s.Pages.Localizer(r), err); err != nil {
		return err
	}
	for _, m := range rows {
		p.Rows = append(p.Rows, messageLine{
			Message: m, About: screen.ContributionAddress(m.Contribution), Given: s.Stamp(m.GivenAt), Wrote: s.Stamp(m.LaterAt),
		})
	}
	if next != "" {
		p.Next = screen.Address(messagesAddress, screen.Query("after", next))
	}
	if after != "" {
		p.First = messagesAddress
	}
	return s.Render(w, r, p.Wrong.Status(), "staff/messages.html", i18n.New("staff.title.messages"), "contributions", p)
}
