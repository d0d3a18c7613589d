package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"readerfund/internal/account"
	"readerfund/internal/ratelimit"
	"readerfund/internal/session"
	"readerfund/internal/web/page"
)

func TestSignInGoesOnWhereOneWanted(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.newReader()
	got := r.get("/staff/reports?by=article")
	to := got.header.Get("Location")
	if got.status != 303 || to != "/staff/sign-in?next=%2Fstaff%2Freports%3Fby%3Darticle" {
		t.Fatalf("%d %q", got.status, to)
	}
	form := inputs(t, r.get(to).body)
	if form.Get("next") != "/staff/reports?by=article" {
		t.Fatalf("the form holds %v", form)
	}
	got = r.signIn("viewer@example.org", staffPassword, form.Get("next"))
	if got.status != 303 || got.header.Get("Location") != "/staff/reports?by=article" {
		t.Fatalf("%d %q", got.status, got.header.Get("Location"))
	}
	if got := r.get("/staff/sign-in?next=/staff/reports"); got.status != 303 ||
		got.header.Get("Location") != "/staff/reports" {
		t.Errorf("signed in already: %d %q", got.status, got.header.Get("Location"))
	}
	if got := h.newReader().signIn("viewer@example.org", staffPassword,
		"//evil.example"); got.header.Get("Location") != "/staff" {
		t.Errorf("went to %q", got.header.Get("Location"))
	}
}

func TestRefusedSignInsLookTheSame(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	if err := h.Accounts.Disable(soon(t), "editor@example.org", false); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		h.newReader().signIn("admin@example.org", "wrong", "")
	}
	var first string
	for _, c := range [][2]string{{"viewer@example.org", "wrong"}, {"nobody@example.org", staffPassword},
		{"editor@example.org", staffPassword}, {"admin@example.org", staffPassword}} {
		r := h.newReader()
		got := r.signIn(c[0], c[1], "/staff/reports")
		if got.status != http.StatusForbidden || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d, cookie %q", c[0], got.status, got.header.Get("Set-Cookie"))
		}
		form := inputs(t, got.body)
		if form.Get("email") != c[0] || form.Get("password") != "" || form.Get("next") != "/staff/reports" {
			t.Errorf("%s: the form comes back as %v", c[0], form)
		}
		page := strings.ReplaceAll(got.body, c[0], "")
		if first == "" {
			first = page
		}
		if page != first || !strings.Contains(page, "That did not work.") {
			t.Errorf("%s: another page:\n%s", c[0], page)
		}
	}
}

func TestSignInForms(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.newReader()
	for _, c := range []struct {
		name, body, contentType string
		status                  int
	}{
		{"JSON", `{}`, "application/json", 415}, {"no type", "email=x", "", 415},
		{"garbled", "email=%zz", page.FormType, 400},
		{"empty", "", page.FormType, 403}, {"huge", "password=" + strings.Repeat("x", 70_000), page.FormType, 413},
		{"markup", "email=" + url.QueryEscape(`"><script>alert(1)</script>`), page.FormType, 403},
		{"NUL and bad UTF-8", "email=%00%ff&password=%00%ff", page.FormType, 403},
	} {
		got := r.do("POST", "/staff/sign-in", c.body, "Content-Type", c.contentType)
		if got.status != c.status || strings.Contains(got.body, "<script>alert") {
			t.Errorf("%s: %d\n%s", c.name, got.status, got.body)
		}
	}
	if got := r.do("PUT", "/staff/sign-in", ""); got.status != 405 || got.header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("PUT: %d, Allow %q", got.status, got.header.Get("Allow"))
	}
	if got := r.get("/staff/sign-out"); got.status != 405 {
		t.Errorf("signing out by GET: %d", got.status)
	}
}

