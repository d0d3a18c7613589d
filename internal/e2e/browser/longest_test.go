package browser

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// The longest texts that a newsroom may write, one of them a single word, in a language with long words and in one
// that is written from right to left; and all that we say, two fifths longer, as the next language may have it.
func TestTheLongestTextsFit(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	s := harness.New(t, "PAYPAL_FEES", "EUR=2.9%+0.35")
	s.Serve()
	b := browser.openTab(t, screens()[0])
	writesAtLength(t, s, b)
	for _, lang := range []string{"de", "ar"} {
		for name, address := range lengthy(s, lang) {
			for _, at := range []screen{{320, 640, "light"}, {390, 844, "dark"}, {1280, 800, "light"}} {
				b.setScreen(at)
				b.open(address)
				eval[int](b, openAll)
				fits(t, b, lang+" "+name)
				eval[int](b, stretch)
				fits(t, b, lang+" "+name+", stretched")
				b.screenshot(fmt.Sprintf("longest-%s-%s-%d", name, lang, at.width))
			}
		}
	}
}

// lengthy are the pages on which a campaign's words stand, and two of our own.
func lengthy(s *harness.Fixture, lang string) map[string]string {
	all := map[string]string{
		"donate": s.BaseURL + "/support/support?lang=" + lang, "manage": s.BaseURL + "/manage?lang=" + lang,
		"kept": s.BaseURL + "/embed/kept?lang=" + lang, "story": fromArticle(s, lang),
	}
	for _, format := range []string{"inline", "banner", "button"} {
		all[format] = s.BaseURL + "/embed/support/frame?" + url.Values{"lang": {lang}, "format": {format}}.Encode()
	}
	return all
}

// writesAtLength gives the campaign the longest texts it may have, and waits until readers see them.
func writesAtLength(t *testing.T, s *harness.Fixture, b *tab) {
	t.Helper()
	word := map[string]string{"de": "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz ", "ar": "وسنستجيبنكموها "}
	texts := map[string]campaign.Texts{}
	for lang, w := range word {
		long := func(most int) string { return strings.TrimSpace(string([]rune(strings.Repeat(w, 60))[:most])) }
		texts[lang] = campaign.Texts{
			Heading: long(120), Greeting: long(120), Why: long(800), Ask: long(400), Button: long(40), Reassurance: long(300),
			Signature: long(120), Does: []campaign.Does{{Minor: 1000, Text: long(160)}, {Minor: 2500, Text: long(160)}},
		}
	}
	long, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.ExecContext(t.Context(), `
		UPDATE campaign SET content = jsonb_set(content, '{texts}', content -> 'texts' || $1::jsonb), version = version + 1`,
		string(long)); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, time.Minute, "the page has the long texts", func() (bool, string) {
		b.open(fromArticle(s, "de"))
		return strings.Contains(b.text(), "Rindfleisch"), b.describe()
	})
}

func fits(t *testing.T, b *tab, what string) {
	t.Helper()
	for name, script := range map[string]string{
		"over each other or cut": unreadable, "cut": cutTexts, "out of order": disordered,
	} {
		if wrong := eval[[]string](b, script); len(wrong) > 0 {
			t.Errorf("%s, %s: %s: %s", what, b.screen, name, strings.Join(wrong, ", "))
		}
	}
	b.checkPage()
}

// stretch makes every text of a page two fifths longer, by words that it repeats. Amounts stay.
const stretch = `(() => {
	const all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), texts = [];
	while (all.nextNode()) texts.push(all.currentNode);
	const longer = texts.filter((n) => /\p{L}{2}/u.test(n.data) && !n.parentElement.closest("script, .sign, .money, bdi"));
	for (const n of longer) {
		const words = n.data.trim().split(/\s+/), end = n.data.match(/\s*$/)[0];
		const more = [];
		for (let i = 0; more.join(" ").length < n.data.trim().length * 0.4; i++) more.push(words[i % words.length]);
		n.data = n.data.trimEnd() + " " + more.join(" ") + end;
	}
	return longer.length;
})()`

// disordered finds Latin words, numbers and addresses in a text from right to left whose characters do not follow each
// other from left to right: an amount, a receipt number, an email address. It looks at the first one of each line alone.
const disordered = `(() => {
	const all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), wrong = [];
	while (all.nextNode()) {
		const n = all.currentNode, parent = n.parentElement;
		if (getComputedStyle(parent).direction !== "rtl" || !parent.offsetWidth || parent.closest("script, style")) continue;
		for (const m of n.data.matchAll(/[A-Za-z0-9]+(?:[-.,@:\/]+[A-Za-z0-9]+)+/g)) {
			const at = [...m[0]].map((_, i) => {
				const r = document.createRange();
				r.setStart(n, m.index + i);
				r.setEnd(n, m.index + i + 1);
				return r.getBoundingClientRect();
			});
			if (at.some((r, i) => i && r.top === at[i - 1].top && r.left < at[i - 1].left)) wrong.push(m[0]);
		}
	}
	return wrong;
})()`
