package mail

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/testkit"
)

// What became of mails is written while their reader is being erased, or while staff send all failed ones again.
func TestWritersOfTheSameMailsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	now := testkit.Noon()
	on := func(d *db.DB) *Service {
		return &Service{cfg: Config{DB: d, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}}
	}
	var ends []ending
	for n := 1; n <= 60; n++ {
		ends = append(ends, ending{ID: uuid.MustParse(fmt.Sprintf("00000000-0000-7000-8000-%012d", n)), State: Sent})
	}
	write := func(ctx context.Context, d *db.DB) error { return on(d).write(ctx, ends) }
	again := func(ctx context.Context, d *db.DB) error {
		_, err := on(d).AgainAll(ctx, Failed, By{Name: "Ada"})
		return err
	}
	erase := func(ctx context.Context, d *db.DB) error {
		tx, err := d.BeginTxx(ctx, nil) // not InTx, which would try again
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // after COMMIT it does nothing
		if _, err := Erase(ctx, tx, "ann@example.org", now); err != nil {
			return err
		}
		return tx.Commit()
	}
	for _, c := range []struct {
		name       string
		state      State
		one, other func(context.Context, *db.DB) error
	}{
		{"two results", Queued, write, write},
		{"erasure and result", Queued, erase, write},
		{"result and erasure", Queued, write, erase},
		{"failed ones again, and erasure", Failed, again, erase},
		{"erasure, and failed ones again", Failed, erase, again},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := dbtest.New(t)
			testkit.Exec(t, d, `
				INSERT INTO mail (id, kind, key, recipient, args, state, created_at, wanted_at)
				SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'receipt', n, 'ann@example.org', '{"a": 1}',
				       $2, $1, $1
				FROM generate_series(60, 1, -1) n`, now, c.state)
			testkit.Cross(t, d, `SELECT 1 FROM mail WHERE key = '30' FOR UPDATE`, c.one, c.other)
		})
	}
}
