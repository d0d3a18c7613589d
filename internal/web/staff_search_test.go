package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"readerfund/internal/account"
)

// A reader is found by what they gave and by what PayPal has of them; addresses are for those who may write to readers.
func TestReadersAreFoundAndShown(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	given := h.book(booked{Receipt: "AAAA-0001", Minor: 2500, At: noon(), Name: "Zoë Müller"})
	h.exec(`UPDATE contribution SET email = 'zoe@example.org' WHERE id = $1`, given)
	known := h.book(booked{Receipt: "AAAA-0002", Minor: 2500, At: noon()})
	h.exec(`INSERT INTO supporter (id, email, name, created_at, updated_at)
		VALUES ($1, 'oyvind@paypal.example', 'Øyvind Ås', $2, $2)`, uuid.New(), noon())
	h.exec(`UPDATE contribution SET supporter_id = (SELECT id FROM supporter) WHERE id = $1`, known)
	editor, viewer := h.signedIn(account.Editor), h.signedIn(account.Viewer)
	for text, want := range map[string]string{
		"muller": "AAAA-0001", "oyvind": "AAAA-0002", "aaaa0001": "AAAA-0001", "CAPTURE-AAAA-0002": "AAAA-0002",
	} {
		for _, r := range []reader{editor, viewer} {
			if got := receiptsOn(r.get("/staff/contributions?q=" + text).body); len(got) != 1 || got[0] != want {
				t.Errorf("%q: %v", text, got)
			}
		}
	}
	for text, want := range map[string]string{"zoe@example.org": "AAAA-0001", "oyvind@": "AAAA-0002"} {
		if got := receiptsOn(editor.get("/staff/contributions?q=" + text).body); len(got) != 1 || got[0] != want {
			t.Errorf("%q: %v", text, got)
		}
		if got := receiptsOn(viewer.get("/staff/contributions?q=" + text).body); len(got) != 0 {
			t.Errorf("a viewer finds an address: %q, %v", text, got)
		}
	}
	for _, address := range []string{"/staff/contributions", "/staff"} {
		says(t, editor.get(address).body, "Zoë Müller zoe@example.org", "Øyvind Ås oyvind@paypal.example")
		page := viewer.get(address).body
		says(t, page, "Zoë Müller", "Øyvind Ås")
		if strings.Contains(page, "@paypal.example") || strings.Contains(page, "zoe@") {
			t.Errorf("%s shows a viewer an address", address)
		}
	}
	says(t, editor.get("/staff/contributions?q=nobody").body, "No contribution has this name, email, receipt number or "+
		"PayPal ID.")
	says(t, viewer.get("/staff/contributions?q=nobody").body, "No contribution has this name, receipt number or PayPal "+
		"ID.")
	says(t, viewer.get("/staff/contributions?q=muller&status=declined").body, "Search all contributions")
}

// Pages that have nothing to show, and those on paper, say what was asked and where to go on.
func TestStaffAreLedOn(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, func(d *Deps) { d.Log = quiet() })
	r := h.signedIn(account.Editor)
	if got := r.get("/staff/nowhere"); got.status != 404 || !strings.Contains(got.body,
		`href="/staff">Go to the overview`) {
		t.Errorf("no such page: %d\n%s", got.status, got.body)
	}
	list := r.get("/staff/contributions?q=nobody&status=completed&currency=EUR").body
	says(t, list, "The Test Post: all days; status Completed; currency EUR; search nobody.", "Nothing found for “nobody”")
	if !strings.Contains(list, `<a href="/staff/password">Change your password</a>`) {
		t.Error("a phone's narrow bar names no account, and nothing else leads to the password")
	}
	wrong := r.form("/staff/password", url.Values{"current": {"x"}, "password": {"a few new words"},
		"again": {"other words"}})
	if says(t, wrong.body, "Your password is still the old one."); wrong.status != 422 {
		t.Errorf("two passwords: %d", wrong.status)
	}
}
