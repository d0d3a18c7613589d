package staff

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/account"
	"readerfund/internal/web/page"
)

// forBrowser is the purpose of the signature in the cookie of a browser that signed in.
const forBrowser = "known browser"

// browserLasts is how long a browser is remembered; each sign-in starts the time again.
const browserLasts = 365 * 24 * time.Hour

// browsers know the browsers that signed in.
type browsers struct {
	signer page.Signer
	secure bool
}

func (s browsers) cookie() string {
	if s.secure {
		return "__Host-readerfund_browser"
	}
	return "readerfund_browser"
}

// cameFrom describes the origin of a sign-in, including the browser's cookie from earlier ones.
func (s browsers) cameFrom(r *http.Request) account.From {
	c := page.ClientOf(r.Context())
	return account.From{Address: c.Address.String(), Network: c.Network.String(), Browser: s.known(r)}
}

// known reads the cookie "account.browser.signature"; the zero value for any cookie that we did not sign.
func (s browsers) known(r *http.Request) account.Browser {
	cookie, err := r.Cookie(s.cookie())
	if err != nil {
		return account.Browser{}
	}
	at := strings.LastIndexByte(cookie.Value, '.')
	if at < 0 || !s.signer.Verify(forBrowser, cookie.Value[:at], cookie.Value[at+1:]) {
		return account.Browser{}
	}
	whose, id, _ := strings.Cut(cookie.Value[:at], ".")
	b := account.Browser{}
	if b.Account, err = uuid.Parse(whose); err != nil {
		return account.Browser{}
	}
	if b.ID, err = uuid.Parse(id); err != nil {
		return account.Browser{}
	}
	return b
}

// remember sets the cookie of a browser that signed in. The cookie grants no access: it makes failed sign-ins from this
// browser count separately, so that attempts elsewhere cannot lock it out.
func (s browsers) remember(w http.ResponseWriter, r *http.Request, who account.Account) {
	b := s.known(r)
	if b.Account != who.ID {
		b = account.Browser{Account: who.ID, ID: uuid.New()}
	}
	text := b.Account.String() + "." + b.ID.String()
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever there is https to send it over
		Name: s.cookie(), Value: text + "." + s.signer.Sign(forBrowser, text), Path: "/",
		MaxAge: int(browserLasts / time.Second), HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
}
