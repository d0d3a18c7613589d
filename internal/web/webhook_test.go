package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"readerfund/internal/fault"
	"readerfund/internal/inbox"
	"readerfund/internal/metrics"
)

func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		result error
		status int
	}{
		{"committed", nil, 200},
		{"forged", fault.Input("", "signature"), 400},
		{"too large inside", fault.New(fault.TooLarge, "big"), 413},
		{"certificate unreachable", fault.Wrap(errors.New("x"), fault.Unavailable, "no"), 503},
		{"database down", errors.New("pq: down"), 503},
		{"a conflict is no success", fault.New(fault.Conflict, "x"), 503},
	} {
		var got string
		s := bareServer(t, func(d *Deps) {
			d.Webhook = func(_ context.Context, header http.Header, body []byte) error {
				got = header.Get("Paypal-Transmission-Id") + string(body)
				return c.result
			}
		})
		w := ask(s.routes(), "POST", "/webhooks/paypal", "{ }", "Paypal-Transmission-Id", "T1-")
		if w.Code != c.status || got != "T1-{ }" || strings.Contains(w.Body.String(), "pq:") ||
			w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %q %q %v", c.name, w.Code, w.Body, got, w.Header())
		}
	}
}

// What was taken is counted and makes no noise; what was not taken is counted and in the log.
func TestDeliveriesAreCountedAndRefusalsLogged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		result error
		status string
		log    string
	}{
		{nil, "200", ""},
		{fault.Input("", "signature"), "400", "level=INFO msg=request"},
		{errors.New("pq: down"), "503", "level=WARN msg=request"},
	} {
		var log strings.Builder
		counted := metrics.New()
		s := bareServer(t, func(d *Deps) {
			d.Log, d.Metrics = slog.New(slog.NewTextHandler(&log, nil)), counted
			d.Webhook = func(context.Context, http.Header, []byte) error { return c.result }
		})
		ask(s.routes(), "POST", "/webhooks/paypal", "{}")
		if got := log.String(); c.log == "" && got != "" || !strings.Contains(got, c.log) || c.log != "" &&
			!strings.Contains(got, "route=/webhooks/paypal status="+c.status) {
			t.Errorf("%s: the log says %s", c.status, got)
		}
		want := `readerfund_http_request_seconds_count{route="/webhooks/paypal",status="` + c.status + `"} 1`
		if got := ask(counted.Handler(), "GET", "/metrics", "").Body.String(); !strings.Contains(got, want) {
			t.Errorf("%s is not counted", want)
		}
	}
}

func TestWebhookPanicAndOtherMethods(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	counted := metrics.New()
	s := bareServer(t, func(d *Deps) {
		d.Log, d.Metrics = slog.New(slog.NewTextHandler(&log, nil)), counted
		d.Webhook = func(context.Context, http.Header, []byte) error { panic("out of order") }
	})
	h := s.routes()
	if w := ask(h, "POST", "/webhooks/paypal", "{}"); w.Code != http.StatusInternalServerError ||
		!strings.Contains(log.String(), "out of order") {
		t.Errorf("a panic is answered %d, and the log says %s", w.Code, log.String())
	}
	if got := ask(counted.Handler(), "GET", "/metrics", "").Body.String(); !strings.Contains(got,
		`route="/webhooks/paypal",status="500"} 1`) {
		t.Error("a panic is not counted")
	}
	if w := ask(h, "GET", "/webhooks/paypal", ""); w.Code != http.StatusMethodNotAllowed ||
		w.Header().Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", w.Code, w.Header())
	}
	if w := ask(h, "POST", "/webhooks/paypal/", "{}"); w.Code != http.StatusInternalServerError {
		t.Errorf("with a slash at its end, which PayPal would not follow a redirect from: %d", w.Code)
	}
	if w := ask(h, "POST", "/webhooks/paypal/x", "{}"); w.Code != http.StatusNotFound {
		t.Errorf("another address: %d", w.Code)
	}
}

func TestWebhookReadsNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	called := false
	s := bareServer(t, func(d *Deps) {
		d.Webhook = func(context.Context, http.Header, []byte) error { called = true; return nil }
	})
	server := httptest.NewServer(s.routes())
	defer server.Close()
	for name, body := range map[string]io.Reader{
		"declared length": strings.NewReader(strings.Repeat("x", inbox.LargestBody+1)),
		"chunked":         io.MultiReader(strings.NewReader(strings.Repeat("x", inbox.LargestBody)), strings.NewReader("yy")),
	} {
		res, err := http.Post(server.URL+"/webhooks/paypal", "application/json", body)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != 413 || called {
			t.Errorf("%s: %d, called %v", name, res.StatusCode, called)
		}
	}
	w := ask(server.Config.Handler, "POST", "/webhooks/paypal", "\x1f\x8b", "Content-Encoding", "gzip")
	if w.Code != 415 || called {
		t.Errorf("encoded: %d, called %v", w.Code, called)
	}
}

// A sender that goes away before the end of what it declared has sent nothing.
func TestWebhookThatBreaksOffIsNotTaken(t *testing.T) {
	t.Parallel()
	called := false
	s := bareServer(t, func(d *Deps) {
		d.Webhook = func(context.Context, http.Header, []byte) error { called = true; return nil }
	})
	for _, declared := range []int64{10, 16<<10 + 1} {
		r := httptest.NewRequest(http.MethodPost, "/webhooks/paypal",
			io.MultiReader(strings.NewReader("12345"), iotest.ErrReader(io.ErrUnexpectedEOF)))
		r.ContentLength = declared
		w := httptest.NewRecorder()
		if s.routes().ServeHTTP(w, r); w.Code != http.StatusBadRequest || called {
			t.Errorf("5 bytes of %d: %d, called %v", declared, w.Code, called)
		}
	}
}
