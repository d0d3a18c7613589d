package web

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"readerfund/internal/account"
)

// differs writes a difference as the reconciler keeps it: of money from elsewhere 12.00 EUR by Ann.
func (h house) differs(kind, ref string) int64 {
	h.t.Helper()
	detail := `{"id":"` + ref + `","code":"T0013","initiated_at":"2026-11-20T10:00:00Z","status":"S","amount_minor":1200,"currency":"EUR","fee_minor":-70,
		"payer_given_name":"Ann","payer_surname":"<b>Stranger</b>","payer_email":"ann@paypal.example","payer_country":"DE","note":"For the river"}`
	return h.number(`INSERT INTO discrepancy (kind, paypal_ref, code, ours, theirs, occurred_at, detail, state, advice,
		run_id, first_seen, last_seen)
		VALUES ($1, $2, 'T0013', '', '12.00 EUR, done', $3, $4::text::jsonb, 'open', 'Adopt it, or set it aside.', 1, $5,
			$5) RETURNING id`,
		kind, ref, noon().Add(-48*time.Hour), detail, noon().Add(-time.Hour))
}

// checked writes a run that has ended.
func (h house) checked(to time.Time) {
	h.t.Helper()
	h.exec(`INSERT INTO reconcile_run (from_at, to_at, read_to, state, follows, checked_to, payments, mended,
		started_at, seen_at, ended_at)
		VALUES ($1, $2, $2, 'done', true, $2, 2, 3, $3, $3, $3)`, to.Add(-time.Hour), to, noon().Add(-time.Hour))
}

func TestReconciliationPage(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Viewer)
	says(t, r.get("/staff/reconciliation").body, "Not checked yet", "Nothing has been compared yet.",
		"The first check runs tonight")
	h.someGifts()
	h.checked(noon().Add(-19 * time.Hour)) // 21 November, 18:05 in Berlin
	says(t, r.get("/staff/reconciliation").body, "1 payment, 0 unexplained, checked to 21 Nov 18:05",
		"PayPal and our books agree.", "fixed 3 differences")

	id := h.differs("unknown_payer", "STRANGER1")
	h.differs("amount", "CAPTURE-AAAA-0001")
	page := r.get("/staff/reconciliation").body
	says(t, page, "1 payment, 2 unexplained", "Paid in PayPal directly STRANGER1", "12.00 EUR, done", "Different amounts",
		"Adopt it, or set it aside.")
	if !strings.Contains(page, fmt.Sprintf(`href="/staff/reconciliation/%d"`, id)) {
		t.Error("the difference is not linked")
	}
	if page := r.get("/staff/reconciliation?kind=amount").body; strings.Contains(page, "STRANGER1") {
		t.Error("the filter does not filter")
	}
	if page := r.get("/staff/reconciliation?state=all&q=stranger1").body; !strings.Contains(page, "STRANGER1") ||
		strings.Contains(page, "CAPTURE-AAAA-0001") {
		t.Error("not found by its id")
	}
	says(t, r.get("/staff/reconciliation?state=gone").body, "Nothing matches.")
	for address, want := range map[string]string{
		"?state=lost": `There is no state "lost"`, "?kind=odd": `There is no kind "odd"`,
		"?after=x": "Start again from the first page.", "?q=%00": "That cannot be searched for",
	} {
		got := r.get("/staff/reconciliation" + address)
		if got.status != 422 {
			t.Errorf("%s: %d", address, got.status)
		}
		says(t, got.body, want)
	}
	page = r.get(fmt.Sprintf("/staff/reconciliation/%d", id)).body
	says(t, page, "Paid in PayPal directly Open", "PayPal says 12.00 EUR, done", "Our books say nothing",
		"Ann <b>Stranger</b>", "Editors can see it.")
	if strings.Contains(page, "<b>Stranger") || strings.Contains(page, "/set-aside") {
		t.Error("a stranger's markup, or an act for a viewer, is on the page")
	}
	h.exec(`INSERT INTO reconcile_run (from_at, to_at, read_to, state, note, started_at, seen_at) VALUES ($1, $1, $1,
		'broken', 'PayPal did not answer.', $1, $1)`, noon())
	says(t, r.get("/staff/reconciliation").body, "The last check did not finish PayPal did not answer. That was 22 Nov "+
		"2026, 13:05")
	for _, none := range []string{"0", "99999", "x", "-1", "99999999999999999999"} {
		if got := r.get("/staff/reconciliation/" + none); got.status != 404 {
			t.Errorf("%s: %d", none, got.status)
		}
	}
}

