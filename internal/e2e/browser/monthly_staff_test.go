package browser

import (
	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/testkit"
)

// signsInAsStaff opens a tab of the staff's beside the reader's.
func (m *monthly) signsInAsStaff(browser *browser) *monthly {
	m.t.Helper()
	staff := *m
	staff.auditor = &auditor{tab: browser.openTab(m.t, screens()[0]), script: m.script}
	const email, password = "ines@alder-lantern.example", "quiet river, wide floor"
	m.s.Command(password+"\n", "staff", "add", email, "--role", "admin", "--password-stdin")
	staff.open(m.s.BaseURL + "/staff/sign-in")
	staff.fill("#email", email)
	staff.fill("#password", password)
	staff.click("form .button")
	return &staff
}

func (m *monthly) page() string { return m.s.BaseURL + "/staff/contributions/" + m.id }

// looksAtActs looks at what staff can do for the reader now, with a mistake on each page.
func (m *monthly) looksAtActs(acts ...string) {
	m.t.Helper()
	for _, act := range acts {
		m.open(m.page())
		m.click(`.acts a[href$="/` + act + `"]`)
		m.look("18-staff-"+act, "Say how the reader asked for it")
		m.do(cdp.Evaluate[cdp.Void](`document.querySelector("textarea").required = false`))
		m.send(".act form .button", 422)
		m.look("18-staff-"+act+"-wrong", "Please check one thing", "Write the reason.")
	}
}

// seesAll reads the whole story on the staff's pages: the contribution, its documents, what is asked for, the figures
// and the mails.
func (m *monthly) seesAll() {
	m.t.Helper()
	m.open(m.page())
	m.look("19-staff-contribution", "Changes", "Change to €3.00, Monthly", "Change to €20.00, Monthly", "Pause until",
		"Resume", "Ended by", "the reader", "Payment 1", "Payment 2", "Net")
	m.click(".document-link a")
	m.look("20-staff-receipt", "COPY FOR THE FILE", "Robin Reader", "As PDF")
	m.open(m.page() + "/stop")
	m.look("21-staff-not-now", "This cannot be done at the moment")
	m.open(m.page() + "/refund")
	m.look("21-staff-refund", "Choose the one to refund")
	m.open(m.s.BaseURL + "/staff/recurring")
	m.look("22-staff-recurring", "Recurring gifts", "By month")
	m.click(`a[href="/staff/monthly"]`)
	m.look("23-staff-monthly", "Make it monthly?", "Readerfund's own rule")
	m.click(`a[href*="examples"]`)
	m.fill(`[name="amount.0"]`, "x")
	m.send("form.card .button", 422)
	m.look("24-staff-monthly-wrong", "Please check one thing")
	m.open(m.s.BaseURL + "/staff/mail")
	m.look("25-staff-mail", "Every mail has arrived")
	testkit.Exec(m.t, m.s.DB, mailsInTrouble)
	m.open(m.s.BaseURL + "/staff/mail")
	m.look("26-staff-mail-trouble", "Send all again", "mailbox unavailable", "Send again")
	m.t.Logf("%d pages were audited", m.pages)
}

// mailsInTrouble has some mails not arrive, each in another way.
const mailsInTrouble = `
	WITH numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM mail WHERE state = 'sent')
	UPDATE mail SET state = CASE n WHEN 1 THEN 'bounced' ELSE 'failed' END,
	       answer = '550 5.1.1 mailbox unavailable', closed_at = now()
	FROM numbered WHERE numbered.id = mail.id AND n <= 3`
