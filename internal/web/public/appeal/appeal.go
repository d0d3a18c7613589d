// Package appeal is what stands on articles: the call to action as a fragment, in a frame, and as parts, which of them
// a page shows, and what browsers tell of it. It keeps rendered appeals in memory, and nothing about readers.
package appeal

import (
	"net/http"
	"slices"

	"readerfund/internal/campaign"
	choosing "readerfund/internal/choice"
	"readerfund/internal/count"
	"readerfund/internal/metrics"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/form"
	"readerfund/internal/web/public/site"
)

// Route is the appeal's line in the URL table, and in the metrics; FrameRoute is that of the same in a document.
const (
	Route      = "/embed/{campaign}"
	FrameRoute = "/embed/{campaign}/frame"
)

// Appeal is the call to action that other sites put on their articles.
type Appeal struct {
	site.Layout

	forms     form.Maker
	campaigns *campaign.Catalog
	metrics   *metrics.Metrics
	baseURL   string
	header    appealHeader
	cache     appealCache
}

// appealHeader are header values that are the same for every appeal, made once.
type appealHeader struct{ policy, nosniff, cache, coding, origin, resource, html, noStore []string }

// Config is what these pages are made with.
type Config struct {
	Layout  site.Layout
	Forms   form.Maker
	BaseURL string // where the service is reached, without a slash at the end
	Policy  string // the Content-Security-Policy of what is embedded

	Campaigns *campaign.Catalog
	Chooser   *choosing.Chooser
	Counter   *count.Counter
	Metrics   *metrics.Metrics // may be nil
}

// Pages are what other sites' pages ask for.
type Pages struct {
	Appeal *Appeal
	Choice *Choice
	Counts *Counts
	OEmbed *OEmbed
}

// New gives each page the services it needs.
func New(c Config) *Pages {
	appeal := &Appeal{
		Layout: c.Layout, forms: c.Forms, campaigns: c.Campaigns, metrics: c.Metrics, baseURL: c.BaseURL,
		header: appealHeader{
			policy: []string{c.Policy}, nosniff: []string{"nosniff"}, cache: []string{sharedFor},
			coding: []string{"Accept, Accept-Encoding"}, origin: []string{"Accept, Accept-Encoding, Origin"},
			resource: []string{"cross-origin"}, html: []string{"text/html; charset=utf-8"}, noStore: []string{"no-store"},
		},
	}
	return &Pages{
		Appeal: appeal,
		Choice: &Choice{Layout: c.Layout, appeal: appeal, chooser: c.Chooser},
		Counts: &Counts{Layout: c.Layout, counter: c.Counter, metrics: c.Metrics},
		OEmbed: &OEmbed{appeal: appeal},
	}
}

// sharedFor lets browsers and a CDN keep an appeal for a minute, go on with it for five while they ask for a new one,
// and for an hour while we do not answer (RFC 5861).
const sharedFor = "public, max-age=60, stale-while-revalidate=300, stale-if-error=3600"

