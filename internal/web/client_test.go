package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"readerfund/internal/web/page"
)

// clientSeen is the client that the site finds in a request.
func clientSeen(t *testing.T, remote string, forwarded ...string) page.Client {
	t.Helper()
	var got page.Client
	h := bareServer(t, nil).identify(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = page.ClientOf(r.Context())
	}))
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = remote
	for _, line := range forwarded {
		r.Header.Add("X-Forwarded-For", line)
	}
	h.ServeHTTP(httptest.NewRecorder(), r)
	return got
}

// Proxies write the same address in many ways: with a port (Azure's gateway), in brackets, with a zone, as IPv4 in
// IPv6, in one line or in several. Each must be one client, and two clients never one.
func TestOneClientHoweverProxiesWriteIt(t *testing.T) {
	t.Parallel()
	const proxy = "10.1.1.1:5"
	for _, c := range []struct {
		name, want string
		forwarded  []string
	}{
		{"plain", "203.0.113.9", []string{"203.0.113.9"}},
		{"with a port", "203.0.113.9", []string{"203.0.113.9:51234"}},
		{"another port", "203.0.113.9", []string{"203.0.113.9:51235"}},
		{"IPv6", "2001:db8::7", []string{"2001:db8::7"}},
		{"IPv6 in brackets", "2001:db8::7", []string{"[2001:db8::7]"}},
		{"IPv6 with a port", "2001:db8::7", []string{"[2001:db8::7]:51234"}},
		{"in quotes", "2001:db8::7", []string{`"[2001:db8::7]:51234"`}},
		{"long IPv6", "2001:db8::7", []string{"2001:0DB8:0000:0000:0000:0000:0000:0007"}},
		{"with a zone", "fe80::7", []string{"fe80::7%eth0"}},
		{"with a zone and a port", "fe80::7", []string{"[fe80::7%eth0]:5"}},
		{"IPv4 in IPv6", "203.0.113.9", []string{"::ffff:203.0.113.9"}},
		{"IPv4 in IPv6 with a port", "203.0.113.9", []string{"[::ffff:203.0.113.9]:51234"}},
		{"spaces and tabs", "203.0.113.9", []string{" \t203.0.113.9 "}},
		{"two proxies, with ports", "203.0.113.9", []string{"203.0.113.9:4711, 10.2.2.2:80"}},
		{"several lines", "203.0.113.9", []string{"1.1.1.1", "203.0.113.9:1", "10.2.2.2"}},
		{"an empty hop", "203.0.113.9", []string{"203.0.113.9, , 10.2.2.2"}},
		{"a lie to the left", "203.0.113.9", []string{"10.9.9.9:1, 203.0.113.9:1"}},
		{"unknown", "10.1.1.1", []string{"203.0.113.9, unknown"}},
		{"a port that is none", "10.1.1.1", []string{"203.0.113.9:http"}},
		{"a name", "10.1.1.1", []string{"localhost"}},
		{"nothing", "10.1.1.1", nil},
		{"only proxies", "10.3.3.3", []string{"10.3.3.3:80, 10.2.2.2"}},
	} {
		if got := clientSeen(t, proxy, c.forwarded...); got.Addr.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.Addr, c.want)
		}
	}
	if got := clientSeen(t, "[fe80::1%eth0]:5"); got.Addr.String() != "fe80::1" {
		t.Errorf("a peer with a zone: %s", got.Addr)
	}
	if got := clientSeen(t, "@"); got.Addr.IsValid() || got.Address.IsValid() {
		t.Errorf("no TCP connection: %v", got)
	}
}
