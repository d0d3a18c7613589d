package browser

import (
	"fmt"
	"strings"
	"testing"

	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/db"
	"readerfund/internal/e2e/harness"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/testkit"
)

// pays goes through the form up to PayPal's page.
func (a *auditor) pays(n *harness.Demo, amount string) {
	a.t.Helper()
	a.open(n.BaseURL + "/")
	a.fill("#amount", amount)
	a.click("#give button.button")
}

// readers audits what readers see.
func (a *auditor) readers(n *harness.Demo) {
	a.each(
		2,
		aPage{n.BaseURL + "/article", 200, "The river that nobody measured"},
		aPage{n.BaseURL + "/support/support?currency=JPY&amount=4000", 200, "Give JP¥4,000 once with PayPal"},
		aPage{n.BaseURL + "/support/support?frequency=month", 200, "a month with PayPal"},
		aPage{n.BaseURL + "/embed/kept", 200, "What is noted"},
		aPage{n.BaseURL + "/embed/kept?lang=ar&removed=1", 200, "تم الحذف"},
		aPage{n.BaseURL + "/manage", 200, "Send me a link"},
		aPage{n.BaseURL + "/manage?sent", 200, "Please check your email"},
		aPage{n.BaseURL + "/manage/XXXX", 404, "This link does not work"},
		aPage{n.BaseURL + "/manage?closed", 200, "Your page is closed"},
		aPage{n.BaseURL + "/contributions/x/cancel", 404, "You came back from PayPal"},
		aPage{n.BaseURL + "/nowhere", 404, "no page at this address"},
		aPage{n.PayPal.URL + "/checkoutnow?token=0NOSUCHORDER00000", 404, "This payment is not here"},
		aPage{n.PayPal.URL + "/sandbox/", 200, "Latest orders"},
	)
	a.at(n.BaseURL+"/", 200, "Give €10 once with PayPal")
	a.openDetails()
	a.check("You may thank me by name in public")
	a.fill("#amount", "0.1")
	a.send("#give button.button", 422)
	a.check("Please check one thing")
	a.atPayPal(n)
	a.agreesAtPayPal(n)
	a.comesBack(n)
	a.t.Logf("%d pages were audited, %d of them by all rules on one screen", a.pages, a.shorter)
}

// openDetails opens all that a page shows only when it is asked to.
func (a *auditor) openDetails() {
	a.t.Helper()
	a.do(cdp.Evaluate[cdp.Void](`document.querySelectorAll("details").forEach((d) => d.open = true)`))
}

// atPayPal audits the page on which a reader approves.
func (a *auditor) atPayPal(n *harness.Demo) {
	a.t.Helper()
	a.pays(n, "31.00")
	a.check("Approve this payment?")
	a.openDetails()
	a.check("PayPal holds the money")
}

