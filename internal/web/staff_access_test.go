package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"readerfund/internal/staff"
)

// Every staff route for everybody. The table is held against the router, so that a new route has to be entered here.
func TestWhoMayOpenWhat(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	id := h.book(booked{Receipt: "AAAA-0001", Minor: 2500, Fee: 98, At: noon().Add(-time.Hour)})
	event := h.number(`SELECT id FROM webhook_event`)
	table := map[string]struct {
		address string
		need    staff.Role // "" for everybody
	}{
		"GET /staff/":                   {"/staff", staff.Viewer},
		"GET /staff/contributions":      {"/staff/contributions", staff.Viewer},
		"GET /staff/contributions.csv":  {"/staff/contributions.csv", staff.Viewer},
		"GET /staff/contributions/{id}": {"/staff/contributions/" + id.String(), staff.Viewer},
		"GET /staff/reports":            {"/staff/reports", staff.Viewer},
		"GET /staff/reports.csv":        {"/staff/reports.csv", staff.Viewer},
		"GET /staff/inbox":              {"/staff/inbox", staff.Editor},
		"GET /staff/inbox/{event}":      {fmt.Sprintf("/staff/inbox/%d", event), staff.Editor},
		"GET /staff/sign-in":            {"/staff/sign-in", ""},
		"POST /staff/sign-in":           {"", ""}, // TestSignIn… and TestOtherSites… are about these two
		"POST /staff/sign-out":          {"", ""},
	}
	found := 0
	err := chi.Walk(h.routes().(chi.Routes), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if strings.HasPrefix(route, "/staff") {
			found++
			if _, ok := table[method+" "+route]; !ok {
				t.Errorf("%s %s is not in the table", method, route)
			}
		}
		return nil
	})
	if err != nil || found != len(table) {
		t.Errorf("%d staff routes, %d in the table, %v", found, len(table), err)
	}
	people := map[staff.Role]reader{"": h.newReader(), staff.Viewer: h.signedIn(staff.Viewer), staff.Editor: h.signedIn(staff.Editor), staff.Admin: h.signedIn(staff.Admin)}
	for route, c := range table {
		for role, who := range people {
			if c.address == "" || c.need == "" && role != "" {
				continue
			}
			got := who.get(c.address)
			want := 200
			switch {
			case role == "" && c.need != "":
				want = 303
			case !role.Allows(c.need) && c.need != "":
				want = 403
			}
			if got.status != want {
				t.Errorf("%s for %q: %d, want %d", route, role, got.status, want)
			}
			if want == 303 && !strings.HasPrefix(got.header.Get("Location"), "/staff/sign-in?next=%2Fstaff") {
				t.Errorf("%s: sent to %q", route, got.header.Get("Location"))
			}
			if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Robots-Tag") != "noindex" || got.header.Get("X-Frame-Options") != "DENY" || got.header.Get("Referrer-Policy") != "same-origin" {
				t.Errorf("%s for %q: headers %v", route, role, got.header)
			}
			if want != 200 && strings.Contains(got.body, "AAAA-0001") {
				t.Errorf("%s for %q shows the contribution", route, role)
			}
		}
	}
}

// GET has no effects: the database is the same afterwards, row by row, but for the session's own end.
func TestStaffPagesChangeNothing(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	id := h.book(booked{Receipt: "AAAA-0001", Minor: 2500, Fee: 98, At: noon().Add(-time.Hour)})
	r := h.signedIn(staff.Admin)
	state := func() string {
		var tables []string
		if err := h.db.SelectContext(soon(t), &tables, `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'session' ORDER BY 1`); err != nil {
			t.Fatal(err)
		}
		all := ""
		for _, table := range tables {
			var sum string
			if err := h.db.GetContext(soon(t), &sum, `SELECT coalesce(md5(string_agg(x::text, '|' ORDER BY x::text)), '') FROM `+table+` x`); err != nil {
				t.Fatal(err)
			}
			all += table + " " + sum + "\n"
		}
		return all
	}
	before := state()
	for _, address := range []string{
		"/staff", "/staff/contributions", "/staff/contributions.csv", "/staff/contributions/" + id.String(), "/staff/reports", "/staff/reports.csv",
		"/staff/inbox", "/staff/inbox/1", "/staff/sign-in", "/staff/nowhere",
	} {
		r.get(address)
		r.do("HEAD", address, "")
	}
	if after := state(); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

func TestDisablingAndRolesActAtOnce(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(staff.Editor)
	if got := r.get("/staff/inbox"); got.status != 200 {
		t.Fatalf("editor: %d", got.status)
	}
	h.exec(`UPDATE staff SET role = 'viewer' WHERE email = 'editor@example.org'`)
	if got := r.get("/staff/inbox"); got.status != 403 || !strings.Contains(got.body, "needs the role editor") {
		t.Errorf("became a viewer: %d\n%s", got.status, got.body)
	}
	if got := r.get("/staff"); strings.Contains(got.body, "/staff/inbox") {
		t.Error("a viewer is offered the inbox")
	}
	if err := h.Accounts.Disable(soon(t), "editor@example.org"); err != nil {
		t.Fatal(err)
	}
	if got := r.get("/staff"); got.status != 303 {
		t.Errorf("disabled: %d", got.status)
	}
}

func TestStaffCookieUnderHTTPS(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, func(d *Deps) {
		d.Sessions = staff.NewSessions(d.Accounts, staff.SessionConfig{Secure: true})
	})
	got := h.newReader().signIn("viewer@example.org", staffPassword, "")
	cookie := got.header.Get("Set-Cookie")
	for _, part := range []string{"__Host-readerfund_staff=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q lacks %q", cookie, part)
		}
	}
	if strings.Contains(cookie, "Domain") || strings.Contains(cookie, "Max-Age") {
		t.Errorf("cookie %q", cookie)
	}
}

func TestStaffPagesWithoutDatabase(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, func(d *Deps) { d.Log = quiet() })
	r := h.signedIn(staff.Admin)
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"/staff", "/staff/contributions.csv", "/staff/sign-in"} {
		if got := r.get(address); got.status < 500 || strings.Contains(got.body, "sql:") {
			t.Errorf("%s: %d\n%s", address, got.status, got.body)
		}
	}
}

func TestNoStaffPagesWithoutSessions(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, func(d *Deps) { d.Sessions = nil })
	if got := h.newReader().get("/staff"); got.status != 404 {
		t.Errorf("got %d", got.status)
	}
}
