package web

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A client that does not read gives its place back; until then others are told so, and when to come again.
func TestADownloadThatIsNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.manyGifts(6000)
	s, err := newSite(h.site.Deps)
	if err != nil {
		t.Fatal(err)
	}
	s.exports = exports{places: make(chan struct{}, 1), chunkTime: 2 * time.Second}
	server := httptest.NewServer(s.pages.Handle(s.exportContributions))
	defer server.Close()

	stalled, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stalled.Close() }()
	fmt.Fprint(stalled, "GET / HTTP/1.1\r\nHost: staff\r\n\r\n")
	if _, err := stalled.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	download := func() (*http.Response, string) {
		resp, err := http.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(body)
	}
	resp, body := download()
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "in half a minute") {
		t.Errorf("one too many: %s, Retry-After %q\n%s", resp.Status, resp.Header.Get("Retry-After"), body)
	}
	for deadline := time.Now().Add(30 * time.Second); resp.StatusCode == 503 && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
		resp, body = download()
	}
	if lines := strings.Count(body, "\n"); resp.StatusCode != 200 || lines != 6001 {
		t.Errorf("after the stalled one: %s, %d lines", resp.Status, lines)
	}
}

// manyGifts writes contributions whose list is longer than a socket's buffers.
func (h house) manyGifts(n int) {
	h.t.Helper()
	h.exec(`
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article,
		       state, created_at, updated_at)
		SELECT gen_random_uuid(), 'R' || n, ''::bytea, (SELECT id FROM campaign), 'once', 500, 'EUR', repeat('a', 2000),
		       'expired', $1::timestamptz - n * interval '1 second', $1
		FROM generate_series(1, $2::int) n`, noon(), n)
}
