package browser

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// choosing is a page of a publication that has choose.js choose. "days" in its address moves its clock.
type choosing struct {
	*tab
	t     *testing.T
	s     *harness.Fixture
	paper string
}

// openOn opens the page as it is so many days from now.
func (c choosing) openOn(days int) {
	c.t.Helper()
	c.open(fmt.Sprintf("%s/?days=%d", c.paper, days))
	testkit.Eventually(c.t, time.Minute, "choose.js is there", func() (bool, string) {
		return eval[bool](c.tab, `"rf" in window`), c.describe()
	})
}

// choose is what the reader sees: "campaign variant format", or "nothing". more are members of the page's description.
func (c choosing) choose(more string) string {
	c.t.Helper()
	return eval[string](c.tab, fmt.Sprintf(`rf.choose({ base: %q, article: "https://news.example/a", %s }).then((shown) => {
		window.shown = shown;
		return shown ? [shown.campaign, shown.variant, shown.format].join(" ") : "nothing";
	})`, c.s.BaseURL, more))
}

func (c choosing) note(kind string) {
	c.t.Helper()
	eval[any](c.tab, `rf.note("`+kind+`", shown) ?? null`)
}

// kept is what the publication's origin has in localStorage.
func (c choosing) kept() string {
	c.t.Helper()
	return eval[string](c.tab, `JSON.stringify({ ...localStorage })`)
}

// forget removes what is kept, from the page that says what it is, by way of the article.
func (c choosing) forget() {
	c.t.Helper()
	c.do(cdp.Click(cdp.CSS(`a[href$="#readerfund-forget"]`), cdp.NodeVisible))
	testkit.Eventually(c.t, time.Minute, "it is removed", func() (bool, string) {
		ctx, cancel := context.WithTimeout(c.ctx, stepTime)
		defer cancel()
		text, err := cdp.Run(ctx, cdp.Evaluate[string](`document.body?.innerText ?? ""`)) // fails while a page is left
		return err == nil && strings.Contains(text, "It has been removed"), c.describe()
	})
}

// What is known about a reader stays in the reader's browser, lasts as long as it says, and goes when the reader says
// so.
func TestWhatABrowserRemembers(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	var story string
	news := otherSite(t, &story)
	var article string
	paper := otherSite(t, &article)
	s := harness.New(t, "EMBED_ORIGINS", news.URL+","+paper.URL)
	s.Serve()
	article = `<p>A story.</p><script async src="` + s.BaseURL + `/embed/cta.js"></script>`
	story = `<!doctype html><html><script>
		const days = Number(new URLSearchParams(location.search).get("days")), now = Date.now;
		Date.now = () => now() + days * 864e5;
		</script><script type="module">import * as rf from "` + s.BaseURL + `/embed/choose.js"; window.rf = rf;</script>`
	for name, does := range map[string]func(choosing){
		"rests": rests, "consent": consents, "counting": counts, "removal": removes, "rubbish in the browser": survives,
		"a browser that keeps nothing": keepsNothing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			does(choosing{browser.openTab(t, screens()[0]), t, s, news.URL})
		})
	}
	t.Run("consent on an open page", func(t *testing.T) {
		t.Parallel()
		agrees(choosing{browser.openTab(t, screens()[0]), t, s, paper.URL})
	})
	t.Run("cancelled at PayPal", func(t *testing.T) {
		t.Parallel()
		cancels(choosing{browser.openTab(t, screens()[0]), t, s, paper.URL})
	})
	for answer, done := range map[string]string{
		"said": "not ask again for four weeks", "later": "ask again in a few days", "optout": "not ask you again",
	} {
		t.Run("the answer "+answer, func(t *testing.T) {
			t.Parallel()
			answers(choosing{browser.openTab(t, screens()[0]), t, s, paper.URL}, answer, done)
		})
	}
}

