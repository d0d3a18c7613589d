package web

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
)

// visit is what we know of a request before any handler sees it.
type visit struct {
	id     string // for the log, and for a reader to quote
	client client // whose request it is
}

type visitKey struct{}

// RequestID is the request's id, or empty outside a request. A log handler may add it to every line.
func RequestID(ctx context.Context) string {
	v, _ := ctx.Value(visitKey{}).(visit)
	return v.id
}

// identify gives every request an id and finds its real client.
func (s *site) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, v := peer(r), visit{}
		if s.trusted(from) {
			v.id = goodID(r.Header.Get("X-Request-Id"))
			from = s.forwardedFor(r, from)
		}
		v.client = newClient(from)
		if v.id == "" {
			v.id = strings.ToLower(rand.Text()[:16])
		}
		w.Header().Set("X-Request-Id", v.id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
	})
}

// goodID takes a proxy's request id when it is short and plain enough for a log line.
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
