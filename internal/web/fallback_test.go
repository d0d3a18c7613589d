package web

import (
	"testing"

	"readerfund/internal/web/page"
)

func TestASlashAtTheEndLeadsOn(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	r := h.newReader()
	for from, to := range map[string]string{
		"/support/support/":            "/support/support",
		"/support/support/?amount=5":   "/support/support?amount=5",
		"/support/support//":           "/support/support",
		"/embed/support/?currency=usd": "/embed/support?currency=usd",
		"/embed/cta.js/":               "/embed/cta.js",
		"/contributions/":              "/contributions",
		"/staff/contributions/":        "/staff/contributions",
		"/healthz/":                    "/healthz",
		"/support/a%2Fb/":              "/support/a%2Fb",
	} {
		if got := r.get(from); got.status != 301 || got.header.Get("Location") != to {
			t.Errorf("%s: %d to %q", from, got.status, got.header.Get("Location"))
		}
	}
	for _, path := range []string{"//evil.example/", "/nothing/", `/\evil.example/`, "//evil.example/support/support/"} {
		if got := r.do("GET", h.base+path, ""); got.status != 404 || got.header.Get("Location") != "" {
			t.Errorf("%s: %d to %q", path, got.status, got.header.Get("Location"))
		}
	}
	if got := r.do("HEAD", "/support/support/", ""); got.status != 301 {
		t.Errorf("HEAD: %d", got.status)
	}
	got := r.do("POST", "/contributions/", giftForm().Encode(), "Content-Type", page.FormType)
	if got.status != 303 || h.count() != 1 {
		t.Errorf("a gift sent to the address with a slash: %d", got.status)
	}
	w := ask(bareServer(t, nil).routes(), "POST", "/webhooks/paypal/", "{}")
	if w.Code != 200 {
		t.Errorf("a webhook: %d", w.Code)
	}
}
