package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/campaign"
	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// seen reports whether the appeal is drawn.
const seen = `(` + box + `?.checkVisibility({ visibilityProperty: true }) ?? false)`

// dressed reports whether all that the appeal needs has come, shown or not.
const dressed = `Boolean(` + box + `?.getRootNode().querySelector("link")?.sheet)`

// nothingMoves is a page so short that the appeal's place is in sight at once, with text below it.
func nothingMoves(t *testing.T, s *harness.Fixture, news *newspaper, b *tab) {
	b.t = t
	script := `<script async src="` + s.BaseURL + `/embed/cta.js" data-campaign="support"></script>`
	link := `<a href="` + s.BaseURL + `/support/support">Support us</a>`
	b.do(cdp.EmulateViewport(b.screen.width, 3000))
	defer b.setScreen(b.screen)
	opens := func(p hostPage) {
		t.Helper()
		news.prints(p)
		b.open(news.URL + "/?in-sight")
		testkit.Eventually(t, time.Minute, "the appeal has come", func() (bool, string) {
			return eval[bool](b, dressed), b.describe()
		})
		b.do(cdp.Sleep(time.Second))
	}
	still := func(name string, shown bool) {
		t.Helper()
		if moved := eval[string](b, shifted); moved != "" || eval[bool](b, seen) != shown {
			t.Errorf("%s: shown is not %v, or the page's layout shifts by %s", name, shown, moved)
		}
	}

	opens(hostPage{body: script})
	b.do(cdp.MouseClickXY(20, 20))
	b.do(cdp.Sleep(3 * time.Second))
	still("in sight", false)
	b.do(cdp.EmulateViewport(b.screen.width, 400)) // the place is below the window now
	b.awaitBox(campaign.FormatInline)
	b.do(cdp.EmulateViewport(b.screen.width, 3000))
	eval[string](b, `scrollTo(0, document.documentElement.scrollHeight), ""`)

	opens(hostPage{body: `<div data-readerfund style="min-height: 2000px">` + link + `</div>` + script})
	still("with room", true)
	b.do(cdp.EmulateViewport(b.screen.width, 400))
	const room = `document.querySelector("[data-readerfund]").offsetHeight`
	testkit.Eventually(t, time.Minute, "the room that is not needed is given back unseen", func() (bool, string) {
		return eval[bool](b, room+` < 2000`), b.describe()
	})
	b.do(cdp.EmulateViewport(b.screen.width, 3000))

	// The page's own link opens the appeal, and keeps its place with a key that opens it elsewhere.
	opens(hostPage{body: `<div data-readerfund>` + link + `</div>` + script})
	still("with a link", false)
	b.do(cdp.Click(cdp.CSS("[data-readerfund] > a")))
	b.awaitBox(campaign.FormatInline)
	still("opened by the reader", true)
	if eval[bool](b, `location.search !== "?in-sight" || `+appealRoot+`.activeElement === null`) {
		t.Error("the link leads away, or the keyboard stays behind")
	}

	// Where nothing is to be shown, the room goes as soon as nobody sees it.
	eval[string](b, `localStorage.setItem("readerfund", JSON.stringify({ id: "0".repeat(32), optout: true,
		last: Math.floor(Date.now() / 864e5), first: 0 })), ""`)
	news.prints(hostPage{body: `<div data-readerfund style="min-height: 2000px">` + link + `</div>` + script})
	b.open(news.URL + "/?nothing")
	b.do(cdp.Sleep(2 * time.Second))
	if moved := eval[string](b, shifted); moved != "" || eval[bool](b, room+` < 2000`) {
		t.Errorf("the room goes in sight: %s", moved)
	}
	b.do(cdp.EmulateViewport(b.screen.width, 400))
	testkit.Eventually(t, time.Minute, "the room is given back", func() (bool, string) {
		return eval[bool](b, room+` < 100`), b.describe()
	})
	eval[string](b, `localStorage.clear(), ""`)
	b.checkPage()
}

