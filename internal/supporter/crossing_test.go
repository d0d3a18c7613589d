package supporter_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/supporter"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// People are erased while others are, and while what is old is being forgotten.
func TestErasuresDoNotDeadlock(t *testing.T) {
	t.Parallel()
	now := testkit.Noon()
	on := func(d *db.DB) *supporter.Service {
		return supporter.New(supporter.Config{
			DB: d, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
			Retention: supporter.Retention{Deliveries: 24 * time.Hour, Unpaid: 24 * time.Hour},
		})
	}
	erase := func(ctx context.Context, d *db.DB) error {
		_, err := on(d).Erase(ctx, "ann@example.org", false)
		return err
	}
	forget := func(ctx context.Context, d *db.DB) error { return on(d).Forget(ctx) }
	for _, c := range []struct {
		name       string
		one, other func(context.Context, *db.DB) error
	}{
		{"twice", erase, erase},
		{"erased and forgotten", erase, forget},
		{"forgotten and erased", forget, erase},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := newsroom.New(t, newsroom.Options{})
			long := now.Add(-48 * time.Hour)
			n.Exec(`
				INSERT INTO discrepancy (kind, paypal_ref, code, ours, theirs, occurred_at, detail, state, advice, run_id,
				                         first_seen, last_seen)
				VALUES ('missing_here', 'P', 'T0006', '', '', $1, '{"payer_email": "ann@example.org"}', 'open', '', 1, $1, $1)`,
				long) // by which she is known
			n.Exec(`
				INSERT INTO webhook_event (id, event_id, transmission_id, transmission_time, event_type, headers, body, state,
				                           received_at)
				OVERRIDING SYSTEM VALUE
				SELECT n, 'WH-' || n, 'T' || n, $1, 'A.B', '{}', 'from ann@example.org', 'ignored', $1
				FROM generate_series(60, 11, -1) n`, long)
			testkit.Cross(t, n.DB, `SELECT 1 FROM webhook_event WHERE id = 30 FOR UPDATE`, c.one, c.other)
			if left := n.Count(`webhook_event WHERE body <> ''`); left > 0 {
				t.Errorf("%d bodies are left", left)
			}
		})
	}
}
