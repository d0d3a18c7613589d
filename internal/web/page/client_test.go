package page

import (
	"net/netip"
	"testing"
)

func TestAddressAndNetworkOfAClient(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"192.0.2.7":             {"192.0.2.7/32", "192.0.2.0/24"},
		"2001:db8:1:2:3:4:5:6":  {"2001:db8:1:2::/64", "2001:db8:1::/48"},
		"2001:db8:1:ff:3:4:5:6": {"2001:db8:1:ff::/64", "2001:db8:1::/48"},
	} {
		got := NewClient(netip.MustParseAddr(text))
		if got.Address.String() != want[0] || got.Network.String() != want[1] {
			t.Errorf("%s: %s and %s, want %s", text, got.Address, got.Network, want)
		}
	}
}
