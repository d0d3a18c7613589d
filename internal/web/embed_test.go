package web

import (
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/money"
)

// appealCampaign is one with everything that must be escaped.
func appealCampaign() campaign.Campaign {
	return campaign.Campaign{
		ID: uuid.UUID{1}, Slug: "support", Heading: "Free to read <b>", Why: `"Why" & how`, Ask: "Chip in", Button: "Support us via PayPal",
		Reassurance: "One time only", Currency: "EUR", UpdatedAt: time.Unix(1, 0),
		Suggested: map[money.Currency][]int64{"EUR": {500, 1000, 2550}, "JPY": {800}},
	}
}

// unhashed takes the content hashes out of addresses, so that a golden does not change with a stylesheet.
func unhashed(text string) string {
	return regexp.MustCompile(`/static/(\w+)\.[0-9a-f]{10}\.`).ReplaceAllString(text, "/static/$1.")
}

func TestTheFragmentIsAsWritten(t *testing.T) {
	t.Parallel()
	s := bareSite(t, nil)
	a, err := s.appealOf(appealCampaign(), "EUR")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "fragment.html", unhashed(string(a.copyWith(referral{Article: `https://example.org/a?b=1&c="<d>'`}, "").text)))
	japanese, err := s.appealOf(appealCampaign(), "JPY")
	if err != nil || !strings.Contains(string(japanese.plain.text), "¥800") || strings.Contains(string(japanese.plain.text), "0x5e1f") {
		t.Errorf("%v\n%s", err, japanese.plain.text)
	}
}

func TestAnArticleCannotBreakOutOfTheFragment(t *testing.T) {
	t.Parallel()
	s := bareSite(t, nil)
	a, err := s.appealOf(appealCampaign(), "EUR")
	if err != nil {
		t.Fatal(err)
	}
	for _, article := range []string{
		`https://e.org/"><script>alert(1)</script>`, `https://e.org/'onfocus='x`, "https://e.org/&quot;", "https://e.org/?x=1&amount=999",
		"https://e.org/" + articleMark, "https://e.org/" + queryMark, "https://e.org/#%22%3E",
	} {
		text := string(a.copyWith(referral{Article: article}, "").text)
		if got := inputs(t, text).Get("article"); got != article {
			t.Errorf("%s: the field holds %q", article, got)
		}
		if strings.Contains(text, "<script>") || strings.Contains(text, "'onfocus") {
			t.Errorf("%s broke out:\n%s", article, text)
		}
		link := regexp.MustCompile(`href="([^"]*/support/[^"]*)"`).FindStringSubmatch(text)[1]
		u, err := url.Parse(strings.ReplaceAll(link, "&amp;", "&"))
		if err != nil || u.Query().Get("article") != article || len(u.Query()) != 2 {
			t.Errorf("%s: the link is %s (%v)", article, link, err)
		}
	}
}

func TestAChangedCampaignIsRenderedAnew(t *testing.T) {
	t.Parallel()
	s := bareSite(t, nil)
	k := appealCampaign()
	first, _ := s.appealOf(k, "EUR")
	if again, _ := s.appealOf(k, "EUR"); again != first {
		t.Error("rendered twice")
	}
	k.Heading, k.UpdatedAt = "New words", time.Unix(2, 0)
	if changed, _ := s.appealOf(k, "EUR"); !strings.Contains(string(changed.plain.text), "New words") || changed.etag == first.etag {
		t.Error("the old words are kept")
	}
}

