package session_test

import (
	"testing"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/fault"
	"readerfund/internal/session"
	"readerfund/internal/testkit"
)

func TestChangingAPasswordSignsOutEverywhere(t *testing.T) {
	t.Parallel()
	b, ann, accounts, d, _ := openBrowser(t, session.Config{})
	b.signIn(ann)
	other := &browser{t: t, sessions: b.sessions, cookies: map[string]string{}}
	other.signIn(ann)
	if all, err := b.sessions.List(t.Context(), "ann@example.org"); err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	if err := accounts.ChoosePassword(t.Context(), ann, password, "another long password", from()); err != nil {
		t.Fatal(err)
	}
	if b.who() != "" || other.who() != "" {
		t.Error("a session lives on")
	}
	log := testkit.AuditLog(t, d)
	if log[len(log)-1] != "ann@example.org staff.password ann@example.org {} signed" {
		t.Errorf("audit log %q", log)
	}
}

func TestAccountsAreMended(t *testing.T) {
	t.Parallel()
	b, ann, accounts, d, c := openBrowser(t, session.Config{})
	try := func(password string) error {
		_, err := accounts.Authenticate(t.Context(), "ann@example.org", password, from())
		return err
	}
	add(t, accounts, "bob@example.org", account.Admin)
	b.signIn(ann)
	err := accounts.Disable(t.Context(), "ann@example.org", false)
	if err != nil || b.who() != "" || try(password) == nil {
		t.Errorf("disabled: %v", err)
	}
	if err := accounts.Enable(t.Context(), "Ann@example.org "); err != nil || try(password) != nil || b.who() != "" {
		t.Errorf("enabled: %v", err)
	}
	if err := accounts.SetRole(t.Context(), "ann@example.org", account.Viewer, false); err != nil {
		t.Error(err)
	}
	if now, err := accounts.ByID(t.Context(), ann.ID); err != nil || now.Role != account.Viewer {
		t.Errorf("%+v, %v", now, err)
	}
	for range 6 {
		_ = try("wrong")
	}
	if try(password) == nil {
		t.Error("not locked after six slips")
	}
	if err := accounts.Unlock(t.Context(), "ann@example.org"); err != nil || try(password) != nil {
		t.Errorf("unlocked: %v", err)
	}
	b.signIn(ann)
	given, err := accounts.ResetPassword(t.Context(), "ann@example.org")
	if err != nil || b.who() != "" || try(password) == nil || try(given) != nil || try(given) == nil {
		t.Errorf("a new one-time password: %v", err)
	}
	c.Advance(time.Hour)
	b.signIn(ann)
	if n, err := b.sessions.EndAll(t.Context(), "ann@example.org"); err != nil || n != 1 || b.who() != "" {
		t.Errorf("ended %d sessions, %v", n, err)
	}
	log := testkit.AuditLog(t, d)
	want := "command line staff.role ann@example.org {\"role\": \"viewer\"}"
	found := false
	for _, line := range log {
		found = found || line == want
	}
	if !found {
		t.Errorf("no %q in %q", want, log)
	}
}

func TestNobodyToSignOut(t *testing.T) {
	t.Parallel()
	b, _, _, _, _ := openBrowser(t, session.Config{})
	if _, err := b.sessions.List(t.Context(), "x@example.org"); !fault.Is(err, fault.NotFound) {
		t.Errorf("list: %v", err)
	}
	if _, err := b.sessions.EndAll(t.Context(), "x@example.org"); !fault.Is(err, fault.NotFound) {
		t.Errorf("end: %v", err)
	}
}
