package web

import (
	"crypto/rand"
	"net/http"
	"strings"

	"readerfund/internal/web/page"
)

// identify gives every request an id and finds its real client.
func (s *server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, q := peer(r), page.Request{}
		if s.trusted(from) {
			q.ID = goodID(r.Header.Get("X-Request-Id"))
			from = s.forwardedFor(r, from)
		}
		q.Client = page.NewClient(from)
		if q.ID == "" {
			q.ID = strings.ToLower(rand.Text()[:16])
		}
		w.Header().Set("X-Request-Id", q.ID)
		next.ServeHTTP(w, r.WithContext(page.WithRequest(r.Context(), q)))
	})
}

// goodID accepts a proxy's request id if it is short and plain enough for a log line.
func goodID(id string) string {
	if len(id) > 64 {
		return ""
	}
	for _, c := range []byte(id) {
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
		if !plain {
			return ""
		}
	}
	return id
}
