package page

import (
	"context"
	"net/netip"
)

// Client is whose request it is, at three widths. None of it is written to any log.
type Client struct {
	Addr    netip.Addr   // without a zone; the zero Addr when the connection is no TCP connection
	Address netip.Prefix // what one customer has: an IPv4 address, or an IPv6 /64
	Network netip.Prefix // what lies around it in one pair of hands: an IPv4 /24, or an IPv6 /48 (RFC 6177)
}

// NewClient finds the networks of an address.
func NewClient(a netip.Addr) Client {
	a = Bare(a)
	c := Client{Addr: a}
	if !a.IsValid() {
		return c
	}
	address, network := 32, 24
	if a.Is6() {
		address, network = 64, 48
	}
	c.Address, _ = a.Prefix(address) // fails only for more bits than the address has
	c.Network, _ = a.Prefix(network)
	return c
}

// Bare writes an address in one way: IPv4 in IPv6 is IPv4, and a zone, which means something to one machine only, goes.
func Bare(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// ClientOf is whose request it really is.
func ClientOf(ctx context.Context) Client {
	q, _ := ctx.Value(requestKey{}).(Request)
	return q.Client
}
