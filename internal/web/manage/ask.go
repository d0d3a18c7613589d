package manage

import (
	"errors"
	"net/http"

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

// askPage is the form that asks for a link: empty, given back, or after it was sent.
type askPage struct {
	Email    string
	Sent     bool   // what was asked for is under way, whether the address is known or not
	Trouble  string // why the link that led here lets nobody in
	Mails    bool   // mail is sent from here
	Minutes  int    // how long a link may be opened
	Sessions int    // and how long it lets in, in minutes
	page.FormErrors
}

// show answers with the form. trouble is why the reader is here and not where they wanted to be; it may be empty.
func (s *Ask) show(w http.ResponseWriter, r *http.Request, status int, p askPage) error {
	p.Mails, p.Minutes = s.links.SendsMail(), int(managelink.LinkLasts.Minutes())
	p.Sessions = int(managelink.SessionLasts.Minutes())
	title := i18n.New("manage.title.ask")
	switch {
	case p.Sent:
		title = i18n.New("manage.title.sent")
	case p.Trouble != "":
		title = i18n.New("manage.title.no_entry")
	}
	return s.layout.show(w, r, status, "manage/ask.html", title, p)
}

// Submit answers POST /manage. Whoever asks learns nothing of the address: the answer is the same, and as fast, whether
// or not anybody has given with it.
func (s *Ask) Submit(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	from := page.ClientOf(r.Context())
	err = s.links.Ask(r.Context(), v.Get("email"), page.Language(r),
		managelink.From{Address: from.Address.String(), Network: from.Network.String()})
	switch limited, ok := errors.AsType[*managelink.RateLimitError](err); {
	case ok:
		w.Header().Set("Retry-After", page.Seconds(limited.Wait))
		return page.NewError(http.StatusTooManyRequests, "manage.asked_too_often", i18n.Args{"when": page.Wait(limited.Wait)})
	case fault.Is(err, fault.Invalid):
		p := askPage{Email: v.Get("email")}
		p.Put(s.pages.Localizer(r), err, "email")
		return s.show(w, r, http.StatusUnprocessableEntity, p)
	case err != nil:
		return err
	}
	page.Redirect(w, home+"?sent") // so that a reload sends no second mail
	return nil
}
