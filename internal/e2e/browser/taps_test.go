package browser

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// otherSite is another site, whose one page is what a test makes it.
func otherSite(t *testing.T, page *string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">` +
			`<title>A story</title>` + *page))
	}))
	t.Cleanup(s.Close)
	return s
}

// long is a story of several screens, below which an appeal comes unseen.
var long = strings.Repeat("<p>A paragraph of a long story.</p>", 60)

// appealRoot is the shadow root of the call to action.
const appealRoot = `[...document.querySelectorAll("div")].map((d) => d.shadowRoot).find(Boolean)`

func (b *tab) awaitAppeal() {
	b.t.Helper()
	testkit.Eventually(b.t, time.Minute, "the appeal is there", func() (bool, string) {
		const stands = appealRoot + `?.querySelector("form")?.checkVisibility({ visibilityProperty: true }) ?? false`
		return eval[bool](b, stands), b.describe()
	})
}

// twoTaps presses a button twice, a moment apart, and says what it looked like in between.
func (b *tab) twoTaps(button string) (label string) {
	b.t.Helper()
	b.navigate(cdp.Func(func(ctx context.Context, _ *cdp.Target) error {
		var err error
		label, err = cdp.Run(ctx, cdp.Evaluate[string](`(async () => {
			const button = `+button+`;
			button.click();
			await new Promise((done) => setTimeout(done, 200));
			const label = button.innerText + " " + button.form.getAttribute("aria-busy");
			button.click();
			return label;
		})()`, cdp.EvalAwaitPromise))
		return err
	}))
	return label
}

// Impatient fingers, weak eyes and readers of another site share a browser and a service.
func TestInReadersHands(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	var story string
	news := otherSite(t, &story)
	s := harness.New(t, "EMBED_ORIGINS", news.URL)
	s.Serve()
	t.Run("large letters and forced colours", func(t *testing.T) {
		largeLetters(t, s, browser.openTab(t, screens()[0]))
	})
	t.Run("two taps on the article are one gift", func(t *testing.T) {
		twoTapsAreOneGift(t, s, browser.openTab(t, screens()[0]), news.URL, &story)
	})
	t.Run("one form sent twice", func(t *testing.T) {
		sentTwice(t, s, browser.openTab(t, screens()[0]))
	})
	t.Run("on another site's page", func(t *testing.T) { embedded(t, s, browser, news.URL, &story) })
	t.Run("while PayPal is down", func(t *testing.T) { whilePayPalIsDown(t, s, browser.openTab(t, screens()[0])) })
}

// newOrders matches the calls that ask PayPal for an order.
func newOrders() testkit.Fields {
	return testkit.Fields{"method": "POST", "path": "/v2/checkout/orders"}
}

// twoTapsAreOneGift presses the appeal's button on another site's article. The order takes a second, in which a reader
// presses once more.
func twoTapsAreOneGift(t *testing.T, s *harness.Fixture, b *tab, news string, page *string) {
	s.PayPal.Fault(testkit.Fields{"kind": "delay", "delay": "1s", "match": newOrders()})
	defer s.PayPal.Must("DELETE", "/sandbox/faults", nil, nil)

	// The script stands in <head>, the page has no canonical link, and the reader came from a newsletter.
	*page = `<script async src="` + s.BaseURL + `/embed/cta.js" data-campaign="support"></script>` +
		`<article><h1>A story</h1>` + long + `</article><p>Below.</p>`
	b.open(news + "/?p=123&utm_source=letter&fbclid=x#part")
	b.awaitAppeal()
	if !eval[bool](b, `document.querySelector("article").contains(`+appealRoot+`.host)`) {
		t.Error("the appeal does not stand at the article's end")
	}
	if label := b.twoTaps(appealRoot + `.querySelector(".rf-button")`); label != "Taking you to PayPal… true" {
		t.Errorf("after the first tap the button says %q", label)
	}
	b.expect("Approve")
	if n := s.Count("contribution"); n != 1 {
		t.Errorf("two taps made %d gifts", n)
	}
	if n := s.Count("contribution WHERE article = $1", news+"/?p=123"); n != 1 {
		t.Error("the article's address was not kept as the page has it")
	}
	if n := s.Count("contribution WHERE utm_source = 'letter'"); n != 1 {
		t.Error("that the reader came from a letter was lost")
	}

	// A placeholder, and an address given from the page's root.
	*page = `<script async src="` + s.BaseURL + `/embed/cta.js" data-campaign="support"` +
		` data-article="/2026/story?id=7"></script>` + long + `<div data-readerfund></div><p>Below.</p>`
	b.open(news)
	eval[string](b, `localStorage.clear(), ""`) // the reader was at PayPal, and is not asked again
	b.open(news)
	b.awaitAppeal()
	if !eval[bool](b, `document.querySelector("[data-readerfund]").contains(`+appealRoot+`.host)`) {
		t.Error("the appeal does not stand in the placeholder")
	}
	keys := eval[[]string](b, `(() => {
		const key = () => `+appealRoot+`.querySelector("[name=idempotency_key]").value, before = key();
		dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
		return [before, key()];
	})()`)
	if len(keys) != 2 || keys[0] == "" || keys[0] == keys[1] {
		t.Errorf("a page from the browser's memory has the keys %v", keys)
	}
	b.twoTaps(appealRoot + `.querySelector(".rf-button")`)
	if n := s.Count("contribution WHERE article = $1", news+"/2026/story?id=7"); n != 1 {
		t.Errorf("%d gifts for an article given from the page's root", n)
	}

	b.checkPage()

	// In a frame the button takes the whole window to PayPal. Shown alone, for its measures, the frame's page has no icon.
	b.open(s.BaseURL + "/embed/support")
	at := eval[[]float64](b, `(() => {
		const r = document.querySelector(".rf-button").getBoundingClientRect();
		return [r.left + r.width / 2, r.top + r.height / 2];
	})()`)
	*page = `<style>* { margin: 0; border: 0 } iframe { position: fixed; inset: 0; width: 100%; height: 100% }</style>` +
		`<iframe src="` + s.BaseURL + `/embed/support" title="Support us"></iframe>`
	b.open(news)
	b.navigate(cdp.MouseClickXY(at[0], at[1]))
	b.expect("Approve")
	b.ignoreStatus(404)
	b.checkPage()
}

