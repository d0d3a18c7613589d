package testkit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"readerfund/internal/db"
)

// Cross has two writers meet on the same rows, and fails where they deadlock, even if the loser tries again. Each gets
// connections whose planner reaches rows by a way of its own: one goes through the table, the other from each of a list
// to its row by an index. So the test puts the rows into the table against the order of their keys. hold is a SELECT …
// FOR UPDATE of a row in the middle: it is kept from both until both wait.
func Cross(t *testing.T, d *db.DB, hold string, one, other func(context.Context, *db.DB) error) {
	t.Helper()
	before := deadlocks(t, d)
	release := holding(t, d, hold)
	byTable := planned(t, d, "enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan", "enable_nestloop")
	byIndex := planned(t, d, "enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin")
	ends := make(chan error, 2)
	go func() { ends <- one(t.Context(), byTable) }()
	go func() { ends <- other(t.Context(), byIndex) }()
	Eventually(t, 20*time.Second, "both wait", func() (bool, string) {
		n := Count(t, d, `pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
		return n == 2, fmt.Sprintf("%d wait, %d have ended", n, len(ends))
	})
	release()
	if err := errors.Join(<-ends, <-ends, byTable.Close(), byIndex.Close()); err != nil {
		t.Fatal(err)
	}
	if n := deadlocks(t, d) - before; n > 0 {
		t.Errorf("%d deadlocks", n)
	}
}

// Beside does something while another transaction holds a row, and fails where it waits for that row. hold is a SELECT
// … FOR UPDATE of it.
func Beside(t *testing.T, d *db.DB, hold string, do func(context.Context) error) {
	t.Helper()
	defer holding(t, d, hold)()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := do(ctx); err != nil {
		t.Error(err)
	}
}

// holding locks one row until it is released.
func holding(t *testing.T, d *db.DB, hold string) (release func()) {
	t.Helper()
	tx, err := d.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	release = func() { _ = tx.Rollback() } // it has changed nothing, and may be called twice
	t.Cleanup(release)
	done, err := tx.ExecContext(t.Context(), hold)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := done.RowsAffected(); n != 1 || err != nil {
		t.Fatalf("%d rows are held, %v", n, err)
	}
	return release
}

// crossing is how PostgreSQL knows the connections of Cross.
const crossing = "crossing"

// planned connects to the same database without some ways of its planner.
func planned(t *testing.T, d *db.DB, without ...string) *db.DB {
	t.Helper()
	u, err := url.Parse(d.URL())
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for _, way := range append(without, "enable_material") {
		q.Set(way, "off")
	}
	q.Set("deadlock_timeout", "20ms")
	u.RawQuery = q.Encode()
	other, err := db.Open(t.Context(), u.String(), db.Options{MaxOpen: 4, ApplicationName: crossing})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() }) // after a failure; Cross has closed it otherwise
	return other
}

// deadlocks counts those of the database so far. A connection tells of its own at its end.
func deadlocks(t *testing.T, d *db.DB) (n int64) {
	t.Helper()
	Eventually(t, 20*time.Second, "the connections are gone", func() (bool, string) {
		there := Count(t, d, `pg_stat_activity WHERE datname = current_database() AND application_name = $1`, crossing)
		return there == 0, fmt.Sprint(there)
	})
	if err := d.GetContext(t.Context(), &n,
		`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); err != nil {
		t.Fatal(err)
	}
	return n
}
