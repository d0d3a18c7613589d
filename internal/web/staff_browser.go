package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/staff"
)

// forBrowser is the purpose of the signature in the cookie of a browser that signed in.
const forBrowser = "known browser"

// browserLasts is how long a browser is known for; each sign-in begins it anew.
const browserLasts = 365 * 24 * time.Hour

func (s *site) browserCookie() string {
	if s.secure() {
		return "__Host-readerfund_browser"
	}
	return "readerfund_browser"
}

// cameFrom is where a sign-in comes from, with what the browser shows of earlier ones.
func (s *site) cameFrom(r *http.Request) staff.From {
	c := clientOf(r.Context())
	return staff.From{Address: c.address.String(), Network: c.network.String(), Browser: s.knownBrowser(r)}
}

// knownBrowser reads the cookie "account.browser.signature"; the zero value for everything that is not one of ours.
func (s *site) knownBrowser(r *http.Request) staff.Browser {
	cookie, err := r.Cookie(s.browserCookie())
	if err != nil {
		return staff.Browser{}
	}
	at := strings.LastIndexByte(cookie.Value, '.')
	if at < 0 || !s.signer.verify(forBrowser, cookie.Value[:at], cookie.Value[at+1:]) {
		return staff.Browser{}
	}
	account, id, _ := strings.Cut(cookie.Value[:at], ".")
	b := staff.Browser{}
	if b.Account, err = uuid.Parse(account); err != nil {
		return staff.Browser{}
	}
	if b.ID, err = uuid.Parse(id); err != nil {
		return staff.Browser{}
	}
	return b
}

// knowBrowser lets a browser be known that signed in. The cookie opens nothing: its tries at this account are counted
// by themselves, so that nobody elsewhere can close the account to it.
func (s *site) knowBrowser(w http.ResponseWriter, r *http.Request, account staff.Account) {
	b := s.knownBrowser(r)
	if b.Account != account.ID {
		b = staff.Browser{Account: account.ID, ID: uuid.New()}
	}
	text := b.Account.String() + "." + b.ID.String()
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever there is https to send it over
		Name: s.browserCookie(), Value: text + "." + s.signer.sign(forBrowser, text), Path: "/",
		MaxAge: int(browserLasts / time.Second), HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	})
}
