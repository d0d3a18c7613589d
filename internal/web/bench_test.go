package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/templates"
)

// articleQuery is how cta.js asks for an appeal on an article.
var articleQuery = "?article=" + url.QueryEscape("https://news.example.org/2026/03/the-river-and-the-harbour")

// BenchmarkAppeal measures GET /embed/{campaign} over loopback beside a bare net/http handler that writes the same
// bytes and headers, in turns, so that a busy machine slows both. "ratio" is ours to bare; 1 is as fast.
func BenchmarkAppeal(b *testing.B) {
	for name, query := range map[string]string{"plain": "", "article": articleQuery} {
		b.Run(name, func(b *testing.B) {
			ours := serve(b, nil)
			bare := httptest.NewServer(bareAppeal(ours.Config.Handler, query))
			defer bare.Close()
			const round = 500
			var tookOurs, tookBare time.Duration
			for b.Loop() {
				tookBare += load(b, bare.URL+"/embed/support"+query, round)
				tookOurs += load(b, ours.URL+"/embed/support"+query, round)
			}
			b.ReportMetric(float64(b.N*round)/tookOurs.Seconds(), "req/s")
			b.ReportMetric(tookBare.Seconds()/tookOurs.Seconds(), "ratio")
		})
	}
}

// BenchmarkHandlers measures the handlers alone, without a connection: what the router and the middleware add.
func BenchmarkHandlers(b *testing.B) {
	h := serve(b, nil).Config.Handler
	delivery := func() *http.Request {
		return httptest.NewRequest("POST", "/webhooks/paypal", strings.NewReader("{}"))
	}
	for name, c := range map[string]struct {
		handler http.Handler
		request func() *http.Request
	}{
		"bare":    {bareAppeal(h, ""), func() *http.Request { return httptest.NewRequest("GET", "/embed/support", nil) }},
		"appeal":  {h, func() *http.Request { return httptest.NewRequest("GET", "/embed/support", nil) }},
		"article": {h, func() *http.Request { return httptest.NewRequest("GET", "/embed/support"+articleQuery, nil) }},
		"healthz": {h, func() *http.Request { return httptest.NewRequest("GET", "/healthz", nil) }},
		"webhook": {h, delivery},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			r, w := c.request(), &discard{header: http.Header{}}
			c.handler.ServeHTTP(w, r) // renders it
			for b.Loop() {
				clear(w.header)
				c.handler.ServeHTTP(w, r)
			}
		})
	}
}

// BenchmarkCampaigns measures the appeal's handler among few campaigns and among many: neither the time nor the
// allocations grow.
func BenchmarkCampaigns(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			h := serve(b, func(d *Deps) { d.Campaigns = campaign.NewCatalog(withCampaigns(b, n), time.Now) }).Config.Handler
			ask(h, "GET", "/embed/support"+articleQuery, "") // renders it
			r, w := httptest.NewRequest("GET", "/embed/support"+articleQuery, nil), &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	}
}

// withCampaigns is a database with the default campaign and others like it.
func withCampaigns(b *testing.B, n int) *db.DB {
	b.Helper()
	database := dbtest.New(b)
	if err := campaign.EnsureDefault(b.Context(), database, "The Test Post", "EUR", time.Now()); err != nil {
		b.Fatal(err)
	}
	if _, err := database.ExecContext(b.Context(), `
		INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, content, created_at,
			updated_at)
		SELECT gen_random_uuid(), 'campaign-' || n, heading, why, ask, button, reassurance, currency, suggested, content,
		       created_at, updated_at
		FROM campaign, generate_series(2, $1::int) n WHERE slug = 'support'`, n); err != nil {
		b.Fatal(err)
	}
	return database
}

// discard is an answer that nobody reads.
type discard struct{ header http.Header }

func (w *discard) Header() http.Header         { return w.header }
func (w *discard) WriteHeader(int)             {}
func (w *discard) Write(b []byte) (int, error) { return len(b), nil }

// bareAppeal writes the bytes and headers of the service's appeal without making them.
func bareAppeal(service http.Handler, query string) http.Handler {
	ask(service, "GET", "/embed/support"+query, "") // renders it
	sent := ask(service, "GET", "/embed/support"+query, "")
	header, body := sent.Header().Clone(), sent.Body.Bytes()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /embed/{campaign}", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, values := range header {
			h[name] = values
		}
		_, _ = w.Write(body)
	})
	return mux
}

// BenchmarkOwnTemplates measures the donation page with TEMPLATES_DIR, a copy of every file of ours, beside the same
// page without, in turns. "ratio" is with to without; 1 is as fast.
func BenchmarkOwnTemplates(b *testing.B) {
	dir := b.TempDir()
	if err := os.CopyFS(dir, templates.Files); err != nil {
		b.Fatal(err)
	}
	ours := serve(b, nil)
	theirs := serve(b, func(d *Deps) { d.TemplatesDir = dir })
	const round = 200
	var tookOurs, tookTheirs time.Duration
	for b.Loop() {
		tookOurs += load(b, ours.URL+"/support/support", round)
		tookTheirs += load(b, theirs.URL+"/support/support", round)
	}
	b.ReportMetric(float64(b.N*round)/tookTheirs.Seconds(), "req/s")
	b.ReportMetric(tookOurs.Seconds()/tookTheirs.Seconds(), "ratio")
}

// serve starts the whole service in front of a real database.
func serve(b *testing.B, change func(*Deps)) *httptest.Server {
	b.Helper()
	database := dbtest.New(b)
	if err := campaign.EnsureDefault(b.Context(), database, "The Test Post", "EUR", time.Now()); err != nil {
		b.Fatal(err)
	}
	d := bareDeps(b)
	d.Log, d.Campaigns = quiet(), campaign.NewCatalog(database, time.Now)
	if change != nil {
		change(&d)
	}
	h, err := New(d)
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	return server
}

// load sends n requests over 8 connections and tells how long they took.
func load(b *testing.B, address string, n int) time.Duration {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	began := time.Now()
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range n / 8 {
				res, err := client.Get(address)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		})
	}
	clients.Wait()
	return time.Since(began)
}