// Cached answers for an appeal that is already rendered: the appeal stands on every article, so answering costs little
// more than sending its bytes. Such a request gets no request id and no log line, because there is nothing to report
// about it. Every other request is passed to next.
func (s *Appeal) Cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !s.answer(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// answer sends a copy that was sent to the address before, if it is still good.
func (s *Appeal) answer(w http.ResponseWriter, r *http.Request) bool {
	began := s.Now()
	all, err := s.campaigns.SnapshotAt(r.Context(), began)
	if err != nil {
		return false
	}
	k := all.Find(r.PathValue("campaign"))
	if k == nil || k.Status(began) != campaign.StatusLive || page.PrefersJSON(r) {
		return false
	}
	c, known := s.copyKept(r, k)
	if !known {
		return false
	}
	h := w.Header()
	h["X-Content-Type-Options"] = s.header.nosniff
	h["Content-Security-Policy"] = s.header.policy
	status := s.send(w, r, c)
	s.metrics.Request(Route, status, s.Now().Sub(began))
	return true
}

// Show answers GET /embed/{campaign}: the call to action as an HTML fragment for other sites' pages, or its parts as
// JSON. It is the same for every reader, so any cache may keep it, unless the address carries a key: a server adds one
// when it puts the fragment into a page made for a single reader.
func (s *Appeal) Show(w http.ResponseWriter, r *http.Request) error { return s.show(w, r, false) }

// Frame answers GET /embed/{campaign}/frame: the same as a document, for an iframe.
func (s *Appeal) Frame(w http.ResponseWriter, r *http.Request) error { return s.show(w, r, true) }

// show answers with an appeal. Where its campaign is not live, nothing is to be shown, and the answer is 204.
func (s *Appeal) show(w http.ResponseWriter, r *http.Request, framed bool) error {
	wanted, h := wantedBy(r.URL.RawQuery), w.Header()
	s.openToEmbedders(h, r, wanted.origin) // first, so that the page's script can also read an error
	k, err := s.campaigns.Find(r.Context(), r.PathValue("campaign"))
	if err != nil {
		h["Cache-Control"] = s.header.noStore
		return err
	}
	if len(s.EmbedOrigins) > 0 {
		h.Del("X-Frame-Options")
	}
	h["Content-Security-Policy"] = s.header.policy
	switch {
	case k.Status(s.Now()) != campaign.StatusLive:
		w.WriteHeader(http.StatusNoContent)
		return nil
	case !framed && page.PrefersJSON(r):
		h.Set("Cache-Control", "private, max-age=60") // a cache that does not know Vary must not give it to readers
		page.WriteJSON(w, http.StatusOK, page.JSONType, s.partsOf(k, wanted))
		return nil
	}
	c, err := s.copyOf(r, k, framed)
	if err != nil {
		return err
	}
	s.send(w, r, c)
	return nil
}

// send writes the appeal, or answers that it has not changed.
func (s *Appeal) send(w http.ResponseWriter, r *http.Request, c *appealCopy) (status int) {
	h := w.Header()
	s.openTo(h, r, c.readers)
	if c.private {
		h["Cache-Control"] = s.header.noStore
	} else {
		h["Cache-Control"], h["Etag"] = s.header.cache, c.of.etag
		if len(r.Header["If-None-Match"]) > 0 && page.NotModified(r, c.of.etag[0]) {
			w.WriteHeader(http.StatusNotModified)
			return http.StatusNotModified
		}
	}
	body := c.body.For(r)
	if body.Encoding != nil {
		h["Content-Encoding"] = body.Encoding
	}
	h["Content-Type"], h["Content-Length"] = s.header.html, body.Length
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body.Bytes) //nolint:gosec // made by our template; if this fails, the client is gone
	return http.StatusOK
}

// readers says which pages may read an answer.
type readers struct {
	vary   []string
	origin []string // the page's that asks, if it may
	asking bool     // the header Origin has it, and not the address
}

// readersOf reads from the address which page will read the answer. Where it names a page of EMBED_ORIGINS, the answer
// is the same for everybody who asks: caches that do not know Vary: Origin give no page what was meant for another. A
// page that names an origin which is not its own can do nothing with it.
func (s *Appeal) readersOf(origin string) readers {
	if origin == "" {
		return readers{vary: s.header.origin, asking: true}
	}
	return readers{vary: s.header.coding, origin: s.mayRead([]string{origin})}
}

// mayRead is the origin where it is one of EMBED_ORIGINS, as a header has it, and nil otherwise.
func (s *Appeal) mayRead(origin []string) []string {
	if len(origin) == 1 && slices.Contains(s.EmbedOrigins, origin[0]) {
		return origin
	}
	return nil
}

// openToEmbedders lets the pages of EMBED_ORIGINS read an answer, and caches keep it. origin is the page's, where the
// address has it.
func (s *Appeal) openToEmbedders(h http.Header, r *http.Request, origin string) {
	h["Cache-Control"] = s.header.cache
	s.openTo(h, r, s.readersOf(origin))
}

// openTo lets other sites' pages read an answer.
func (s *Appeal) openTo(h http.Header, r *http.Request, may readers) {
	h["Vary"], h["Cross-Origin-Resource-Policy"] = may.vary, s.header.resource
	if may.asking {
		may.origin = s.mayRead(r.Header["Origin"])
	}
	if may.origin != nil {
		h["Access-Control-Allow-Origin"] = may.origin
	}
}