func TestPagesOfDifferences(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	for i := range 120 {
		h.differs([]string{"amount", "fee"}[i%2], fmt.Sprintf("REF%03d", i))
	}
	r := h.signedIn(account.Viewer)
	seen, pages := map[string]bool{}, 0
	for next := "/staff/reconciliation?kind=fee"; next != ""; pages++ {
		page := r.get(next).body
		for _, m := range regexp.MustCompile(`REF\d+`).FindAllString(page, -1) {
			seen[m] = true
		}
		next = ""
		if m := regexp.MustCompile(`href="(/staff/reconciliation\?[^"]*after=[^"]*)"`).FindStringSubmatch(page); m != nil {
			next = html.UnescapeString(m[1])
		}
	}
	if pages != 2 || len(seen) != 60 {
		t.Errorf("%d pages, %d differences", pages, len(seen))
	}
}

// What a person decides about a difference happens once, is told, and is audited.
func TestDecidingAboutDifferences(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	page := fmt.Sprintf("/staff/reconciliation/%d", h.differs("unknown_payer", "STRANGER1"))
	says(t, r.get(page).body, "What to do Adopt it, or set it aside.", "For which campaign?", "Why?")

	got := r.form(page+"/set-aside", url.Values{"reason": {" "}})
	if got.status != 422 {
		t.Errorf("no reason: %d", got.status)
	}
	says(t, got.body, "Please check one thing. Nothing was changed.", "Write why this can be set aside.")
	for range 2 {
		says(t, r.lands(r.form(page+"/set-aside", url.Values{"reason": {"The editor sold a car."}})),
			"Set aside It no longer counts as unexplained.", "The editor sold a car.", "by editor@example.org", "Reopen it")
	}
	says(t, r.lands(r.form(page+"/reopen", url.Values{})), "Reopened It counts as unexplained")

	for campaign, want := range map[string]string{"": "Choose the campaign that it counts for.",
		"gone": "This campaign no longer exists."} {
		got = r.form(page+"/adopt", url.Values{"campaign": {campaign}})
		if got.status != 422 {
			t.Errorf("campaign %q: %d", campaign, got.status)
		}
		says(t, got.body, want)
	}
	for range 2 {
		says(t, r.lands(r.form(page+"/adopt", url.Values{"campaign": {"support"}})), "Adopted It is contribution",
			"and reports count it.")
	}
	if n := h.number(`SELECT count(*) FROM contribution WHERE origin = 'adopted' AND state = 'completed'
		AND amount_minor = 1200`); n != 1 {
		t.Errorf("%d contributions were made of it", n)
	}
	if got = r.form(page+"/set-aside", url.Values{"reason": {"x"}}); got.status != 409 {
		t.Errorf("set aside what was adopted: %d", got.status)
	}
	says(t, got.body, "nothing is left to decide")
	var adopted string
	if err := h.db.GetContext(soon(t), &adopted, `SELECT id FROM contribution WHERE origin = 'adopted'`); err != nil {
		t.Fatal(err)
	}
	says(t, r.get("/staff/contributions/"+adopted).body, "Origin Made in PayPal directly, and adopted by staff",
		"Ann <b>Stranger</b>")
	says(t, r.get("/staff/contributions/"+adopted+"/refund").body,
		"made in PayPal directly, and can only be refunded there")
	h.hasActed("editor@example.org reconcile.set_aside open→set_aside",
		"editor@example.org reconcile.reopen set_aside→open",
		"editor@example.org contribution.adopt started→completed", "editor@example.org reconcile.adopt open→adopted")
	says(t, h.signedIn(account.Admin).get("/staff/audit?subject=stranger1").body, "Adopted a payment Open → Adopted",
		"Set a difference aside Open → Set aside", "reason The editor sold a car.", "type Paid in PayPal directly",
		"PayPal said 12.00 EUR, done")

	other := fmt.Sprintf("/staff/reconciliation/%d", h.differs("amount", "CAP1"))
	if page := r.get(other).body; strings.Contains(page, "/adopt") {
		t.Error("an amount is offered for adoption")
	}
	if got := r.form(other+"/adopt", url.Values{"campaign": {"support"}}); got.status != 409 {
		t.Errorf("adopt an amount: %d", got.status)
	}
	for _, act := range []string{"/adopt", "/set-aside", "/reopen"} {
		if got := r.form("/staff/reconciliation/99999"+act, url.Values{"campaign": {"support"},
			"reason": {"x"}}); got.status != 404 {
			t.Errorf("%s of a difference that there is not: %d", act, got.status)
		}
	}
}
