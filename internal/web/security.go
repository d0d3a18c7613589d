package web

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"readerfund/internal/web/page"
)

// protect sets the headers that every page carries. The policy allows our own styles, scripts, pictures and typefaces
// and nothing else: no inline script or style, no third party, no frame. An operator's own templates may have inline
// scripts and styles that carry the request's nonce; ours have none, so without such templates there is no nonce.
func (s *server) protect(next http.Handler) http.Handler {
	headers := http.Header{
		"Content-Security-Policy":      {s.policy("'none'", "")},
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"}, // for browsers that do not know frame-ancestors
		"Referrer-Policy":              {"strict-origin-when-cross-origin"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Permissions-Policy":           {"camera=(), geolocation=(), microphone=()"},
	}
	if s.secure() {
		headers.Set("Strict-Transport-Security", "max-age=63072000")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), headers)
		if s.TemplatesDir != "" {
			nonce := rand.Text() // 128 bits, as CSP Level 3 (section 7.1) asks for
			w.Header().Set("Content-Security-Policy", s.policy("'none'", " 'nonce-"+nonce+"'"))
			r = page.WithNonce(r, nonce)
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin rejects a write that another site's page makes a browser send (CSRF): by Sec-Fetch-Site or Origin, without
// tokens. GET, HEAD and OPTIONS pass, so they must have no effects. BASE_URL's origin is ours whatever Host says: a
// proxy may rewrite Host, and an older browser sends only Origin to compare it with.
func (s *server) sameOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(s.origin()); err != nil {
		panic(fmt.Errorf("trust BASE_URL: %w", err)) // newServer has read it
	}
	guard.SetDenyHandler(s.pages.Handle(func(http.ResponseWriter, *http.Request) error {
		return page.NewError(http.StatusForbidden, "web.another_site")
	}))
	return guard.Handler(next)
}

// policy is the Content-Security-Policy; nonce is empty, or a source to add for scripts and styles. form-action also
// names PayPal's approval origins, because Chromium applies it to the redirect after a form, not only to the form's own
// address.
func (s *server) policy(ancestors, nonce string) string {
	return strings.Join([]string{
		"default-src 'none'", "style-src 'self'" + nonce, "img-src 'self' data:", "script-src 'self'" + nonce,
		"connect-src 'self'",
		"font-src 'self'",
		"form-action " + strings.Join(append([]string{"'self'"}, s.ApprovalOrigins...), " "),
		"frame-ancestors " + ancestors, "base-uri 'none'",
	}, "; ")
}

// privateAddress is for pages whose address contains a key or an id: it keeps other sites from learning it from a
// Referer.
func privateAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Referrer-Policy", "same-origin")
		w.Header().Set("X-Robots-Tag", "noindex")
		next.ServeHTTP(w, r)
	})
}
