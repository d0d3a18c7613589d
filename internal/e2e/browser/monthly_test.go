package browser

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/mail/catcher"
	"readerfund/internal/testkit"
)

// A reader gives monthly from the article, is charged again a month later, reads both receipts, gives less, gives more,
// pauses, goes on, and stops from a mail. Each step is told by a page and by a mail, and staff see all of them.
func TestMonthlyGiftUntilItIsStopped(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	script := axeScript(t)
	s, clock := harness.New(t, "RECEIPT_TEXT", "ca", "RECEIPT_ISSUER", "The Alder Lantern|1 Main Street|Toronto ON",
		"RECEIPT_TAX_ID", "12345 6789 RR0001", "RECEIPT_PLACE", "Toronto", "RECEIPT_SIGNER", "Ines Alder, treasurer"),
		testkit.RunningClock()
	s.ServeWithin(clock.Now)
	box := httptest.NewServer(s.Mail.Handler())
	t.Cleanup(box.Close)
	m := monthly{s: s, box: box.URL, auditor: &auditor{tab: browser.openTab(t, screens()[0]), script: script}}

	m.givesMonthly()
	m.readsReceipt(1)
	m.isChargedAgain(clock)
	m.readsReceipt(2)
	m.opensOwnPage()
	m.changesTo("3.00", "€3", false)
	m.changesTo("20.00", "€20", true)
	staff := m.signsInAsStaff(browser)
	staff.looksAtActs("pause", "stop")
	m.pauses()
	staff.looksAtActs("resume")
	m.goesOn()
	m.writesAddress()
	m.looksAtTheRest()
	m.checkOrigins(s.BaseURL, s.PayPal.PublicURL, box.URL)

	other := m // another browser, in which nobody is known
	other.auditor = &auditor{tab: browser.openTab(t, screens()[0]), script: script}
	other.stopsFromMail()
	other.checkOrigins(s.BaseURL, box.URL)
	staff.seesAll()
	s.Balanced(time.Minute)
}

// monthly is a reader with a monthly gift, and what they see.
type monthly struct {
	*auditor
	s       *harness.Fixture
	box     string // where the mail catcher shows its mails
	id      string // of the contribution
	amount  string // what was chosen first, as it is written: €10.00
	address string // of the reader's mailbox
}

// look keeps pictures of a page on every screen, and audits it.
func (m *monthly) look(name string, texts ...string) {
	m.t.Helper()
	m.expect(texts...)
	for _, at := range widths(m.t) {
		m.setScreen(at)
		m.screenshotBoth("monthly-" + name)
	}
	m.check(texts[0])
	m.setScreen(screens()[0])
}

// await waits until the page shows a text.
func (m *monthly) await(text string) {
	m.t.Helper()
	testkit.Eventually(m.t, time.Minute, "the page shows "+text, func() (bool, string) {
		return strings.Contains(m.text(), text), m.describe()
	})
}

// mail waits for the nth mail whose subject begins so.
func (m *monthly) mail(subject string, nth int) catcher.Mail {
	m.t.Helper()
	var found []catcher.Mail
	testkit.Eventually(m.t, time.Minute, fmt.Sprintf("mail %d: %s", nth, subject), func() (bool, string) {
		var subjects []string
		found = nil
		for _, one := range m.s.Mail.Mails() {
			subjects = append(subjects, one.Subject)
			if strings.HasPrefix(one.Subject, subject) {
				found = append(found, one)
			}
		}
		return len(found) >= nth, strings.Join(subjects, "\n")
	})
	return found[nth-1]
}

// told waits for a mail that confirms what was done, and says so.
func (m *monthly) told(subject, text string) {
	m.t.Helper()
	if one := m.mail(subject, 1); !strings.Contains(strings.Join(strings.Fields(one.Text), " "), text) {
		m.t.Errorf("%q does not say %q:\n%s", one.Subject, text, one.Text)
	}
}

