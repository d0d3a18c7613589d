package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"readerfund/internal/appearance"
	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/count"
	"readerfund/internal/media"
	"readerfund/internal/settle"
	"readerfund/internal/web/page"
)

// bareDeps is enough for the engine: no database, no PayPal.
func bareDeps(t testing.TB) Deps {
	t.Helper()
	services := settle.New(settle.Config{})
	return Deps{
		BaseURL: "http://give.test", PublicationName: "The Test Post", DefaultCurrency: "EUR",
		SecretKey:       strings.Repeat("k", 32),
		ApprovalOrigins: []string{"https://*.paypal.com"},
		TrustedProxies:  []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Contributions:   contribution.New(contribution.Config{}), Starter: services.Starter, Settler: services.Settler,
		Campaigns:      campaign.NewCatalog(nil, time.Now),
		Media:          media.New(nil, time.Now),
		Counter:        count.New(count.Config{}),
		Appearance:     appearance.New(nil, time.Now, slog.New(slog.NewTextHandler(t.Output(), nil))),
		Webhook:        func(context.Context, http.Header, []byte) error { return nil },
		WebhookHeaders: func(context.Context, http.Header) error { return nil },
		Ready:          func(context.Context) error { return nil },
		Log:            slog.New(slog.NewTextHandler(t.Output(), nil)), Now: time.Now,
	}
}

