package web

import (
	"net/http"
	"net/netip"
	"strings"

	"readerfund/internal/web/page"
)

// peer is the other end of the connection; the zero address when it is no TCP connection.
func peer(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return page.Bare(a.Addr())
}

func (s *server) trusted(a netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// forwardedFor walks X-Forwarded-For from the right, past our own proxies, to the first address that is not one of
// them. Everything further left was written by that client and proves nothing. An address that cannot be parsed ends
// the walk: the proxy that added it is the last address we know.
func (s *server) forwardedFor(r *http.Request, peer netip.Addr) netip.Addr {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.Trim(hops[i], " \t\"")
		if hop == "" {
			continue
		}
		a, ok := parseHop(hop)
		if !ok {
			return peer
		}
		if peer = a; !s.trusted(peer) {
			return peer
		}
	}
	return peer
}

// parseHop parses an address as proxies write it: bare, in brackets, or with a port, which differs for each connection
// of the same client.
func parseHop(text string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")); err == nil {
		return page.Bare(a), true
	}
	a, err := netip.ParseAddrPort(text)
	return page.Bare(a.Addr()), err == nil
}
