package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdp "github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// What people do in a browser shares one, and one newsroom, in which each has gifts of their own. Outside of CI some of
// them are drawn.
func TestInBrowser(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	script := axeScript(t)
	n := harness.StartDemo(t, t.TempDir(), 24, "DATABASE_URL", dbtest.NewEmptyURL(t))
	if _, err := testkit.OpenDatabase(t, n.Env(t)["DATABASE_URL"]).ExecContext(t.Context(), needsAPerson); err != nil {
		t.Fatal(err)
	}
	audit := func(t *testing.T) auditor { return auditor{tab: browser.openTab(t, screens()[0]), script: script} }
	flows := []flow{
		{"without JavaScript", func(t *testing.T) { withoutScripts(t, n, browser.openTab(t, screens()[0])) }}, // waits most
		{"axe on staff pages", func(t *testing.T) { a := audit(t); a.staff(n) }},
		{"axe on readers' pages", func(t *testing.T) { a := audit(t); a.readers(n) }},
		{"by keyboard alone", func(t *testing.T) { byKeyboard(t, n, browser.openTab(t, screens()[2])) }},
		{"staff by keyboard alone", func(t *testing.T) { staffByKeyboard(t, n, browser.openTab(t, screens()[2])) }},
	}
	for _, s := range []screen{screens()[0], screens()[2]} {
		flows = append(flows, flow{
			fmt.Sprintf("from the article to the report, %d wide", s.width),
			func(t *testing.T) { walk(t, n, browser.openTab(t, s)) },
		})
	}
	for _, f := range testkit.Some(t, 3, flows) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.goes(t)
		})
	}
	t.Run("axe finds what is wrong", func(t *testing.T) { findsWhatIsWrong(t, audit(t)) })
	t.Run("the browser's complaints are heard", func(t *testing.T) { complaints(t, browser.openTab(t, screens()[0])) })
}

// flow is one thing that people do, from its begin to its end.
type flow struct {
	name string
	goes func(t *testing.T)
}

// walk is the main job with a reader's and a staff member's eyes: article, appeal, PayPal, thanks; sign-in, list,
// contributions that went well, that are disputed, and that wait for a person; report, books, sign-out.
func walk(t *testing.T, n *harness.Demo, b *tab) {
	page := func(name string, texts ...string) {
		t.Helper()
		b.expect(texts...)
		b.screenshotBoth(name)
		b.checkPage()
	}
	b.open(n.BaseURL + "/article")
	page("01-article", "The river that nobody measured", "Choose an amount, in EUR", "with PayPal")
	b.open(n.BaseURL + "/")
	page("02-donate", "Give €10 once with PayPal", "Another amount", "What happens next")
	b.checkOrigins(n.BaseURL)

	b.open(n.BaseURL + "/article")
	b.do(cdp.Click(cdp.CSS(`.rf-gifts.rf-once .rf-choice:nth-of-type(2)`), cdp.NodeVisible))
	amount := eval[string](b, `document.querySelector(".rf-cta input[name=choice]:checked").value`)
	b.click(".rf-button")
	page("03-paypal", "not PayPal", "Approve "+amount+" EUR")
	b.click("button[value=approve]")
	page("04-thanks", "Thank you.", "Receipt number", "€"+amount)
	receipt := eval[string](b, `document.querySelector(".receipt dd").innerText`)
	b.checkOrigins(n.BaseURL, n.PayPal.URL)

	b.open(n.BaseURL + "/staff")
	page("05-sign-in", "Sign in", "Email address")
	b.fill("#email", demoStaff)
	b.fill("#password", staffPassword(n, t))
	b.click("form .button")
	page("06-overview", "Overview", receipt)
	b.click(`nav.menu a[href="/staff/contributions"]`)
	page("07-contributions", receipt, "Download as CSV")
	b.do(cdp.SendKeys(cdp.CSS("#q"), receipt))
	b.click(".find .button")
	b.expect("Found for", receipt)
	b.click("th.key a")
	page("08-contribution", receipt, "Ledger", "Fee", "History", "€"+amount)
	b.click(`.acts a[href$="/refund"]`)
	page("08b-refund", "Before you refund", "Full refund: €"+amount, "It cannot be undone.")
	b.open(n.BaseURL + "/staff/contributions?status=disputed")
	b.click("th.key a")
	page("08c-disputed", "Add a note", "Accept the dispute")
	b.click(".dispute-acts .button")
	page("08d-accept", "What happens when you accept")
	b.open(n.BaseURL + "/staff/contributions?attention=1")
	b.click(`th.key a[href*="` + needsALook(t, n) + `"]`)
	page("08e-looked", "PayPal captured 10.00 EUR, but the reader chose 25.00 EUR.", "Mark as reviewed")
	b.click(`nav.menu a[href="/staff/reports"]`)
	page("09-reports-by-day", "Total", "EUR", "Gross")
	b.do(cdp.SetValue(cdp.CSS("#by"), "article"))
	b.click(".filter .button")
	page("10-reports-by-article", "By article", strings.TrimPrefix(n.BaseURL, "http://")+"/article")
	b.open(n.BaseURL + "/staff/ledger?part=fees")
	page("10b-ledger", "Entries", "Fee", receipt)
	b.click(`nav.menu a[href="/staff/inbox"]`)
	page("11-inbox", "PayPal events", receipt)
	b.click(`nav.menu a[href="/staff/work"]`)
	page("11a-work", "Background work", "Reconcile with PayPal", "Check open contributions")
	b.click(`nav.menu a[href="/staff/reconciliation"]`)
	page("11b-reconciliation", "Reconciliation", "PayPal's own record", "unexplained")
	b.click(`th.key a[href$="/` + difference(t, n, "state = 'open' AND paypal_ref <> '"+stranger+"'") + `"]`)
	page("11c-difference", "Paid in PayPal directly", "For the harbour series", "For which campaign?")
	b.click(`nav.menu a[href="/staff/audit"]`)
	page("11d-audit", "Audit log", "Signed in", demoStaff)
	b.click(`.colophon a[href="/staff/password"]`)
	page("11e-password", "Your password", "Current password")
	b.click(".bar-out button")
	page("12-signed-out", "Sign in")
	b.checkOrigins(n.BaseURL)
	b.open(n.BaseURL + "/staff/contributions")
	b.expect("Sign in")
}

