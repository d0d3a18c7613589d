package browser

import (
	"testing"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// Readers meet the page of a gift in every way that a gift can stand, and with what became of a change. Most ways take
// PayPal months, so the rows of one gift are put into each: it is the page that counts here.
func TestEveryStandingOfAGift(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	s := harness.New(t)
	s.Serve()
	m := monthly{s: s, auditor: &auditor{tab: browser.openTab(t, screens()[0]), script: axeScript(t)}}
	m.open(s.BaseURL + "/support/support?frequency=month&amount=10")
	m.click("#give button.button")
	m.click("button[value=approve]")
	m.await("Thank you.")
	thanks := eval[string](m.tab, `location.href`)
	m.click(`a[href*="/manage/gift/"]`)
	byKey := eval[string](m.tab, `location.href`)
	stands := func(columns string) {
		// What PayPal says of it later is older than this, and changes nothing.
		testkit.Exec(t, s.DB, `UPDATE subscription SET state = 'active', status_at = now() + interval '1 day',
			next_billing_at = now() + interval '20 days', paused_until = NULL, failed_payments = 0, retry_at = NULL`)
		testkit.Exec(t, s.DB, `UPDATE subscription SET `+columns)
	}
	for _, c := range testkit.Some(t, 3, []struct{ name, columns, text string }{
		{"running", "state = 'active'", "takes the next payment on"},
		{"failing", "failed_payments = 1, retry_at = now() + interval '5 days'", "It tries again on"},
		{"failing-undecided", "failed_payments = 1", "It decides when to try again"},
		{"paused", "state = 'suspended', paused_until = now() + interval '30 days'", "resumes by itself"},
		{"suspended", "state = 'suspended'", "It is paused at PayPal"},
		{"lost", "state = 'suspended', failed_payments = 3", "has stopped trying"},
		{"ended", "state = 'cancelled', ended_at = now()", "Nothing more is charged"},
	}) {
		stands(c.columns)
		m.open(byKey)
		m.look("stands-"+c.name, c.text)
	}
	stands("state = 'active'")
	for _, c := range testkit.Some(t, 2, []struct{ name, kind, state, text string }{
		{"wait", "stop", "unknown", "We have passed this on to PayPal"},
		{"bad", "pause", "refused", "PayPal did not accept the change"},
	}) {
		testkit.Exec(t, s.DB, `DELETE FROM subscription_change`)
		testkit.Exec(t, s.DB, `
			INSERT INTO subscription_change (id, contribution_id, subscription_id, kind, by_kind, state, asked_at, ended_at)
			SELECT gen_random_uuid(), contribution_id, paypal_id, $1, 'reader', $2, now(),
			       CASE WHEN $2 = 'refused' THEN now() END
			FROM subscription`, c.kind, c.state)
		m.open(byKey)
		m.look("news-"+c.name, c.text)
	}
	stands("failed_payments = 1, retry_at = now() + interval '5 days'")
	testkit.Exec(t, s.DB, `UPDATE contribution SET state = 'approved', check_at = NULL`)
	m.open(thanks)
	m.look("thanks-first-failed", "could not take the first payment")
}
