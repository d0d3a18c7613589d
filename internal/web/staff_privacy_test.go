package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/audit"
)

// A viewer sees who gave, and no address and no message; an editor sees them.
func TestAViewerSeesNoAddressAndNoMessage(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	id := h.book(booked{
		Receipt: "AAAA-0001", Minor: 2500, Fee: 98, Name: "Ann Reader", Message: "Go on!", At: noon().Add(-time.Hour),
	})
	h.exec(`UPDATE contribution SET email = 'ann@reader.example' WHERE id = $1`, id)
	h.exec(`WITH s AS (INSERT INTO supporter (id, email, name, created_at, updated_at)
			VALUES (gen_random_uuid(), 'payer@paypal.example', 'Ann Payer', $2, $2) RETURNING id)
		UPDATE contribution SET supporter_id = (SELECT id FROM s) WHERE id = $1`, id, noon())
	difference := h.differs("unknown_payer", "STRANGER1")
	h.exec(`UPDATE discrepancy SET detail = detail || '{"payer_email": "stranger@paypal.example", "note": "For the river story"}'
		WHERE id = $1`, difference)
	pages := []string{"/staff/contributions/" + id.String(), fmt.Sprintf("/staff/reconciliation/%d", difference)}
	private := []string{"ann@reader.example", "payer@paypal.example", "Go on!", "stranger@paypal.example",
		"For the river story"}

	viewer, editor := h.signedIn(account.Viewer), h.signedIn(account.Editor)
	var seen, shown string
	for _, page := range pages {
		seen += viewer.get(page).body
		shown += editor.get(page).body
	}
	for _, text := range private {
		if strings.Contains(seen, text) {
			t.Errorf("a viewer sees %q", text)
		}
		if !strings.Contains(shown, text) {
			t.Errorf("an editor does not see %q", text)
		}
	}
	says(t, seen, "Ann Reader", "Editors can see it.")
}

// Who looked at personal data is in the audit log, once for a page and hour.
func TestLooksAtPersonalDataAreAudited(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	id := h.book(booked{Receipt: "AAAA-0001", Minor: 2500, Fee: 98, Name: "Ann Reader", At: noon().Add(-time.Hour)})
	difference := h.differs("unknown_payer", "STRANGER1")
	editor, viewer := h.signedIn(account.Editor), h.signedIn(account.Viewer)
	for _, page := range []string{
		"/staff/contributions/" + id.String(), fmt.Sprintf("/staff/reconciliation/%d", difference),
		fmt.Sprintf("/staff/inbox/%d", h.number(`SELECT id FROM webhook_event`)),
	} {
		for range 2 {
			if got := editor.get(page); got.status != 200 {
				t.Fatalf("%s: %d", page, got.status)
			}
		}
		viewer.get(page)
	}
	for action, subject := range map[audit.Action]string{
		"contribution.view": "AAAA-0001", "reconcile.view": "STRANGER1", "inbox.view": "WH-AAAA-0001",
	} {
		n := h.number(`SELECT count(*) FROM audit_entry WHERE action = $1 AND subject = $2 AND actor = 'editor@example.org'`,
			string(action), subject)
		if n != 1 {
			t.Errorf("%s of %s: %d entries, want 1", action, subject, n)
		}
	}
	if n := h.number(`SELECT count(*) FROM audit_entry WHERE action LIKE '%.view'
		AND actor = 'viewer@example.org'`); n != 0 {
		t.Errorf("%d looks of a viewer, who sees no personal data", n)
	}
	admin := h.signedIn(account.Admin)
	says(t, admin.get("/staff/audit").body, "Viewed a contribution", "Viewed a difference", "Viewed a PayPal event")
}

// A delivery whose body went after its time says so.
func TestAnErasedDeliverySaysSo(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.book(booked{Receipt: "AAAA-0001", Minor: 2500, Fee: 98, At: noon().Add(-time.Hour)})
	h.exec(`UPDATE webhook_event SET body = '', headers = '{}', body_erased_at = $1`, noon())
	page := h.signedIn(account.Editor).get(fmt.Sprintf("/staff/inbox/%d", h.number(`SELECT id FROM webhook_event`))).body
	says(t, page, "Headers and body were deleted on 22 Nov 2026")
	if strings.Contains(page, `class="raw"`) {
		t.Error("an empty body is shown")
	}
}
