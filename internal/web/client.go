package web

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
)

// client is whose request it is, as wide as one looks. None of it is written to any log.
type client struct {
	addr    netip.Addr   // without a zone; the zero Addr when the connection is no TCP connection
	address netip.Prefix // what one customer has: an IPv4 address, or an IPv6 /64
	network netip.Prefix // what lies around it in one pair of hands: an IPv4 /24, or an IPv6 /48 (RFC 6177)
}

// newClient finds the networks of an address.
func newClient(a netip.Addr) client {
	a = bare(a)
	c := client{addr: a}
	if !a.IsValid() {
		return c
	}
	address, network := 32, 24
	if a.Is6() {
		address, network = 64, 48
	}
	c.address, _ = a.Prefix(address) // fails only for more bits than the address has
	c.network, _ = a.Prefix(network)
	return c
}

// bare writes an address in one way: IPv4 in IPv6 is IPv4, and a zone, which means something to one machine only, goes.
func bare(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// clientOf is whose request it really is.
func clientOf(ctx context.Context) client {
	v, _ := ctx.Value(visitKey{}).(visit)
	return v.client
}

// peer is the other end of the connection; the zero address when it is no TCP connection.
func peer(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return bare(a.Addr())
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
// them. Everything further left was written by that client and proves nothing. What cannot be read ends the walk: its
// proxy is the last we know of.
func (s *site) forwardedFor(r *http.Request, peer netip.Addr) netip.Addr {
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

// parseHop reads an address as proxies write it: bare, in brackets, or with a port, which is another for each
// connection of the same client.
func parseHop(text string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")); err == nil {
		return bare(a), true
	}
	a, err := netip.ParseAddrPort(text)
	return bare(a.Addr()), err == nil
}