// answers is a reader of an article who says something else to the appeal than yes, is not asked again, and takes it
// back.
func answers(c choosing, answer, done string) {
	c.open(c.paper)
	c.awaitAppeal()
	const shown = appealRoot + `?.querySelector("[data-rf-shown]")`
	c.do(cdp.Click(cdp.JSPath(appealRoot + `.querySelector(".rf-answers summary")`)))
	c.do(cdp.Click(cdp.JSPath(appealRoot + `.querySelector("[data-rf=` + answer + `]")`)))
	if got := eval[string](c.tab, appealRoot+`.textContent`); !strings.Contains(got, done) {
		c.t.Errorf("the reader is told %q", got)
	}
	if !strings.Contains(c.kept(), `\"`+answer+`\":`) {
		c.t.Errorf("%s is not kept: %s", answer, c.kept())
	}
	c.open(c.paper)
	testkit.Eventually(c.t, time.Minute, "the appeal stays away", func() (bool, string) {
		return eval[bool](c.tab, `performance.getEntriesByType("resource").some((r) => r.name.includes("/embed/choice")) && !(`+shown+`)`),
			c.describe()
	})
	c.open(c.s.BaseURL + "/embed/kept?back=" + url.QueryEscape(c.paper+"/"))
	c.forget()
	c.open(c.paper)
	c.awaitAppeal()
	if link := eval[string](c.tab, appealRoot+`.querySelector(".rf-answers a").href`); !strings.HasSuffix(link,
		"&back="+url.QueryEscape(c.paper+"/")) {
		c.t.Errorf("what is kept is said at %s", link)
	}
	c.checkPage()
}

// agrees is a reader who is asked by the publication whether something may be kept, says yes, and no again.
func agrees(c choosing) {
	c.open(c.paper)
	c.awaitAppeal()
	const answers = appealRoot + `.querySelector(".rf-answers")`
	const measures = `[` + answers + `.checkVisibility({ visibilityProperty: true }), ` + answers + `.offsetHeight]`
	type measure [2]any
	high := eval[measure](c.tab, measures)[1]
	for n, granted := range []bool{false, true, false, true} {
		eval[any](c.tab, fmt.Sprintf(`document.dispatchEvent(new CustomEvent("readerfund:consent", { detail: { granted: %v } }))`, granted))
		if got := eval[measure](c.tab, measures); got != (measure{granted, high}) {
			c.t.Errorf("answer %d: %v: the appeal's answers are %v; they have to be as high as %v", n, granted, got, high)
		}
	}
	if moved := eval[string](c.tab, shifted); moved != "" {
		c.t.Errorf("the page's layout shifts by %s", moved)
	}
	c.checkPage()
}

// cancels is a reader who goes to PayPal from the article, changes their mind there, and comes back.
func cancels(c choosing) {
	c.open(c.paper)
	c.awaitAppeal()
	c.navigate(cdp.Click(cdp.JSPath(appealRoot + `.querySelector(".rf-button")`)))
	c.expect("Approve")
	c.click("button[value=cancel]")
	c.expect("Nothing was charged")
	c.click(`a[href^="` + c.paper + `"]`)
	c.awaitAppeal()
	if kept := c.kept(); strings.Contains(kept, `\"start\"`) || eval[string](c.tab, `location.hash`) != "" {
		c.t.Errorf("kept of the way to PayPal: %s", kept)
	}
	c.checkPage()
}

const sees, nothing = "support  inline", "nothing"

// rests is a reader who closes the appeal, comes back, gives, and is left in peace.
func rests(c choosing) {
	on := func(day int, want string) {
		c.t.Helper()
		c.openOn(day)
		if got := c.choose(""); got != want {
			c.t.Errorf("on day %d: %s, want %s\n%s", day, got, want, c.kept())
		}
	}
	on(0, sees)
	c.note("view")
	c.note("close")
	on(6, nothing)
	on(7, sees)
	c.note("later")
	on(9, nothing)
	on(10, sees)
	c.note("said")
	on(37, nothing)
	on(38, sees)
	c.note("start")
	if got := c.choose("notGiven: true"); got != sees {
		c.t.Errorf("came back from PayPal without having given: %s", got)
	}
	c.note("start")
	on(65, nothing)
	if got := c.choose("gave: true"); got != nothing {
		c.t.Errorf("came back from giving: %s", got)
	}
	on(65+89, nothing)
	if got := c.choose(`format: "button"`); got != "support  button" {
		c.t.Errorf("the button is gone: %s", got)
	}
	on(65+90, sees)
	c.note("optout")
	on(65+90+364, nothing)
	on(65+90+364+365, sees) // nobody was here for a year: all is dropped
	c.checkPage()
}

