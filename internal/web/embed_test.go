package web

import (
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// unhashed takes the content hashes out of addresses, so that a golden does not change with a stylesheet.
func unhashed(text string) string {
	return regexp.MustCompile(`/static/(\w+)\.[0-9a-f]{10}\.`).ReplaceAllString(text, "/static/$1.")
}

func TestEmbeddingOverHTTP(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.EmbedOrigins = []string{"https://news.example"} })
	r := h.newReader()
	got := r.do("GET", "/embed/support?article=https://news.example/a", "", "Origin", "https://news.example")
	if got.status != 200 || got.header.Get("Access-Control-Allow-Origin") != "https://news.example" ||
		!strings.HasPrefix(got.header.Get("Cache-Control"), "public, max-age=60") {
		t.Fatalf("%d %v", got.status, got.header)
	}
	if strings.Contains(got.body, "idempotency_key") || got.header.Get("Set-Cookie") != "" {
		t.Error("a shared copy holds something of one reader's")
	}
	if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy,
		"frame-ancestors https://news.example") || got.header.Get("X-Frame-Options") != "" {
		t.Errorf("may not be framed: %s", policy)
	}
	if page := r.get("/"); !strings.Contains(page.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Error("the donation page may be framed")
	}
	if again := r.do("GET", "/embed/support?article=https://news.example/a", "", "If-None-Match",
		got.header.Get("ETag")); again.status != 304 || again.body != "" {
		t.Errorf("unchanged: %d", again.status)
	}
	for _, origin := range []string{"https://evil.example", "null", "https://news.example.evil.example", ""} {
		if got := r.do("GET", "/embed/support", "", "Origin", origin); got.header.Get("Access-Control-Allow-Origin") != "" ||
			got.header.Get("Vary") != "Accept, Accept-Encoding, Origin" {
			t.Errorf("%s: %v", origin, got.header)
		}
	}
	none := r.do("GET", "/embed/nothing", "", "Origin", "https://news.example")
	if none.status != 404 || none.header.Get("Access-Control-Allow-Origin") != "https://news.example" ||
		none.header.Get("Cache-Control") != "no-store" {
		t.Errorf("no such campaign: %d %v", none.status, none.header)
	}
	form := inputs(t, got.body)
	if id, _ := r.begin(form); h.stateOf(id) != "created" {
		t.Error("the fragment's form does not begin a gift")
	}
}

// A server that puts the fragment into a page made for one reader gives a key, so that two taps are one gift there.
func TestAFragmentForOneReaderCarriesTheKeyItIsGiven(t *testing.T) {
	t.Parallel()
	r := openHouse(t, nil).newReader()
	for range 2 { // rendered, and from memory
		got := r.get("/embed/support?key=" + url.QueryEscape(`k"1`))
		form := inputs(t, got.body)
		if form.Get("idempotency_key") != `k"1` || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v %v", form, got.header)
		}
	}
	if got := r.get("/embed/support"); strings.Contains(got.body, "idempotency_key") {
		t.Errorf("the shared copy has a key\n%s", got.body)
	}
}

// A reader comes from a newsletter to an article and gives there: the gift says so.
func TestTheAppealCarriesWhatTheArticleWasLinkedBy(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	query := "utm_source=letter&utm_medium=mail&utm_campaign=autumn%26more&utm_term=river&utm_content=%22%3E%3Cb%3E&utm_id=7"
	want := url.Values{
		"utm_source": {"letter"}, "utm_medium": {"mail"}, "utm_campaign": {"autumn&more"}, "utm_term": {"river"},
		"utm_content": {`"><b>`},
	}
	holds := func(where string, got url.Values) {
		t.Helper()
		for name := range want {
			if got.Get(name) != want.Get(name) {
				t.Errorf("%s: %s is %q, want %q", where, name, got.Get(name), want.Get(name))
			}
		}
	}
	formLink := regexp.MustCompile(`href="[^"]*(/support/[^"]*)"`)
	for _, where := range []string{"/embed/support?" + query, "/embed/support?" + query, "/article?" + query} {
		got := r.get(where)
		holds(where, inputs(t, got.body))
		link := html.UnescapeString(formLink.FindStringSubmatch(got.body)[1])
		holds("the link of "+where, inputs(t, r.get(link).body))
	}
	var p appealParts
	got := r.do("GET", "/embed/support?"+query, "", "Accept", "application/json")
	if err := json.Unmarshal([]byte(got.body), &p); err != nil {
		t.Fatal(err)
	}
	holds("the page of the parts", inputs(t, r.get(strings.TrimPrefix(p.Page, r.base)).body))
	if plain := r.get("/embed/support"); strings.Contains(plain.body, "utm_") {
		t.Errorf("without a link's words:\n%s", plain.body)
	}

	// What came of it leads back to the form with the same.
	id, _ := r.begin(inputs(t, r.get("/embed/support?"+query).body))
	h.exec(`UPDATE contribution SET state = 'expired' WHERE id = $1`, id)
	again := html.UnescapeString(formLink.FindStringSubmatch(r.get("/contributions/" + id + "/thanks").body)[1])
	holds("begun again", inputs(t, r.get(again).body))
}

func TestThePartsOfTheCallToAction(t *testing.T) {
	t.Parallel()
	r := openHouse(t, nil).newReader()
	got := r.do("GET", "/embed/support?currency=GBP&article=https://news.example/a", "", "Accept", "application/json")
	var p appealParts
	if err := json.Unmarshal([]byte(got.body), &p); err != nil || got.header.Get("Content-Type") != "application/json" {
		t.Fatalf("%v %s", err, got.body)
	}
	if p.Currency != "GBP" || len(p.Suggested) != 4 || p.Suggested[0].Amount != "5.00" ||
		p.Suggested[0].Display != "£5" || p.Action != r.base+"/contributions" ||
		p.Page != r.base+"/support/support?article=https%3A%2F%2Fnews.example%2Fa&currency=GBP" || p.Button == "" {
		t.Errorf("%+v", p)
	}
}

func TestTheScriptIsServedFresh(t *testing.T) {
	t.Parallel()
	h := bareServer(t, nil).routes()
	w := ask(h, "GET", "/embed/cta.js", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" ||
		w.Header().Get("Cache-Control") != "public, max-age=300" ||
		w.Header().Get("Cross-Origin-Resource-Policy") != "cross-origin" ||
		strings.Contains(w.Body.String(), "document.cookie") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w = ask(h, "GET", "/embed/cta.js", "", "If-None-Match", w.Header().Get("ETag")); w.Code != 304 {
		t.Errorf("unchanged: %d", w.Code)
	}
}

func TestTheArticleCarriesTheCallToActionWithoutScript(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	got := h.newReader().get("/article")
	form := inputs(t, got.body)
	if got.status != 200 || form.Get("article") != h.base+"/article" || form.Get("choice") != "10.00" {
		t.Errorf("%d %v", got.status, form)
	}
	first, _ := h.newReader().begin(form)
	if second, _ := h.newReader().begin(form); second != first {
		t.Error("two taps on one page made two orders")
	}
	if next := inputs(t, h.newReader().get("/article").body); next.Get("idempotency_key") == form.Get("idempotency_key") {
		t.Error("two renderings carry one key")
	}
	if w := ask(bareServer(t, nil).routes(), "GET", "/article", ""); w.Code != 404 {
		t.Errorf("outside the demo: %d", w.Code)
	}
}

// appealParts is the appeal as a program reads it.
type appealParts struct {
	Currency, Action, Page, Button string
	Suggested                      []struct{ Amount, Display string }
}
