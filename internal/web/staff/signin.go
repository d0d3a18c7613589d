package staff

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"readerfund/internal/account"
	"readerfund/internal/i18n"
	"readerfund/internal/session"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
)

// signInPage is the sign-in form: empty, or shown again after it failed.
type signInPage struct {
	Email   string
	Next    string
	Problem string
}

// SignIn is where staff sign in and out.
type SignIn struct {
	screen.Layout

	browsers browsers
	accounts *account.Store
	sessions *session.Manager
}

// Show answers GET /staff/sign-in.
func (s *SignIn) Show(w http.ResponseWriter, r *http.Request) error {
	next := staffAddress(r.URL.Query().Get("next"))
	switch _, err := s.sessions.Account(r); {
	case err == nil:
		page.Redirect(w, next)
		return nil
	case !errors.Is(err, session.ErrSignedOut):
		return err
	}
	return s.render(w, r, http.StatusOK, signInPage{Next: next})
}

// SignIn answers POST /staff/sign-in.
func (s *SignIn) SignIn(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	next := staffAddress(v.Get("next"))
	who, err := s.accounts.Authenticate(r.Context(), v.Get("email"), v.Get("password"), s.browsers.cameFrom(r))
	if errors.Is(err, account.ErrRefused) {
		return s.render(w, r, http.StatusForbidden, signInPage{Email: v.Get("email"), Next: next,
			Problem: page.ProblemOf(s.Pages.Localizer(r), err).Detail})
	}
	if err != nil {
		return rateLimited(err)
	}
	if err := s.sessions.SignIn(w, r, who); err != nil {
		return err
	}
	s.browsers.remember(w, r, who)
	page.Redirect(w, next)
	return nil
}

// rateLimited turns the error about too many attempts into an answer, and returns every other error as it is.
func rateLimited(err error) error {
	if c, ok := errors.AsType[*account.RateLimitError](err); ok {
		return page.NewError(http.StatusTooManyRequests, "staff.too_many_sign_ins", i18n.Args{"when": page.Wait(c.Wait)})
	}
	return err
}

// SignOut answers POST /staff/sign-out, signed in or not.
func (s *SignIn) SignOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.sessions.SignOut(w, r); err != nil {
		return err
	}
	page.Redirect(w, "/staff/sign-in")
	return nil
}

func (s *SignIn) render(w http.ResponseWriter, r *http.Request, status int, p signInPage) error {
	title := s.Pages.Localizer(r).Say("staff.title.sign_in")
	return s.Pages.Render(w, r, status, "staff/signin.html", page.Page{Title: title, NoIndex: true, Data: p})
}

// staffAddress returns the address to open after the sign-in if it is one of ours, and the overview otherwise: for
// another site's address in all its disguises ("//evil", "/\evil"), and for the sign-in itself.
func staffAddress(next string) string {
	const home = "/staff"
	path, _, _ := strings.Cut(next, "?")
	if path != home && !strings.HasPrefix(path, home+"/") || strings.HasPrefix(path, home+"/sign-") {
		return home
	}
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || strings.ContainsAny(next, "\\\r\n\t") ||
		strings.Contains(u.Path, "..") {
		return home
	}
	return next
}
