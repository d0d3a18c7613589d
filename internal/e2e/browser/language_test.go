package browser

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// The browser prefers English here, as every browser of the tests does: the reader chose another language once, on the
// page where they began, and has it to the end: form, PayPal and back, thanks, receipts, mail, their own page.
func TestAReadersWholeWayInTheirLanguage(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	script := axeScript(t)
	for _, lang := range append([]string{"ar"}, testkit.Some(t, 1, []string{"de", "es", "fr", "uk"})...) {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			s := harness.New(t)
			s.Serve()
			box := httptest.NewServer(s.Mail.Handler())
			t.Cleanup(box.Close)
			v := visitor{lang: lang, monthly: monthly{
				s: s, box: box.URL, auditor: &auditor{tab: browser.openTab(t, screens()[0]), script: script},
			}}
			v.gives()
			v.readsMail()
			v.opensOwnPage()
			v.stops()
			v.goesAstray()
		})
	}
}

// visitor is a reader with a monthly gift, who reads one language.
type visitor struct {
	monthly
	lang string
}

// sees looks at a page on every screen, on a very small one, too: it is in the reader's language, written in its
// direction, nothing of it is cut off, and axe finds nothing.
func (v *visitor) sees(name string) {
	v.t.Helper()
	v.isInTheirLanguage()
	for _, at := range append(widths(v.t), screen{320, 640, "light"}) {
		v.setScreen(at)
		fits(v.t, v.tab, name)
		v.screenshotBoth("language-" + v.lang + "-" + name)
	}
	v.check("")
	v.setScreen(screens()[0])
}

func (v *visitor) isInTheirLanguage() {
	v.t.Helper()
	dir := "ltr"
	if v.lang == "ar" {
		dir = "rtl"
	}
	is := eval[string](v.tab, `document.documentElement.lang.slice(0, 2) + " " + getComputedStyle(document.body).direction`)
	if is != v.lang+" "+dir {
		v.t.Errorf("%s is in %q, want %s %s", eval[string](v.tab, `location.href`), is, v.lang, dir)
	}
	if found := eval[[]string](v.tab, english); len(found) > 0 {
		v.t.Errorf("%s says in English: %q", eval[string](v.tab, `location.pathname`), found)
	}
}

// cutTexts names buttons, links and fields' labels whose text is larger than they are.
const cutTexts = `[...document.querySelectorAll(".button, summary, label, .languages a, legend, dt, dd")]
	.filter((e) => e.offsetWidth && !e.closest(".sr, .rf-sr") && getComputedStyle(e).display !== "inline" &&
		(e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1))
	.map((e) => e.innerText + " is cut")`

// english finds what a page says in English beside names: words that none of the other languages has.
const english = `(document.body.innerText.match(/[^\n]*\b(the|your|you|with|this|and|nothing|please)\b[^\n]*/g) ?? [])
	.filter((line) => !line.includes("Lantern")).slice(0, 5)`

// gives begins on the donation page, agrees at PayPal and comes back.
func (v *visitor) gives() {
	v.t.Helper()
	v.open(v.s.BaseURL + "/support/support?frequency=month&amount=10&lang=" + v.lang)
	v.sees("donate")
	v.openDetails()
	v.fill("#email", "reader@example.org")
	v.click("#give button.button")
	v.expect("Agree to this subscription?")
	v.click("button[value=approve]")
	testkit.Eventually(v.t, time.Minute, "thanks", func() (bool, string) {
		return eval[bool](v.tab, `document.querySelector("#outcome")?.dataset.outcome === "received"`), v.describe()
	})
	v.id = strings.Split(eval[string](v.tab, `location.pathname`), "/")[2]
	v.sees("thanks")
	var kept string
	if err := v.s.DB.GetContext(v.t.Context(), &kept, `SELECT locale FROM contribution WHERE id = $1`, v.id); err != nil ||
		kept != v.lang {
		v.t.Errorf("the gift is kept as made in %q: %v", kept, err)
	}
}

// readsMail opens the receipt and the gift's page from the mails about them.
func (v *visitor) readsMail() {
	v.t.Helper()
	var receipt int
	testkit.Eventually(v.t, time.Minute, "a mail with the receipt, and one of welcome", func() (bool, string) {
		all := v.s.Mail.Mails()
		for i, one := range all {
			if strings.Contains(one.Text, "/receipt") {
				receipt = i
			}
		}
		return len(all) >= 2 && strings.Contains(all[receipt].Text, "/receipt"), fmt.Sprintf("%d mails", len(all))
	})
	for i, one := range v.s.Mail.Mails()[:2] {
		if !strings.Contains(one.Text, "lang="+v.lang) {
			v.t.Errorf("%q leads to pages in another language:\n%s", one.Subject, one.Text)
		}
		v.open(fmt.Sprintf("%s/mails/%d/html", v.box, one.ID))
		v.screenshotBoth(fmt.Sprintf("language-%s-mail-%d", v.lang, i))
	}
	mails := v.s.Mail.Mails()
	v.open(v.follow(mails[receipt], "/receipt"))
	v.sees("receipts")
	v.open(v.follow(mails[receipt], "/manage/gift/"))
	v.sees("gift-from-mail")
}

// opensOwnPage asks for the link to their own page and opens it.
func (v *visitor) opensOwnPage() {
	v.t.Helper()
	v.click(`.back a[href^="/manage"]`)
	v.sees("ask")
	v.fill("#email", "reader@example.org")
	v.click("main form .button")
	v.sees("sent")
	var link int
	testkit.Eventually(v.t, time.Minute, "the mail with the link", func() (bool, string) {
		link = len(v.s.Mail.Mails()) - 1
		return link >= 2, fmt.Sprintf("%d mails", link+1)
	})
	v.open(v.follow(v.s.Mail.Mails()[link], "/manage/"))
	v.sees("open")
	v.click("main form .button")
	v.sees("own")
	v.click(`a[href^="/manage/gift/` + v.id + `"]`)
	v.sees("gift")
}

// stops tries to change the gift to nothing, gives more, for which PayPal asks, pauses the gift, and stops it.
func (v *visitor) stops() {
	v.t.Helper()
	v.fill("#amount", "x")
	v.send("button[value=change]", 422)
	v.sees("unchanged")
	v.do(cdp.Clear(cdp.CSS("#amount")))
	v.fill("#amount", "20")
	v.click("button[value=change]")
	v.expect("Agree to this change?")
	v.click("button[value=approve]")
	v.sees("changed")
	v.click("button[value=pause-2]")
	v.sees("paused")
	v.click("button[value=stop]")
	v.sees("stopped")
	v.click(`.back a[href^="/manage"]`)
	v.click(`a[href^="/manage/erase"]`)
	v.sees("erase")
}

// goesAstray meets the pages that nobody looks for.
func (v *visitor) goesAstray() {
	v.t.Helper()
	for name, at := range map[string]struct {
		address string
		status  int
	}{
		"turned-back": {"/contributions/x/cancel?", 404}, "no-page": {"/nowhere?", 404},
		"no-entry": {"/manage/XXXX?", 404}, "closed": {"/manage?closed&", 200},
	} {
		v.at(v.s.BaseURL+at.address+"lang="+v.lang, at.status, "PayPal")
		v.sees(name)
	}
}
