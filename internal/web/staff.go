package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/contribution"
	"readerfund/internal/session"
	"readerfund/internal/web/page"
)

// staffPage is what every staff page shows around its own part.
type staffPage struct {
	Account  account.Account
	Section  string // the part of the menu we are in
	MayAct   bool   // opens the inbox, and gives money back, asks PayPal, replays
	MayAudit bool
	Zone     string // where the days begin: "Europe/Berlin"
	Body     any
}

type accountKey struct{}

// accountOf is who asks; only behind only.
func accountOf(r *http.Request) account.Account {
	who, _ := r.Context().Value(accountKey{}).(account.Account)
	return who
}

// mayContact reports whether who asks may see readers' email addresses and messages.
func mayContact(r *http.Request) bool { return accountOf(r).Role.Allows(account.Editor) }

// actor is who asks, as the audit log names them; only behind only.
func actor(r *http.Request) contribution.Actor {
	who := accountOf(r)
	return contribution.Actor{ID: who.ID, Name: who.Email}
}

// only lets in who is signed in and has the role. Others who can be helped by it are sent to the sign-in and come back.
func (s *site) only(need account.Role) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return s.pages.Handle(func(w http.ResponseWriter, r *http.Request) error {
			who, err := s.Sessions.Account(r)
			if errors.Is(err, session.ErrSignedOut) {
				page.Redirect(w, "/staff/sign-in?"+url.Values{"next": {r.URL.RequestURI()}}.Encode())
				return nil
			}
			if err != nil {
				return err
			}
			if !who.Role.Allows(need) {
				return page.NewError(http.StatusForbidden, "Your account ("+string(who.Role)+") cannot open this page; it needs the role "+string(need)+". Ask whoever looks after the accounts.")
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

// showStaff renders a staff page with the menu around it.
func (s *site) showStaff(w http.ResponseWriter, r *http.Request, status int, view, title, section string, body any) error {
	who := accountOf(r)
	return s.pages.Render(w, r, status, view, page.Page{Title: title, NoIndex: true, Data: staffPage{
		Account: who, Section: section, MayAct: who.Role.Allows(account.Editor), MayAudit: who.Role.Allows(account.Admin),
		Zone: s.Timezone.String(), Body: body,
	}})
}

// staffAddress gives back an address of ours to go on to after the sign-in, and the overview for everything else: for
// another site's address in all its disguises ("//evil", "/\evil"), and for the sign-in itself.
func staffAddress(next string) string {
	const home = "/staff"
	path, _, _ := strings.Cut(next, "?")
	if path != home && !strings.HasPrefix(path, home+"/") || strings.HasPrefix(path, home+"/sign-") {
		return home
	}
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || strings.ContainsAny(next, "\\\r\n\t") || strings.Contains(u.Path, "..") {
		return home
	}
	return next
}

// stamp is a moment on the publication's clock.
type stamp struct{ at time.Time }

func (s *site) stamp(t time.Time) stamp {
	if t.IsZero() {
		return stamp{}
	}
	return stamp{t.In(s.Timezone)}
}

// IsZero tells whether it did not happen.
func (t stamp) IsZero() bool { return t.at.IsZero() }

// ISO is for machines, with the distance from UTC.
func (t stamp) ISO() string { return t.at.Format(time.RFC3339) }

// Day is the day in words that no region reads the other way round.
func (t stamp) Day() string { return t.at.Format("2 Jan 2006") }

// Text is day and minute.
func (t stamp) Text() string { return t.at.Format("2 Jan 2006, 15:04") }

// Clock is the time of day to the second, with the zone's sign.
func (t stamp) Clock() string { return t.at.Format("15:04:05 MST") }
