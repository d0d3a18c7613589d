package staff

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"readerfund/internal/account"
	"readerfund/internal/contribution"
	"readerfund/internal/i18n"
	"readerfund/internal/session"
	"readerfund/internal/web/page"
)

// Guard lets staff in by their role.
type Guard struct {
	pages    *page.Renderer
	sessions *session.Manager
}

type accountKey struct{}

// accountOf is the signed-in account; it may be called only behind Only.
func accountOf(r *http.Request) account.Account {
	who, _ := r.Context().Value(accountKey{}).(account.Account)
	return who
}

// mayContact reports whether the account may see readers' email addresses and messages.
func mayContact(r *http.Request) bool { return accountOf(r).Role.Allows(account.Editor) }

// actor is the signed-in account as the audit log names it; it may be called only behind Only.
func actor(r *http.Request) contribution.Actor {
	who := accountOf(r)
	return contribution.Actor{ID: who.ID, Name: who.Email}
}

// Only lets in accounts that are signed in and have the role. A visitor whom signing in would help is sent to the
// sign-in page and returns from there.
func (s *Guard) Only(need account.Role) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return s.pages.Handle(func(w http.ResponseWriter, r *http.Request) error {
			who, err := s.sessions.Account(r)
			if errors.Is(err, session.ErrSignedOut) {
				page.Redirect(w, "/staff/sign-in?"+url.Values{"next": {r.URL.RequestURI()}}.Encode())
				return nil
			}
			if err != nil {
				return err
			}
			if !who.Role.Allows(need) {
				return page.NewError(http.StatusForbidden, "staff.role_missing", i18n.Args{"role": who.Role, "needed": need})
			}
			if who.MustChoose && r.URL.Path != passwordPath {
				page.Redirect(w, passwordPath)
				return nil
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), accountKey{}, who)))
			return nil
		})
	}
}
