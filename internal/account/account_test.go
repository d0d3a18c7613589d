package account_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"

	"readerfund/internal/account"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/session"
	"readerfund/internal/testkit"
)

const password = "correct horse battery"

// cheap is hashing that does not slow the tests down; TestDefaultHashing looks at the real one.
func cheap() *argon2id.Params {
	return &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

func setUp(t *testing.T) (*account.Store, *db.DB, *testkit.Clock) {
	t.Helper()
	d, c := dbtest.New(t), testkit.NewClock()
	return account.NewStore(account.Config{DB: d, Now: c.Now, Hashing: cheap(), EndSessions: session.EndAll}), d, c
}

func add(t *testing.T, a *account.Store, email string, role account.Role) account.Account {
	t.Helper()
	added, _, err := a.Add(t.Context(), email, role, password)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

// from is a sign-in's address, with no browser that is known.
func from() account.From { return account.From{Address: "192.0.2.7/32", Network: "192.0.2.0/24"} }

func TestAddKeepsNoPassword(t *testing.T) {
	t.Parallel()
	accounts, d, _ := setUp(t)
	ann, given, err := accounts.Add(t.Context(), "  Ann@Example.ORG ", account.Editor, "")
	if err != nil {
		t.Fatal(err)
	}
	if ann.Email != "ann@example.org" || ann.Role != account.Editor {
		t.Fatalf("got %+v", ann)
	}
	if len(given) != 19 || strings.Count(given, "-") != 3 {
		t.Fatalf("a generated password like k3v9-k3v9-k3v9-k3v9 was expected, got %d characters", len(given))
	}
	var hash string
	if err := d.GetContext(t.Context(), &hash, `SELECT password_hash FROM staff`); err != nil ||
		!strings.HasPrefix(hash, "$argon2id$") || strings.Contains(hash, given) {
		t.Fatalf("hash %q, %v", hash, err)
	}
	if _, err := accounts.Authenticate(t.Context(), "ANN@example.org", given, from()); err != nil {
		t.Fatalf("the password handed out does not work: %v", err)
	}
	want := `command line staff.add ann@example.org {"role": "editor"}`
	if log := testkit.AuditLog(t, d); log[0] != want {
		t.Fatalf("audit log %q, want %q first", log, want)
	}
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	accounts, _, _ := setUp(t)
	add(t, accounts, "taken@example.org", account.Viewer)
	for _, c := range []struct {
		name, email string
		role        account.Role
		password    string
		kind        fault.Kind
		field       string
	}{
		{"no address", "", account.Viewer, password, fault.Invalid, "email"},
		{"a name", "Ann <ann@example.org>", account.Viewer, password, fault.Invalid, "email"},
		{"no host", "ann@", account.Viewer, password, fault.Invalid, "email"},
		{"a line break", "ann@example.org\nx", account.Viewer, password, fault.Invalid, "email"},
		{"NUL", "ann\x00@example.org", account.Viewer, password, fault.Invalid, "email"},
		{"too long", strings.Repeat("a", 250) + "@example.org", account.Viewer, password, fault.Invalid, "email"},
		{"no role", "ann@example.org", "", password, fault.Invalid, "role"},
		{"another role", "ann@example.org", "owner", password, fault.Invalid, "role"},
		{"a short password", "ann@example.org", account.Viewer, "elevenchars", fault.Invalid, "password"},
		{"a long password", "ann@example.org", account.Viewer, strings.Repeat("x", 257), fault.Invalid, "password"},
		{"bad UTF-8", "ann@example.org", account.Viewer, "twelve chars\xff", fault.Invalid, "password"},
		{"taken", "TAKEN@example.org", account.Viewer, password, fault.Conflict, ""},
	} {
		_, _, err := accounts.Add(t.Context(), c.email, c.role, c.password)
		faults := fault.All(err)
		if len(faults) != 1 || faults[0].Kind != c.kind || faults[0].Field != c.field {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	_, _, err := accounts.Add(t.Context(), "x", "x", "x")
	if n := len(fault.All(err)); n != 3 {
		t.Errorf("all wrong: %d faults, want 3: %v", n, err)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	roles := append(account.Roles(), "")
	for i, have := range roles {
		for j, need := range roles {
			want := i < 3 && j < 3 && i >= j
			if got := have.Allows(need); got != want {
				t.Errorf("%q allows %q: %v, want %v", have, need, got, want)
			}
		}
	}
	if _, err := account.ParseRole("Admin"); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

func TestDisable(t *testing.T) {
	t.Parallel()
	accounts, d, _ := setUp(t)
	ann := add(t, accounts, "ann@example.org", account.Viewer)
	for range 2 {
		if err := accounts.Disable(t.Context(), "Ann@example.org", false); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := accounts.ByID(t.Context(), ann.ID); err != nil || !got.Disabled {
		t.Fatalf("got %+v, %v", got, err)
	}
	if err := accounts.Disable(t.Context(), "nobody@example.org", false); !fault.Is(err, fault.NotFound) {
		t.Fatalf("got %v", err)
	}
	if log := fmt.Sprint(testkit.AuditLog(t, d)); !strings.Contains(log, "staff.disable ann@example.org") {
		t.Fatalf("audit log %s", log)
	}
}
