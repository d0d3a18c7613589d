package appeal

import (
	"flag"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/form"
	"readerfund/internal/web/public/site"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// appealCampaign is one with everything that must be escaped.
func appealCampaign() *campaign.Entry {
	return &campaign.Entry{Campaign: campaign.Campaign{
		ID: uuid.UUID{1}, Slug: "support", UpdatedAt: time.Unix(1, 0), Content: campaign.Content{
			Language: "en", Texts: map[string]campaign.Texts{"en": {
				Heading: "Free to read <b>", Why: `"Why" & how`, Ask: "Chip in", Button: "Support us via PayPal",
				Reassurance: "One time only",
			}},
			Currency: "EUR", Suggested: map[money.Currency][]int64{"EUR": {500, 1000, 2550}, "JPY": {800}},
		},
	}}
}

// bareAppeal is the appeal without a database.
func bareAppeal(t *testing.T) *Appeal {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	pages, err := page.New(page.Config{Publication: "The Test Post", Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	l := site.Layout{Pages: pages, Origin: "http://give.test", Zone: time.UTC, Log: log, Now: time.Now}
	campaigns := campaign.NewCatalog(nil, time.Now)
	return New(Config{
		Layout: l, Forms: form.NewMaker(l, campaigns, contribution.New(contribution.Config{}), nil),
		BaseURL:   "http://give.test",
		Campaigns: campaigns,
	}).Appeal
}

// unhashed takes the content hashes out of addresses, so that a golden does not change with a stylesheet.
func unhashed(text string) string {
	return regexp.MustCompile(`/static/(\w+)\.[0-9a-f]{10}\.`).ReplaceAllString(text, "/static/$1.")
}

// golden compares the fragment with its file under testdata, or writes it with -update.
func golden(t *testing.T, got string) {
	t.Helper()
	const file = "testdata/fragment.html"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run with -update to write it", err)
	}
	if string(want) != got {
		t.Errorf("%s differs; look at it, and run with -update if it is right\n%s", file, got)
	}
}

// valueOf is the value of a page's control.
func valueOf(t *testing.T, page, name string) (value string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		attributes := map[string]string{}
		for _, a := range n.Attr {
			attributes[a.Key] = a.Val
		}
		if attributes["name"] == name {
			value = attributes["value"]
		}
	}
	return value
}

// appeal is the text of the appeal that an address asks for.
func (s *Appeal) appeal(t *testing.T, k *campaign.Entry, query string) string {
	t.Helper()
	c, err := s.copyOf(httptest.NewRequest("GET", "/embed/support?"+query, nil), k, false)
	if err != nil {
		t.Fatal(err)
	}
	return string(c.body.In(page.Identity).Bytes)
}

func TestTheFragmentIsAsWritten(t *testing.T) {
	t.Parallel()
	s := bareAppeal(t)
	article := url.Values{"article": {`https://example.org/a?b=1&c="<d>'`}}.Encode()
	golden(t, unhashed(s.appeal(t, appealCampaign(), article)))
	japanese := s.appeal(t, appealCampaign(), "currency=JPY")
	if !strings.Contains(japanese, "¥800") || strings.Contains(japanese, "0x5e1f") {
		t.Errorf("%s", japanese)
	}
}

// Whatever an address asks for, it gets an appeal: of formats, languages, variants and currencies that do not exist,
// the defaults. Only so many different ones are ever rendered.
func TestRubbishInTheAddressGetsTheDefaults(t *testing.T) {
	t.Parallel()
	s, k := bareAppeal(t), appealCampaign()
	k.Variants = []campaign.Variant{{Name: "plain"}, {Name: "warm"}}
	plain := s.appeal(t, k, "")
	for _, query := range []string{
		"format=popup&lang=xx&currency=ZZZ", "format=<b>&lang=%00&variant=../..&currency=%ff", "lang=tlh",
		"lang=" + strings.Repeat("de-", 3000), "format=goal;variant=warm", "%zz", "shared=maybe&aid=%01",
	} {
		if got := s.appeal(t, k, query); got != plain {
			t.Errorf("%.60s: another appeal\n%s", query, got)
		}
	}
	if got := s.appeal(t, k, "variant=gone"); strings.ReplaceAll(got, "gone", "") == got {
		t.Error("a variant that is no more is not kept")
	}
	if n := len(s.cache.appeals.all); n != 1 {
		t.Errorf("%d appeals were rendered", n)
	}
	if got := s.appeal(t, k, "variant=warm"); valueOf(t, got, "variant") != "warm" {
		t.Errorf("the variant that was drawn is not in the form\n%s", got)
	}
	if valueOf(t, plain, "variant") != "" || valueOf(t, plain, "format") != "inline" {
		t.Errorf("nothing was drawn\n%s", plain)
	}
}

func TestAnArticleCannotBreakOutOfTheFragment(t *testing.T) {
	t.Parallel()
	s := bareAppeal(t)
	for _, article := range []string{
		`https://e.org/"><script>alert(1)</script>`, `https://e.org/'onfocus='x`, "https://e.org/&quot;",
		"https://e.org/?x=1&amount=999",
		"https://e.org/" + fieldsMark, "https://e.org/" + queryMark, "https://e.org/#%22%3E",
	} {
		text := s.appeal(t, appealCampaign(), url.Values{"article": {article}}.Encode())
		if got := valueOf(t, text, "article"); got != article {
			t.Errorf("%s: the field holds %q", article, got)
		}
		if strings.Contains(text, "<script>") || strings.Contains(text, "'onfocus") {
			t.Errorf("%s broke out:\n%s", article, text)
		}
		link := regexp.MustCompile(`href="([^"]*/support/[^"]*)"`).FindStringSubmatch(text)[1]
		u, err := url.Parse(strings.ReplaceAll(link, "&amp;", "&"))
		if err != nil || u.Query().Get("article") != article || len(u.Query()) != 4 {
			t.Errorf("%s: the link is %s (%v)", article, link, err)
		}
	}
}

func TestAChangedCampaignIsRenderedAnew(t *testing.T) {
	t.Parallel()
	s := bareAppeal(t)
	k := appealCampaign()
	of := func() *rendered {
		t.Helper()
		a, err := s.appealOf(k, s.keyOf(k, wanted{}, false))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := of()
	changed := func(change func(*campaign.Entry)) {
		e := *k
		change(&e)
		k = &e
	}
	changed(func(e *campaign.Entry) { e.Facts.GaveToday++ })
	if again := of(); again != first {
		t.Error("rendered anew, although nothing of it shows")
	}
	changed(func(e *campaign.Entry) { e.Texts = map[string]campaign.Texts{"en": {Heading: "New words"}} })
	if changed := of(); !strings.Contains(s.appeal(t, k, ""), "New words") || changed.etag[0] == first.etag[0] {
		t.Error("the old words are kept")
	}
}

// A copy is kept for the address that asked for it, until the campaign changes; a reader's key is in no copy; and
// however many addresses ask, the copies stay within their bytes.
func TestCopiesAreKeptWithinBounds(t *testing.T) {
	t.Parallel()
	s, k := bareAppeal(t), appealCampaign()
	ask := func(query string) (c *appealCopy, kept bool) {
		t.Helper()
		r := httptest.NewRequest("GET", "/embed/support"+query, nil)
		if c, kept = s.copyKept(r, k); kept {
			return c, true
		}
		c, err := s.copyOf(r, k, false)
		if err != nil {
			t.Fatal(err)
		}
		return c, false
	}
	first, _ := ask("?article=https://example.org/a")
	if again, kept := ask("?article=https://example.org/a"); !kept || again != first {
		t.Error("the same address gets another copy")
	}
	if other, kept := ask("?article=https://example.org/b"); kept || other == first {
		t.Error("another address gets the same copy")
	}
	for range 2 {
		if c, kept := ask("?article=https://example.org/a&key=K1"); !c.private || kept {
			t.Error("a reader's copy is kept")
		}
	}
	renamed := *k
	renamed.Texts = map[string]campaign.Texts{"en": {Heading: "New words"}}
	k = &renamed
	s.appeal(t, k, "")
	if _, kept := ask("?article=https://example.org/a"); kept {
		t.Error("the campaign changed, and its old words are still answered")
	}
	for n := range 40 {
		s.cache.copies.put(strconv.Itoa(n%30), first, 1<<20)
		held := 0
		for _, size := range s.cache.copies.sizes {
			held += size
		}
		if held != s.cache.copies.size || held > mostBytes || len(s.cache.copies.all) != len(s.cache.copies.sizes) {
			t.Fatalf("after %d: %d bytes, counted as %d", n, held, s.cache.copies.size)
		}
	}
}
