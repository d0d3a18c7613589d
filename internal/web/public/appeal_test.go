package public

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
	"readerfund/internal/settle"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// appealCampaign is one with everything that must be escaped.
func appealCampaign() campaign.Campaign {
	return campaign.Campaign{
		ID: uuid.UUID{1}, Slug: "support", UpdatedAt: time.Unix(1, 0), Content: campaign.Content{
			Language: "en", Texts: map[string]campaign.Texts{"en": {
				Heading: "Free to read <b>", Why: `"Why" & how`, Ask: "Chip in", Button: "Support us via PayPal",
				Reassurance: "One time only",
			}},
			Currency: "EUR", Suggested: map[money.Currency][]int64{"EUR": {500, 1000, 2550}, "JPY": {800}},
		},
	}
}

// bareAppeal is the appeal without a database.
func bareAppeal(t *testing.T) *Appeal {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	pages, err := page.New(page.Config{Publication: "The Test Post", Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{
		Pages: pages, BaseURL: "http://give.test", Origin: "http://give.test", Zone: time.UTC,
		Contributions: contribution.New(contribution.Config{}), Settler: settle.New(settle.Config{}).Settler,
		Starter: &gift.Starter{}, Campaigns: campaign.NewCatalog(nil, time.Now), Log: log, Now: time.Now,
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

func TestTheFragmentIsAsWritten(t *testing.T) {
	t.Parallel()
	s := bareAppeal(t)
	a, err := s.appealOf(appealCampaign(), "EUR")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, unhashed(string(a.copyWith(referral{Article: `https://example.org/a?b=1&c="<d>'`}, "").text)))
	japanese, err := s.appealOf(appealCampaign(), "JPY")
	if err != nil || !strings.Contains(string(japanese.plain.text), "¥800") ||
		strings.Contains(string(japanese.plain.text), "0x5e1f") {
		t.Errorf("%v\n%s", err, japanese.plain.text)
	}
}

func TestAnArticleCannotBreakOutOfTheFragment(t *testing.T) {
	t.Parallel()
	s := bareAppeal(t)
	a, err := s.appealOf(appealCampaign(), "EUR")
	if err != nil {
		t.Fatal(err)
	}
	for _, article := range []string{
		`https://e.org/"><script>alert(1)</script>`, `https://e.org/'onfocus='x`, "https://e.org/&quot;",
		"https://e.org/?x=1&amount=999",
		"https://e.org/" + articleMark, "https://e.org/" + queryMark, "https://e.org/#%22%3E",
	} {
		text := string(a.copyWith(referral{Article: article}, "").text)
		if got := valueOf(t, text, "article"); got != article {
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
	s := bareAppeal(t)
	k := appealCampaign()
	first, _ := s.appealOf(k, "EUR")
	if again, _ := s.appealOf(k, "EUR"); again != first {
		t.Error("rendered twice")
	}
	k.Texts, k.UpdatedAt = map[string]campaign.Texts{"en": {Heading: "New words"}}, time.Unix(2, 0)
	if changed, _ := s.appealOf(k, "EUR"); !strings.Contains(string(changed.plain.text), "New words") ||
		changed.etag == first.etag {
		t.Error("the old words are kept")
	}
}

// A copy is kept for the address that asked for it, until the campaign changes; a reader's key is in no copy; and
// however many addresses ask, the copies stay within their bytes.
func TestCopiesAreKeptWithinBounds(t *testing.T) {
	t.Parallel()
	s, k := bareAppeal(t), appealCampaign()
	if _, err := s.appealOf(k, "EUR"); err != nil {
		t.Fatal(err)
	}
	ask := func(query string) appealCopy {
		t.Helper()
		c, known := s.copyFor(httptest.NewRequest("GET", "/embed/support"+query, nil), k)
		if !known {
			t.Fatalf("%s: not rendered", query)
		}
		return c
	}
	same := func(a, b appealCopy) bool { return &a.text[0] == &b.text[0] }
	first := ask("?article=https://example.org/a")
	if !same(first, ask("?article=https://example.org/a")) || same(first, ask("?article=https://example.org/b")) {
		t.Error("the same address gets another copy, or another the same")
	}
	if c := ask("?article=https://example.org/a&key=K1"); !c.private ||
		same(c, ask("?article=https://example.org/a&key=K1")) {
		t.Error("a reader's copy is kept")
	}
	k.UpdatedAt = k.UpdatedAt.Add(1)
	if _, known := s.copyFor(httptest.NewRequest("GET", "/embed/support?article=https://example.org/a", nil), k); known {
		t.Error("the campaign changed, and its old words are still answered")
	}
	big := s.cache.copies["/embed/support?article=https://example.org/a"]
	big.text = make([]byte, 1<<20)
	for n := range 40 {
		s.cache.keepCopy(strconv.Itoa(n), big)
		held := 0
		for address, c := range s.cache.copies {
			held += len(address) + len(c.text)
		}
		if held != s.cache.size || held > mostCopies {
			t.Fatalf("after %d: %d copies of %d bytes, counted as %d", n, len(s.cache.copies), held, s.cache.size)
		}
	}
}