const demoStaff = "staff@harbour-courier.example"

// staffPassword is the one that the demo's welcome shows.
func staffPassword(n *harness.Demo, t *testing.T) string {
	t.Helper()
	_, rest, found := strings.Cut(n.Output.String(), demoStaff+", password ")
	if !found {
		t.Fatalf("the welcome names no password:\n%s", n.Output.String())
	}
	password, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(password)
}

// byKeyboard gives with Tab, Space, arrows and Enter. Whatever has the focus must show it.
func byKeyboard(t *testing.T, n *harness.Demo, b *tab) {
	b.open(n.BaseURL + "/")
	b.press(kb.Tab)
	b.expect("Skip to the content")
	b.press(kb.Enter)
	if at := eval[string](b, `document.activeElement.id`); at != "main" {
		t.Errorf("the skip link leads to %q", at)
	}
	b.tabTo(`document.activeElement.name === "choice"`)
	b.press(kb.ArrowDown)
	if eval[bool](b, `document.querySelectorAll("input[name=choice]")[0].checked`) ||
		!eval[bool](b, `document.activeElement.checked`) {
		t.Error("an arrow key does not choose another amount")
	}
	b.tabTo(`document.activeElement.id === "amount"`)
	b.press("7.50")
	if eval[bool](b, `!!document.querySelector("input[name=choice]:checked")`) {
		t.Error("an own amount leaves a choice marked")
	}
	b.tabTo(`document.activeElement.tagName === "SUMMARY" && document.activeElement.innerText.includes("message")`)
	b.press(" ")
	b.tabTo(`document.activeElement.id === "name"`)
	b.press("Kim Keyboard")
	b.tabTo(`document.activeElement.name === "named"`)
	b.press(" ")
	if !eval[bool](b, `document.activeElement.checked`) {
		t.Error("the space bar does not tick the box")
	}
	b.tabTo(`document.activeElement.type === "submit"`)
	b.screenshot("keyboard-focus-on-button")
	b.navigate(b.key(kb.Enter))
	b.expect("Approve 7.50 EUR")
	b.tabTo(`document.activeElement.value === "approve"`)
	b.navigate(b.key(kb.Enter))
	b.expect("Thank you.", "€7.50", "Kim Keyboard")
	b.checkPage()
}