// follow opens a mail in the catcher and gives the address of a link in it.
func (m *monthly) follow(one catcher.Mail, part string) string {
	m.t.Helper()
	m.open(fmt.Sprintf("%s/mails/%d/html", m.box, one.ID))
	address := eval[string](m.tab, `document.querySelector('a[href*="`+part+`"]')?.href ?? ""`)
	if address == "" {
		m.t.Fatalf("no link to %s in %q\n%s", part, one.Subject, one.Text)
	}
	return address
}

// givesMonthly gives from the article, at PayPal, and up to the thanks.
func (m *monthly) givesMonthly() {
	m.t.Helper()
	m.open(m.s.BaseURL + "/article")
	m.do(cdp.Click(cdp.CSS(`.rf-often .rf-choice:nth-of-type(2)`), cdp.NodeVisible))
	m.do(cdp.Click(cdp.CSS(`.rf-gifts.rf-month .rf-choice:nth-of-type(2)`), cdp.NodeVisible))
	chosen := eval[string](m.tab, `document.querySelector(".rf-gifts.rf-month input:checked").value`)
	m.amount = "€" + chosen
	if !strings.Contains(chosen, ".") {
		m.amount += ".00"
	}
	m.look("01-article", "every month, until you stop", "a month with PayPal")
	m.click(".rf-button")
	m.look("02-paypal", "Agree to this subscription?")
	m.click("button[value=approve]")
	m.await("Thank you.")
	m.look("03-thanks", "Thank you.", "a month, from", "Amount, each month", m.amount, "Pause or stop it")
	m.id = strings.Split(eval[string](m.tab, `location.pathname`), "/")[2]
	welcome := m.mail("Your gift of "+m.amount+" a month", 1)
	m.address = welcome.To[0]
}

// isChargedAgain lets a month pass, at PayPal and here.
func (m *monthly) isChargedAgain(clock *testkit.Clock) {
	m.t.Helper()
	const month = 31 * 24 * time.Hour
	m.s.PayPal.Must("POST", "/sandbox/clock", testkit.Fields{"advance": month.String()}, nil)
	clock.Advance(month)
	testkit.Eventually(m.t, time.Minute, "the second payment is booked", func() (bool, string) {
		n := m.s.Count("payment WHERE contribution_id = $1 AND status = 'completed'", m.id)
		return n == 2, fmt.Sprintf("%d payments", n)
	})
}

// readsReceipt reads the receipt of a payment in the mail catcher, and opens what it belongs to.
func (m *monthly) readsReceipt(nth int) {
	m.t.Helper()
	one := m.mail("Receipt for your "+m.amount+" a month", nth)
	m.open(fmt.Sprintf("%s/mails/%d", m.box, one.ID))
	m.expect(one.Subject, "Here is your receipt.", m.address)
	m.ignoreStatus(404) // of an icon
	m.open(m.follow(one, "/receipt"))
	m.look("04-receipts", "Your receipts", fmt.Sprintf("-%06d as PDF", nth))
	m.click(fmt.Sprintf(`.receipts a[href*="-%06d?"], .receipts a[href$="-%06d"]`, nth, nth))
	m.look(fmt.Sprintf("04-receipt-%d", nth), m.amount, "Robin Reader", "As PDF")
}

// opensOwnPage comes by the link in a mail to the page of the gift, and from there by a link of its own to where the
// gift can be changed.
func (m *monthly) opensOwnPage() {
	m.t.Helper()
	m.open(m.follow(m.mail("Receipt for your", 2), "/manage/gift/"))
	m.look("05-gift-from-mail", "next payment", "Stop this gift", "ask for a link to your own page")
	m.click(`.back a[href="/manage"]`)
	m.look("06-ask", "Send me a link")
	m.fill("#email", m.address)
	m.click("main form .button")
	m.look("07-sent", "Please check your email")
	m.open(m.follow(m.mail("Your page at", 1), "/manage/"))
	m.look("08-open", "Your page is ready")
	m.click("main form .button")
	m.look("09-own", "Your gifts", "Monthly and yearly gifts", "Statement for", m.amount)
	m.click(`a[href="/manage/gift/` + m.id + `"]`)
	m.look("10-gift", "Change this gift", "2 months", "All my gifts")
}

