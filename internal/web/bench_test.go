package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/db/dbtest"
	"readerfund/templates"
)

// BenchmarkFragment measures GET /embed/{campaign} over loopback beside a bare net/http handler that writes the same
// bytes, in turns, so that a busy machine slows both. "ratio" is ours to bare; 1 is as fast.
func BenchmarkFragment(b *testing.B) {
	ours, body := fragmentServer(b)
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(body)
	}))
	defer bare.Close()
	const round = 500
	var tookOurs, tookBare time.Duration
	for b.Loop() {
		tookBare += load(b, bare.URL, round)
		tookOurs += load(b, ours+"/embed/support", round)
	}
	b.ReportMetric(float64(b.N*round)/tookOurs.Seconds(), "req/s")
	b.ReportMetric(tookBare.Seconds()/tookOurs.Seconds(), "ratio")
}

// BenchmarkOwnTemplates measures the donation page with TEMPLATES_DIR, a copy of every file of ours, beside the same page
// without, in turns. "ratio" is with to without; 1 is as fast.
func BenchmarkOwnTemplates(b *testing.B) {
	dir := b.TempDir()
	if err := os.CopyFS(dir, templates.Files); err != nil {
		b.Fatal(err)
	}
	ours := server(b, nil)
	theirs := server(b, func(d *Deps) { d.TemplatesDir = dir })
	const round = 200
	var tookOurs, tookTheirs time.Duration
	for b.Loop() {
		tookOurs += load(b, ours.URL+"/support/support", round)
		tookTheirs += load(b, theirs.URL+"/support/support", round)
	}
	b.ReportMetric(float64(b.N*round)/tookTheirs.Seconds(), "req/s")
	b.ReportMetric(tookOurs.Seconds()/tookTheirs.Seconds(), "ratio")
}

// fragmentServer is the whole service in front of a real database, and the bytes it answers with.
func fragmentServer(b *testing.B) (address string, body []byte) {
	b.Helper()
	s := server(b, nil)
	return s.URL, ask(s.Config.Handler, "GET", "/embed/support", "").Body.Bytes()
}

// server is the whole service in front of a real database.
func server(b *testing.B, change func(*Deps)) *httptest.Server {
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
