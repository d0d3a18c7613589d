package web

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// remembered is how many gifts a browser keeps a cookie of, and memory how long.
const (
	remembered = 5
	memory     = 30 * 24 * time.Hour
)

// Purposes of signatures.
const (
	forThanks = "thanks page"
	forCookie = "gift cookie"
)

// cookiePrefix begins the name of each gift's cookie; the gift's id ends it. It has the __Host- prefix where browsers
// allow it: over https, for the whole host, from no subdomain (RFC 6265bis, section 4.1.3.2).
func (s *site) cookiePrefix() string {
	if s.secure() {
		return "__Host-gift-"
	}
	return "gift-"
}

// remember adds a contribution to this browser's own. The cookies are for showing the reader their own pages again, and
// name nobody. Each gift has one to itself: a form that comes from another site, as from the appeal on an article,
// comes without our cookies (SameSite), and an answer that wrote a list anew would throw away what it had not seen.
func (s *site) remember(w http.ResponseWriter, r *http.Request, id uuid.UUID) {
	s.setGiftCookie(w, id, s.signer.Sign(forCookie, id.String()), int(memory/time.Second))
	others := slices.DeleteFunc(s.recalled(r), func(known uuid.UUID) bool { return known == id })
	for _, old := range others[min(len(others), remembered-1):] {
		s.setGiftCookie(w, old, "", -1)
	}
}

func (s *site) setGiftCookie(w http.ResponseWriter, id uuid.UUID, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever there is https to send it over
		Name: s.cookiePrefix() + id.String(), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	})
}

// recalled are the contributions this browser made, newest first, as far as its cookies are ours.
func (s *site) recalled(r *http.Request) []uuid.UUID {
	var ids []uuid.UUID
	for _, cookie := range r.Cookies() {
		text, ours := strings.CutPrefix(cookie.Name, s.cookiePrefix())
		if !ours || !s.signer.Verify(forCookie, text, cookie.Value) {
			continue
		}
		if id, err := uuid.Parse(text); err == nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(b[:], a[:]) }) // their ids begin with the time
	return ids
}

// owns tells whether the contribution was made in this browser.
func (s *site) owns(r *http.Request, id uuid.UUID) bool { return slices.Contains(s.recalled(r), id) }

// thanksAddress is a contribution's thanks page with the key that opens it anywhere: it shows nothing private.
func (s *site) thanksAddress(id uuid.UUID) string { return s.addressWithKey(id, "thanks") }

func (s *site) addressWithKey(id uuid.UUID, page string) string {
	return "/contributions/" + id.String() + "/" + page + "?key=" + url.QueryEscape(s.signer.Sign(forThanks, id.String()))
}

// mayOpen tells whether the request may see the contribution's thanks page.
func (s *site) mayOpen(r *http.Request, id uuid.UUID) bool {
	return s.signer.Verify(forThanks, id.String(), r.URL.Query().Get("key")) || s.owns(r, id)
}