// sentTwice sends one form twice, as a page from the browser's history does.
func sentTwice(t *testing.T, s *harness.Fixture, b *tab) {
	const key = `document.querySelector("#give [name=idempotency_key]")`
	b.open(s.BaseURL + "/")
	sent := eval[string](b, key+`.value`)
	b.click("#give button.button")
	b.click("button[value=approve]")
	b.open(s.BaseURL + "/")
	eval[string](b, key+`.value = "`+sent+`"`)
	a := auditor{tab: b, script: axeScript(t)}
	a.send("#give button.button", 409)
	a.check("You have already made this gift")
	b.screenshot("given")
}

// whilePayPalIsDown audits what a reader is told then. It is the last to use the service's PayPal.
func whilePayPalIsDown(t *testing.T, s *harness.Fixture, b *tab) {
	s.PayPal.Fault(testkit.Fields{"kind": "status", "status": 503, "match": newOrders()})
	a := auditor{tab: b, script: axeScript(t)}
	a.open(s.BaseURL + "/")
	a.send("#give button.button", 503)
	a.check("Nothing was charged")
}

// unreadable finds amounts that lie over each other or are cut.
const unreadable = `(() => {
	const boxes = [...document.querySelectorAll(".choice span, .rf-choice span")].map((e) => {
		const range = document.createRange();
		range.selectNodeContents(e);
		return { text: e.innerText, r: range.getBoundingClientRect(), box: e.getBoundingClientRect() };
	});
	const wrong = boxes.filter(({ r, box }) => r.left < box.left - 0.5 || r.right > box.right + 0.5)
		.map((b) => b.text + " is cut");
	boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
		const beside = a.r.right <= b.r.left || b.r.right <= a.r.left || a.r.bottom <= b.r.top || b.r.bottom <= a.r.top;
		if (!beside) wrong.push(a.text + " over " + b.text);
	}));
	return wrong;
})()`

// largeLetters looks at the form at twice the size of letters, and in the colours that a reader's system forces on it.
func largeLetters(t *testing.T, s *harness.Fixture, b *tab) {
	const background = `(s) => getComputedStyle(document.querySelector(s)).backgroundColor`
	b.open(s.BaseURL + "/?currency=HUF")
	eval[string](b, `document.documentElement.style.fontSize = "200%"`)
	b.screenshot("large-letters")
	if wrong := eval[[]string](b, unreadable); len(wrong) > 0 {
		t.Errorf("at 200 %%: %s", strings.Join(wrong, ", "))
	}
	b.checkPage()
	b.setScreen(screens()[2])
	if wide := eval[float64](b, `document.querySelector(".appeal h1").offsetWidth`); wide < 600 {
		t.Errorf("at 200 %% the appeal is a column of %v pixels", wide)
	}
	b.setScreen(screens()[0])
	eval[string](b, `document.documentElement.style.fontSize = ""`)
	for _, scheme := range []string{"light", "dark"} {
		b.screen.scheme = scheme
		b.setColours(&emulation.MediaFeature{Name: "forced-colors", Value: "active"})
		b.screenshot("forced-colours-" + scheme)
		button := eval[string](b, `(`+background+`)("#give button.button")`)
		amount := eval[string](b, `(`+background+`)(".choice input:not(:checked) + span")`)
		if button == amount {
			t.Errorf("forced colours, %s: the button and an amount not chosen both are %s", scheme, button)
		}
	}
}

// Where gifts are counted, the browser proves by itself that a reader sits at it, and without JavaScript the reader
// waits and presses once more.
func TestTheProofOfWorkGoesOnByItself(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	s := harness.New(t, "GIFT_LIMIT_ADDRESS", "1/4") // one is forgotten in minutes, so that a slow machine is asked too
	s.Serve()
	b := browser.openTab(t, screens()[0])
	give := func() {
		b.open(s.BaseURL + "/")
		b.fill("#amount", "12.40")
		b.navigate(cdp.Click(cdp.CSS("#give button.button")))
	}
	give()
	b.expect("Approve 12.40 EUR")
	give()
	testkit.Eventually(t, time.Minute, "the browser went on to PayPal", func() (bool, string) {
		return strings.Contains(b.text(), "Approve 12.40 EUR"), b.describe()
	})

	b.do(withoutJavaScript())
	give()
	b.ignoreStatus(429)
	b.expect("One moment, please", "Please wait", "then press the button")
	b.screenshot("one-moment")
	b.do(javaScript(true)) // for axe; the page's own script has had its time
	a := auditor{tab: b, script: axeScript(t)}
	a.check("One moment, please")
}
