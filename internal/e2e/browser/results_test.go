package browser

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdp "github.com/chromedp/chromedp"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// Staff read the results of a campaign: before anybody saw it, with a winner, and where its regret speaks against it.
func TestStaffSeeResults(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	s := harness.New(t)
	s.Serve()
	m := &monthly{s: s, auditor: &auditor{tab: browser.openTab(t, screens()[0]), script: axeScript(t)}}
	staff := m.signsInAsStaff(browser)
	page := s.BaseURL + "/staff/campaigns/support/results"
	staff.open(page)
	staff.look("results-nothing", "There is one wording, so nothing to compare.")
	for _, statement := range twoVariants {
		testkit.Exec(t, s.DB, statement)
	}
	staff.open(page)
	staff.look("results-winner", "“b” wins", "In the article", "A link that a reader shared", "Shown nothing")
	testkit.Exec(t, s.DB, `
		INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		SELECT p.id, 'refund', 'R' || p.id, 'completed', 1, p.currency, now(), now()
		FROM payment p JOIN contribution c ON c.id = p.contribution_id WHERE c.variant = 'b' LIMIT 20`)
	staff.open(page)
	staff.look("results-regret", "No winner")
}

// What a reader sees and does comes to the results: the view once it is in sight, the click, and the gift under the
// variant that the reader's browser drew. Who is in the holdout sees nothing, and is counted as well.
func TestWhatReadersSeeIsCounted(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	var story string
	news := otherSite(t, &story)
	s := harness.New(t, "EMBED_ORIGINS", news.URL)
	s.Serve()
	story = `<article><h1>A story</h1>` + strings.Repeat(`<p>A paragraph.</p>`, 60) +
		`<script async src="` + s.BaseURL + `/embed/cta.js" data-campaign="support"></script></article>`
	edit := func(change string) {
		testkit.Exec(t, s.DB, `UPDATE campaign SET version = version + 1, content = content || $1`, change)
		time.Sleep(4 * time.Second) // an edit is seen within three
	}
	edit(`{"variants": [{"name": "a", "weight": 0}, {"name": "b", "weight": 1}]}`)
	m := &monthly{s: s, auditor: &auditor{tab: browser.openTab(t, screens()[0])}}
	m.isNoRobot()
	m.open(news.URL)
	m.awaitAppeal()
	m.counted("") // the appeal is below what is in sight
	for range 2 { // a view counts once for each page
		m.do(cdp.Evaluate[cdp.Void](appealRoot + `.host.scrollIntoView()`))
		m.counted("b inline 1 1 0")
		m.do(cdp.Evaluate[cdp.Void](`scrollTo(0, 0)`))
	}
	m.open(news.URL)
	m.awaitAppeal()
	m.do(cdp.Evaluate[cdp.Void](appealRoot + `.host.scrollIntoView()`))
	m.counted("b inline 1 2 0")
	m.do(cdp.Evaluate[cdp.Void](appealRoot + `.querySelector("button:not([type=button])").click()`))
	m.await("PayPal")
	m.counted("b inline 1 2 1")
	m.click("button[value=approve]")
	m.await("Thank you.")
	if n := testkit.Count(t, s.DB, `contribution WHERE variant = 'b' AND format = 'inline'`); n != 1 {
		t.Errorf("%d gifts are of the variant", n)
	}
	testkit.Exec(t, s.DB, `DELETE FROM appeal_count`)
	edit(`{"holdout": 100}`)
	out := &monthly{s: s, auditor: &auditor{tab: browser.openTab(t, screens()[0])}}
	out.isNoRobot()
	out.open(news.URL)
	out.do(cdp.Evaluate[cdp.Void](`scrollTo(0, document.body.scrollHeight)`))
	out.counted("holdout inline 1 1 0")
}

// isNoRobot has the browser say that it is an ordinary one.
func (b *tab) isNoRobot() {
	b.t.Helper()
	b.do(cdp.Func(func(ctx context.Context, _ *cdp.Target) error {
		_, err := cdp.Call(ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
			UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
		})
		return err
	}))
}

// counted waits until so much is counted: variant, format, readers, views, clicks.
func (m *monthly) counted(want string) {
	m.t.Helper()
	time.Sleep(2500 * time.Millisecond) // a second in sight, and a second until it is written
	var got string
	if err := m.s.DB.Get(&got, `
		SELECT coalesce(string_agg(concat_ws(' ', variant, format, readers, views, clicks), ', '), '') FROM appeal_count`); err != nil {
		m.t.Fatal(err)
	}
	if got != want {
		m.t.Fatalf("counted %q, want %q", got, want)
	}
}

// twoVariants fill the default campaign with what two variants and a holdout brought.
var twoVariants = []string{
	`UPDATE campaign SET created_at = now() - interval '5 days', version = 2, updated_at = now(), content = content || '{"holdout": 10, "variants": [
		{"name": "a", "weight": 1}, {"name": "b", "weight": 1}]}'`,
	`UPDATE campaign_version SET content = (SELECT content FROM campaign)`,
	`INSERT INTO appeal_count (campaign_id, day, variant, format, article, readers, views, clicks, closed, opted_out)
		SELECT id, current_date - 1, variant, format, article, n, n * 3, n / 20, n / 50, n / 400
		FROM campaign, (VALUES ('a', 'inline', 'https://news.example.org/2026/11/how-the-harbour-was-sold-a-long-story-in-parts', 9120),
			('b', 'inline', 'https://news.example.org/2026/11/how-the-harbour-was-sold-a-long-story-in-parts', 9087),
			('a', 'banner', 'https://news.example.org/water', 3310), ('b', 'banner', 'https://news.example.org/water', 3391),
			('holdout', 'inline', '', 2780)) AS v (variant, format, article, n)`,
	`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state, variant,
			format, shared, referrer, created_at, updated_at)
		SELECT gen_random_uuid(), 'T' || n || variant || shared || v.currency, '', k.id, 'once', 500 + 100 * (n % 40), v.currency,
			'completed', variant, format, shared, 'newsletter', now() - interval '1 day', now()
		FROM campaign k, (VALUES ('a', 'inline', false, 'EUR', 61), ('b', 'inline', false, 'EUR', 133),
			('b', 'banner', false, 'USD', 12), ('holdout', '', false, 'EUR', 6), ('a', '', true, 'EUR', 4),
			('', '', false, 'EUR', 40)) AS v (variant, format, shared, currency, many), generate_series(1, many) AS n`,
	`INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		SELECT id, 'capture', receipt, 'completed', amount_minor, currency, created_at, created_at FROM contribution`,
	`INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
			recorded_at, source, campaign_id, frequency)
		SELECT c.id, p.id, 'charge', c.amount_minor, c.currency, p.paypal_id, created_at, created_at, 'capture', campaign_id, 'once'
		FROM contribution c JOIN payment p ON p.contribution_id = c.id`,
}
