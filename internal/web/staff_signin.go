package web

import (
	"errors"
	"net/http"

	"readerfund/internal/account"
	"readerfund/internal/session"
	"readerfund/internal/web/page"
)

// signInPage is the sign-in as it is shown: empty, or given back after it failed.
type signInPage struct {
	Email   string
	Next    string
	Problem string
}

// showSignIn answers GET /staff/sign-in.
func (s *site) showSignIn(w http.ResponseWriter, r *http.Request) error {
	next := staffAddress(r.URL.Query().Get("next"))
	switch _, err := s.Sessions.Account(r); {
	case err == nil:
		page.Redirect(w, next)
		return nil
	case !errors.Is(err, session.ErrSignedOut):
		return err
	}
	return s.renderSignIn(w, r, http.StatusOK, signInPage{Next: next})
}

// signIn answers POST /staff/sign-in.
func (s *site) signIn(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	next := staffAddress(v.Get("next"))
	who, err := s.Accounts.Authenticate(r.Context(), v.Get("email"), v.Get("password"), s.cameFrom(r))
	if errors.Is(err, account.ErrRefused) {
		return s.renderSignIn(w, r, http.StatusForbidden, signInPage{Email: v.Get("email"), Next: next, Problem: page.ProblemOf(err).Detail})
	}
	if err != nil {
		return crowded(err)
	}
	if err := s.Sessions.SignIn(w, r, who); err != nil {
		return err
	}
	s.knowBrowser(w, r, who)
	page.Redirect(w, next)
	return nil
}

// crowded turns too many tries into an answer, and leaves every other error.
func crowded(err error) error {
	if c, ok := errors.AsType[*account.RateLimitError](err); ok {
		return page.NewError(http.StatusTooManyRequests, "Too many sign-ins came from your network. Please try again "+
			page.Wait(c.Wait)+".")
	}
	return err
}

// signOut answers POST /staff/sign-out, whether somebody is signed in or not.
func (s *site) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.Sessions.SignOut(w, r); err != nil {
		return err
	}
	page.Redirect(w, "/staff/sign-in")
	return nil
}

func (s *site) renderSignIn(w http.ResponseWriter, r *http.Request, status int, p signInPage) error {
	return s.pages.Render(w, r, status, "staff/signin.html", page.Page{Title: "Sign in", NoIndex: true, Data: p})
}
