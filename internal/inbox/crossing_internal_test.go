package inbox

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/testkit"
)

// The results of events and the leases of the same events are written at the same time, by several processes.
func TestWritersOfTheSameEventsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	now := testkit.Noon()
	on := func(d *db.DB) *Inbox {
		return New(Config{DB: d, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	}
	var leases []held
	var results []result
	for id := int64(1); id <= 60; id++ {
		leases = append(leases, held{id, now})
		results = append(results, result{id, resolution{state: "applied"}})
	}
	renew := func(ctx context.Context, d *db.DB) error { _, err := on(d).renew(ctx, leases); return err }
	save := func(ctx context.Context, d *db.DB) error { _, err := on(d).save(ctx, results); return err }
	for name, pair := range map[string][2]func(context.Context, *db.DB) error{
		"two results": {save, save}, "lease and result": {renew, save}, "result and lease": {save, renew},
		"two leases": {renew, renew},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dbtest.New(t)
			testkit.Exec(t, d, `
				INSERT INTO webhook_event (id, event_id, transmission_id, transmission_time, event_type, resource_id, headers, body,
				                           received_at, due_at, state)
				OVERRIDING SYSTEM VALUE
				SELECT id, 'WH-' || id, 'T-' || id, $1, 'A.B', 'R', '{}', '', $1, $1, 'received' FROM generate_series(60, 1, -1) id`, now)
			testkit.Cross(t, d, `SELECT 1 FROM webhook_event WHERE id = 30 FOR UPDATE`, pair[0], pair[1])
		})
	}
}
