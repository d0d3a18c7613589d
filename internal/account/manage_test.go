package account_test

import (
	"errors"
	"testing"

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
	if _, err := accounts.Authenticate(
		t.Context(), "ann@example.org", given, from(),
	); !errors.Is(err, account.ErrRefused) {
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
	_, resetErr := accounts.ResetPassword(t.Context(), "x@example.org")
	for what, err := range map[string]error{
		"reset": resetErr, "unlock": accounts.Unlock(t.Context(), "x@example.org"),
		"enable":  accounts.Enable(t.Context(), "x@example.org"),
		"disable": accounts.Disable(t.Context(), "x@example.org", true),
		"role":    accounts.SetRole(t.Context(), "x@example.org", account.Admin, true),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