// several is a page with everything on it: an appeal that asks, another one, a button, a form in a frame, a banner, and
// a frame as a CMS puts it there.
func several(t *testing.T, s *harness.Fixture, news *newspaper, b *tab) {
	b.t = t
	appeal := func(format string) string {
		return `<script async src="` + s.BaseURL + `/embed/cta.js" data-campaign="support" data-format="` + format + `"></script>` +
			strings.Repeat("<p>Between two appeals.</p>", 40)
	}
	news.prints(hostPage{
		body: appeal("inline") + appeal("inline") + appeal("button") + appeal("form") + appeal("banner") +
			`<iframe id="pasted" src="` + s.BaseURL + `/embed/support/frame?format=inline" title="Support us" width="300" height="100"></iframe>`,
		policy: "require-trusted-types-for 'script'; trusted-types readerfund",
	})
	b.open(news.URL + "/?several")
	const formats = `[...document.querySelectorAll("div")].map((d) => d.shadowRoot?.querySelector("[data-rf-shown]"))
		.filter((e) => e?.checkVisibility({ visibilityProperty: true })).map((e) => e.dataset.rfShown).join(" ")`
	testkit.Eventually(t, time.Minute, "all of them are there", func() (bool, string) {
		got := eval[string](b, formats)
		return got == "inline inline button form banner", got
	})
	testkit.Eventually(t, time.Minute, "frames are as high as what is in them", func() (bool, string) {
		got := eval[[]float64](b, `(() => {
			const frames = [document.querySelector("#pasted"), ...[...document.querySelectorAll("div")]
				.map((d) => d.shadowRoot?.querySelector("iframe")).filter(Boolean)];
			return frames.map((f) => f.offsetHeight);
		})()`)
		return len(got) == 2 && got[0] > 400 && got[1] > 400 && got[1] != 980, b.describe()
	})
	for range 6 { // through the page, as a reader goes
		b.do(cdp.Sleep(200 * time.Millisecond))
		eval[string](b, `scrollBy(0, innerHeight), ""`)
	}
	if moved := eval[string](b, shifted); moved != "" {
		t.Errorf("the page's layout shifts by %s", moved)
	}
	// An answer holds for all that ask, and for none that a reader may look for.
	const banner = `[...document.querySelectorAll("div")].map((d) => d.shadowRoot).filter((r) => r?.querySelector(".rf-banner")).at(-1)`
	b.do(cdp.Click(cdp.JSPath(banner + `.querySelector(".rf-answers summary")`)))
	b.do(cdp.Click(cdp.JSPath(banner + `.querySelector("[data-rf=later]")`)))
	testkit.Eventually(t, time.Minute, "what asks is gone", func() (bool, string) {
		got := eval[string](b, formats)
		return got == "button form" || got == "button form banner", got // with its last words
	})
	eval[string](b, `localStorage.clear(), ""`)
	b.checkPage()
}

// ownLinks are links to the donation page in the article's own text.
func ownLinks(t *testing.T, s *harness.Fixture, news *newspaper, b *tab) {
	b.t = t
	edit := func(change, shows string, is bool) {
		t.Helper()
		testkit.Exec(t, s.DB, `UPDATE campaign SET version = version + 1, content = content || $1 WHERE slug = 'support'`, change)
		testkit.Eventually(t, time.Minute, "the edit is in what is offered", func() (bool, string) {
			offer := body(t, s.BaseURL+"/embed/choice?campaign=support")
			return strings.Contains(offer, shows) == is, offer
		})
	}
	edit(`{"holdout": 50, "variants": [{"name": "a", "weight": 1}]}`, "holdout", true)
	defer edit(`{"holdout": 0, "variants": []}`, "holdout", false)
	news.prints(hostPage{
		head: `<meta property="article:section" content="Water">`,
		body: `<a id="own" href="` + s.BaseURL + `/support/support?section=Mine">Give</a> <a id="home" href="` + s.BaseURL + `">Give</a>
			<a id="other" href="` + s.BaseURL + `/manage">Your gifts</a>` +
			`<script async src="` + s.BaseURL + `/embed/cta.js" data-campaign="support" data-format="button"></script>`,
	})
	variants, views := map[string]bool{}, 0
	testkit.Eventually(t, time.Minute, "a reader who sees the appeal, and one who does not", func() (bool, string) {
		views++ // an address of its own, because browsers keep for a minute what is offered on another
		b.open(fmt.Sprintf("%s/?view=%d&utm_source=letter", news.URL, views))
		testkit.Eventually(t, time.Minute, "it is chosen", func() (bool, string) {
			return eval[bool](b, `performance.getEntriesByType("resource").some((r) => r.name.includes("/embed/choice"))`), b.describe()
		})
		b.do(cdp.Sleep(300 * time.Millisecond))
		queries := eval[map[string]string](b, `(() => {
			addEventListener("click", (e) => e.preventDefault());
			return Object.fromEntries(["own", "home", "other"].map((id) => {
				const a = document.getElementById(id);
				a.click();
				return [id, a.search];
			}));
		})()`)
		if !strings.Contains(queries["home"], "section=Water") || !strings.Contains(queries["own"], "section=Mine") ||
			!strings.Contains(queries["own"], "utm_source=letter") || strings.Contains(queries["own"], "format=") ||
			queries["other"] != "" {
			t.Fatalf("%v", queries)
		}
		for _, variant := range []string{"a", "holdout"} {
			if strings.Contains(queries["own"], "variant="+variant) {
				variants[variant] = true
			}
		}
		eval[string](b, `localStorage.clear(), ""`)
		return len(variants) == 2, queries["own"]
	})
	b.checkPage()
}