// staffByKeyboard gives a part of a gift back, without a mouse and without JavaScript.
func staffByKeyboard(t *testing.T, n *harness.Demo, b *tab) {
	b.do(withoutJavaScript())
	// An older gift: the latest are those of the readers beside us.
	older := time.Now().AddDate(0, 0, -2).Format(time.DateOnly)
	b.open(n.BaseURL + "/staff/contributions?status=completed&currency=EUR&to=" + older)
	b.tabTo(`document.activeElement.id === "email"`)
	b.press(demoStaff)
	b.press(kb.Tab)
	b.press(staffPassword(n, t))
	b.navigate(b.key(kb.Enter))
	b.expect("Download as CSV")
	b.tabTo(`!!document.activeElement.closest("th.key")`)
	b.navigate(b.key(kb.Enter))
	b.expect("History")
	b.tabTo(`document.activeElement.innerText === "Refund…"`)
	b.navigate(b.key(kb.Enter))
	b.expect("Before you refund")
	b.tabTo(`document.activeElement.name === "choice"`)
	b.press(" ")
	b.press(kb.ArrowDown)
	if !eval[bool](b, `document.activeElement.value === "part" && document.activeElement.checked`) {
		t.Error("an arrow key does not choose a part")
	}
	b.tabTo(`document.activeElement.id === "amount"`)
	b.press("0.50")
	b.tabTo(`document.activeElement.id === "reason"`)
	b.press("Asked for by telephone")
	b.tabTo(`document.activeElement.matches(".act .button")`)
	b.screenshot("keyboard-refund")
	b.navigate(b.key(kb.Enter))
	b.expect("€0.50 was refunded to the reader", "Asked for by telephone")
	b.checkPage()
}

func (b *tab) key(keys string) cdp.Action[cdp.Void] { return cdp.KeyEvent(keys) }

func (b *tab) press(keys string) { b.t.Helper(); b.do(b.key(keys)) }

// tabTo presses Tab until the condition holds. Each stop on the way must be seen: by an outline or a shadow, on the
// element or on what stands for it.
func (b *tab) tabTo(condition string) {
	b.t.Helper()
	for range 60 {
		b.press(kb.Tab)
		if !eval[bool](b, focusShows) {
			b.t.Errorf("the focus cannot be seen on %s", eval[string](b, `document.activeElement.outerHTML.slice(0, 200)`))
		}
		if eval[bool](b, condition) {
			return
		}
	}
	b.t.Fatalf("Tab does not lead to %s\n%s", condition, b.describe())
}

const focusShows = `(() => {
	const seen = (e) => {
		const s = getComputedStyle(e);
		return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none";
	};
	const at = document.activeElement;
	const around = [...(at.parentElement?.children ?? []), at.parentElement, at.closest(".own")];
	return at === document.body || seen(at) || around.some((e) => e && e !== at && seen(e));
})()`

// withoutJavaScript switches the page's own scripts off.
func withoutJavaScript() cdp.Action[cdp.Void] { return javaScript(false) }

func javaScript(on bool) cdp.Action[cdp.Void] {
	return cdp.Func(func(ctx context.Context, target *cdp.Target) error {
		_, err := cdp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	})
}

// withoutScripts gives with JavaScript switched off: an own amount, a mistake first, and a decline on the way.
func withoutScripts(t *testing.T, n *harness.Demo, b *tab) {
	b.do(withoutJavaScript())
	b.open(n.BaseURL + "/")
	b.fill("#amount", "1,5x")
	if status := b.navigate(cdp.Click(cdp.CSS("#give button.button"))); status != 422 {
		t.Fatalf("a wrong amount: %d\n%s", status, b.describe())
	}
	b.ignoreStatus(422)
	b.expect("Please check one thing", "Nothing was charged")
	b.screenshot("no-script-mistake")
	b.do(cdp.Clear(cdp.CSS("#amount")))
	b.fill("#amount", "12.40")
	b.click("#give button.button")
	b.expect("Approve 12.40 EUR")
	b.click("button[value=decline]")
	b.expect("The payment did not go through.", "Nothing was charged")
	b.screenshot("no-script-declined")
	b.click("main a.button")
	b.expect("Your last way of paying was declined", "Approve 12.40 EUR")
	time.Sleep(4 * time.Second) // as long as it takes to pick another card
	b.click("button[value=approve]")
	// A card is not tried twice within half a minute, not even for its reader: the page says so and goes on by itself.
	b.expect("We will try your payment again in a moment", "Half a minute has to pass")
	testkit.Eventually(b.t, time.Minute, "the second way to pay is tried", func() (bool, string) {
		return strings.Contains(b.text(), "Thank you."), b.describe()
	})
	b.expect("Thank you.", "€12.40")
	b.checkPage()
}

