package web

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/netip"
	"strings"
)

// visit is what we know of a request before any handler sees it.
type visit struct {
	id     string     // for the log, and for a reader to quote
	client netip.Addr // whose request it is; not written to any log
}

type visitKey struct{}

// RequestID is the request's id, or empty outside a request. A log handler may add it to every line.
func RequestID(ctx context.Context) string {
	v, _ := ctx.Value(visitKey{}).(visit)
	return v.id
}

// clientAddr is the address the request really comes from.
func clientAddr(ctx context.Context) netip.Addr {
	v, _ := ctx.Value(visitKey{}).(visit)
	return v.client
}

// identify gives every request an id and finds its real client.
func (s *site) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visit{client: peer(r)}
		if s.trusted(v.client) {
			v.id = goodID(r.Header.Get("X-Request-Id"))
			v.client = s.forwardedFor(r, v.client)
		}
		if v.id == "" {
			v.id = strings.ToLower(rand.Text()[:16])
		}
		w.Header().Set("X-Request-Id", v.id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
	})
}

// peer is the other end of the connection; the zero address when it is no TCP connection.
func peer(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}

func (s *site) trusted(a netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// forwardedFor walks X-Forwarded-For from the right, over our own proxies, to the first address that is not one of
// them. Everything further left was written by that client and proves nothing.
func (s *site) forwardedFor(r *http.Request, peer netip.Addr) netip.Addr {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return peer
		}
		peer = a.Unmap()
		if !s.trusted(peer) {
			return peer
		}
	}
	return peer
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