func TestSignOutEndsItOnTheServer(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Viewer)
	address, err := url.Parse(h.base)
	if err != nil {
		t.Fatal(err)
	}
	kept := r.client.Jar.Cookies(address)
	got := r.form("/staff/sign-out", nil)
	if got.status != 303 || got.header.Get("Location") != "/staff/sign-in" {
		t.Fatalf("%d %q", got.status, got.header.Get("Location"))
	}
	r.client.Jar.SetCookies(address, kept)
	if got := r.get("/staff"); got.status != 303 {
		t.Fatalf("the kept cookie still works: %d", got.status)
	}
	if got := h.newReader().form("/staff/sign-out", nil); got.status != 303 {
		t.Fatalf("nobody signing out: %d", got.status)
	}
}

// Another site's page can make a browser send a form here. It gets nowhere: not with our session, and not by signing
// somebody in under its own account.
func TestOtherSitesFormsAreRefused(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Admin)
	good := url.Values{"email": {"viewer@example.org"}, "password": {staffPassword}}
	for _, foreign := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
		{"Origin", "https://evil.example"}, {"Origin", "null"}} {
		if got := r.form("/staff/sign-out", nil, foreign...); got.status != 403 {
			t.Errorf("%v: sign-out %d", foreign, got.status)
		}
		if got := h.newReader().form("/staff/sign-in", good, foreign...); got.status != 403 ||
			got.header.Get("Set-Cookie") != "" {
			t.Errorf("%v: sign-in %d", foreign, got.status)
		}
	}
	if got := r.get("/staff"); got.status != 200 {
		t.Fatalf("the session is gone: %d", got.status)
	}
	if got := h.newReader().form("/staff/sign-in", good, "Sec-Fetch-Site", "same-origin"); got.status != 303 {
		t.Errorf("our own form: %d", got.status)
	}
	if got := r.do("GET", "/staff", "", "Sec-Fetch-Site", "cross-site"); got.status != 200 {
		t.Errorf("following a link from elsewhere: %d", got.status)
	}
}

// An address that tries too often is refused before any password is looked at, whichever replica it meets, and the
// audit log grows by one line for all of its tries.
func TestOneAddressMayNotTryForEver(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	limits := ratelimit.New(h.db, noon, "secret")
	replica := func(d *Deps) {
		d.Accounts = account.NewStore(account.Config{
			DB: h.db, Now: noon, Hashing: cheap(), Limits: limits, EndSessions: session.EndAll,
		})
		d.Sessions = session.NewManager(session.Config{DB: h.db, Accounts: d.Accounts, Now: noon})
	}
	doors := []reader{openNewsroom(t, replica).newReader(), openNewsroom(t, replica).newReader()}
	var got reply
	for n := range 31 {
		got = doors[n%2].signIn(fmt.Sprintf("nobody%d@example.org", n), "wrong", "")
		if n < 30 && got.status != 403 {
			t.Fatalf("try %d: %d", n, got.status)
		}
	}
	if got.status != http.StatusTooManyRequests || !strings.Contains(got.body, "Please try again in") {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	if n := h.number(`SELECT sum(repeats) FROM audit_entry WHERE action = 'staff.sign_in_failed'`); n != 30 {
		t.Errorf("%d tries were looked at", n)
	}
	if n := h.number(`SELECT count(*) FROM audit_entry WHERE action = 'staff.sign_in_failed'`); n != 1 {
		t.Errorf("they are %d lines of the audit log", n)
	}
}

// A proxy may pass on its own Host; a browser that knows no Sec-Fetch-Site then has only its Origin to show that the
// form was ours.
func TestSignInBehindAProxyThatRewritesHost(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, func(d *Deps) { d.BaseURL = "https://give.example.org" })
	good := url.Values{"email": {"viewer@example.org"}, "password": {staffPassword}}
	if got := h.newReader().form("/staff/sign-in", good, "Origin", "https://give.example.org"); got.status != 303 {
		t.Errorf("our own form: %d", got.status)
	}
	for _, origin := range []string{
		"https://give.example.org.evil.example", "http://give.example.org", "https://example.org", "null",
	} {
		if got := h.newReader().form("/staff/sign-in", good, "Origin", origin); got.status != 403 {
			t.Errorf("%s: %d", origin, got.status)
		}
	}
}