func TestEmbeddingOverHTTP(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.EmbedOrigins = []string{"https://news.example"} })
	r := h.newReader()
	got := r.do("GET", "/embed/support?article=https://news.example/a", "", "Origin", "https://news.example")
	if got.status != 200 || got.header.Get("Access-Control-Allow-Origin") != "https://news.example" || got.header.Get("Cache-Control") != "public, max-age=60" {
		t.Fatalf("%d %v", got.status, got.header)
	}
	if strings.Contains(got.body, "idempotency_key") || got.header.Get("Set-Cookie") != "" {
		t.Error("a shared copy holds something of one reader's")
	}
	if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors https://news.example") || got.header.Get("X-Frame-Options") != "" {
		t.Errorf("may not be framed: %s", policy)
	}
	if page := r.get("/"); !strings.Contains(page.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Error("the donation page may be framed")
	}
	if again := r.do("GET", "/embed/support?article=https://news.example/a", "", "If-None-Match", got.header.Get("ETag")); again.status != 304 || again.body != "" {
		t.Errorf("unchanged: %d", again.status)
	}
	for _, origin := range []string{"https://evil.example", "null", "https://news.example.evil.example", ""} {
		if got := r.do("GET", "/embed/support", "", "Origin", origin); got.header.Get("Access-Control-Allow-Origin") != "" || got.header.Get("Vary") != "Accept, Origin" {
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
	var p parts
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
	var p parts
	if err := json.Unmarshal([]byte(got.body), &p); err != nil || got.header.Get("Content-Type") != "application/json" {
		t.Fatalf("%v %s", err, got.body)
	}
	if p.Currency != "GBP" || len(p.Suggested) != 4 || p.Suggested[0] != (part{"5.00", "£5"}) || p.Action != r.base+"/contributions" ||
		p.Page != r.base+"/support/support?article=https%3A%2F%2Fnews.example%2Fa&currency=GBP" || p.Button == "" {
		t.Errorf("%+v", p)
	}
}

func TestTheScriptIsServedFresh(t *testing.T) {
	t.Parallel()
	h := bareSite(t, nil).routes()
	w := ask(h, "GET", "/embed/cta.js", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" || w.Header().Get("Cache-Control") != "public, max-age=300" ||
		w.Header().Get("Cross-Origin-Resource-Policy") != "cross-origin" || strings.Contains(w.Body.String(), "document.cookie") {
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
	if got.status != 200 || form.Get("article") != h.base+"/article" || form.Get("amount") != "10.00" {
		t.Errorf("%d %v", got.status, form)
	}
	first, _ := h.newReader().begin(form)
	if second, _ := h.newReader().begin(form); second != first {
		t.Error("two taps on one page made two orders")
	}
	if next := inputs(t, h.newReader().get("/article").body); next.Get("idempotency_key") == form.Get("idempotency_key") {
		t.Error("two renderings carry one key")
	}
	if w := ask(bareSite(t, nil).routes(), "GET", "/article", ""); w.Code != 404 {
		t.Errorf("outside the demo: %d", w.Code)
	}
}

func TestOnlyPayPalsAddressesAreRedirectedTo(t *testing.T) {
	t.Parallel()
	atPayPal := bareSite(t, func(d *Deps) { d.ApprovalOrigins = ApprovalOrigins("https://api-m.sandbox.paypal.com") })
	emulated := bareSite(t, func(d *Deps) { d.ApprovalOrigins = ApprovalOrigins("http://127.0.0.1:8081") })
	for address, want := range map[string][2]bool{
		"https://www.sandbox.paypal.com/checkoutnow?token=1": {true, false}, "https://www.paypal.com/x": {true, false},
		"http://www.paypal.com/x": {}, "https://paypal.com.evil.example/": {}, "https://evilpaypal.com/": {}, "https://www.paypal.com@evil.example/": {},
		"https://user@www.paypal.com/": {}, "//www.paypal.com/x": {}, `https:\\www.paypal.com`: {}, "javascript:alert(1)": {}, "": {},
		"http://127.0.0.1:8081/checkoutnow?token=1": {false, true}, "http://127.0.0.1:8082/": {}, "https://127.0.0.1:8081/": {},
	} {
		if got := [2]bool{atPayPal.maySendTo(address), emulated.maySendTo(address)}; got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}
