package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/account"
	"readerfund/internal/alert"
)

// watched is a newsroom with alerts, and with sign-ins counted in the database.
func watched(t *testing.T) (house, *alert.Board) {
	t.Helper()
	var board *alert.Board
	h := openNewsroom(t, nil)
	board = alert.NewBoard(alert.Config{DB: h.db, Health: h.Health, Now: noon, Log: quiet()})
	h.alter(func(d *Deps) { d.Alerts = board })
	return h, board
}

func TestOverviewSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	h, board := watched(t)
	editor, viewer := h.signedIn(account.Editor), h.signedIn(account.Viewer)
	look := func() {
		t.Helper()
		if err := board.Evaluate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	says(t, editor.get("/staff").body, "Nothing needs your attention") // never checked: it has only just begun
	look()
	says(t, editor.get("/staff").body, "Nothing needs your attention")

	h.hook("WH-PARKED", "PAYMENT.CAPTURE.COMPLETED", "X", "parked", "PayPal did not answer.", uuid.Nil,
		noon().Add(-time.Hour))
	h.exec(`INSERT INTO queue (kind, key, plan, due_at, failures, failing_since, created_at, seen_at)
		VALUES ('reconcile', '', 'daily', $1, 4, $2, $2, $3)`, noon().Add(time.Hour), noon().Add(-96*time.Hour), noon())
	look()
	page := editor.get("/staff").body
	says(t, page, "2 alerts A webhook event was parked after many failed attempts: what it reports may be missing in "+
		"the books. Found: 1 event is parked The event's page says what went wrong.",
		"Urgent; since 22 Nov 2026, 13:05", "A periodic job failed three times in a row or more, for five minutes. "+
			"Found: 1 job fails: reconcile The page", "Within the day; since 22 Nov 2026, 13:05", "Needs attention")
	if !strings.Contains(page, "<code>readerfund inbox replay --parked</code>") {
		t.Error("the command does not stand out")
	}
	if strings.Contains(page, "Nothing needs you") || !strings.Contains(page,
		`<a href="/staff/inbox?state=parked">1 event is parked</a>`) {
		t.Errorf("the overview shows\n%s", page)
	}
	if page := viewer.get("/staff").body; strings.Contains(page, "/staff/inbox") {
		t.Errorf("a viewer is led to a page that is not for them:\n%s", page)
	}

	h.exec(`DELETE FROM webhook_event`)
	h.exec(`UPDATE queue SET failures = 0`)
	look()
	says(t, editor.get("/staff").body, "Nothing needs your attention")
}

func TestOverviewSaysThatNobodyIsWatching(t *testing.T) {
	t.Parallel()
	h, board := watched(t)
	r := h.signedIn(account.Viewer)
	if err := board.Evaluate(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.exec(`UPDATE alert SET checked_at = $1`, noon().Add(-11*time.Minute))
	page := r.get("/staff").body
	says(t, page, "Alerts are not being checked Alerts were last checked on 22 Nov 2026, 12:54 .")
	if strings.Contains(page, "Nothing needs you") {
		t.Error("and yet all is said to be well")
	}
	h.exec(`ALTER TABLE alert RENAME TO away`)
	if got := r.get("/staff"); got.status != http.StatusInternalServerError {
		t.Errorf("without the table: %d", got.status)
	}
}

// An alert leads to a page that there is.
func TestAlertsLeadSomewhere(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	for _, a := range alert.All() {
		if a.Path == "" {
			continue
		}
		if got := r.get(a.Path); got.status != 200 {
			t.Errorf("%s leads to %s: %d", a.Name, a.Path, got.status)
		}
	}
}
