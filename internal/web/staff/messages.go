package staff

import (
	"net/http"

	"readerfund/internal/dashboard"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
)

const messagesAddress = "/staff/messages"

// Messages is the list of what readers wrote to the newsroom.
type Messages struct {
	layout

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
	Given, Wrote stamp
}

// Show answers GET /staff/messages.
func (s *Messages) Show(w http.ResponseWriter, r *http.Request) error {
	after := r.URL.Query().Get("after")
	p := messagesPage{Wrong: page.FilterErrors{}}
	rows, next, err := s.views.Messages(r.Context(), after)
	if err := p.Wrong.Note(s.pages.Localizer(r), err); err != nil {
		return err
	}
	for _, m := range rows {
		p.Rows = append(p.Rows, messageLine{
			Message: m, About: contributionAddress(m.Contribution), Given: s.stamp(m.GivenAt), Wrote: s.stamp(m.LaterAt),
		})
	}
	if next != "" {
		p.Next = address(messagesAddress, filled("after", next))
	}
	if after != "" {
		p.First = messagesAddress
	}
	return s.show(w, r, p.Wrong.Status(), "staff/messages.html", i18n.New("staff.title.messages"), "contributions", p)
}
