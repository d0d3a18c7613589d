package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/account"
)

// queued writes rows of the queue in every state there is.
func (h house) queued() {
	h.t.Helper()
	h.exec(`
		INSERT INTO queue (kind, key, plan, due_at, held_until, holder, failures, failing_since, last_error, dead_at, started_at,
		                   succeeded_at, created_at, seen_at)
		VALUES
		('send letter', 'ready', '', $1::timestamptz - interval '5 minutes', NULL, '', 0, NULL, '', NULL, NULL, NULL, $1, NULL),
		('send letter', 'later', '', $1::timestamptz + interval '1 day', NULL, '', 0, NULL, '', NULL, NULL, NULL, $1, NULL),
		('send letter', 'runs', '', NULL, $1::timestamptz + interval '9 seconds', 'paper.example/77/ABC', 0, NULL, '', NULL, $1,
		 NULL, $1, NULL),
		('send letter', 'fails', '', $1::timestamptz + interval '40 minutes', NULL, 'paper.example/77/ABD', 7,
		 $1::timestamptz - interval '1 hour', 'the mailbox is <busy>', NULL, $1, NULL, $1, NULL),
		('send letter', 'd/1', '', NULL, NULL, 'paper.example/77/ABE', 31, $1, 'no such mailbox', $1, $1, NULL, $1, NULL),
		('tidy', '', 'every 1h0m0s', $1::timestamptz + interval '20 minutes', NULL, '', 0, NULL, '', NULL, $1,
		 $1::timestamptz - interval '40 minutes', $1, $1),
		('gone', '', 'every 1h0m0s', $1::timestamptz - interval '20 days', NULL, '', 0, NULL, '', NULL, $1, NULL, $1,
		 $1::timestamptz - interval '20 days')`, noon())
}

func TestBackgroundWorkIsShown(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	editor := h.signedIn(account.Editor)
	says(t, editor.get("/staff/work").body, "Background work", "Process PayPal events", "Check open contributions",
		"No process of Readerfund has reported", "Nothing at this moment.")

	h.queued()
	h.hook("WH-PARKED", "PAYMENT.CAPTURE.COMPLETED", "X", "parked", "", uuid.Nil, noon())
	page := editor.get("/staff/work").body
	says(t, page,
		"Dead Work that was given up", "send letter d/1 22 Nov 2026, 13:05 31 no such mailbox",
		"Failing Work that failed and is tried again", "send letter fails 22 Nov 2026, 12:05 22 Nov 2026, 13:45 7 the mailbox is",
		"Process PayPal events 0 – 0 – 0 1 parked",
		"send letter 1 22 Nov 2026, 13:00 2 1 1 1",
		"Delete expired sessions, counts and unused pictures tidy OK every hour 22 Nov 2026, 12:25 22 Nov 2026, 13:25",
		"send letter runs 22 Nov 2026, 13:05 paper.example/77")
	if strings.Contains(page, "gone") || strings.Contains(page, "<busy>") {
		t.Errorf("the page shows\n%s", page)
	}
	if strings.Contains(h.signedIn(account.Viewer).get("/staff").body, `href="/staff/work"`) {
		t.Error("a viewer is led to a page that is not for them")
	}
}

