package web

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"readerfund/internal/account"
	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
	"readerfund/internal/testkit"
)

// What a link or a frame of each format carries, the gift keeps.
func TestEveryFormatKeepsItsSource(t *testing.T) {
	t.Parallel()
	r := openHouse(t, nil).newReader()
	for _, format := range campaign.Formats() {
		query := source()
		query.Set("format", format)
		body := r.get("/embed/support?" + query.Encode()).body
		query.Set("format", formatShown(format))
		var form url.Values
		switch format {
		case campaign.FormatInline:
			form = inputs(t, body)
		case campaign.FormatForm:
			frame := regexp.MustCompile(`<iframe [^>]*src="[^"]*(/embed/[^"]*)"`).FindStringSubmatch(body)[1]
			form = inputs(t, r.get(html.UnescapeString(frame)).body)
		default:
			form = inputs(t, r.get(linkTo(t, format, body)).body)
		}
		for name := range query {
			if got := form.Get(name); got != query.Get(name) {
				t.Errorf("%s: %s is %q, want %q", format, name, got, query.Get(name))
			}
		}
	}
}

// formatShown is the format that is drawn where the campaign has no goal.
func formatShown(format string) string {
	if format == campaign.FormatGoal {
		return campaign.FormatButton
	}
	return format
}

func TestAnAppealThatIsNotLiveIsNotShown(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]int{"draft": 404, "paused": 204, "ended": 204, "published": 200} {
		h := openHouse(t, func(d *Deps) { d.EmbedOrigins = []string{"https://news.example"} })
		h.exec(`UPDATE campaign SET state = $1 WHERE slug = 'support'`, state)
		r := h.newReader()
		for _, path := range []string{"/embed/support", "/embed/support/frame", "/embed/support?format=banner"} {
			got := r.do("GET", path, "", "Origin", "https://news.example")
			if got.status != want || got.header.Get("Access-Control-Allow-Origin") == "" {
				t.Errorf("%s, %s: %d %v", state, path, got.status, got.header)
			}
			if want == 204 && got.body != "" {
				t.Errorf("%s shows %s", state, got.body)
			}
		}
	}
}

// The page that asks is read from the address where it stands there, so that no cache needs to know of Origin.
func TestTheAddressMaySayWhichPageReadsIt(t *testing.T) {
	t.Parallel()
	r := openHouse(t, func(d *Deps) { d.EmbedOrigins = []string{"https://a.example", "https://b.example"} }).newReader()
	for range 2 { // rendered, and from memory
		for origin, want := range map[string]string{
			"https://a.example": "https://a.example", "https://b.example": "https://b.example",
			"https://evil.example": "", "null": "",
		} {
			got := r.do("GET", "/embed/support?origin="+url.QueryEscape(origin), "", "Origin", "https://b.example")
			if got.header.Get("Access-Control-Allow-Origin") != want || got.header.Get("Vary") != "Accept, Accept-Encoding" {
				t.Errorf("%s: %v", origin, got.header)
			}
		}
	}
}

func TestAFragmentIsCompressedOnceAndSmall(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	const most = 4 << 10 // of issue 11
	plain := r.do("GET", "/embed/support", "", "Accept-Encoding", "identity")
	for coding, open := range map[string]func(io.Reader) io.Reader{
		"br": func(b io.Reader) io.Reader { return brotli.NewReader(b) },
		"gzip": func(b io.Reader) io.Reader {
			z, err := gzip.NewReader(b)
			if err != nil {
				t.Fatal(err)
			}
			return z
		},
	} {
		for range 2 {
			got := r.do("GET", "/embed/support", "", "Accept-Encoding", coding)
			text, err := io.ReadAll(open(strings.NewReader(got.body)))
			if err != nil || string(text) != plain.body || got.header.Get("Content-Encoding") != coding {
				t.Errorf("%s: %v %v", coding, err, got.header)
			}
			if len(got.body) > most || got.header.Get("Content-Length") != fmt.Sprint(len(got.body)) {
				t.Errorf("%s: %d bytes", coding, len(got.body))
			}
			etag := got.header.Get("ETag")
			for _, sent := range []string{etag, strings.TrimPrefix(etag, "W/"), `"x", ` + etag, "*",
				strings.TrimSuffix(etag, `"`) + `-gzip"`} {
				if again := r.do("GET", "/embed/support", "", "If-None-Match", sent); again.status != 304 || again.body != "" {
					t.Errorf("%s: %d", sent, again.status)
				}
			}
		}
	}
	for name, most := range map[string]int{"cta.js": 5 << 10, "choose.js": 5 << 10} {
		got := r.do("GET", "/embed/"+name, "", "Accept-Encoding", "gzip")
		if got.status != 200 || len(got.body) > most {
			t.Errorf("%s: %d, %d bytes", name, got.status, len(got.body))
		}
	}
}

