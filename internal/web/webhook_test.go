package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"readerfund/internal/fault"
)

func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		result error
		status int
	}{
		{"committed", nil, 200},
		{"forged", fault.Invalidf("", "signature"), 400},
		{"too large inside", fault.TooLargef("big"), 413},
		{"certificate unreachable", fault.Unavailablef(errors.New("x"), "no"), 503},
		{"database down", errors.New("pq: down"), 503},
		{"a conflict is no success", fault.Conflictf("x"), 503},
	} {
		var got string
		h := bareSite(t, func(d *Deps) {
			d.Webhook = func(_ context.Context, header http.Header, body []byte) error {
				got = header.Get("Paypal-Transmission-Id") + string(body)
				return c.result
			}
		}).routes()
		w := ask(h, "POST", "/webhooks/paypal", "{ }", "Paypal-Transmission-Id", "T1-")
		if w.Code != c.status || got != "T1-{ }" || strings.Contains(w.Body.String(), "pq:") {
			t.Errorf("%s: %d %q %q", c.name, w.Code, w.Body, got)
		}
	}
}

func TestWebhookReadsNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	called := false
	server := httptest.NewServer(bareSite(t, func(d *Deps) {
		d.Webhook = func(context.Context, http.Header, []byte) error { called = true; return nil }
	}).routes())
	defer server.Close()
	for name, body := range map[string]io.Reader{
		"declared length": strings.NewReader(strings.Repeat("x", maxWebhook+1)),
		"chunked":         io.MultiReader(strings.NewReader(strings.Repeat("x", maxWebhook)), strings.NewReader("yy")),
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
