package web

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"golang.org/x/net/html"

	"readerfund/internal/altcha"
	"readerfund/internal/appearance"
	"readerfund/internal/count"
	"readerfund/internal/db"
	"readerfund/internal/media"
	"readerfund/internal/monthly"
	"readerfund/internal/paypal"
	"readerfund/internal/receipt/form"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// house is the service on a real PostgreSQL and the PayPal sandbox, over real HTTP.
type house struct {
	*service
	t      *testing.T
	base   string
	paypal string // the sandbox's address
	db     *db.DB

	sweeper *settle.Sweeper
}

// service is what is built; a test may build it anew with other settings while it serves.
type service struct {
	*server
	table atomic.Pointer[chi.Mux]
}

func newService(t *testing.T, d Deps) *service {
	t.Helper()
	s := &service{}
	s.build(t, d)
	return s
}

func (s *service) build(t *testing.T, d Deps) {
	t.Helper()
	built, err := newServer(d)
	if err != nil {
		t.Fatal(err)
	}
	s.server = built
	s.table.Store(built.routes())
}

// ServeHTTP implements http.Handler.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.table.Load().ServeHTTP(w, r) }

// The purposes of what is signed for browsers.
const (
	thanksPurpose = "thanks page"
	cookiePurpose = "gift cookie"
)

func (h house) signer() page.Signer { return page.NewSigner(h.SecretKey, h.SecretKeyOld) }

// thanksAddress is a gift's thanks page with the key that opens it anywhere.
func (h house) thanksAddress(id string) string {
	return "/contributions/" + id + "/thanks?key=" + url.QueryEscape(h.signer().Sign(thanksPurpose, id))
}

// alter goes on with other settings.
func (h house) alter(change func(*Deps)) {
	h.t.Helper()
	d := h.Deps
	change(&d)
	h.build(h.t, d)
}

// openHouse starts all of it; change may alter the settings.
func openHouse(t *testing.T, change func(*Deps)) house {
	t.Helper()
	d := bareDeps(t)
	d.DemoArticle = true
	return openWith(t, d, newsroom.Options{}, change)
}

// openWith has a newsroom's services answer over HTTP.
func openWith(t *testing.T, d Deps, o newsroom.Options, change func(*Deps)) house {
	t.Helper()
	return openWithReceipts(t, d, o, form.Plain, change)
}

// openWithReceipts is openWith with receipts in a form.
func openWithReceipts(t *testing.T, d Deps, o newsroom.Options, f form.Form, change func(*Deps)) house {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	d.BaseURL = "http://" + server.Listener.Addr().String()
	o.BaseURL, o.Name, o.Zone = d.BaseURL, d.PublicationName, d.Timezone
	n := newsroom.New(t, o)
	d.Now = n.Clock.Now
	d.ApprovalOrigins = gift.ApprovalOrigins(n.PayPal.URL)
	d.Campaigns, d.Contributions, d.Refunds, d.Changes = n.Campaigns, n.Contributions, n.Refunds, n.Manage
	d.Media, d.Appearance = media.New(n.DB, d.Now), appearance.New(n.DB, d.Now, d.Log)
	d.Starter, d.Settler, d.Disputes = n.Starter, n.Settler, n.Disputes
	addStaff(t, &d, n)
	d.Receipts = receiptsFor(t, n, d, f)
	d.Counter = count.New(count.Config{
		DB: n.DB, Campaigns: n.Campaigns, Zone: time.UTC, Now: d.Now, Log: d.Log, Metrics: d.Metrics,
	})
	d.Questions = monthly.New(monthly.Config{DB: n.DB, Contributions: n.Contributions, Campaigns: n.Campaigns, Now: d.Now})
	if change != nil {
		change(&d)
	}
	s := newService(t, d)
	server.Config.Handler = s
	server.Start()
	t.Cleanup(server.Close)
	return house{service: s, t: t, base: server.URL, paypal: n.PayPal.URL, db: n.DB, sweeper: n.Sweeper}
}

// payPalAt is a client of the sandbox.
func payPalAt(t *testing.T, address string) *paypal.Client {
	t.Helper()
	return testkit.PayPalAt(t, address).Client()
}

// reader is one browser: it keeps cookies and does not follow redirects by itself.
type reader struct {
	house
	client *http.Client
}

