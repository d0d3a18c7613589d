package manage

import (
	"crypto/rand"
	"errors"
	"net/http"

	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/managelink"
	"readerfund/internal/web/page"
)

// Open is where a link from a mail leads.
type Open struct {
	layout

	door door
	ask  *Ask
}

// openPage is the page with the one button that opens a link.
type openPage struct {
	Token   string
	Opening string // names this page: its button pressed twice opens the link once
}

// Show answers GET /manage/{token}. It does not open the link, because programs that scan mail before its reader does
// fetch every address in it. The page's button opens it.
func (s *Open) Show(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	err := s.door.links.Check(r.Context(), token)
	switch {
	case errors.Is(err, managelink.ErrUsed):
		// The reader used the back button or clicked the mail again: a reader with a session goes straight in.
		if _, err := s.door.reader(r.Context(), r); err == nil {
			page.Redirect(w, s.pages.To(r, home))
			return nil
		}
		return s.refuse(w, r, managelink.ErrUsed)
	case err != nil:
		return s.refuse(w, r, err)
	}
	return s.show(w, r, http.StatusOK, "manage/open.html", i18n.New("manage.title.open"),
		openPage{Token: token, Opening: rand.Text()})
}

// Open answers POST /manage/{token}: it uses the link up and lets this browser in.
func (s *Open) Open(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	session, err := s.door.links.Open(r.Context(), r.PathValue("token"), v.Get("opening"))
	if err != nil {
		return s.refuse(w, r, err)
	}
	s.door.keep(w, session)
	page.Redirect(w, s.pages.To(r, home))
	return nil
}

// refuse says why a link does not open, and offers another.
func (s *Open) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	return s.ask.refuse(w, r, fault.All(err)[0].Message)
}

// Leave answers POST /manage/leave: it ends the session, in this browser and on the server.
func (s *Open) Leave(w http.ResponseWriter, r *http.Request) error {
	if err := s.door.links.Leave(r.Context(), s.door.session(r)); err != nil {
		return err
	}
	s.door.keep(w, "")
	page.Redirect(w, s.pages.To(r, home+"?left"))
	return nil
}
