package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/fault"
	"readerfund/internal/inbox"
	"readerfund/internal/web/page"
)

// door is the webhook's door on a real socket; genuine headers are those that have a signature at all.
func door(t *testing.T, change func(*server)) (server *httptest.Server, taken *atomic.Int32) {
	t.Helper()
	taken = &atomic.Int32{}
	s := bareServer(t, func(d *Deps) {
		d.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		d.WebhookHeaders = func(_ context.Context, h http.Header) error {
			if h.Get("Paypal-Transmission-Sig") == "" {
				return fault.Input("", "no signature")
			}
			return nil
		}
		d.Webhook = func(context.Context, http.Header, []byte) error { taken.Add(1); return nil }
	})
	if change != nil {
		change(s)
	}
	server = httptest.NewServer(s.routes())
	t.Cleanup(server.Close)
	return server, taken
}

// halfSent begins a delivery, sends half of what it declares, and gives what is answered within the time, or nothing.
func halfSent(t *testing.T, server *httptest.Server, declared int, within time.Duration, headers string) string {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	fmt.Fprintf(conn, "POST /webhooks/paypal HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n", declared, headers)
	_ = conn.SetWriteDeadline(time.Now().Add(within)) // who is refused may find the connection closed
	_, _ = conn.Write([]byte(strings.Repeat("x", declared/2)))
	_ = conn.SetReadDeadline(time.Now().Add(within))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ""
	}
	return strings.TrimSpace(line)
}

// What cannot be a delivery is refused by its headers: nobody waits for its body, and none of it is kept.
func TestWebhookIsRefusedByItsHeaders(t *testing.T) {
	t.Parallel()
	server, taken := door(t, nil)
	const signed = "Paypal-Transmission-Sig: c2lnbmVk\r\n"
	for name, c := range map[string]struct {
		declared int
		headers  string
		want     string
	}{
		"no signature":  {1000, "", "HTTP/1.1 400"},
		"over 128 KiB":  {128<<10 + 1, signed, "HTTP/1.1 413"},
		"a MiB":         {1 << 20, signed, "HTTP/1.1 413"},
		"another media": {1000, signed + "Content-Encoding: gzip\r\n", "HTTP/1.1 415"},
	} {
		if got := halfSent(t, server, c.declared, 2*time.Second, c.headers); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q before the body is there, want %s", name, got, c.want)
		}
	}
	if taken.Load() != 0 {
		t.Errorf("%d were taken", taken.Load())
	}
}

// Who begins deliveries and does not end them takes up a network's part of the room and no more, and not for long.
func TestHalfSentDeliveriesLeaveRoomForOthers(t *testing.T) {
	t.Parallel()
	server, taken := door(t, nil)
	const signed = "Paypal-Transmission-Sig: c2lnbmVk\r\n"
	answers := map[string]int{}
	for range 100 {
		answers[halfSent(t, server, 100<<10, 100*time.Millisecond, signed+"X-Forwarded-For: 203.0.113.7\r\n")]++
	}
	if answers["HTTP/1.1 503 Service Unavailable"] < 100-bodiesOfOneNetwork-40 {
		t.Errorf("100 half-sent deliveries of one address: %v", answers)
	}
	genuine := func(from string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+webhookPath, strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Paypal-Transmission-Sig", "c2lnbmVk")
		req.Header.Set("X-Forwarded-For", from)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if status := genuine("198.51.100.9"); status != http.StatusOK || taken.Load() != 1 {
		t.Errorf("a genuine delivery meanwhile: %d, %d taken", status, taken.Load())
	}
	status := 0
	for deadline := time.Now().Add(30 * time.Second); status != http.StatusOK && time.Now().Before(deadline); {
		time.Sleep(100 * time.Millisecond)
		status = genuine("203.0.113.7")
	}
	if status != http.StatusOK {
		t.Errorf("after their time they still take up the room: %d", status)
	}
}

func TestDeliverySlotsAreReleased(t *testing.T) {
	t.Parallel()
	var d deliveryLimiter
	at := func(address string) page.Client { return page.NewClient(netip.MustParseAddr(address)) }
	slow := at("2001:db8::1")
	enter := func(from page.Client, declared int64) *deliverySlot {
		t.Helper()
		r, err := d.acquire(from, declared)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	var all []*deliverySlot
	for range bodiesOfOneNetwork {
		all = append(all, enter(slow, 10))
	}
	if _, err := d.acquire(at("2001:db8:0:1::1"), 10); !fault.Is(err, fault.Unavailable) {
		t.Errorf("one more of the same /48: %v", err)
	}
	all = append(all, enter(at("2001:db8:1::1"), -1))
	for _, r := range all {
		r.bodyRead()
	}
	if d.reading != 0 || len(d.from) != 0 || d.bytes != 10*bodiesOfOneNetwork+inbox.LargestBody {
		t.Errorf("when they are read: %+v", &d)
	}
	for _, r := range all {
		r.release()
	}
	if d.reading != 0 || len(d.from) != 0 || d.bytes != 0 {
		t.Errorf("when they are gone: %+v", &d)
	}
	for d.bytes < deliveryBytesAtOnce {
		r := enter(slow, -1)
		r.bodyRead()
	}
	if _, err := d.acquire(slow, 1); !fault.Is(err, fault.Unavailable) {
		t.Errorf("one byte more than there is room for: %v", err)
	}
}
