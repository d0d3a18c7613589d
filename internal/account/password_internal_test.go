package account

import (
	"context"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
)

// An unknown address must not be answered faster than a known one: both wait for a turn to reckon a hash, and it is a
// hash of the same cost. (Times themselves are not compared: on a busy machine they say nothing.)
func TestUnknownAddressTakesTheSameWork(t *testing.T) {
	t.Parallel()
	noSessions := func(context.Context, *sqlx.Tx, uuid.UUID) (int64, error) { return 0, nil }
	accounts := NewStore(Config{DB: dbtest.New(t), Now: time.Now, EndSessions: noSessions})
	if _, _, err := accounts.Add(t.Context(), "ann@example.org", Viewer, ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := accounts.Add(t.Context(), "gone@example.org", Viewer, ""); err != nil {
		t.Fatal(err)
	}
	if err := accounts.Disable(t.Context(), "gone@example.org", false); err != nil {
		t.Fatal(err)
	}
	made, _, _, err := argon2id.DecodeHash(accounts.hasher.decoy)
	if err != nil || *made != DefaultHashing() {
		t.Fatalf("the stand-in's hash costs %+v (%v), a real one %+v", made, err, DefaultHashing())
	}
	for range cap(accounts.hasher.slots) { // no turn is free
		accounts.hasher.slots <- struct{}{}
	}
	for _, email := range []string{"ann@example.org", "gone@example.org", "nobody@example.org", "no address", ""} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if _, err := accounts.Authenticate(ctx, email, "wrong", From{}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%q is answered without a turn at the hash: %v", email, err)
		}
		cancel()
	}
}