func (h house) newReader() reader {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return reader{h, &http.Client{Jar: jar, CheckRedirect: stay}}
}

// reply is an answer, read.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reader) do(method, address, body string, header ...string) reply {
	r.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = r.base + address
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

func (r reader) get(address string) reply { r.t.Helper(); return r.do("GET", address, "") }

// send posts the fields as a form.
func (r reader) send(v url.Values, header ...string) reply {
	r.t.Helper()
	return r.do("POST", "/contributions", v.Encode(), append([]string{"Content-Type", page.FormType}, header...)...)
}

func (r reader) sendJSON(body string, header ...string) reply {
	r.t.Helper()
	return r.do("POST", "/contributions", body, append([]string{"Content-Type", page.JSONType}, header...)...)
}

// gift is what a reader's form sends, with changes: pairs of field and value.
func giftForm(change ...string) url.Values {
	v := url.Values{"campaign": {"support"}, "amount": {"25.00"}, "currency": {"EUR"}, "frequency": {"once"},
		"article": {"https://example.org/a"}}
	for i := 0; i+1 < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

// begin starts a gift by form and gives its id and where the reader is sent.
func (r reader) begin(v url.Values) (id, approve string) {
	r.t.Helper()
	got := r.send(v)
	approve = got.header.Get("Location")
	if got.status != 303 || !strings.HasPrefix(approve, r.paypal) {
		r.t.Fatalf("begin: %d, Location %q\n%s", got.status, approve, got.body)
	}
	if err := r.db.GetContext(r.t.Context(), &id, `SELECT id FROM contribution WHERE approve_url = $1`,
		approve); err != nil {
		r.t.Fatal(err)
	}
	return id, approve
}

// orderOf is PayPal's order of a contribution.
func (h house) orderOf(id string) string {
	h.t.Helper()
	var order string
	if err := h.db.GetContext(h.t.Context(), &order, `SELECT order_id FROM contribution WHERE id = $1`, id); err != nil {
		h.t.Fatal(err)
	}
	return order
}

func (h house) stateOf(id string) string {
	h.t.Helper()
	var state string
	if err := h.db.GetContext(h.t.Context(), &state, `SELECT state FROM contribution WHERE id = $1`, id); err != nil {
		h.t.Fatal(err)
	}
	return state
}

func (h house) count() int { h.t.Helper(); return testkit.Count(h.t, h.db, "contribution") }

// bank calls a test hook of the sandbox.
func (h house) bank(method, path, body string) string {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.paypal+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	if res.StatusCode >= 300 {
		h.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, text)
	}
	return string(text)
}

func (h house) approve(id string) {
	h.t.Helper()
	h.bank("POST", "/sandbox/orders/"+h.orderOf(id)+"/approve", "{}")
}

// told is problem details as a program reads them.
type told struct {
	page.Problem

	Challenge *altcha.Challenge `json:"challenge"`
}

// problem reads problem details.
func problem(t *testing.T, got reply) told {
	t.Helper()
	var a told
	if err := json.Unmarshal([]byte(got.body), &a); err != nil ||
		got.header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("no problem details: %v, %q\n%s", err, got.header.Get("Content-Type"), got.body)
	}
	return a
}

// golden compares text with a file under testdata, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run with -update to write it", err)
	}
	if string(want) != got {
		t.Errorf("%s differs; look at it, and run with -update if it is right\n%s", name, got)
	}
}

// inputs reads every named control of a page's form, as a browser would send it untouched.
func inputs(t *testing.T, page string) url.Values {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	v := url.Values{}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			collect(v, n)
		}
	}
	return v
}

func collect(v url.Values, n *html.Node) {
	attr := attributes(n)
	if attr["name"] == "" {
		return
	}
	_, checked := attr["checked"]
	switch {
	case n.Data == "textarea":
		text := ""
		if n.FirstChild != nil {
			text = n.FirstChild.Data
		}
		v.Set(attr["name"], text)
	case n.Data == "input" && (attr["type"] != "radio" && attr["type"] != "checkbox" || checked):
		v.Set(attr["name"], attr["value"])
	}
}

// quiet is a logger for tests that make noise on purpose.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// soon is a context for calls outside a request.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}
