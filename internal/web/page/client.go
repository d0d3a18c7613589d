package page

import (
	"context"
	"net/netip"
)

// Client identifies the sender of a request, at three widths. None of it is written to any log.
type Client struct {
	Addr    netip.Addr   // without a zone; the zero Addr when the connection is no TCP connection
	Address netip.Prefix // what one customer has: an IPv4 address, or an IPv6 /64
	Network netip.Prefix // the network around it under one owner: an IPv4 /24, or an IPv6 /48 (RFC 6177)
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

// Bare normalizes an address: IPv4 in IPv6 becomes IPv4, and the zone, which means something on one machine only, is
// dropped.
func Bare(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// ClientOf returns the client that really sent the request.
func ClientOf(ctx context.Context) Client {
	q, _ := ctx.Value(requestKey{}).(Request)
	return q.Client
}
