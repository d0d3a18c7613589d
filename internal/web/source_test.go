package web

import (
	"encoding/json"
	"html"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// source is something in everything that says what led a reader to give.
func source() url.Values {
	return url.Values{
		"article": {"https://example.org/flood?id=1&b=2"}, "utm_source": {"letter"}, "utm_medium": {"mail"},
		"utm_campaign": {"autumn&more"}, "utm_term": {"river"}, "utm_content": {`"><b>`}, "variant": {"kinder"},
		"format": {"inline"}, "section": {"Städte & Land"}, "author": {`Zoë "Z" Moreau`}, "aid": {"post-17"},
		"referrer": {"search"}, "shared": {"1"},
	}
}

// holds fails the test where a form lost something of what led to it.
func holds(t *testing.T, where string, form url.Values) {
	t.Helper()
	for name, want := range source() {
		if got := form.Get(name); got != want[0] {
			t.Errorf("%s: %s is %q, want %q", where, name, got, want[0])
		}
	}
}

// keeps fails the test where a contribution's row lost something of what led to it.
func (h *house) keeps(t *testing.T, where, id string) {
	t.Helper()
	var row []byte
	err := h.db.GetContext(t.Context(), &row, `
		SELECT json_build_object('article', article, 'utm_source', utm_source, 'utm_medium', utm_medium,
		       'utm_campaign', utm_campaign, 'utm_term', utm_term, 'utm_content', utm_content, 'variant', variant,
		       'format', format, 'section', section, 'author', author, 'aid', article_ref, 'referrer', referrer,
		       'shared', shared::int::text)
		FROM contribution WHERE id = $1`, id)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(row, &got); err != nil {
		t.Fatal(err)
	}
	form := url.Values{}
	for name, value := range got {
		form.Set(name, value)
	}
	holds(t, where, form)
}

var formLink = regexp.MustCompile(`href="[^"]*(/support/[^"]*)"`)

// linkTo is the address of the form to which a page leads, with everything it carries.
func linkTo(t *testing.T, where, page string) string {
	t.Helper()
	found := formLink.FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("%s leads to no form:\n%s", where, page)
	}
	return html.UnescapeString(found[1])
}

// Whichever way a reader comes to the form, their gift knows what led there.
func TestEveryWayInKeepsItsSource(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	query := source().Encode()
	parts := func() string {
		var p appealParts
		got := r.do("GET", "/embed/support?"+query, "", "Accept", "application/json")
		if err := json.Unmarshal([]byte(got.body), &p); err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(p.Page, r.base)
	}
	for way, form := range map[string]string{
		"the fragment":              "/embed/support?" + query,
		"a link":                    "/support/support?" + query,
		"the home page":             "/?" + query,
		"the fragment's link":       linkTo(t, "the fragment", r.get("/embed/support?"+query).body),
		"the parts' page":           parts(),
		"the form's own address":    r.get("/contributions?campaign=support&" + query).header.Get("Location"),
		"a link to a bygone appeal": "/support/winter-2019?" + query,
	} {
		for range 2 { // rendered, and from memory
			got := inputs(t, r.get(form).body)
			holds(t, way, got)
			got.Set("idempotency_key", way)
			id, _ := r.begin(got)
			h.keeps(t, "the gift by "+way, id)
		}
	}
	fields := map[string]any{"campaign": "support", "amount": "25.00", "currency": "EUR", "frequency": "once",
		"shared": true}
	for name, value := range source() {
		if name != "shared" {
			fields[name] = value[0]
		}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	var begun struct{ ID string }
	if err := json.Unmarshal([]byte(r.sendJSON(string(body)).body), &begun); err != nil {
		t.Fatal(err)
	}
	h.keeps(t, "a program's gift", begun.ID)
}

// Whatever happens between the form and the payment, what led the reader there is kept.
func TestNothingOnTheWayLosesTheSource(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	form := giftForm()
	maps.Copy(form, source())
	form.Set("idempotency_key", "one page")
	with := func(change ...string) url.Values {
		changed := maps.Clone(form)
		for pair := range slices.Chunk(change, 2) {
			changed.Set(pair[0], pair[1])
		}
		return changed
	}
	holds(t, "another currency", inputs(t, r.do("POST", "/support/support", with("to", "USD").Encode(),
		"Content-Type", "application/x-www-form-urlencoded").body))
	holds(t, "a mistake", inputs(t, r.send(with("amount", "x")).body))

	id, _ := r.begin(form)
	turned := r.get("/contributions/" + id + "/cancel?token=" + h.orderOf(id)).body
	holds(t, "turned back", inputs(t, turned))
	h.exec(`UPDATE contribution SET state = 'expired' WHERE id = $1`, id)
	again := linkTo(t, "an expired gift", r.get("/contributions/"+id+"/thanks").body)
	holds(t, "begun again", inputs(t, r.get(again).body))

	h.exec(`UPDATE contribution SET state = 'completed', completed_at = $2 WHERE id = $1`, id, h.Now())
	holds(t, "given already", inputs(t, r.send(form).body))
}

// The form in a frame keeps what its address says; the format is the form's own.
func TestTheFormInAFrameKeepsItsSource(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	query := source()
	query.Set("format", "form")
	for range 2 { // rendered, and from memory
		form := inputs(t, r.get("/embed/support/frame?"+query.Encode()).body)
		if form.Get("format") != "form" {
			t.Errorf("the frame has the format %q", form.Get("format"))
		}
		form.Set("format", source().Get("format"))
		holds(t, "the frame", form)
	}
}

// A pasted address becomes a frame that keeps what the address says.
func TestAPastedAddressKeepsItsSource(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	query := source()
	query.Set("format", "form")
	pasted := r.base + "/support/support?" + query.Encode()
	var embedded struct{ HTML string }
	if err := json.Unmarshal([]byte(r.get("/oembed?url="+url.QueryEscape(pasted)).body), &embedded); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(embedded.HTML, `src="`)
	src, _, _ := strings.Cut(rest, `"`)
	form := inputs(t, r.get(strings.TrimPrefix(html.UnescapeString(src), r.base)).body)
	form.Set("format", source().Get("format"))
	holds(t, "the frame of a pasted address", form)
}

// The monthly gift that follows a one-time gift has the same source.
func TestTheMonthlyGiftThatFollowsKeepsTheSource(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	var fields []string
	for name, value := range source() {
		fields = append(fields, name, value[0])
	}
	r, id := h.gives(fields...)
	h.keeps(t, "the gift", id)
	if got := r.answers(id, "yes"); got.status != 303 {
		t.Fatalf("yes: %d\n%s", got.status, got.body)
	}
	h.keeps(t, "the monthly gift", h.following(id))
}

// Where nothing says where a reader comes from, the browser's Referer does, as a kind and not as an address.
func TestADirectVisitIsKnownByItsReferrer(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.EmbedOrigins = []string{"https://news.example.org"} })
	r := h.newReader()
	for _, c := range []struct{ address, referer, want string }{
		{"/", "", "direct"},
		{"/", "https://www.google.com/", "search"},
		{"/", "https://news.example.org/about?token=1", "internal"},
		{"/", "https://blog.example.net/x", "other"},
		{"/?utm_medium=email", "", "newsletter"},
		{"/?referrer=social", "https://www.google.com/", "social"},
		{"/?article=https://news.example.org/a", "https://news.example.org/a", ""}, // what led to the article is not known
	} {
		form := inputs(t, r.do("GET", c.address, "", "Referer", c.referer).body)
		if got := form.Get("referrer"); got != c.want {
			t.Errorf("%s from %q: %q, want %q", c.address, c.referer, got, c.want)
		}
	}
}
