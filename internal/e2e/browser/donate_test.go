package browser

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// The donation page as readers from an article meet it, in every language, on screens from a small phone on.
func TestDonationPage(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	s := harness.New(t, "PAYPAL_FEES", "EUR=2.9%+0.35") // the sandbox's
	s.Serve()
	saysWhatAmountsDo(t, s, browser.openTab(t, screens()[0]))
	t.Run("the button is in sight", func(t *testing.T) { buttonInSight(t, s, browser.openTab(t, screens()[0])) })
	t.Run("at every size", func(t *testing.T) { atEverySize(t, s, browser.openTab(t, screens()[0])) })
	t.Run("what is shown is charged", func(t *testing.T) {
		shownIsCharged(t, s, browser.openTab(t, screens()[0]), false)
	})
	t.Run("what is shown is charged, without JavaScript", func(t *testing.T) {
		b := browser.openTab(t, screens()[0])
		b.do(withoutJavaScript())
		shownIsCharged(t, s, b, true)
	})
	t.Run("nothing typed is lost", func(t *testing.T) { nothingTypedIsLost(t, s, browser.openTab(t, screens()[0])) })
	t.Run("it is light", func(t *testing.T) { light(t, s, browser.openTab(t, screens()[0])) })
	t.Run("axe", func(t *testing.T) {
		a := auditor{tab: browser.openTab(t, screens()[0]), script: axeScript(t)}
		for _, lang := range languages() {
			a.open(fromArticle(s, lang))
			a.openDetails()
			a.check("PayPal")
		}
	})
}

func languages() []string { return []string{"en", "es", "de", "fr", "uk", "ar"} }

const openAll = `document.querySelectorAll("details").forEach((d) => d.open = true) ?? 0`

// fromArticle is the page's address as the appeal on an article links it.
func fromArticle(s *harness.Fixture, lang string) string {
	return s.BaseURL + "/support/support?" + url.Values{
		"currency": {"EUR"}, "lang": {lang}, "article": {s.BaseURL + "/article"}, "format": {"inline"},
	}.Encode()
}

// saysWhatAmountsDo has the newsroom write it, in one language, and waits until readers see it.
func saysWhatAmountsDo(t *testing.T, s *harness.Fixture, b *tab) {
	t.Helper()
	const does = `[{"minor": 1000, "text": "pays for an hour in court, from which nobody else reports"},
		{"minor": 2500, "text": "pays for a records request"}]`
	_, err := s.DB.ExecContext(t.Context(), `
		UPDATE campaign SET content = jsonb_set(content, '{texts,en,does}', $1::jsonb), version = version + 1`, does)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, time.Minute, "the page says what an amount does", func() (bool, string) {
		b.open(fromArticle(s, "en"))
		return strings.Contains(b.text(), "an hour in court"), b.describe()
	})
}

// buttonInSight looks at the page on a usual phone: nobody has to scroll to the button.
func buttonInSight(t *testing.T, s *harness.Fixture, b *tab) {
	for _, lang := range languages() {
		for name, address := range map[string]string{
			"donate-": fromArticle(s, lang), "donate-no-story-": s.BaseURL + "/?lang=" + lang,
		} {
			b.open(address)
			bottom := eval[float64](b, `document.querySelector("#give button.button").getBoundingClientRect().bottom`)
			if bottom > float64(b.screen.height) {
				t.Errorf("%s: the button ends at %v of %d pixels", address, bottom, b.screen.height)
			}
			b.checkPage()
			b.screenshotBoth(name + lang)
		}
	}
	b.open(fromArticle(s, "ar"))
	b.expect("PayPal")
	if dir := eval[string](b, `getComputedStyle(document.querySelector(".choice")).direction`); dir != "rtl" {
		t.Errorf("Arabic is written %s", dir)
	}
}

// atEverySize looks at 320 px, which is also 1280 px at 400 % zoom, and at a desk: nothing beside the screen, nothing
// cut, and no text over another.
func atEverySize(t *testing.T, s *harness.Fixture, b *tab) {
	for _, lang := range languages() {
		for _, at := range []screen{{320, 640, "light"}, {1280, 800, "dark"}} {
			b.setScreen(at)
			b.open(fromArticle(s, lang))
			eval[int](b, openAll)
			if wrong := eval[[]string](b, unreadable); len(wrong) > 0 {
				t.Errorf("%s, %s: %s", lang, at, strings.Join(wrong, ", "))
			}
			if cut := eval[[]string](b, cutButtons); len(cut) > 0 {
				t.Errorf("%s, %s: cut off: %s", lang, at, strings.Join(cut, ", "))
			}
			b.checkPage()
			b.screenshot(fmt.Sprintf("donate-%s-%d", lang, at.width))
		}
	}
}

// cutButtons names buttons and choices whose text is larger than they are.
const cutButtons = `[...document.querySelectorAll("#give button.button, .choice span, .currencies button")]
	.filter((e) => e.offsetWidth && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1))
	.map((e) => e.innerText)`