func TestAnAddressBecomesAnAppeal(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	ask := func(address, more string) (got reply, said map[string]any) {
		t.Helper()
		got = r.get("/oembed?url=" + url.QueryEscape(address) + more)
		if got.status == http.StatusOK {
			if err := json.Unmarshal([]byte(got.body), &said); err != nil {
				t.Fatal(err)
			}
		}
		return got, said
	}
	got, said := ask(h.base+"/support/support?format=button&lang=en&currency=USD",
		"&format=json&maxwidth=400&maxheight=9999")
	if said["version"] != "1.0" || said["type"] != "rich" || said["width"] != 400.0 || said["height"] != 64.0 ||
		said["title"] == "" || got.header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v %v", got.status, got.header, said)
	}
	frame := regexp.MustCompile(`^<iframe src="([^"]+)" title="[^"]+" width="400" height="64" `).FindStringSubmatch(said["html"].(string))
	if frame == nil {
		t.Fatalf("%v", said["html"])
	}
	page := r.get(strings.TrimPrefix(html.UnescapeString(frame[1]), h.base))
	if page.status != 200 || !strings.Contains(page.body, `class="rf-cta rf-lone"`) || !strings.Contains(page.body, "currency=USD") {
		t.Errorf("%d\n%s", page.status, page.body)
	}
	for address, want := range map[string]int{
		h.base: 200, h.base + "/": 200, h.base + "/?x=1": 200, h.base + "/support/none": 404, h.base + "/staff": 404,
		h.base + ".evil.example/support/support": 404, "https://evil.example/support/support": 404, "": 404, "%": 404,
		h.base + "/support/": 404, h.base + "//evil.example/support/support": 404,
		h.base + "@evil.example/support/support": 404,
	} {
		if got, _ := ask(address, ""); got.status != want {
			t.Errorf("%s: %d", address, got.status)
		}
	}
	if got, _ := ask(h.base, "&format=xml"); got.status != 501 {
		t.Errorf("xml: %d", got.status)
	}
	h = openHouse(t, nil)
	h.exec(`UPDATE campaign SET state = 'draft' WHERE slug = 'support'`)
	r = h.newReader()
	if got, _ := ask(h.base+"/support/support", ""); got.status != 404 {
		t.Errorf("a draft: %d", got.status)
	}
}

// The plugin cannot ask us for the words of the link that stands there while we are away.
func TestThePluginSpeaksEveryLanguage(t *testing.T) {
	t.Parallel()
	plugin, err := os.ReadFile(testkit.Root(t, "integrations", "wordpress", "readerfund.php"))
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range i18n.Default().Languages() {
		line := fmt.Sprintf("'%s' => '%s',", lang, i18n.Default().Localizer(lang, nil).Say("cta.stand_in"))
		if !strings.Contains(string(plugin), line) {
			t.Errorf("READERFUND_STAND_IN has no line %s", line)
		}
	}
}

// The donation page names the address where a CMS asks.
func TestTheDonationPageCanBeDiscovered(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	found := regexp.MustCompile(`<link rel="alternate" type="application/json\+oembed" href="([^"]+)"`).
		FindStringSubmatch(r.get("/support/support").body)
	if found == nil {
		t.Fatal("no link")
	}
	if got := r.get(strings.TrimPrefix(html.UnescapeString(found[1]), h.base)); got.status != 200 {
		t.Errorf("%s: %d", found[1], got.status)
	}
}

func TestStaffGetTheLinesToPaste(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, func(d *Deps) { d.EmbedOrigins = []string{"https://news.example"} })
	viewer := h.signedIn(account.Viewer)
	lines := func(query string) []string {
		t.Helper()
		got := viewer.get("/staff/embedding" + query)
		if got.status != 200 {
			t.Fatalf("%s: %d", query, got.status)
		}
		var all []string
		for _, m := range regexp.MustCompile(`(?s)<pre[^>]*><code>(.*?)</code></pre>`).FindAllStringSubmatch(got.body, -1) {
			all = append(all, html.UnescapeString(m[1]))
		}
		return all
	}
	plain := lines("")
	if want := `<script async src="` + h.base + `/embed/cta.js"></script>`; !strings.Contains(plain[0], want) {
		t.Errorf("%s", plain[0])
	}
	chosen := strings.Join(lines("?campaign=support&format=banner&lang=en"), "\n")
	for _, want := range []string{
		`src="` + h.base + `/embed/cta.js" data-campaign="support" data-format="banner" data-lang="en">`,
		`[readerfund campaign="support" format="banner" lang="en"]`,
		`include virtual="/readerfund/support?article=https://$host$request_uri&format=banner&lang=en"`,
		`<iframe src="` + h.base + `/embed/support/frame?format=banner&lang=en"`,
		">Support our journalism</a></div>", `data-article="{{url absolute="true"}}"`, `{{ .Permalink }}`, `{{ node.id }}`, "script-src " + h.base,
	} {
		if !strings.Contains(chosen, want) {
			t.Errorf("%s is not among\n%s", want, chosen)
		}
	}
	if got := strings.Join(lines(`?campaign="><script>&format=popup&lang=xx`), ""); got != strings.Join(plain, "") {
		t.Errorf("rubbish changes the lines:\n%s", got)
	}
	if body := openNewsroom(t, nil).signedIn(account.Viewer).get("/staff/embedding").body; !strings.Contains(body, "No site may show it yet") {
		t.Error("nobody is told that EMBED_ORIGINS is empty")
	}
}