func bareServer(t *testing.T, change func(*Deps)) *server {
	t.Helper()
	d := bareDeps(t)
	if change != nil {
		change(&d)
	}
	s, err := newServer(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask sends one request straight into a handler.
func ask(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestNewRefusesBadSettings(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Deps){
		"no base":       func(d *Deps) { d.BaseURL = "" },
		"odd base":      func(d *Deps) { d.BaseURL = "ftp://x" },
		"short secret":  func(d *Deps) { d.SecretKey = "short" },
		"no log":        func(d *Deps) { d.Log = nil },
		"no templates":  func(d *Deps) { d.TemplatesDir = filepath.Join(t.TempDir(), "none") },
		"broken layout": func(d *Deps) { d.TemplatesDir = brokenTemplates(t) },
		"broken page":   func(d *Deps) { d.TemplatesDir = brokenPage(t) },
	} {
		d := bareDeps(t)
		change(&d)
		if _, err := New(d); err == nil {
			t.Errorf("%s: New took it", name)
		}
	}
}

func brokenTemplates(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "layout.html"), []byte("{{if}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// brokenPage parses, and would not render.
func brokenPage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	text := []byte(`{{define "main"}}{{template "nowhere" .}}{{end}}`)
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "public"), 0o700),
		os.WriteFile(filepath.Join(dir, "public", "thanks.html"), text, 0o600)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestInternalErrorsCarryAReferenceThatTheLogHas(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := bareServer(t, func(d *Deps) { d.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for name, h := range map[string]page.Handler{
		"error": func(http.ResponseWriter, *http.Request) error { return errors.New("the cause itself") },
		"panic": func(http.ResponseWriter, *http.Request) error { panic("the cause itself") },
	} {
		log.Reset()
		w := ask(s.identify(s.recoverer(s.pages.Handle(h))), "GET", "/x", "")
		id := w.Header().Get("X-Request-Id")
		if w.Code != 500 || !strings.Contains(w.Body.String(), id) || strings.Contains(w.Body.String(), "cause itself") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if got := log.String(); strings.Count(got, "the cause itself") != 1 || !strings.Contains(got, id) {
			t.Errorf("%s: log %q", name, got)
		}
	}
}

func TestAPanicAfterTheAnswerBeganCutsTheConnection(t *testing.T) {
	t.Parallel()
	s := bareServer(t, nil)
	server := httptest.NewServer(chi.Chain(s.identify, s.accessLog(quiet()),
		s.recoverer).HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half"))
		panic("now")
	}))
	defer server.Close()
	res, err := http.Get(server.URL)
	if err == nil {
		defer res.Body.Close()
		_, err = io.ReadAll(res.Body)
	}
	if err == nil {
		t.Fatal("half a page was taken for a whole one")
	}
}

func TestRoutingRefusals(t *testing.T) {
	t.Parallel()
	h := bareServer(t, nil).routes()
	if w := ask(h, "GET", "/nowhere", ""); w.Code != 404 || !strings.Contains(w.Body.String(), "The Test Post") {
		t.Errorf("unknown address: %d %s", w.Code, w.Body)
	}
	w := ask(h, "GET", "/webhooks/paypal", "")
	if w.Code != 405 || w.Header().Get("Allow") != "POST" {
		t.Errorf("wrong method: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	if w = ask(h, "DELETE", "/healthz", ""); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("wrong method: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	if w = ask(h, "HEAD", "/healthz", ""); w.Code != 200 {
		t.Errorf("HEAD: %d", w.Code)
	}
}

func TestHealthAndReadiness(t *testing.T) {
	t.Parallel()
	var trouble error
	impaired := ""
	h := bareServer(t, func(d *Deps) {
		d.Ready, d.Impaired = func(context.Context) error { return trouble }, func() string { return impaired }
	}).routes()
	if w := ask(h, "GET", "/readyz", ""); w.Code != 200 || w.Body.String() != "ready\n" {
		t.Errorf("ready: %d %s", w.Code, w.Body)
	}
	impaired = "PayPal does not answer"
	if w := ask(h, "GET", "/readyz", ""); w.Code != 200 || w.Body.String() != "ready\nPayPal does not answer\n" {
		t.Errorf("ready without PayPal: %d %s", w.Code, w.Body)
	}
	trouble = errors.Join(errors.New("the service is stopping"), errors.New("the database does not answer"))
	if w := ask(h, "GET", "/readyz", ""); w.Code != 503 || w.Body.String() != trouble.Error()+"\n" {
		t.Errorf("not ready: %d %s", w.Code, w.Body)
	}
	if w := ask(h, "GET", "/healthz", ""); w.Code != 200 {
		t.Errorf("alive: %d", w.Code)
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	w := ask(bareServer(t, nil).routes(), "GET", "/nowhere", "")
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'",
		"form-action 'self' https://*.paypal.com"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || w.Header().Get("X-Content-Type-Options") != "nosniff" ||
		w.Header().Get("Strict-Transport-Security") != "" {
		t.Errorf("headers %v", w.Header())
	}
	w = ask(bareServer(t, func(d *Deps) { d.BaseURL = "https://give.test" }).routes(), "GET", "/nowhere", "")
	if w.Header().Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS over https")
	}
}

func TestOnlyTrustedProxiesAreBelieved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, remote, forwarded, id, client, kept string }{
		{"a stranger", "192.0.2.1:5", "203.0.113.9", "fake", "192.0.2.1", ""},
		{"our proxy", "10.1.1.1:5", "203.0.113.9", "abc-1", "203.0.113.9", "abc-1"},
		{"two proxies", "10.1.1.1:5", "203.0.113.9, 10.2.2.2", "", "203.0.113.9", ""},
		{"a lie to the left", "10.1.1.1:5", "1.1.1.1, 203.0.113.9", "", "203.0.113.9", ""},
		{"garbage", "10.1.1.1:5", "x", "bad id\n", "10.1.1.1", ""},
		{"IPv4 in IPv6", "[::ffff:10.1.1.1]:5", "203.0.113.9", "", "203.0.113.9", ""},
	} {
		s := bareServer(t, nil)
		var got page.Request
		h := s.identify(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = page.Request{ID: page.RequestID(r.Context()), Client: page.ClientOf(r.Context())}
		}))
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		r.Header.Set("X-Forwarded-For", c.forwarded)
		r.Header.Set("X-Request-Id", c.id)
		h.ServeHTTP(httptest.NewRecorder(), r)
		kept := c.kept != "" && got.ID == c.kept || c.kept == "" && got.ID != c.id
		if got.Client.Addr.String() != c.client || got.ID == "" || !kept {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestAccessLogHoldsNothingPersonal(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := bareServer(t, func(d *Deps) { d.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	ask(s.routes(), "GET", "/nowhere/4b7f?key=SECRET", "", "Cookie", "a=SECRET", "User-Agent", "SECRET", "X-Request-Id",
		"SECRET")
	if got := log.String(); !strings.Contains(got, "status=404") || strings.Contains(got, "SECRET") ||
		strings.Contains(got, "4b7f") || strings.Contains(got, "192.0.2.1") {
		t.Errorf("log %q", got)
	}
}

func TestSameOriginGuard(t *testing.T) {
	t.Parallel()
	s := bareServer(t, nil)
	h := s.identify(s.sameOrigin(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })))
	for _, c := range []struct {
		method, site, origin string
		status               int
	}{
		{"POST", "cross-site", "https://evil.test", 403}, {"POST", "same-site", "https://other.give.test", 403},
		{"POST", "same-origin", "http://give.test", 204}, {"POST", "", "https://evil.test", 403}, {"POST", "", "", 204},
		{"GET", "cross-site", "", 204},
	} {
		r := httptest.NewRequest(c.method, "http://give.test/staff/x", nil)
		r.Header.Set("Sec-Fetch-Site", c.site)
		r.Header.Set("Origin", c.origin)
		if c.site == "" {
			r.Header.Del("Sec-Fetch-Site")
		}
		if c.origin == "" {
			r.Header.Del("Origin")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}