// agreesAtPayPal audits the page on which a reader agrees to a subscription, and the one about a change of it.
func (a *auditor) agreesAtPayPal(n *harness.Demo) {
	a.t.Helper()
	ctx, client := a.t.Context(), n.PayPal.Client()
	made := func(err error) {
		if err != nil {
			a.t.Fatal(err)
		}
	}
	made(client.EnsureProduct(ctx, paypal.ProductRequest{ID: "AUDITED", Name: "The Paper", Type: "DIGITAL"}))
	monthly, err := client.CreatePlan(ctx, paypal.PlanRequest{
		RequestID: "audited", ProductID: "AUDITED", Name: "Monthly", Every: paypal.Monthly, Price: money.New(500, "EUR"),
	})
	made(err)
	sub, err := client.CreateSubscription(ctx, paypal.SubscriptionRequest{
		RequestID: "audited", PlanID: monthly.ID, BrandName: "The Paper", ReturnURL: n.BaseURL + "/",
		CancelURL: n.BaseURL + "/",
	})
	made(err)
	a.at(sub.ApproveURL, 200, "Agree to this subscription?")
	a.openDetails()
	a.check("PayPal takes ten seconds")
	n.PayPal.Must("POST", "/sandbox/subscriptions/"+sub.ID+"/approve", nil, nil)
	a.at(sub.ApproveURL, 200, "You have agreed")
	amount := money.New(700, "EUR")
	change, err := client.ReviseSubscription(ctx, paypal.ReviseRequest{
		ID: sub.ID, PlanID: monthly.ID, Amount: &amount, ReturnURL: n.BaseURL + "/", CancelURL: n.BaseURL + "/",
	})
	made(err)
	a.at(change, 200, "Agree to this change?")
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
	for _, c := range testkit.Some(a.t, 3, []struct{ state, text string }{
		{"created", "Not finished yet."},
		{"approved", "being confirmed"},
		{"pending", "being confirmed"},
		{"declined", "The payment did not go through."},
		{"cancelled", "Nothing was charged."},
		{"expired", "not finished in time"},
		{"failed", "could not take this payment"},
		{"partially_refunded", "Part of this gift"},
		{"refunded", "refunded to you in full"},
		{"reversed", "returned this gift"},
	}) {
		testkit.Exec(a.t, d, `UPDATE contribution SET state = $2, check_at = NULL WHERE id = $1`, id, c.state)
		a.at(thanks, 200, c.text)
	}
	testkit.Exec(a.t, d, `UPDATE contribution SET state = 'completed' WHERE id = $1`, id)
	a.at(thanks, 200, "Thank you.")
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

// staff audits what staff see.
func (a *auditor) staff(n *harness.Demo) {
	d := testkit.OpenDatabase(a.t, n.Env(a.t)["DATABASE_URL"])
	a.signsIn(n)
	staff := n.BaseURL + "/staff"
	a.each(
		4,
		aPage{staff, 200, "Needs attention"},
		aPage{staff + "/contributions", 200, "Download as CSV"},
		aPage{staff + "/contributions?attention=1", 200, "Only contributions that need review"},
		aPage{staff + "/contributions?q=0000-0000", 200, "No contribution has this name"},
		aPage{staff + "/contributions?from=2026-02-02&to=2026-01-01&status=odd&currency=XXX", 422, "Clear filters"},
		aPage{staff + "/reports?by=day", 200, "Total"},
		aPage{staff + "/reports?by=month", 200, "Total"},
		aPage{staff + "/reports?by=article", 200, "Total"},
		aPage{staff + "/reports?by=campaign", 200, "Total"},
		aPage{staff + "/reports?from=2001-01-01&to=2001-01-02", 200, "No ledger entries"},
		aPage{staff + "/reports?from=2026-02-02&to=2026-01-01&by=odd", 422, "Reports"},
		aPage{staff + "/ledger", 200, "Entries"},
		aPage{staff + "/recurring", 200, "Regret rate"},
		aPage{staff + "/monthly", 200, "Readerfund's own rule"},
		aPage{staff + "/monthly?currency=JPY&examples=1", 200, "In JPY"},
		aPage{staff + "/monthly?currency=XXX", 422, "Pick one of the currencies offered"},
		aPage{staff + "/embedding?format=banner", 200, "Any page: a script"},
		aPage{staff + "/mail", 200, "Every mail has arrived"},
		aPage{staff + "/inbox", 200, "these may be forged"},
		aPage{staff + "/inbox?state=parked", 200, "Nothing matches"},
		aPage{staff + "/nowhere", 404, "no page at this address"},
		aPage{a.event(d, staff), 200, "Headers"},
	)
	a.password(staff)
	testkit.Exec(a.t, d, workOfEveryState)
	a.at(staff+"/work", 200, "mailbox unavailable")
	a.openDetails()
	a.check("Why discard it?")
	a.refunds(d, staff)
	a.answersDispute(n, d, staff)
	a.contributions(d, staff)
	a.replays(d, staff)
	a.reconciles(n, d, staff)
	a.each(
		1,
		aPage{staff + "/reports?by=month", 200, "Total"},
		aPage{staff + "/campaigns/why?known=yes&gave=30", 200, "Rest of 90 days after giving"},
		aPage{staff + "/campaigns/why?known=yes&gave=soon", 422, "Write a whole number"},
		aPage{staff + "/audit", 200, "Requested a refund"},
		aPage{staff + "/audit?actor=nobody", 200, "Nothing matches"},
	)
	a.t.Logf("%d pages were audited, %d of them by all rules on one screen", a.pages, a.shorter)
}

// signsIn signs in, with a wrong password first.
func (a *auditor) signsIn(n *harness.Demo) {
	a.t.Helper()
	a.at(n.BaseURL+"/staff/sign-in", 200, "Sign in")
	a.fill("#email", demoStaff)
	a.fill("#password", "a wrong one")
	a.send("form .button", 403)
	a.check("password")
	a.fill("#password", staffPassword(n, a.t))
	a.click("form .button")
	a.check("Overview")
}

// password audits the page about one's own password, and a mistake on it.
func (a *auditor) password(staff string) {
	a.t.Helper()
	a.at(staff+"/password", 200, "Your password")
	a.fill("#current", "a wrong one")
	a.fill("#password", "a few new words")
	a.fill("#again", "some other words")
	a.send("main form .button", 422)
	a.check("Your password is still the old one")
	a.hasFocus("summary")
}

// hasFocus checks that the focus is on what has this class, so that a screen reader reads it out.
func (a *auditor) hasFocus(class string) {
	a.t.Helper()
	if at := eval[string](a.tab, `document.activeElement.className`); at != class {
		a.t.Errorf("the focus is on %q, not on %q\n%s", at, class, a.describe())
	}
}

// event is the page of an event of PayPal's.
func (a *auditor) event(d *db.DB, staff string) string {
	a.t.Helper()
	var id int64
	if err := d.GetContext(a.t.Context(), &id, `SELECT max(id) FROM webhook_event`); err != nil {
		a.t.Fatal(err)
	}
	return fmt.Sprintf("%s/inbox/%d", staff, id)
}

// contributions audits the page of a contribution in each state.
func (a *auditor) contributions(d *db.DB, staff string) {
	a.t.Helper()
	all := []string{"completed", "partially_refunded", "pending", "declined", "expired"}
	for _, state := range testkit.Some(a.t, 1, all) {
		var id string
		err := d.GetContext(a.t.Context(), &id, `
			SELECT c.id FROM contribution c WHERE c.state = $1
			ORDER BY EXISTS (SELECT 1 FROM review v WHERE v.contribution_id = c.id) DESC, c.created_at LIMIT 1`, state)
		if err != nil {
			a.t.Fatalf("a contribution that is %s: %v", state, err)
		}
		a.at(staff+"/contributions/"+id, 200, "History")
	}
}

// refunds audits a refund, with a mistake first, and a note.
func (a *auditor) refunds(d *db.DB, staff string) {
	a.t.Helper()
	id, _ := a.received(d)
	a.at(staff+"/contributions/"+id+"/refund", 200, "Before you refund")
	a.do(cdp.Evaluate[cdp.Void](`document.querySelector("textarea").required = false`))
	a.send(".act form .button", 422)
	a.check("Please check 2 things")
	a.hasFocus("summary")
	a.do(cdp.Click(cdp.CSS(`input[value=part]`)))
	a.fill("#amount", "1.00")
	a.fill("#reason", "The reader asked by mail")
	a.fill("#note", "As you wished")
	a.click(".act form .button")
	a.check("was refunded to the reader")
	a.hasFocus("notice good")
	a.fill("#note", "Called the reader.")
	a.click(".remark .button")
	a.check("Note saved")
}

// answersDispute audits a dispute until it is accepted, with a mistake on the way.
func (a *auditor) answersDispute(n *harness.Demo, d *db.DB, staff string) {
	a.t.Helper()
	id, capture := a.received(d)
	disputed := staff + "/contributions/" + id
	opened := testkit.Fields{"stage": "CHARGEBACK", "fee": "16.00"}
	n.PayPal.Must("POST", "/sandbox/captures/"+capture+"/dispute", opened, nil)
	a.open(disputed)
	a.click(`form[action$="/ask"] button`)
	a.check("Claim:")
	a.at(disputed+"/refund", 200, "possible only through the dispute")
	a.open(disputed)
	a.click(".dispute-acts .button")
	a.check("What happens when you accept")
	a.fill("#note", " ")
	a.send(".act form .button", 422)
	a.check("Please check one thing")
	a.fill("#note", "The reader is right.")
	a.click(".act form .button")
	a.check("The dispute is accepted")
	a.at(disputed+"/refund", 200, "Nothing is left to refund")
}

// replays audits an event that is parked.
func (a *auditor) replays(d *db.DB, staff string) {
	a.t.Helper()
	testkit.Exec(a.t, d, parkAnEvent)
	a.at(staff+"/inbox?state=parked", 200, "can be replayed")
	a.click("th.key a")
	a.check("Replay")
}

// reconciles audits what PayPal's record and ours differ on: all of it, and one that is set aside. Nobody else changes
// any, and how many there are depends on the machine: see difference.
func (a *auditor) reconciles(n *harness.Demo, d *db.DB, staff string) {
	a.t.Helper()
	a.open(staff + "/reconciliation")
	left := testkit.Count(a.t, d, "discrepancy WHERE state = 'open'")
	a.expect(fmt.Sprintf(" %d unexplained", left))
	testkit.Exec(a.t, d, findADifference)
	a.at(staff+"/reconciliation", 200, "Paid in PayPal directly")
	a.expect(fmt.Sprintf(" %d unexplained", left+1))
	a.at(staff+"/reconciliation?state=all&kind=odd", 422, "There is no kind")
	a.open(staff + "/reconciliation")
	a.click(`th.key a[href$="/` + difference(a.t, n, "paypal_ref = '"+stranger+"'") + `"]`)
	a.check("For which campaign?")
	a.fill("#reason", "The editor sold a car.")
	a.click(`form[action$="/set-aside"] .button`)
	a.check("Reopen it")
}

// difference is the id of a difference. A busy machine adds some to the one that the demo leaves open: gifts that the
// first check saw before the books had them.
func difference(t *testing.T, n *harness.Demo, which string) string {
	t.Helper()
	var id string
	d := testkit.OpenDatabase(t, n.Env(t)["DATABASE_URL"])
	if err := d.GetContext(t.Context(), &id, `SELECT id FROM discrepancy WHERE `+which); err != nil {
		t.Fatal(err)
	}
	return id
}

// needsALook is the id of the gift that needsAPerson marked. Of those beside us, any may come to need one.
func needsALook(t *testing.T, n *harness.Demo) string {
	t.Helper()
	var id string
	d := testkit.OpenDatabase(t, n.Env(t)["DATABASE_URL"])
	err := d.GetContext(t.Context(), &id, `
		SELECT contribution_id FROM review WHERE arguments = '{"captured": "10.00 EUR", "chosen": "25.00 EUR"}'`)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// received is the oldest gift that is in and needs nobody, and its capture. The latest are those of the readers beside
// us.
func (a *auditor) received(d *db.DB) (id, capture string) {
	a.t.Helper()
	err := d.QueryRowxContext(a.t.Context(), `
		SELECT c.id, p.paypal_id FROM contribution c JOIN payment p ON p.contribution_id = c.id
		WHERE c.state = 'completed' AND c.currency = 'EUR'
		  AND NOT EXISTS (SELECT 1 FROM review v WHERE v.contribution_id = c.id)
		ORDER BY c.created_at LIMIT 1`).Scan(&id, &capture)
	if err != nil {
		a.t.Fatal(err)
	}
	return id, capture
}

// parkAnEvent parks the oldest, which nobody else waits for.
const parkAnEvent = `
	UPDATE webhook_event SET state = 'parked', note = 'PayPal did not answer.', due_at = NULL
	WHERE id = (SELECT min(id) FROM webhook_event)`

// stranger is PayPal's id of a payment that nobody knows.
const stranger = "9STRANGER0000001"

const findADifference = `
	INSERT INTO discrepancy (kind, paypal_ref, code, ours, theirs, occurred_at, detail, state, advice, run_id, first_seen,
	                         last_seen)
	VALUES ('unknown_payer', '` + stranger + `', 'T0013', '', '12.00 EUR, done', now(),
	        '{"payer_given_name":"Ann","payer_email":"ann@example.org","amount_minor":1200,"currency":"EUR"}',
	        'open', 'Adopt it for a campaign, or set it aside.', 1, now(), now())`

// needsAPerson makes the pages show their warnings.
const needsAPerson = `
	WITH marked AS (
		INSERT INTO review (contribution_id, code, arguments, opened_at)
		SELECT id, 'amount_differs', '{"captured": "10.00 EUR", "chosen": "25.00 EUR"}', now()
		FROM contribution WHERE state = 'completed' ORDER BY created_at LIMIT 1 RETURNING id)
	INSERT INTO suspect_delivery (transmission_id, event_id, event_type, headers, body, first_seen_at, last_seen_at)
	SELECT transmission_id, 'WH-FORGED', event_type, headers, body, received_at, now() FROM webhook_event
	WHERE EXISTS (SELECT 1 FROM marked) LIMIT 1`
