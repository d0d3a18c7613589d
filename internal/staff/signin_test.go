package staff_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/staff"
)

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	accounts, d, c := setUp(t)
	want := add(t, accounts, "ann@example.org", staff.Viewer)
	got, err := accounts.Authenticate(t.Context(), " Ann@Example.org", password)
	if err != nil || got.ID != want.ID || got.Role != staff.Viewer || !got.SignedInAt.Equal(c.now()) {
		t.Fatalf("got %+v, %v", got, err)
	}
	if log := auditLog(t, d); log[len(log)-1] != "ann@example.org staff.sign_in ann@example.org {} signed" {
		t.Fatalf("audit log %q", log)
	}
}

func TestRefusalsAreEqual(t *testing.T) {
	t.Parallel()
	accounts, d, _ := setUp(t)
	for _, email := range []string{"ann@example.org", "gone@example.org", "busy@example.org"} {
		add(t, accounts, email, staff.Viewer)
	}
	if err := accounts.Disable(t.Context(), "gone@example.org"); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		_, _ = accounts.Authenticate(t.Context(), "busy@example.org", "wrong")
	}
	before := len(auditLog(t, d))
	for _, c := range []struct{ name, email, password, reason string }{
		{"wrong password", "ann@example.org", "wrong", `ann@example.org {"reason": "wrong password"}`},
		{"no password", "ann@example.org", "", `ann@example.org {"reason": "wrong password"}`},
		{"unknown address", "nobody@example.org", password, `unknown {"reason": "unknown address"}`},
		{"no address", "", password, `unknown {"reason": "unknown address"}`},
		{"bad UTF-8", "\xff\x00", "\xff\x00", `unknown {"reason": "unknown address"}`},
		{"disabled", "gone@example.org", password, `gone@example.org {"reason": "disabled"}`},
		{"throttled, right password", "busy@example.org", password, `busy@example.org {"reason": "too many tries"}`},
	} {
		account, err := accounts.Authenticate(t.Context(), c.email, c.password)
		if err != staff.ErrRefused || account != (staff.Account{}) {
			t.Errorf("%s: got %v, %v", c.name, account, err)
		}
		log := auditLog(t, d)[before:]
		if len(log) != 1 || log[0] != "unknown staff.sign_in_failed "+c.reason {
			t.Errorf("%s: audit log %q", c.name, log)
		}
		before++
	}
}

func TestWaitDoublesAndEndsWithTheRightPassword(t *testing.T) {
	t.Parallel()
	accounts, d, c := setUp(t)
	add(t, accounts, "ann@example.org", staff.Viewer)
	until := func() time.Duration {
		var at *time.Time
		if err := d.GetContext(t.Context(), &at, `SELECT throttled_until FROM staff`); err != nil {
			t.Fatal(err)
		}
		if at == nil {
			return 0
		}
		return at.Sub(c.now())
	}
	var waits []time.Duration
	for range 18 {
		_, _ = accounts.Authenticate(t.Context(), "ann@example.org", "wrong")
		wait := until()
		waits = append(waits, wait)
		if wait == 0 {
			continue
		}
		c.pass(wait - time.Second)
		if _, err := accounts.Authenticate(t.Context(), "ann@example.org", password); !errors.Is(err, staff.ErrRefused) {
			t.Fatalf("the right password was taken during the wait: %v", err)
		}
		if left := until(); left != time.Second {
			t.Fatalf("a try during the wait changed it: %v left", left)
		}
		c.pass(time.Second)
	}
	s := time.Second
	want := []time.Duration{0, 0, 0, 0, s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 64 * s, 128 * s, 256 * s, 512 * s, 900 * s, 900 * s, 900 * s, 900 * s}
	if !slices.Equal(waits, want) {
		t.Fatalf("waits %v, want %v", waits, want)
	}
	if _, err := accounts.Authenticate(t.Context(), "ann@example.org", password); err != nil {
		t.Fatalf("after the wait: %v", err)
	}
	_, _ = accounts.Authenticate(t.Context(), "ann@example.org", "wrong")
	if wait := until(); wait != 0 {
		t.Fatalf("the right password did not set the count back: wait %v", wait)
	}
}

// Many guesses at once, over two replicas, get no more looks at the password than the same number one after another.
func TestGuessesAtOnceAreCountedBeforeTheyAreLookedAt(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	one := staff.NewAccounts(staff.Config{DB: d, Now: c.now, Hashing: cheap()})
	two := staff.NewAccounts(staff.Config{DB: d, Now: c.now, Hashing: cheap()})
	add(t, one, "ann@example.org", staff.Viewer)
	var wg sync.WaitGroup
	for i := range 40 {
		accounts := []*staff.Accounts{one, two}[i%2]
		wg.Go(func() { _, _ = accounts.Authenticate(t.Context(), "ann@example.org", "wrong") })
	}
	wg.Wait()
	looked := 0
	for _, line := range auditLog(t, d) {
		if strings.Contains(line, "wrong password") {
			looked++
		}
	}
	if looked != 5 {
		t.Fatalf("%d guesses were looked at, want 5", looked)
	}
}

func TestAFloodWaitsItsTurn(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	accounts := staff.NewAccounts(staff.Config{DB: d, Now: c.now, Hashing: &argon2id.Params{Memory: 32 * 1024, Iterations: 8, Parallelism: 1, SaltLength: 16, KeyLength: 32}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var busy, refused atomic.Int64
	var wg sync.WaitGroup
	for range 60 {
		wg.Go(func() {
			switch _, err := accounts.Authenticate(ctx, "nobody@example.org", "wrong"); {
			case fault.Is(err, fault.Unavailable):
				busy.Add(1)
			case errors.Is(err, staff.ErrRefused):
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
	d, c := dbtest.New(t), newClock()
	old := staff.NewAccounts(staff.Config{DB: d, Now: c.now, Hashing: cheap()})
	add(t, old, "ann@example.org", staff.Viewer)
	stronger := cheap()
	stronger.Iterations = 3
	accounts := staff.NewAccounts(staff.Config{DB: d, Now: c.now, Hashing: stronger})
	for range 2 {
		if _, err := accounts.Authenticate(t.Context(), "ann@example.org", password); err != nil {
			t.Fatal(err)
		}
	}
	var hash string
	if err := d.GetContext(t.Context(), &hash, `SELECT password_hash FROM staff`); err != nil || !strings.Contains(hash, "t=3") {
		t.Fatalf("hash %q, %v", hash, err)
	}
}

func TestDefaultHashingIsAtLeastOWASPs(t *testing.T) {
	t.Parallel()
	p := staff.DefaultHashing()
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
	_, err := accounts.Authenticate(t.Context(), "ann@example.org", password)
	if err == nil || errors.Is(err, staff.ErrRefused) {
		t.Fatalf("got %v", err)
	}
}
