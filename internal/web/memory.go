package web

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// remembered is how many gifts a browser's cookie holds, newest first, and memory how long.
const (
	remembered = 5
	memory     = 30 * 24 * time.Hour
)

// Purposes of signatures.
const (
	forThanks = "thanks page"
	forCookie = "gifts cookie"
)

// cookieName has the __Host- prefix where browsers allow it: over https, for the whole host, from no subdomain
// (RFC 6265bis, section 4.1.3.2).
func (s *site) cookieName() string {
	if s.secure() {
		return "__Host-gifts"
	}
	return "gifts"
}

// remember adds a contribution to this browser's own. The cookie is for showing the reader their own page again, and
// for nothing else; it names nobody.
func (s *site) remember(w http.ResponseWriter, r *http.Request, id uuid.UUID) {
	ids := slices.DeleteFunc(s.recalled(r), func(known uuid.UUID) bool { return known == id })
	ids = append([]uuid.UUID{id}, ids...)
	var raw []byte
	for _, id := range ids[:min(len(ids), remembered)] {
		raw = append(raw, id[:]...)
	}
	text := base64.RawURLEncoding.EncodeToString(raw)
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever there is https to send it over
		Name: s.cookieName(), Value: text + "." + s.signer.sign(forCookie, text), Path: "/", MaxAge: int(memory / time.Second),
		HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	})
}

// recalled are the contributions this browser made, as far as its cookie is one of ours.
func (s *site) recalled(r *http.Request) []uuid.UUID {
	cookie, err := r.Cookie(s.cookieName())
	if err != nil {
		return nil
	}
	text, signature, _ := strings.Cut(cookie.Value, ".")
	if !s.signer.verify(forCookie, text, signature) {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw)%16 != 0 {
		return nil
	}
	var ids []uuid.UUID
	for part := range slices.Chunk(raw, 16) {
		ids = append(ids, uuid.UUID(part))
	}
	return ids
}

// owns tells whether the contribution was made in this browser.
func (s *site) owns(r *http.Request, id uuid.UUID) bool { return slices.Contains(s.recalled(r), id) }

// thanksAddress is a contribution's thanks page with the key that opens it anywhere: it shows nothing private.
func (s *site) thanksAddress(id uuid.UUID) string { return s.addressWithKey(id, "thanks") }

func (s *site) addressWithKey(id uuid.UUID, page string) string {
	return "/contributions/" + id.String() + "/" + page + "?key=" + url.QueryEscape(s.signer.sign(forThanks, id.String()))
}

// mayOpen tells whether the request may see the contribution's thanks page.
func (s *site) mayOpen(r *http.Request, id uuid.UUID) bool {
	return s.signer.verify(forThanks, id.String(), r.URL.Query().Get("key")) || s.owns(r, id)
}
