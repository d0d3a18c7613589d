package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/db"
	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// TestAxe runs axe-core on every reader's and staff page, and on the sandbox's: on a small screen in light colours, and
// on a large one in dark ones. A colour's contrast does not change with the width, nor the layout with the colours.
// Every page is visited, and in CI audited; else a few are drawn, each on one screen.
func TestAxe(t *testing.T) {
	t.Parallel()
	script := axeScript(t)
	browser := openBrowser(t)
	n := harness.StartDemo(t, t.TempDir(), 48)
	t.Run("finds what is wrong", func(t *testing.T) {
		b := browser.openTab(t, screens()[0])
		b.open(`data:text/html,<html><body style="background: white"><img src="data:,"><p style="color: %23ddd">pale`)
		found := fmt.Sprint(b.violations(script))
		for _, rule := range []string{"image-alt", "html-has-lang", "color-contrast", "pale"} {
			if !strings.Contains(found, rule) {
				t.Errorf("axe does not report %s:\n%s", rule, found)
			}
		}
	})
	t.Run("readers", func(t *testing.T) {
		a := auditor{tab: browser.openTab(t, screens()[0]), script: script}
		a.readers(n)
	})
	t.Run("staff", func(t *testing.T) {
		a := auditor{tab: browser.openTab(t, screens()[0]), script: script}
		a.staff(n)
	})
}

