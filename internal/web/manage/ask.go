package manage

import (
	"errors"
	"net/http"
	"time"

	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/managelink"
	"readerfund/internal/web/page"
)

// Ask is where a reader asks for the link to their own page.
type Ask struct {
	layout

	links *managelink.Service
}

// askPage is the form that asks for a link, and the outcome of sending it.
type askPage struct {
	Email   string
	Lede    string // why the reader is here
	Sent    bool   // a link is on its way if the address is known
	Done    bool   // the lede reports the outcome of what the reader just did
	Wait    bool   // no link can be asked for now
	Mails   bool   // this server sends mail
	Minutes int    // how long a link may be opened
	page.FormErrors
}

// form is the empty form, for readers without a session. The address says why they have none: it ran out, they closed
// it, or they have just asked for a link.
func (s *Ask) form(w http.ResponseWriter, r *http.Request) error {
	loc, q := s.pages.Localizer(r), r.URL.Query()
	switch {
	case q.Has("sent"):
		p := askPage{Sent: true, Done: true, Lede: loc.Say("manage.sent", i18n.Args{"minutes": linkMinutes})}
		return s.show(w, r, http.StatusOK, i18n.New("manage.title.sent"), p)
	case q.Has("left"):
		p := askPage{Done: true, Lede: loc.Say("manage.left")}
		return s.show(w, r, http.StatusOK, i18n.New("manage.title.left"), p)
	case q.Has("closed"):
		p := askPage{Lede: loc.Say("manage.closed")}
		return s.show(w, r, http.StatusOK, i18n.New("manage.title.closed"), p)
	default:
		return s.show(w, r, http.StatusOK, i18n.New("manage.title.ask"), askPage{Lede: loc.Say("manage.ask")})
	}
}

// refuse says why a link cannot be opened, and offers another.
func (s *Ask) refuse(w http.ResponseWriter, r *http.Request, why i18n.Message) error {
	p := askPage{Lede: s.pages.Localizer(r).Message(why)}
	return s.show(w, r, http.StatusNotFound, i18n.New("manage.title.no_entry"), p)
}

func (s *Ask) show(w http.ResponseWriter, r *http.Request, status int, title i18n.Message, p askPage) error {
	p.Mails, p.Minutes = s.links.SendsMail(), linkMinutes
	return s.layout.show(w, r, status, "manage/ask.html", title, p)
}

// linkMinutes is how long a link may be opened.
const linkMinutes = int(managelink.LinkLasts / time.Minute)

// Submit answers POST /manage. It reveals nothing about the address: the answer is the same, and takes the same time,
// whether or not a gift was made with that address.
func (s *Ask) Submit(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	from := page.ClientOf(r.Context())
	err = s.links.Ask(r.Context(), v.Get("email"), s.pages.Locale(r),
		managelink.From{Address: from.Address.String(), Network: from.Network.String()})
	loc := s.pages.Localizer(r)
	switch limited, ok := errors.AsType[*managelink.RateLimitError](err); {
	case ok:
		w.Header().Set("Retry-After", page.Seconds(limited.Wait))
		when := i18n.Args{"when": page.Wait(limited.Wait)}
		p := askPage{Wait: true, Lede: loc.Say("manage.asked_too_often", when)}
		return s.show(w, r, http.StatusTooManyRequests, i18n.New("manage.title.too_often"), p)
	case fault.Is(err, fault.Invalid):
		p := askPage{Email: v.Get("email"), Lede: loc.Say("manage.ask")}
		p.Put(loc, err, "email")
		return s.show(w, r, http.StatusUnprocessableEntity, i18n.New("manage.title.address_malformed"), p)
	case err != nil:
		return err
	}
	page.Redirect(w, s.pages.To(r, home+"?sent")) // so that a reload sends no second mail
	return nil
}