// consents is a reader of a publication that asks first.
func consents(c choosing) {
	c.openOn(0)
	if got := c.choose(`consent: "denied"`); got != sees || c.kept() != "{}" {
		c.t.Errorf("%s; kept %s", got, c.kept())
	}
	c.note("view")
	c.note("close")
	if got := c.choose(""); got != nothing || c.kept() != "{}" || eval[bool](c.tab, `rf.keeps()`) {
		c.t.Errorf("closed on this page: %s; kept %s", got, c.kept())
	}
	eval[any](c.tab, `document.dispatchEvent(new CustomEvent("readerfund:consent", { detail: { granted: true } }))`)
	if !strings.Contains(c.kept(), `\"close\":`) || !eval[bool](c.tab, `rf.keeps()`) {
		c.t.Errorf("agreed, and kept %s", c.kept())
	}
	c.openOn(1)
	if got := c.choose(""); got != nothing {
		c.t.Errorf("closed yesterday: %s", got)
	}
	eval[any](c.tab, fmt.Sprintf(`window.shown = { campaign: "support", variant: "", format: "inline", base: %q }; null`, c.s.BaseURL))
	eval[any](c.tab, `document.dispatchEvent(new CustomEvent("readerfund:consent", { detail: { granted: false } }))`)
	c.note("close")
	if c.kept() != "{}" {
		c.t.Errorf("taken back, and kept %s", c.kept())
	}
	c.checkPage()
}

// counts is a reader who sees an appeal twice, of whom the service learns that one more reader saw it, and no more.
func counts(c choosing) {
	c.do(cdp.Func(func(ctx context.Context, _ *cdp.Target) error { // a browser without a head is taken for a robot
		agent := emulation.SetUserAgentOverrideParams{UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
		_, err := cdp.Call(ctx, emulation.SetUserAgentOverride, agent)
		return err
	}))
	for day := range 2 {
		c.openOn(day)
		c.choose(`format: "banner"`)
		c.note("view")
	}
	kept := c.kept()
	if id := regexp.MustCompile(`\\"id\\":\\"([0-9a-f]{32})\\"`).FindStringSubmatch(kept); id == nil {
		c.t.Errorf("no id in %s", kept)
	} else {
		c.mu.Lock()
		for _, address := range c.requests {
			if strings.Contains(address, id[1]) {
				c.t.Errorf("the reader's id was sent: %s", address)
			}
		}
		c.mu.Unlock()
	}
	if strings.Contains(kept, "news.example") {
		c.t.Errorf("what was read is kept: %s", kept)
	}
	testkit.Eventually(c.t, time.Minute, "two views of one reader are counted", func() (bool, string) {
		n := c.s.Count(`appeal_count WHERE format = 'banner' AND readers = 1 AND views = 2 AND variant = ''`)
		return n == 1, fmt.Sprint(c.s.Count("appeal_count"), " rows")
	})
}

// removes is a reader who looks what is kept, and removes it.
func removes(c choosing) {
	c.openOn(0)
	c.choose("")
	c.note("optout")
	c.openOn(1)
	if got := c.choose(""); got != nothing {
		c.t.Errorf("does not want to be asked: %s", got)
	}
	c.open(c.s.BaseURL + "/embed/kept?lang=de&back=" + url.QueryEscape(c.paper+"/?days=1"))
	c.expect("Was in diesem Browser gespeichert ist", "90 Tage", "Nach „Nicht mehr fragen“")
	c.screenshotBoth("kept")
	c.checkPage()
	c.forget()
	c.checkPage()
	c.open(c.paper + "/gone")
	if c.kept() != "{}" {
		c.t.Errorf("removed, and kept %s", c.kept())
	}
	c.openOn(1)
	if got := c.choose(""); got != sees {
		c.t.Errorf("may be asked again: %s", got)
	}
}

// survives is a browser in which somebody else wrote what is kept.
func survives(c choosing) {
	c.openOn(0)
	for _, kept := range []string{
		`{`, `null`, `7`, `"x"`, `[]`, `{"id":"<script>"}`,
		`{"id":"0123456789abcdef0123456789abcdef","last":1e9,"first":"x","articles":7,"seen":{"support":null},"close":"never"}`,
		`{"id":"0123456789abcdef0123456789abcdef","last":99999999,"gave":99999999,"articles":{"a":"b"},"seen":[1,2]}`,
	} {
		eval[any](c.tab, fmt.Sprintf(`localStorage.setItem("readerfund", %q)`, kept))
		c.openOn(0)
		if got := c.choose(""); got != sees {
			c.t.Errorf("%s: %s", kept, got)
		}
		c.note("view")
	}
	c.checkPage()
}

// keepsNothing is a browser whose reader allows no site to keep anything.
func keepsNothing(c choosing) {
	c.openOn(0)
	eval[any](c.tab, `Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } }); null`)
	if got := c.choose(`consent: "granted"`); got != sees || eval[bool](c.tab, `rf.keeps()`) {
		c.t.Errorf("%s", got)
	}
	c.note("view")
	c.note("close")
	if got := c.choose(""); got != nothing {
		c.t.Errorf("closed on this page: %s", got)
	}
	c.checkPage()
}