// changesTo changes the amount; for more, PayPal asks the reader to agree.
func (m *monthly) changesTo(amount, brief string, agrees bool) {
	m.t.Helper()
	m.do(cdp.Clear(cdp.CSS("#amount")))
	m.fill("#amount", amount)
	m.click("button[value=change]")
	if agrees {
		m.look("11-consent", "Agree to this change?", "Until now")
		m.click("button[value=approve]")
	}
	m.look("12-changed-to-"+amount, brief+" a month", "has changed", "from the next payment")
	m.told("You now give €"+amount+" a month", "You now give €"+amount)
}

// pauses pauses for a month.
func (m *monthly) pauses() {
	m.t.Helper()
	m.click("button[value=pause-1]")
	m.look("13-paused", "It is paused.", "Resume this gift", "Nothing is charged before")
	m.told("Paused: your €20.00 a month", "PayPal charges you nothing before")
}

// goesOn resumes before the pause is over.
func (m *monthly) goesOn() {
	m.t.Helper()
	m.click("button[value=resume]")
	m.look("14-resumed", "Your gift has resumed", "takes the next payment on", "1 month")
	m.told("Resumed: your €20.00 a month", "PayPal takes the next payment on")
}

// writesAddress writes a postal address for receipts, first with a mistake, and has the earlier ones replaced.
func (m *monthly) writesAddress() {
	m.t.Helper()
	m.open(m.s.BaseURL + "/manage")
	m.look("15-address", "Name and address for your receipts", "For the tax office", "Street and number")
	m.fill("#name", "Robin Q. Reader")
	m.fill("#street", "12 Kew Road")
	eval[bool](m.tab, `[...document.forms].every((f) => f.noValidate = true)`) // a browser without that check
	m.send("button[value=saved]", 422)
	m.look("15-address-mistake", "Please check one thing.", "Please write your town.")
	m.fill("#town", "Toronto ON")
	m.fill("#postcode", "M5V 1A1")
	m.click("button[value=saved]")
	m.look("15-address-saved", "Your address is saved", "2 receipts were issued without your address.")
	m.click("button[value=replaced]")
	m.look("15-receipts-replaced", "Your receipts are replaced", "Change or remove it")
	m.click(`.payments a[href*="/receipt/"]`)
	m.look("15-replacement", "Cancels and replaces", "Robin Q. Reader", "12 Kew Road, Toronto ON M5V 1A1")
	m.click(`.around a[href$="/receipt"]`)
	m.look("15-receipts-list", "replaced by", "replaces")
	m.click(`.receipts a[href*="-000001"]`)
	m.look("15-replaced", "Cancelled, and replaced by receipt")
}

// looksAtTheRest looks at what else the reader's own page leads to.
func (m *monthly) looksAtTheRest() {
	m.t.Helper()
	m.open(m.s.BaseURL + "/manage/erase")
	m.look("15-erase", "Stop this first", "€20.00 a month")
	m.open(m.s.BaseURL + "/manage")
	m.click(`.payments a[href*="/receipt"]`)
	m.expect("DUPLICATE", "All receipts of this gift")
	m.open(m.s.BaseURL + "/manage")
	m.click(`.ways a[href*="/statements/"]`)
	m.look("16-statement", m.amount, "Statement of your gifts", "As PDF")
}

// stopsFromMail stops in two clicks: the link in a mail, and the button on its page.
func (m *monthly) stopsFromMail() {
	m.t.Helper()
	m.open(m.follow(m.mail("Resumed: ", 1), "/manage/gift/"))
	m.click("button[value=stop]")
	m.look("17-stopped", "Your gift is stopped", "It ended", "Nothing more is charged.")
	m.told("Stopped: your €20.00 a month", "As you asked, we have stopped your gift")
}