// A refund whose answer was lost is named by the receipt of its contribution, and leads there.
func TestARefundInTheQueueLeadsToItsContribution(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	id, page, _ := h.paid()
	editor := h.signedIn(account.Editor)
	form := editor.refundForm(page, "choice", "part", "amount", "10.00", "reason", "Paid twice")
	h.refundFault(`"kind":"status","status":500,"when":"after","times":3`)
	says(t, editor.lands(editor.form(page+"/refund", form)), "The refund of €10.00 is not confirmed yet")
	says(t, editor.get("/staff/work").body, "Send a refund to PayPal 0 – 1 0 0 0")

	var receipt string
	if err := h.db.GetContext(soon(t), &receipt, `SELECT receipt FROM contribution WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	for list, change := range map[string]string{
		"Running now": `held_until = $1::timestamptz + interval '9 seconds', started_at = $1`,
		"Failing":     `held_until = NULL, failures = 3, failing_since = $1, due_at = $1, dead_at = NULL`,
		"Dead":        `held_until = NULL, failures = 9, due_at = NULL, dead_at = $1`,
	} {
		h.exec(`UPDATE queue SET `+change+` WHERE kind = 'send refund'`, h.Now().UTC())
		got := editor.get("/staff/work").body
		_, after, found := strings.Cut(got, list+"</h2>")
		after, _, _ = strings.Cut(after, "</section>")
		if link := `<a href="` + page + `">` + receipt + `</a>`; !found || !strings.Contains(after, link) {
			t.Errorf("%s: no %s in\n%s", list, link, after)
		}
		says(t, after, "Send a refund to PayPal", receipt+" €10.00")
	}
}

func TestDeadWorkIsTriedAgainOrDiscarded(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.queued()
	editor := h.signedIn(account.Editor)
	letter := func(key string, reason ...string) url.Values {
		v := url.Values{"kind": {"send letter"}, "key": {key}}
		if len(reason) > 0 {
			v["reason"] = reason
		}
		return v
	}
	wants := func(what string, want int64, query string) {
		t.Helper()
		if n := h.number(query); n != want {
			t.Errorf("%s: %d", what, n)
		}
	}
	due := `SELECT count(*) FROM queue WHERE dead_at IS NULL AND failures = 0 AND failing_since IS NULL AND due_at = '` + noon().Format(time.RFC3339) + `' AND key = 'd/1'`

	// What runs, waits without a failure or is not there cannot be acted on.
	for _, key := range []string{"runs", "ready", "nowhere", "\x00"} {
		if got := editor.form("/staff/work/retry", letter(key)); got.status != 409 || !strings.Contains(got.body, "Nothing was changed") {
			t.Errorf("retry %q: %d", key, got.status)
		}
	}
	for _, key := range []string{"runs", "ready", "fails", "nowhere"} {
		if got := editor.form("/staff/work/discard", letter(key, "old")); got.status != 409 {
			t.Errorf("discard %q: %d", key, got.status)
		}
	}
	for _, reason := range []string{"", " \n ", strings.Repeat("x", 501)} {
		got := editor.form("/staff/work/discard", letter("d/1", reason))
		if got.status != 422 || !strings.Contains(got.body, `aria-invalid="true"`) || !strings.Contains(got.body, "<details open>") {
			t.Errorf("discard for %q: %d\n%s", reason, got.status, got.body)
		}
	}
	wants("rows", 7, `SELECT count(*) FROM queue`)

	says(t, editor.lands(editor.form("/staff/work/retry", letter("d/1"))), "It is being tried again")
	wants("due", 1, due)
	says(t, editor.lands(editor.form("/staff/work/retry", letter("fails"))), "It is being tried again")
	wants("a failing one keeps its count", 1, `SELECT count(*) FROM queue WHERE key = 'fails' AND failures = 7 AND due_at <= '`+noon().Format(time.RFC3339)+`'`)

	h.exec(`UPDATE queue SET dead_at = $1, due_at = NULL, last_error = 'still no such mailbox' WHERE key = 'd/1'`, noon())
	says(t, editor.lands(editor.form("/staff/work/discard", letter("d/1", "  The reader\nmoved. "))), "Discarded")
	wants("left", 0, `SELECT count(*) FROM queue WHERE key = 'd/1'`)
	h.hasActed("editor@example.org queue.retry dead→waiting", "editor@example.org queue.retry failing→waiting",
		"editor@example.org queue.discard dead→discarded")
	wants("the reason", 1, `SELECT count(*) FROM audit_entry WHERE action = 'queue.discard' AND subject = 'send letter d/1'
		AND detail->>'reason' = 'The reader moved.' AND detail->>'error' = 'still no such mailbox'`)
	says(t, h.signedIn(account.Admin).get("/staff/audit").body, "Discarded background work", "send letter d/1")
}
