package staff

import (
	"net/http"

	"readerfund/internal/account"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/session"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
)

// passwordPage is the form to choose a password.
type passwordPage struct {
	First  bool // it replaces a one-time password
	Notice *page.Flash
	page.FormErrors
}

// Password is where staff choose their own password.
type Password struct {
	screen.Layout

	browsers browsers
	accounts *account.Store
	sessions *session.Manager
}

// Show answers GET /staff/password.
func (s *Password) Show(w http.ResponseWriter, r *http.Request) error {
	p := passwordPage{First: screen.AccountOf(r).MustChoose}
	if r.URL.Query().Has("done") {
		p.Notice = page.Good(s.Pages.Localizer(r), "staff.password_changed")
	}
	return s.render(w, r, http.StatusOK, p)
}

// Choose answers POST /staff/password.
func (s *Password) Choose(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	who := screen.AccountOf(r)
	err = s.change(r, who, v.Get("current"), v.Get("password"), v.Get("again"))
	if fault.Is(err, fault.Invalid) {
		p := passwordPage{First: who.MustChoose}
		p.Put(s.Pages.Localizer(r), err, "current", "password", "again")
		return s.render(w, r, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	if err := s.sessions.SignIn(w, r, who); err != nil {
		return err
	}
	page.Redirect(w, screen.PasswordAddress+"?done")
	return nil
}

func (s *Password) change(r *http.Request, who account.Account, current, password, again string) error {
	if password != again {
		return fault.Input("again", "account.passwords_differ")
	}
	return rateLimited(s.accounts.ChoosePassword(r.Context(), who, current, password, s.browsers.cameFrom(r)))
}

func (s *Password) render(w http.ResponseWriter, r *http.Request, status int, p passwordPage) error {
	title := i18n.New("staff.title.password")
	if p.First {
		title = i18n.New("staff.title.first_password")
	}
	return s.Render(w, r, status, "staff/password.html", title, "", p)
}