// embedded puts cta.js on a page of another site, whose styles are as bad as can be.
func embedded(t *testing.T, s *harness.Fixture, browser *browser, paper string, story *string) {
	const root = appealRoot
	sizes := widths(t)
	for _, at := range sizes {
		*story = hostile + long + `<script async src="` + s.BaseURL + `/embed/cta.js" data-campaign="support"` +
			` data-article="https://another.example/story"></script><p id="after">After.</p>`
		b := browser.openTab(t, at)
		b.open(paper)
		testkit.Eventually(t, time.Minute, "the appeal is there", func() (bool, string) {
			const shows = root + `?.querySelector("form")?.checkVisibility({ visibilityProperty: true }) ?? false`
			return eval[bool](b, shows), b.describe()
		})
		shown := eval[string](b, root+`.querySelector(".rf-cta").innerText`)
		if !strings.Contains(shown, "Give €10 once with PayPal") || !strings.Contains(shown, "Choose an amount, in EUR") {
			t.Errorf("the appeal reads:\n%s", shown)
		}
		colour := eval[string](b, `getComputedStyle(`+root+`.querySelector(".rf-heading")).color`)
		if colour == "rgb(255, 0, 0)" {
			t.Error("the page's own styles reach into the appeal")
		}
		b.screenshotBoth("embedded")
		b.checkPage()
		b.checkOrigins(paper, s.BaseURL)
		if cookies := eval[string](b, `document.cookie`); cookies != "" {
			t.Errorf("the appeal set a cookie on the page: %s", cookies)
		}
		b.navigate(cdp.Click(cdp.JSPath(root + `.querySelector(".rf-button")`)))
		b.expect("Approve")
		b.click("button[value=approve]")
		b.expect("Thank you.")
		b.checkPage()
	}
	const theirs = "contribution WHERE article = 'https://another.example/story' AND state = 'completed'"
	if n := s.Count(theirs); n != len(sizes) {
		t.Errorf("%d gifts came from the article", n)
	}
	s.Balanced(time.Minute)

	// A page that names a campaign that there is not shows what else there is.
	*story = hostile + `<script async src="` + s.BaseURL + `/embed/cta.js" data-campaign="gone"></script>`
	b := browser.openTab(t, screens()[0])
	b.open(paper)
	b.awaitAppeal()
}

// hostile is the begin of another site's page.
const hostile = `<meta name="viewport" content="width=device-width">` +
	`<style>* { color: red; font-family: fantasy } form { display: none }</style>` +
	`<h1>A story of another paper</h1><p>Before.</p>`

// complaints shows that a page with an inline script that a policy forbids, a script that throws, and a request to
// somebody else, does not pass the checks of the other tests.
func complaints(t *testing.T, b *tab) {
	bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/throws.js" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(`throw new Error("on purpose")`))
			return
		}
		w.Header().Set("Content-Security-Policy", "script-src 'self'")
		_, _ = w.Write([]byte(`<!doctype html><link rel="icon" href="data:,"><script>1</script>` +
			`<script src="/throws.js"></script><div style="width: 5000px">wide</div>`))
	}))
	t.Cleanup(bad.Close)
	b.open(bad.URL)
	b.mu.Lock()
	heard := strings.Join(b.errors, "\n")
	b.mu.Unlock()
	for _, want := range []string{"Content Security Policy", "Uncaught"} {
		if !strings.Contains(heard, want) {
			t.Errorf("nothing was heard of %q:\n%s", want, heard)
		}
	}
	if wide := eval[[]string](b, overflow); len(wide) == 0 {
		t.Error("5000 pixels on a screen of 390 were not noticed")
	}
	if len(b.requests) < 2 {
		t.Errorf("requests were missed: %v", b.requests)
	}
}
