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

// A reader gives once, is asked whether to make it monthly, says yes and agrees at PayPal, which keeps the subscription
// in one of two ways until its first charge. It is charged a month later; or stopped before that. Outside of CI one of
// the two is drawn.
func TestOneTimeGiftIsMadeMonthly(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	script := axeScript(t)
	for _, waitsAs := range testkit.Some(t, 1, []string{"active", "approved"}) {
		t.Run(waitsAs, func(t *testing.T) {
			t.Parallel()
			s, clock := harness.New(t), testkit.RunningClock()
			s.PayPal.Must("POST", "/sandbox/billing", testkit.Fields{"future_start": waitsAs}, nil)
			s.ServeWithin(clock.Now)
			box := httptest.NewServer(s.Mail.Handler())
			t.Cleanup(box.Close)
			m := monthly{s: s, box: box.URL, auditor: &auditor{tab: browser.openTab(t, screens()[0]), script: script}}
			m.givesOnce()
			m.makesItMonthly()
			if waitsAs == "active" {
				m.isChargedFirst(clock)
			} else {
				m.stopsBeforeTheFirstCharge()
			}
			m.checkOrigins(s.BaseURL, s.PayPal.PublicURL, box.URL)
			s.Balanced(time.Minute)
		})
	}
}

// givesOnce gives 25.00 EUR from the article, up to the thanks.
func (m *monthly) givesOnce() {
	m.t.Helper()
	m.open(m.s.BaseURL + "/article")
	m.do(cdp.Click(cdp.CSS(`.rf-gifts.rf-once .rf-choice:nth-of-type(3)`), cdp.NodeVisible))
	m.click(".rf-button")
	m.click("button[value=approve]")
	m.await("Thank you.")
}

// makesItMonthly says yes to the question and agrees at PayPal.
func (m *monthly) makesItMonthly() {
	m.t.Helper()
	m.look("later-1-question", "Make it monthly?", "No, thank you", "Give €4 a month with PayPal",
		"take the first payment on")
	widths := eval[[]float64](m.tab, `[...document.querySelectorAll("button[name=answer]")].map((b) => b.offsetHeight)`)
	if len(widths) != 2 || widths[0] != widths[1] {
		m.t.Errorf("the buttons are not equal: %v", widths)
	}
	m.click("button[value=yes]")
	m.look("later-2-paypal-later", "Agree to this subscription?")
	m.click("button[value=approve]")
	m.await("PayPal takes the first €4 on")
	m.look("later-3-scheduled", "PayPal takes the first €4 on", "nothing before then", "Stop it")
	m.id = strings.Split(eval[string](m.tab, `location.pathname`), "/")[2]
	m.told("Your gift of €4.00 a month", "Nothing is charged before then")
	m.open(m.follow(m.mail("Your gift of €4.00 a month", 1), "/manage/gift/"))
	m.look("later-4-before-first-charge", "PayPal takes the first payment on", "Stop this gift")
}

// isChargedFirst lets a month and some days pass, at PayPal and here.
func (m *monthly) isChargedFirst(clock *testkit.Clock) {
	m.t.Helper()
	const month = 33 * 24 * time.Hour
	m.s.PayPal.Must("POST", "/sandbox/clock", testkit.Fields{"advance": month.String()}, nil)
	clock.Advance(month)
	testkit.Eventually(m.t, time.Minute, "the first charge is booked", func() (bool, string) {
		n := m.s.Count("payment WHERE contribution_id = $1 AND status = 'completed'", m.id)
		return n == 1, fmt.Sprintf("%d payments", n)
	})
	m.told("Receipt for your €4.00 a month", "Here is your receipt.")
	m.open(m.s.BaseURL + "/contributions/" + m.id + "/thanks")
	m.look("later-5-after-first-charge", "€4 a month, from", "Pause or stop it")
}

// stopsBeforeTheFirstCharge stops by the button on the page of the mail.
func (m *monthly) stopsBeforeTheFirstCharge() {
	m.t.Helper()
	m.click("button[value=stop]")
	m.look("later-6-stopped-before", "It ended on", "Nothing more is charged.")
	m.told("Stopped: your €4.00 a month", "It had not begun, and nothing was charged.")
	m.open(m.s.BaseURL + "/contributions/" + m.id + "/thanks")
	m.look("later-7-thanks-stopped", "Nothing was charged.", "stopped before the first payment")
}