// axeScript gets axe-core from npm, in the version that package-lock.json names.
func axeScript(t *testing.T) string {
	t.Helper()
	file := filepath.Join("node_modules", "axe-core", "axe.min.js")
	if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), axeVersion(t)) {
		return string(text)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		skipWithoutBrowser(t, "there is no npm to get axe-core with")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(
		ctx,
		"npm",
		"ci",
		"--ignore-scripts",
		"--no-audit",
		"--no-fund",
	).CombinedOutput(); err != nil {
		skipWithoutBrowser(t, "npm gives no axe-core: %v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// axeVersion is the one that package.json asks for.
func axeVersion(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var wants struct {
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if err := json.Unmarshal(text, &wants); err != nil || wants.DevDependencies["axe-core"] == "" {
		t.Fatalf("package.json names no axe-core: %v", err)
	}
	return wants.DevDependencies["axe-core"]
}

// auditor is a tab that has each of its pages checked.
type auditor struct {
	*tab
	script string
	pages  int
}

// violation is what axe found against a rule.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML           string `json:"html"`
		Target         []any  `json:"target"`
		FailureSummary string `json:"failureSummary"`
	} `json:"nodes"`
}

// String is for messages.
func (v violation) String() string {
	text := v.ID + ": " + v.Help
	for _, n := range v.Nodes {
		text += fmt.Sprintf("\n  %v %s\n  %s", n.Target, n.HTML, n.FailureSummary)
	}
	return text
}

// violations runs axe on what the tab shows.
func (b *tab) violations(script string) []violation {
	b.t.Helper()
	if !eval[bool](b, `"axe" in window`) {
		b.do(cdp.Evaluate[cdp.Void](script + "; undefined"))
	}
	return eval[[]violation](b, `axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations)`)
}

// auditScreens are the screens of the audit: every width and every scheme.
func auditScreens() []screen { return []screen{screens()[0], screens()[3]} }

// check audits the page that the tab shows, which must hold the text, so that it is the page that is meant.
func (a *auditor) check(text string) {
	a.t.Helper()
	a.expect(text)
	if !testkit.Full() && rand.IntN(8) > 0 { // axe takes a second for each
		a.checkPage()
		return
	}
	a.pages++
	for _, s := range testkit.Some(a.t, 1, auditScreens()) {
		a.setScreen(s)
		for _, v := range a.violations(a.script) {
			a.t.Errorf("%s, %q on %s: %v", eval[string](a.tab, `location.pathname`), text, s, v)
		}
		a.checkPage()
	}
}

// at opens an address of the newsroom and audits it.
func (a *auditor) at(address string, status int, text string) {
	a.t.Helper()
	if got := a.navigate(cdp.Navigate(address)); got != status {
		a.t.Fatalf("%s: %d, not %d", address, got, status)
	}
	a.ignoreStatus(status)
	a.check(text)
}

// pays goes through the form up to PayPal's page.
func (a *auditor) pays(n *harness.Demo, amount string) {
	a.t.Helper()
	a.open(n.BaseURL + "/")
	a.fill("#amount", amount)
	a.click("#give button.button")
}

func (a *auditor) readers(n *harness.Demo) {
	a.at(n.BaseURL+"/article", 200, "The river that nobody measured")
	a.at(n.BaseURL+"/", 200, "Give once, in EUR")
	a.do(cdp.Evaluate[cdp.Void](`document.querySelectorAll("details").forEach((d) => d.open = true)`))
	a.check("You may thank me by name in public")
	a.at(n.BaseURL+"/support/support?currency=JPY&amount=4000", 200, "Give once, in JPY")
	a.at(n.BaseURL+"/nowhere", 404, "no page at this address")
	a.open(n.BaseURL + "/")
	a.fill("#amount", "0.1")
	if status := a.navigate(cdp.Click(cdp.CSS("#give button.button"))); status != 422 {
		a.t.Fatalf("a gift of ten cents: %d", status)
	}
	a.ignoreStatus(422)
	a.check("Please check one thing")
	a.atPayPal(n)
	a.comesBack(n)

	n.PayPal.Must(
		"POST",
		"/sandbox/faults",
		testkit.Fields{
			"kind":   "status",
			"status": 503,
			"match":  testkit.Fields{"method": "POST", "path": "/v2/checkout/orders"},
		},
		nil,
	)
	a.open(n.BaseURL + "/")
	if status := a.navigate(cdp.Click(cdp.CSS("#give button.button"))); status != 503 {
		a.t.Fatalf("a gift while PayPal is down: %d", status)
	}
	n.PayPal.Must("DELETE", "/sandbox/faults", nil, nil)
	a.ignoreStatus(503)
	a.check("Nothing was charged")
	a.t.Logf("%d pages were audited", a.pages)
}

// atPayPal audits the sandbox's pages.
func (a *auditor) atPayPal(n *harness.Demo) {
	a.t.Helper()
	a.pays(n, "31.00")
	a.check("Approve this payment?")
	a.do(cdp.Evaluate[cdp.Void](`document.querySelectorAll("details").forEach((d) => d.open = true)`))
	a.check("PayPal holds the money")
	a.at(n.PayPal.URL+"/checkoutnow?token=0NOSUCHORDER00000", 404, "This payment is not here")
	a.at(n.PayPal.URL+"/sandbox/", 200, "Latest orders")
}

// comesBack audits what a reader is told after PayPal, in every case there is.
func (a *auditor) comesBack(n *harness.Demo) {
	a.t.Helper()
	for _, c := range []struct{ choice, text string }{
		{"cancel", "You cancelled at PayPal"}, {"decline", "The payment did not go through."}, {"approve", "Thank you."},
	} {
		a.pays(n, "32.00")
		a.click("button[value=" + c.choice + "]")
		a.check(c.text)
	}
	// The rest is told by the state alone, so the gift just made is put into each: it is the page that counts here.
	d := testkit.OpenDatabase(a.t, n.Env(a.t)["DATABASE_URL"])
	id := strings.Split(eval[string](a.tab, `location.pathname`), "/")[2]
	thanks := eval[string](a.tab, `location.href`)
	for _, c := range []struct{ state, text string }{
		{"created", "Not finished yet."}, {"approved", "being confirmed"}, {"pending", "being confirmed"}, {"declined", "The payment did not go through."},
		{"cancelled", "Nothing was charged."}, {"expired", "not finished in time"}, {"failed", "could not take this payment"},
		{"partially_refunded", "Part of this gift"}, {"refunded", "refunded to you in full"}, {"reversed", "returned this gift"}, {"completed", "Thank you."},
	} {
		if _, err := d.ExecContext(
			a.t.Context(),
			`UPDATE contribution SET state = $2, check_at = NULL WHERE id = $1`,
			id,
			c.state,
		); err != nil {
			a.t.Fatal(err)
		}
		a.at(thanks, 200, c.text)
	}
}

// workOfEveryState gives the page about background work something of everything that it can show. No process has these
// kinds, so it stays.
const workOfEveryState = `
	INSERT INTO queue (kind, key, due_at, held_until, holder, failures, failing_since, last_error, dead_at, created_at,
	                   started_at)
	VALUES ('send letter', 'waits', now() - interval '1 minute', NULL, '', 0, NULL, '', NULL, now(), NULL),
	       ('send letter', 'runs', NULL, now() + interval '1 hour', 'host/1/A', 0, NULL, '', NULL, now(), now()),
	       ('send letter', 'fails', now() + interval '1 hour', NULL, '', 3, now(), 'mailbox busy', NULL, now(), now()),
	       ('send letter', 'dead', NULL, NULL, '', 9, now(), 'mailbox unavailable', now(), now(), now())`

func (a *auditor) staff(n *harness.Demo) {
	a.at(n.BaseURL+"/staff/sign-in", 200, "Sign in")
	a.fill("#email", demoStaff)
	a.fill("#password", "a wrong one")
	if status := a.navigate(cdp.Click(cdp.CSS("form .button"))); status != 403 {
		a.t.Fatalf("a wrong password: %d", status)
	}
	a.ignoreStatus(403)
	a.check("password")
	a.fill("#password", staffPassword(n, a.t))
	a.click("form .button")
	a.check("Overview")
	d := testkit.OpenDatabase(a.t, n.Env(a.t)["DATABASE_URL"])
	if _, err := d.ExecContext(a.t.Context(), needsAPerson); err != nil {
		a.t.Fatal(err)
	}
	staff := n.BaseURL + "/staff"
	a.at(staff, 200, "Needs attention")
	a.at(staff+"/contributions", 200, "Download as CSV")
	a.at(staff+"/contributions?attention=1", 200, "Only contributions that need review")
	a.at(staff+"/contributions?q=0000-0000", 200, "No contribution has this name")
	a.at(staff+"/contributions?from=2026-02-02&to=2026-01-01&status=odd&currency=XXX", 422, "Clear filters")
	for _, by := range []string{"day", "month", "article", "campaign"} {
		a.at(staff+"/reports?by="+by, 200, "Total")
	}
	a.at(staff+"/reports?from=2001-01-01&to=2001-01-02", 200, "No ledger entries")
	a.at(staff+"/reports?from=2026-02-02&to=2026-01-01&by=odd", 422, "Reports")
	a.at(staff+"/ledger", 200, "Entries")
	a.at(staff+"/password", 200, "Your password")
	a.fill("#current", "a wrong one")
	a.fill("#password", "a few new words")
	a.fill("#again", "some other words")
	a.send("main form .button", 422)
	a.check("Your password is still the old one")
	if at := eval[string](a.tab, `document.activeElement.className`); at != "summary" {
		a.t.Errorf("after a mistake the focus is on %q", at)
	}
	a.at(staff+"/inbox", 200, "these may be forged")
	a.at(staff+"/inbox?state=parked", 200, "Nothing matches")
	if _, err := d.ExecContext(a.t.Context(), workOfEveryState); err != nil {
		a.t.Fatal(err)
	}
	a.at(staff+"/work", 200, "mailbox unavailable")
	a.do(cdp.Evaluate[cdp.Void](`document.querySelectorAll("details").forEach((d) => d.open = true)`))
	a.check("Why discard it?")
	a.at(staff+"/nowhere", 404, "no page at this address")
	for _, state := range []string{"completed", "partially_refunded", "pending", "declined", "expired"} {
		var id string
		err := d.GetContext(a.t.Context(), &id, `
			SELECT c.id FROM contribution c WHERE c.state = $1
			ORDER BY EXISTS (SELECT 1 FROM review v WHERE v.contribution_id = c.id) DESC, c.created_at LIMIT 1`, state)
		if err != nil {
			a.t.Fatalf("a contribution that is %s: %v", state, err)
		}
		a.at(staff+"/contributions/"+id, 200, "History")
	}
	var event int64
	if err := d.GetContext(a.t.Context(), &event, `SELECT max(id) FROM webhook_event`); err != nil {
		a.t.Fatal(err)
	}
	a.at(fmt.Sprintf("%s/inbox/%d", staff, event), 200, "Headers")
	a.acts(n, d)
	a.t.Logf("%d pages were audited", a.pages)
}

// acts audits what staff do: a refund, with a mistake first; a case; a parked event; a difference; and the log of it
// all.
func (a *auditor) acts(n *harness.Demo, d *db.DB) {
	a.t.Helper()
	staff := n.BaseURL + "/staff"
	page, _ := a.received(d, 0)
	page = staff + "/contributions/" + page
	a.at(page+"/refund", 200, "Before you refund")
	a.do(cdp.Evaluate[cdp.Void](`document.querySelector("textarea").required = false`))
	a.send(".act form .button", 422)
	a.check("Please check 2 things")
	if at := eval[string](a.tab, `document.activeElement.className`); at != "summary" {
		a.t.Errorf("after a mistake the focus is on %q", at)
	}
	a.do(cdp.Click(cdp.CSS(`input[value=part]`)))
	a.fill("#amount", "1.00")
	a.fill("#reason", "The reader asked by mail")
	a.fill("#note", "As you wished")
	a.click(".act form .button")
	a.check("was refunded to the reader")
	if at := eval[string](a.tab, `document.activeElement.className`); at != "notice good" {
		a.t.Errorf("after the refund the focus is on %q", at)
	}
	a.fill("#note", "Called the reader.")
	a.click(".remark .button")
	a.check("Note saved")

	id, capture := a.received(d, 1)
	disputed := staff + "/contributions/" + id
	n.PayPal.Must(
		"POST",
		"/sandbox/captures/"+capture+"/dispute",
		testkit.Fields{"stage": "CHARGEBACK", "fee": "16.00"},
		nil,
	)
	a.open(disputed)
	a.click(`form[action$="/ask"] button`)
	a.check("Claim:")
	a.at(disputed+"/refund", 200, "possible only through the dispute")
	a.open(disputed)
	a.click(".case-acts .button")
	a.check("What happens when you accept")
	a.fill("#note", " ")
	a.send(".act form .button", 422)
	a.check("Please check one thing")
	a.fill("#note", "The reader is right.")
	a.click(".act form .button")
	a.check("The dispute is accepted")
	a.at(disputed+"/refund", 200, "Nothing is left to refund")
	a.at(staff+"/reports?by=month", 200, "Total")

	for _, statement := range []string{parkAnEvent, findADifference} {
		if _, err := d.ExecContext(a.t.Context(), statement); err != nil {
			a.t.Fatal(err)
		}
	}
	a.at(staff+"/inbox?state=parked", 200, "can be replayed")
	a.click("th.key a")
	a.check("Replay")
	a.at(staff+"/reconciliation", 200, "Paid in PayPal directly")
	a.at(staff+"/reconciliation?state=all&kind=odd", 422, "There is no kind")
	a.open(staff + "/reconciliation")
	a.click("th.key a")
	a.check("For which campaign?")
	a.fill("#reason", "The editor sold a car.")
	a.click(`form[action$="/set-aside"] .button`)
	a.check("Reopen it")
	a.at(staff+"/audit", 200, "Requested a refund")
	a.at(staff+"/audit?actor=nobody", 200, "Nothing matches")
}

// send presses a button that is answered with this status.
func (a *auditor) send(button string, status int) {
	a.t.Helper()
	if got := a.navigate(cdp.Click(cdp.CSS(button))); got != status {
		a.t.Fatalf("%s: %d, not %d\n%s", button, got, status, a.describe())
	}
	a.ignoreStatus(status)
}

// received is the n-th of the latest gifts that are in, and its capture.
func (a *auditor) received(d *db.DB, n int) (id, capture string) {
	a.t.Helper()
	err := d.QueryRowxContext(a.t.Context(), `
		SELECT c.id, p.paypal_id FROM contribution c JOIN payment p ON p.contribution_id = c.id
		WHERE c.state = 'completed' AND c.currency = 'EUR'
		  AND NOT EXISTS (SELECT 1 FROM review v WHERE v.contribution_id = c.id)
		ORDER BY c.created_at DESC LIMIT 1 OFFSET $1`, n).Scan(&id, &capture)
	if err != nil {
		a.t.Fatal(err)
	}
	return id, capture
}

const parkAnEvent = `
	UPDATE webhook_event SET state = 'parked', note = 'PayPal did not answer.', due_at = NULL WHERE id = (SELECT max(id) FROM webhook_event)`

const findADifference = `
	INSERT INTO discrepancy (kind, paypal_ref, code, ours, theirs, occurred_at, detail, state, advice, run_id, first_seen, last_seen)
	VALUES ('unknown_payer', '9STRANGER0000001', 'T0013', '', '12.00 EUR, done', now(), '{"payer_given_name":"Ann","payer_email":"ann@example.org","amount_minor":1200,"currency":"EUR"}',
	        'open', 'Adopt it for a campaign, or set it aside.', 1, now(), now())`

// needsAPerson makes the pages show their warnings.
const needsAPerson = `
	WITH marked AS (
		INSERT INTO review (contribution_id, code, arguments, opened_at)
		SELECT id, 'amount_differs', '{"captured": "10.00 EUR", "chosen": "25.00 EUR"}', now()
		FROM contribution WHERE state = 'completed' ORDER BY created_at LIMIT 1 RETURNING id)
	INSERT INTO suspect_delivery (transmission_id, event_id, event_type, headers, body, first_seen_at, last_seen_at)
	SELECT transmission_id, 'WH-FORGED', event_type, headers, body, received_at, now() FROM webhook_event WHERE EXISTS (SELECT 1 FROM marked) LIMIT 1`
