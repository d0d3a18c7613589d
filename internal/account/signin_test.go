package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"readerfund/internal/account"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/ratelimit"
	"readerfund/internal/testkit"
)

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	accounts, d, c := setUp(t)
	want := add(t, accounts, "ann@example.org", account.Viewer)
	got, err := accounts.Authenticate(t.Context(), " Ann@Example.org", password, from())
	if err != nil || got.ID != want.ID || got.Role != account.Viewer || !got.SignedInAt.Equal(c.Now()) {
		t.Fatalf("got %+v, %v", got, err)
	}
	if log := testkit.AuditLog(t, d); log[len(log)-1] != "ann@example.org staff.sign_in ann@example.org {} signed" {
		t.Fatalf("audit log %q", log)
	}
}

func TestRefusalsAreEqual(t *testing.T) {
	t.Parallel()
	accounts, d, _ := setUp(t)
	for _, email := range []string{"ann@example.org", "gone@example.org", "busy@example.org"} {
		add(t, accounts, email, account.Viewer)
	}
	if err := accounts.Disable(t.Context(), "gone@example.org", false); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		_, _ = accounts.Authenticate(t.Context(), "busy@example.org", "wrong", from())
	}
	before := len(testkit.AuditLog(t, d))
	for _, c := range []struct{ name, email, password, reason string }{
		{"wrong password", "ann@example.org", "wrong", `ann@example.org {"reason": "wrong password"}`},
		{"no password", "ann@example.org", "", `ann@example.org {"reason": "wrong password"}`},
		{"unknown address", "nobody@example.org", password, `unknown {"reason": "unknown address"}`},
		{"no address", "", password, `unknown {"reason": "unknown address"}`},
		{"bad UTF-8", "\xff\x00", "\xff\x00", `unknown {"reason": "unknown address"}`},
		{"disabled", "gone@example.org", password, `gone@example.org {"reason": "disabled"}`},
	} {
		got, err := accounts.Authenticate(t.Context(), c.email, c.password, account.From{
			Address: "198.51.100.7/32", Network: c.name, // failures from one network would be one line
		})
		if err != account.ErrRefused || got != (account.Account{}) {
			t.Errorf("%s: got %v, %v", c.name, got, err)
		}
		log := testkit.AuditLog(t, d)[before:]
		if len(log) != 1 || log[0] != "unknown staff.sign_in_failed "+c.reason {
			t.Errorf("%s: audit log %q", c.name, log)
		}
		before++
	}
	if _, err := accounts.Authenticate(t.Context(), "busy@example.org", password, from()); err != account.ErrRefused {
		t.Errorf("after too many tries: %v", err)
	}
}

// Many guesses at once, over two replicas, get no more looks at the password than the same number one after another.
func TestGuessesAtOnceAreCountedBeforeTheyAreLookedAt(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), testkit.NewClock()
	replica := func() *account.Store {
		return account.NewStore(account.Config{
			DB: d, Now: c.Now, Hashing: cheap(), Limits: ratelimit.New(d, c.Now, "secret"),
		})
	}
	one, two := replica(), replica()
	add(t, one, "ann@example.org", account.Viewer)
	var wg sync.WaitGroup
	for i := range 40 {
		accounts := []*account.Store{one, two}[i%2]
		wg.Go(func() { _, _ = accounts.Authenticate(t.Context(), "ann@example.org", "wrong", from()) })
	}
	wg.Wait()
	var looked int
	if err := d.GetContext(t.Context(), &looked, `
		SELECT sum(repeats) FROM audit_entry WHERE detail->>'reason' = 'wrong password'`); err != nil {
		t.Fatal(err)
	}
	if looked != 5 {
		t.Fatalf("%d guesses were looked at, want 5", looked)
	}
}

