package web

import (
	"net/http"
	"net/url"
	"strings"
)

// ApprovalOrigins are the CSP sources of the pages where readers approve, for PayPal's API at apiBase. PayPal's own hosts
// send readers across subdomains; any other base (the sandbox of this repository) serves its approval page itself.
func ApprovalOrigins(apiBase string) []string {
	u, err := url.Parse(apiBase)
	if err != nil || u.Host == "" {
		return nil
	}
	if u.Scheme == "https" && (u.Host == "paypal.com" || strings.HasSuffix(u.Host, ".paypal.com")) {
		return []string{"https://*.paypal.com"}
	}
	return []string{u.Scheme + "://" + u.Host}
}

// maySendTo tells whether an address is one of PayPal's approval pages. A redirect goes nowhere else, whatever an answer
// from the API said.
func (s *site) maySendTo(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Host == "" {
		return false
	}
	for _, source := range s.ApprovalOrigins {
		scheme, host, _ := strings.Cut(source, "://")
		if u.Scheme != scheme {
			continue
		}
		if suffix, wild := strings.CutPrefix(host, "*"); u.Host == host || wild && strings.HasSuffix(u.Host, suffix) {
			return true
		}
	}
	return false
}

// protect sets the headers that every answer carries. The policy allows our own styles, scripts and pictures and nothing
// else: no inline script or style, no third party, no frame.
func (s *site) protect(next http.Handler) http.Handler {
	policy := s.policy("'none'")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if s.secure() {
			h.Set("Strict-Transport-Security", "max-age=63072000")
		}
		next.ServeHTTP(w, r)
	})
}

// policy is the Content-Security-Policy. form-action names PayPal's approval origins too, because Chromium holds the
// redirect after a form against it, not only the form's own address.
func (s *site) policy(ancestors string) string {
	return strings.Join([]string{
		"default-src 'none'", "style-src 'self'", "img-src 'self' data:", "script-src 'self'", "connect-src 'self'",
		"form-action " + strings.Join(append([]string{"'self'"}, s.ApprovalOrigins...), " "),
		"frame-ancestors " + ancestors, "base-uri 'none'",
	}, "; ")
}

// keepAddress is for pages whose address holds a key or an id: no other site learns it from a Referer.
func keepAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Referrer-Policy", "same-origin")
		w.Header().Set("X-Robots-Tag", "noindex")
		next.ServeHTTP(w, r)
	})
}
