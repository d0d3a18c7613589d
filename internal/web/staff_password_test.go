package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"readerfund/internal/account"
)

// A one-time password opens the page to choose one's own, and nothing else.
func TestTheFirstSignInChoosesAPassword(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	given, err := h.Accounts.ResetPassword(soon(t), "admin@example.org")
	if err != nil {
		t.Fatal(err)
	}
	r := h.newReader()
	r.signIn("admin@example.org", given, "")
	for _, path := range []string{"/staff", "/staff/audit", "/staff/contributions.csv"} {
		if got := r.get(path); got.status != 303 || got.header.Get("Location") != "/staff/password" {
			t.Errorf("%s: %d %q", path, got.status, got.header.Get("Location"))
		}
	}
	page := r.get("/staff/password")
	if page.status != 200 || !strings.Contains(page.body, "Choose your password") || inputs(t, page.body).Has("current") {
		t.Errorf("%d\n%s", page.status, page.body)
	}
	const chosen = "a password of her own"
	if got := r.form("/staff/password", url.Values{"password": {chosen}, "again": {chosen + "!"}}); got.status != 422 {
		t.Errorf("two that differ: %d", got.status)
	}
	if got := r.form("/staff/password", url.Values{"password": {chosen}, "again": {chosen}}); got.status != 303 {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	if got := r.get("/staff/audit"); got.status != 200 || !strings.Contains(got.body, "Changed a password") {
		t.Errorf("afterwards: %d", got.status)
	}
	if got := h.newReader().signIn("admin@example.org", given, ""); got.status != http.StatusForbidden {
		t.Errorf("the one-time password once more: %d", got.status)
	}
}

func TestChangingOnesPassword(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r, elsewhere := h.signedIn(account.Viewer), h.signedIn(account.Viewer)
	const chosen = "a password of her own"
	change := func(current, password string) reply {
		return r.form("/staff/password", url.Values{"current": {current}, "password": {password}, "again": {password}})
	}
	for _, c := range [][3]string{
		{"wrong", chosen, "not your current password"}, {staffPassword, "short", "at least 12"},
		{staffPassword, staffPassword, "Choose another one"},
	} {
		if got := change(c[0], c[1]); got.status != 422 || !strings.Contains(got.body, c[2]) {
			t.Errorf("%v: %d\n%s", c, got.status, got.body)
		}
	}
	if got := change(staffPassword, chosen); got.status != 303 {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	if got := r.get("/staff/password?done"); got.status != 200 || !strings.Contains(got.body, "Your password is changed") {
		t.Errorf("%d\n%s", got.status, got.body)
	}
	if got := elsewhere.get("/staff"); got.status != 303 {
		t.Errorf("the other session: %d", got.status)
	}
	if got := h.newReader().signIn("viewer@example.org", chosen, ""); got.status != 303 {
		t.Errorf("with the new one: %d", got.status)
	}
}

// A browser that signed in before gets in while its own network is used to guess.
func TestAKnownBrowserIsNotKeptOut(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Viewer)
	r.form("/staff/sign-out", nil)
	for range 8 {
		h.newReader().signIn("viewer@example.org", "wrong", "")
	}
	if got := h.newReader().signIn("viewer@example.org", staffPassword, ""); got.status != http.StatusForbidden {
		t.Errorf("a browser that is not known: %d", got.status)
	}
	if got := r.signIn("viewer@example.org", staffPassword, ""); got.status != 303 {
		t.Errorf("the known browser: %d", got.status)
	}
}