func TestAFloodWaitsItsTurn(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), testkit.NewClock()
	accounts := account.NewStore(account.Config{
		DB: d, Now: c.Now, Hashing: &argon2id.Params{
			Memory: 32 * 1024, Iterations: 8, Parallelism: 1, SaltLength: 16, KeyLength: 32,
		},
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var busy, refused atomic.Int64
	var wg sync.WaitGroup
	for n := range 60 {
		wg.Go(func() {
			_, err := accounts.Authenticate(ctx, fmt.Sprintf("nobody%d@example.org", n), "wrong", elsewhere(n))
			switch {
			case fault.Is(err, fault.Unavailable):
				busy.Add(1)
			case errors.Is(err, account.ErrRefused):
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if busy.Load() == 0 || refused.Load() > 40 {
		t.Fatalf("%d were asked to come back, %d were answered", busy.Load(), refused.Load())
	}
}

func TestOldHashesAreRenewedAtSignIn(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), testkit.NewClock()
	old := account.NewStore(account.Config{DB: d, Now: c.Now, Hashing: cheap()})
	add(t, old, "ann@example.org", account.Viewer)
	stronger := cheap()
	stronger.Iterations = 3
	accounts := account.NewStore(account.Config{DB: d, Now: c.Now, Hashing: stronger})
	for range 2 {
		if _, err := accounts.Authenticate(t.Context(), "ann@example.org", password, from()); err != nil {
			t.Fatal(err)
		}
	}
	var hash string
	if err := d.GetContext(t.Context(), &hash, `SELECT password_hash FROM staff`); err != nil ||
		!strings.Contains(hash, "t=3") {
		t.Fatalf("hash %q, %v", hash, err)
	}
}

func TestDefaultHashingIsAtLeastOWASPs(t *testing.T) {
	t.Parallel()
	p := account.DefaultHashing()
	if p.Memory < 47104 || p.Iterations < 1 || p.Parallelism < 1 || p.SaltLength < 16 || p.KeyLength < 32 {
		t.Fatalf("got %+v", p)
	}
}

func TestSignInWithoutDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	accounts, d, _ := setUp(t)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := accounts.Authenticate(t.Context(), "ann@example.org", password, from())
	if err == nil || errors.Is(err, account.ErrRefused) {
		t.Fatalf("got %v", err)
	}
}

// Anybody who knows an address could keep its account closed with one try each quarter of an hour. Now tries are
// counted by account and network: the person gets in from their own, and from a browser they used before wherever it
// is.
func TestNobodyElseKeepsAnAccountClosed(t *testing.T) {
	t.Parallel()
	accounts, _, c := setUp(t)
	ann := add(t, accounts, "ann@example.org", account.Admin)
	attacker := account.From{Address: "203.0.113.66/32", Network: "203.0.113.0/24"}
	for range 12 { // three hours long
		for range 6 {
			_, _ = accounts.Authenticate(t.Context(), "ann@example.org", "wrong", attacker)
		}
		if _, err := accounts.Authenticate(t.Context(), "ann@example.org", password, from()); err != nil {
			t.Fatalf("Ann is kept out at %s: %v", c.Now(), err)
		}
		c.Advance(15 * time.Minute)
	}
	// In the same place as the attacker she needs a browser that is known.
	for range 6 {
		_, _ = accounts.Authenticate(t.Context(), "ann@example.org", "wrong", attacker)
	}
	try := func(from account.From) error {
		_, err := accounts.Authenticate(t.Context(), "ann@example.org", password, from)
		return err
	}
	if err := try(attacker); !errors.Is(err, account.ErrRefused) {
		t.Errorf("from the attacker's address: %v", err)
	}
	own := attacker
	own.Browser = account.Browser{Account: ann.ID, ID: uuid.New()}
	if _, err := accounts.Authenticate(t.Context(), "ann@example.org", password, own); err != nil {
		t.Errorf("from a known browser: %v", err)
	}
	for range 10 {
		_, _ = accounts.Authenticate(t.Context(), "ann@example.org", "wrong", own)
	}
	if _, err := accounts.Authenticate(
		t.Context(), "ann@example.org", password, own,
	); !errors.Is(err, account.ErrRefused) {
		t.Errorf("a known browser guesses without end: %v", err)
	}
	c.Advance(90 * time.Second)
	if _, err := accounts.Authenticate(t.Context(), "ann@example.org", password, own); err != nil {
		t.Errorf("a minute and a half later: %v", err)
	}
	other := attacker
	other.Browser = account.Browser{Account: uuid.New(), ID: uuid.New()}
	if err := try(other); !errors.Is(err, account.ErrRefused) {
		t.Errorf("a browser known to another account: %v", err)
	}
}

// A flood from all over one IPv6 /48 reaches a limit of its own: few passwords are looked at, the audit log grows by a
// line a quarter of an hour, and people elsewhere sign in.
func TestAFloodFromOneNetwork(t *testing.T) {
	t.Parallel()
	accounts, d, _ := setUp(t)
	add(t, accounts, "ann@example.org", account.Viewer)
	looked, crowd := 0, 0
	for n := range 150 {
		_, err := accounts.Authenticate(t.Context(), fmt.Sprintf("nobody%d@example.org", n), "wrong", account.From{
			Address: fmt.Sprintf("2001:db8:1:%x::/64", n), Network: "2001:db8:1::/48",
		})
		if errors.Is(err, account.ErrRefused) {
			looked++
		} else if _, ok := errors.AsType[*account.RateLimitError](err); ok {
			crowd++
		}
	}
	if looked != 60 || crowd != 90 {
		t.Errorf("%d of 150 passwords were looked at, %d refused before", looked, crowd)
	}
	if log := testkit.AuditLog(t, d); len(log) != 2 || !strings.Contains(log[1], `"times": "60"`) {
		t.Errorf("audit log %q", log)
	}
	if _, err := accounts.Authenticate(t.Context(), "ann@example.org", password, from()); err != nil {
		t.Errorf("Ann, from elsewhere: %v", err)
	}
}

// elsewhere is another network for each number.
func elsewhere(n int) account.From {
	return account.From{Address: fmt.Sprintf("20.0.%d.7/32", n), Network: fmt.Sprintf("20.0.%d.0/24", n)}
}
