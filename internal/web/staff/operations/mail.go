package operations

import (
	"net/http"

	"github.com/google/uuid"

	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/mail"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

const mailAddress = "/staff/mail"

// Mail lists the mails to readers that did not arrive, and sends them again.
type Mail struct {
	screen.Layout

	mails *mail.Service
}

type mailPage struct {
	Notice *page.Flash
	On     bool // a mail server is set
	Lines  []mailLine
	More   int // how many more there are than are listed
	All    []mailGroup
}

// mailLine is one mail in the list.
type mailLine struct {
	mail.Trouble
	Name   string // the kind, in words
	Status words.Status
	Since  screen.Stamp
}

// mailGroup is all mails in one state.
type mailGroup struct {
	State string
	Label string
	Count int
}

// Show answers GET /staff/mail.
func (s *Mail) Show(w http.ResponseWriter, r *http.Request) error {
	p, err := s.read(r)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("did") == "again" {
		p.Notice = page.Pending(s.Pages.Localizer(r), "staff.mail_again")
	}
	return s.Render(w, r, http.StatusOK, "staff/mail.html", i18n.New("staff.title.mail"), "work", p)
}

func (s *Mail) read(r *http.Request) (*mailPage, error) {
	all, err := s.mails.Troubles(r.Context())
	if err != nil {
		return nil, err
	}
	p, loc := &mailPage{On: s.mails.On(), More: -len(all.Mails)}, s.Pages.Localizer(r)
	for _, m := range all.Mails {
		p.Lines = append(p.Lines, mailLine{
			Trouble: m, Name: words.Of(loc, "mail.kind.", string(m.Kind)), Since: s.Stamp(m.Since),
			Status: words.Mail(loc, string(m.State)),
		})
	}
	for _, state := range []mail.State{mail.Failed, mail.Bounced, mail.Off} {
		if n := all.Count[state]; n > 0 {
			label := words.StatusIn(loc, "mail.state.", string(state), nil).Label
			p.All, p.More = append(p.All, mailGroup{string(state), label, n}), p.More+n
		}
	}
	return p, nil
}

// Again answers POST /staff/mail/again: one mail by its id, or all of a state.
func (s *Mail) Again(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	by := mail.By(screen.Actor(r))
	if id, malformed := uuid.Parse(v.Get("id")); malformed == nil {
		err = s.mails.Again(r.Context(), id, by)
	} else {
		_, err = s.mails.AgainAll(r.Context(), mail.State(v.Get("state")), by)
	}
	if k := fault.KindOf(err); err != nil && (k == fault.Invalid || k == fault.Conflict) {
		p, readErr := s.read(r)
		if readErr != nil {
			return readErr
		}
		loc := s.Pages.Localizer(r)
		say := page.ProblemOf(loc, err)
		p.Notice = &page.Flash{Tone: "bad", Title: loc.Say("staff.nothing_changed"), Text: say.Detail}
		return s.Render(w, r, say.Status, "staff/mail.html", i18n.New("staff.title.mail"), "work", p)
	}
	if err != nil {
		return err
	}
	page.Redirect(w, mailAddress+"?did=again")
	return nil
}
