package screen

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"readerfund/internal/account"
	"readerfund/internal/audit"
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

// NewGuard lets in accounts with a session of the manager's.
func NewGuard(pages *page.Renderer, sessions *session.Manager) *Guard {
	return &Guard{pages: pages, sessions: sessions}
}

type accountKey struct{}

// AccountOf is the signed-in account; it may be called only behind Only.
func AccountOf(r *http.Request) account.Account {
	who, _ := r.Context().Value(accountKey{}).(account.Account)
	return who
}

// MayContact reports whether the account may see readers' email addresses and messages.
func MayContact(r *http.Request) bool { return AccountOf(r).Role.Allows(account.Editor) }

// Actor is the signed-in account as the audit log names it; it may be called only behind Only.
func Actor(r *http.Request) contribution.Actor {
	who := AccountOf(r)
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
			if who.MustChoose && r.URL.Path != PasswordAddress {
				page.Redirect(w, PasswordAddress)
				return nil
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), accountKey{}, who)))
			return nil
		})
	}
}

// AuditView records a view of personal data before it is shown.
func AuditView(r *http.Request, log *audit.Log, action audit.Action, subject string) error {
	by := AccountOf(r)
	return log.RecordView(r.Context(), audit.Entry{StaffID: by.ID, Actor: by.Email, Action: action, Subject: subject})
}
