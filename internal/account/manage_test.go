package account_test

import (
	"errors"
	"testing"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/fault"
)

// A one-time password works once; what it opens is the way to one's own.
func TestAOneTimePasswordIsOne(t *testing.T) {
	t.Parallel()
	accounts, _, _ := setUp(t)
	_, given, err := accounts.Add(t.Context(), "ann@example.org", account.Editor, "")
	if err != nil {
		t.Fatal(err)
	}
	ann, err := accounts.Authenticate(t.Context(), "ann@example.org", given, from())
	if err != nil || !ann.MustChoose {
		t.Fatalf("the first time: %+v, %v", ann, err)
	}
	if _, err := accounts.Authenticate(t.Context(), "ann@example.org", given, from()); !errors.Is(err, account.ErrRefused) {
		t.Errorf("the second time: %v", err)
	}
	if err := accounts.ChoosePassword(t.Context(), ann, "", given, from()); !fault.Is(err, fault.Invalid) {
		t.Errorf("the same again: %v", err)
	}
	if err := accounts.ChoosePassword(t.Context(), ann, "", "short", from()); !fault.Is(err, fault.Invalid) {
		t.Errorf("a short one: %v", err)
	}
	if err := accounts.ChoosePassword(t.Context(), ann, "", password, from()); err != nil {
		t.Fatal(err)
	}
	if ann, err = accounts.Authenticate(t.Context(), "ann@example.org", password, from()); err != nil || ann.MustChoose {
		t.Errorf("with her own: %+v, %v", ann, err)
	}
	err = accounts.ChoosePassword(t.Context(), ann, given, "another long password", from())
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("without the current one: %v", err)
	}
}

func TestChangingAPasswordSignsOutEverywhere(t *testing.T) {
	t.Parallel()
	b, ann, accounts, d, _ := openBrowser(t, account.SessionConfig{})
	b.signIn(ann)
	other := &browser{t: t, sessions: b.sessions, cookies: map[string]string{}}
	other.signIn(ann)
	if all, err := accounts.SessionsOf(t.Context(), "ann@example.org"); err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	if err := accounts.ChoosePassword(t.Context(), ann, password, "another long password", from()); err != nil {
		t.Fatal(err)
	}
	if b.who() != "" || other.who() != "" {
		t.Error("a session lives on")
	}
	log := auditLog(t, d)
	if log[len(log)-1] != "ann@example.org staff.password ann@example.org {} signed" {
		t.Errorf("audit log %q", log)
	}
}

func TestAccountsAreMended(t *testing.T) {
	t.Parallel()
	b, ann, accounts, d, c := openBrowser(t, account.SessionConfig{})
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
	c.pass(time.Hour)
	b.signIn(ann)
	if n, err := accounts.EndSessions(t.Context(), "ann@example.org"); err != nil || n != 1 || b.who() != "" {
		t.Errorf("ended %d sessions, %v", n, err)
	}
	log := auditLog(t, d)
	want := "command line staff.role ann@example.org {\"role\": \"viewer\"}"
	found := false
	for _, line := range log {
		found = found || line == want
	}
	if !found {
		t.Errorf("no %q in %q", want, log)
	}
}

func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	accounts, _, _ := setUp(t)
	add(t, accounts, "ann@example.org", account.Admin)
	add(t, accounts, "eve@example.org", account.Editor)
	if err := accounts.Disable(t.Context(), "ann@example.org", false); !fault.Is(err, fault.Conflict) {
		t.Errorf("disabled: %v", err)
	}
	if err := accounts.SetRole(t.Context(), "ann@example.org", account.Editor, false); !fault.Is(err, fault.Conflict) {
		t.Errorf("made an editor: %v", err)
	}
	if err := accounts.Disable(t.Context(), "eve@example.org", false); err != nil {
		t.Error(err)
	}
	if err := accounts.Disable(t.Context(), "ann@example.org", true); err != nil {
		t.Errorf("with force: %v", err)
	}
}

func TestNobodyToMend(t *testing.T) {
	t.Parallel()
	accounts, _, _ := setUp(t)
	_, sessionsErr := accounts.SessionsOf(t.Context(), "x@example.org")
	_, endErr := accounts.EndSessions(t.Context(), "x@example.org")
	_, resetErr := accounts.ResetPassword(t.Context(), "x@example.org")
	for what, err := range map[string]error{
		"sessions": sessionsErr, "end": endErr, "reset": resetErr, "unlock": accounts.Unlock(t.Context(), "x@example.org"),
		"enable":  accounts.Enable(t.Context(), "x@example.org"),
		"disable": accounts.Disable(t.Context(), "x@example.org", true),
		"role":    accounts.SetRole(t.Context(), "x@example.org", account.Admin, true),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
