package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp/kb"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// Staff with large letters, a small screen, colours of their own or no mouse work on the appeal as everybody does: a
// draft is made by keyboard, and each page is looked at.
func TestStaffsPagesOfTheAppealForEveryEye(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	s := harness.New(t)
	s.Serve()
	fundedAppeal(t, s)
	for _, statement := range twoVariants {
		testkit.Exec(t, s.DB, statement)
	}
	m := &monthly{s: s, auditor: &auditor{tab: browser.openTab(t, screens()[0]), script: axeScript(t)}}
	staff := m.signsInAsStaff(browser)
	staff.getsMessages()
	staff.draftsByKeyboard()
	const campaigns = "/staff/campaigns"
	for _, address := range testkit.Some(t, 3, []string{
		campaigns, campaigns + "/new", campaigns + "/support", campaigns + "/support/edit", campaigns + "/support/preview",
		campaigns + "/support/history", campaigns + "/support/results", campaigns + "/why?known=yes&gave=30",
		campaigns + "/by-keyboard", campaigns + "/by-keyboard/publish", campaigns + "/support/pause", "/staff/embedding",
		"/staff/appearance", "/staff/messages",
	}) {
		staff.open(s.BaseURL + address)
		staff.openDetails()
		staff.inLargeLetters(address)
		staff.inForcedColours(address)
	}
	staff.marksAsRead()
}

// getsMessages lets two readers have written: one with a long word, one in Arabic, without a name.
func (m *monthly) getsMessages() {
	m.t.Helper()
	for n, text := range []string{strings.Repeat("Donaudampfschiff", 8), "شكرًا لكم على قصة النهر."} {
		testkit.Exec(m.t, m.s.DB, `
			INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article, name,
			       email, message, naming, state, created_at, updated_at, completed_at)
			SELECT gen_random_uuid(), 'EYES-' || $1::int, '', id, 'once', 2500, 'EUR', 'https://alder-lantern.example/2026/river',
			       CASE $1::int WHEN 0 THEN 'Zoë Müller' ELSE '' END,
			       CASE $1::int WHEN 0 THEN 'zoe.mueller@a-publication-with-a-long-name.example' ELSE '' END, $2, 'yes',
			       'completed', now(), now(), now()
			FROM campaign WHERE slug = 'support'`, n, text)
	}
}

// draftsByKeyboard makes a campaign without a mouse: its name is enough for a draft.
func (m *monthly) draftsByKeyboard() {
	m.t.Helper()
	m.open(m.s.BaseURL + "/staff/campaigns")
	m.tabTo(`document.activeElement.innerText === "New campaign"`)
	m.navigate(m.key(kb.Enter))
	m.tabTo(`document.activeElement.id === "name"`)
	m.press("By keyboard")
	m.navigate(m.key(kb.Enter))
	m.await("Saved")
	m.expect("Saved", "Draft", "are missing before it can be published")
	m.tabTo(`document.activeElement.innerText === "English: Heading"`)
	m.navigate(m.key(kb.Enter))
	if at := eval[string](m.tab, `location.hash`); at != "#texts.en.heading" {
		m.t.Errorf("what is missing leads to %q", at)
	}
}

// inLargeLetters looks at a page at twice the size of letters, and on the smallest screen.
func (m *monthly) inLargeLetters(address string) {
	m.t.Helper()
	m.setScreen(screen{320, 700, "light"})
	m.checkPage()
	eval[string](m.tab, `document.documentElement.style.fontSize = "200%"`)
	for _, at := range widths(m.t) {
		m.setScreen(at)
		m.checkPage()
		if cut := eval[[]string](m.tab, cutOff); len(cut) > 0 {
			m.t.Errorf("%s at 200 %% on %s: cut off: %s", address, at, strings.Join(cut, ", "))
		}
		m.screenshot("large-letters" + asName(address))
	}
	eval[string](m.tab, `document.documentElement.style.fontSize = ""`)
	m.setScreen(screens()[2])
}

func asName(address string) string {
	return strings.NewReplacer("/", "-", "?", "-", "&", "-", "=", "-").Replace(address)
}

// cutOff are the labels and buttons whose words do not fit into them.
const cutOff = `[...document.querySelectorAll("button, .button, .badge, label, legend, summary, th, dt")]
	.filter((e) => e.checkVisibility() && !e.closest(".sr, thead") && e.scrollWidth > e.clientWidth + 1)
	.filter((e) => getComputedStyle(e).display !== "inline")
	.map((e) => e.innerText.slice(0, 40))`

// inForcedColours looks at a page in the colours that the reader's system forces on it: what is current, and how far a
// goal is, are to be told from the rest.
func (m *monthly) inForcedColours(address string) {
	m.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		m.screen.scheme = scheme
		m.setColours(&emulation.MediaFeature{Name: "forced-colors", Value: "active"})
		m.screenshot("forced-colours" + asName(address) + "-" + scheme)
		if same := eval[[]string](m.tab, notToldApart); len(same) > 0 {
			m.t.Errorf("%s in forced colours, %s: not told apart: %s", address, scheme, strings.Join(same, ", "))
		}
	}
	m.setScreen(screens()[0])
}

const notToldApart = `[
	["the current part of the menu", ".menu [aria-current]", ".menu a:not([aria-current])", "borderBottomColor"],
	["the current tab", ".tabs [aria-current]", ".tabs a:not([aria-current])", "backgroundColor"],
	["the goal's bar", ".goal-bar rect:not(.goal-rest)", ".goal-bar .goal-rest", "fill"],
	["the main button", "main .button:not(.quiet)", "main .button.quiet", "backgroundColor"],
	["what is chosen", ".pick:has(:checked)", ".pick:not(:has(:checked))", "borderTopColor"],
].filter(([, one, other, property]) => {
	const [a, b] = [one, other].map((css) => document.querySelector(css));
	return a && b && getComputedStyle(a)[property] === getComputedStyle(b)[property];
}).map(([name]) => name)`

// marksAsRead reads both messages, and leaves one of them unread again.
func (m *monthly) marksAsRead() {
	m.t.Helper()
	m.open(m.s.BaseURL + "/staff/messages")
	m.look("messages-unread", "Unread", "Mark these 2 as read")
	m.click(".messages-all .button")
	m.await("Marked as read")
	m.hasFocus("notice good")
	m.click(".messages .plain")
	m.await("Marked as unread")
	m.look("messages-read", "Marked as unread", "Read by ines@alder-lantern.example")
	m.open(m.s.BaseURL + "/staff/messages?q=donaudampf")
	m.look("messages-found", "Found for “donaudampf”")
}
