package web

import (
	"net/url"
	"strings"
	"testing"

	"readerfund/internal/account"
)

func TestMailThatDidNotArriveIsShownAndSentAgain(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	editor := h.signedIn(account.Editor)
	says(t, editor.get("/staff/mail").body, "Every mail has arrived", "Mail is off")
	says(t, editor.get("/staff/work").body, "Mail that did not arrive")
	for n, state := range []string{"failed", "bounced", "off", "sent"} {
		h.exec(`
			INSERT INTO mail (id, kind, key, recipient, args, state, answer, tries, created_at, wanted_at, closed_at)
			VALUES (gen_random_uuid(), 'manage_link', $1, 'ada@example.org', '{"url": "x"}', $2,
			        '550 5.1.1 <a…@example.org>: <b>unknown</b>', $3, $4, $4, $4)`, state, state, n+1, noon())
	}
	page := editor.get("/staff/mail").body
	says(t, page, "Refused: send 1 again", "Came back: send 1 again", "Not sent: send 1 again",
		"Link to a reader's own page a…@example.org Refused 22 Nov 2026, 13:05 1 550 5.1.1 <a…@example.org>: <b>unknown</b> Send again")
	if strings.Contains(page, "ada@") || strings.Contains(page, "<b>") {
		t.Error("the page shows an address, or a mail server's markup")
	}
	var id string
	if err := h.db.GetContext(t.Context(), &id, `SELECT id FROM mail WHERE state = 'failed'`); err != nil {
		t.Fatal(err)
	}
	says(t, editor.lands(editor.form("/staff/mail/again", url.Values{"id": {id}})), "They are being sent again")
	if got := editor.form("/staff/mail/again", url.Values{"id": {id}}); got.status != 409 || !strings.Contains(got.body, "Nothing was changed") {
		t.Errorf("twice: %d", got.status)
	}
	says(t, editor.lands(editor.form("/staff/mail/again", url.Values{"state": {"off"}})), "They are being sent again")
	for state, want := range map[string]int64{"queued": 2, "bounced": 1, "sent": 1} {
		if n := h.number(`SELECT count(*) FROM mail WHERE state = '` + state + `'`); n != want {
			t.Errorf("%d are %s, want %d", n, state, want)
		}
	}
	h.hasActed("editor@example.org mail.again →", "editor@example.org mail.again →")
}