// covering is what the page says of the fee.
func covering(fee, total string) string {
	return fmt.Sprintf("Add %s, so that PayPal’s fee takes nothing from your gift: %s in all", fee, total)
}

// shownIsCharged gives with the fee, for amounts that are chosen and, where the script can say the sum, typed.
func shownIsCharged(t *testing.T, s *harness.Fixture, b *tab, chosenOnly bool) {
	begin := func() {
		b.open(fromArticle(s, "en"))
		if eval[bool](b, `document.querySelector("[name=cover_fee]").checked`) {
			t.Error("the fee is ticked beforehand")
		}
	}
	begin()
	b.expect("Give €10 once with PayPal", "€10 pays for an hour in court", covering("€0.66", "€10.66"))
	b.do(cdp.Click(cdp.CSS(`label:has([name="choice"][value="25.00"])`)), cdp.Click(cdp.CSS(`[name=cover_fee]`)))
	b.expect("Give €26.11 once with PayPal", "€25 pays for a records request", covering("€1.11", "€26.11"))
	b.screenshotBoth("donate-covered")
	b.click("#give button.button")
	b.expect("Approve 26.11 EUR")

	begin()
	b.do(cdp.Click(cdp.CSS(`label:has([value="month"])`)))
	b.expect("Give €4 a month with PayPal", "€4 a month is €48 a year that the newsroom can plan with.",
		covering("€0.48", "€4.48"), "You need a PayPal account")
	if chosenOnly {
		b.fill("#amount", "33")
		b.expect("Give monthly with PayPal", "Add PayPal’s fee (2.9% + €0.35)")
		return
	}
	b.fill("#amount", "0.5") // too little: it is not offered, and the line says what can be given
	b.expect("Give monthly with PayPal", "From €1 to €10,000.")
	for _, c := range []struct{ typed, button, fee, approve string }{
		{"33,5", "Give €34.86 once", "Add €1.36", "Approve 34.86 EUR"},
		{"1234", "Give €1,271.22 once", "Add €37.22", "Approve 1271.22 EUR"},
		{"1", "Give €1.39 once", "Add €0.39", "Approve 1.39 EUR"},
	} {
		begin()
		b.fill("#amount", c.typed)
		b.do(cdp.Click(cdp.CSS(`[name=cover_fee]`)))
		b.expect(c.button, c.fee)
		b.click("#give button.button")
		b.expect(c.approve)
	}
	b.checkPage()
}

// nothingTypedIsLost fills in everything and asks for another currency.
func nothingTypedIsLost(t *testing.T, s *harness.Fixture, b *tab) {
	b.open(fromArticle(s, "de"))
	eval[int](b, openAll)
	b.do(cdp.Click(cdp.CSS(`label:has([value="year"])`)))
	for field, text := range map[string]string{
		"#amount": "77", "#name": "Ada", "#message": "Weiter so", "#email": "ada@example.org", "#tribute_name": "Zoë",
	} {
		b.fill(field, text)
	}
	b.do(cdp.SetValue(cdp.CSS("#tribute"), "memory"), cdp.Click(cdp.CSS(`[name=cover_fee]`)),
		cdp.Click(cdp.CSS(`[name=named][type=checkbox]`)))
	b.click(`.currencies button[value="CHF"]`)
	b.expect("Jährlich 77 CHF mit PayPal geben", "Schweizer Franken", "Zurück zum Artikel")
	got := eval[string](b, `(() => {
		const f = new FormData(document.querySelector("#give"));
		return ["frequency", "amount", "currency", "name", "email", "message", "tribute", "tribute_name", "article", "format"]
			.map((n) => f.get(n)).concat(f.getAll("named")).join("|");
	})()`)
	want := "year|77|CHF|Ada|ada@example.org|Weiter so|memory|Zoë|" + s.BaseURL + "/article|inline|no|yes"
	if got != want {
		t.Errorf("in francs the form holds\n%s, want\n%s", got, want)
	}
	eval[int](b, openAll)
	b.click(`.currencies button[value="EUR"]`)
	b.expect("Jährlich 79,66 € mit PayPal geben")
	if !eval[bool](b, `document.querySelector("[name=cover_fee]").checked`) {
		t.Error("that the fee is covered was lost on the way to another currency and back")
	}
	b.checkPage()
}

// light measures what the page costs: nothing of others, at most 5 requests and 30 KB over the wire.
func light(t *testing.T, s *harness.Fixture, b *tab) {
	b.open(fromArticle(s, "uk"))
	const cost = `(() => {
		const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
		return [all.length, all.reduce((sum, e) => sum + e.transferSize, 0)];
	})()`
	got := eval[[]int](b, cost)
	t.Logf("%d requests, %d bytes", got[0], got[1])
	if got[0] > 5 || got[1] > 30<<10 || got[1] < 5<<10 {
		t.Errorf("the page takes %d requests and %d bytes", got[0], got[1])
	}
	b.checkOrigins(s.BaseURL)
}
