package gift

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/web/page"
)

// remembered is how many gifts a browser keeps cookies for, and lifetime for how long.
const (
	remembered = 5
	lifetime   = 30 * 24 * time.Hour
)

// cookiePurpose is what the cookies' signatures are for.
const cookiePurpose = "gift cookie"

// Cookies let a browser prove which gifts were made in it. Each gift has a cookie of its own: a form posted from
// another site, such as the appeal on an article, arrives without our cookies (SameSite), and an answer that rewrote a
// list would drop the gifts that it had not seen. They serve to show readers their own pages again, and name nobody.
type Cookies struct {
	signer page.Signer
	secure bool
}

// NewCookies makes cookies that are sent over https only if secure is true.
func NewCookies(signer page.Signer, secure bool) *Cookies {
	return &Cookies{signer: signer, secure: secure}
}

// prefix begins the name of each gift's cookie, which ends with the gift's id. It is the __Host- prefix where browsers
// allow it: over https, for the whole host, from no subdomain (RFC 6265bis, section 4.1.3.2).
func (c *Cookies) prefix() string {
	if c.secure {
		return "__Host-gift-"
	}
	return "gift-"
}

// Remember adds a contribution to those of this browser, and forgets the oldest beyond five.
func (c *Cookies) Remember(w http.ResponseWriter, r *http.Request, id uuid.UUID) {
	c.set(w, id, c.signer.Sign(cookiePurpose, id.String()), int(lifetime/time.Second))
	others := slices.DeleteFunc(c.Recalled(r), func(known uuid.UUID) bool { return known == id })
	for _, old := range others[min(len(others), remembered-1):] {
		c.set(w, old, "", -1)
	}
}

func (c *Cookies) set(w http.ResponseWriter, id uuid.UUID, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever there is https to send it over
		Name: c.prefix() + id.String(), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}

// Recalled returns the contributions that this browser made, newest first, ignoring cookies that we did not sign.
func (c *Cookies) Recalled(r *http.Request) []uuid.UUID {
	var ids []uuid.UUID
	for _, cookie := range r.Cookies() {
		text, ours := strings.CutPrefix(cookie.Name, c.prefix())
		if !ours || !c.signer.Verify(cookiePurpose, text, cookie.Value) {
			continue
		}
		if id, err := uuid.Parse(text); err == nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(b[:], a[:]) }) // their ids begin with the time
	return ids
}

// Owns reports whether the contribution was made in this browser.
func (c *Cookies) Owns(r *http.Request, id uuid.UUID) bool { return slices.Contains(c.Recalled(r), id) }

// startedSince is how many gifts this browser's cookies show as started since then: their ids contain the time (RFC
// 9562, section 5.7).
func (c *Cookies) startedSince(r *http.Request, then time.Time) (n int) {
	for _, id := range c.Recalled(r) {
		seconds, nanos := id.Time().UnixTime()
		if time.Unix(seconds, nanos).After(then) {
			n++
		}
	}
	return n
}
