package testkit

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"readerfund/internal/db"
)

// Cross has two writers meet on the same rows, and fails where they deadlock. Each gets connections whose planner reaches
// rows by a way of its own: one goes through the table, the other from each of a list to its row by an index. So the test
// puts the rows into the table against the order of their keys. hold is a SELECT … FOR UPDATE of a row in the middle: it
// is kept from both until both wait.
func Cross(t *testing.T, d *db.DB, hold string, one, other func(context.Context, *db.DB) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	middle, err := d.BeginTxx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = middle.Rollback() }() // it changes nothing
	if done, err := middle.ExecContext(ctx, hold); err != nil {
		t.Fatal(err)
	} else if n, _ := done.RowsAffected(); n != 1 {
		t.Fatalf("%d rows are held", n)
	}
	table := planned(t, d, "enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan", "enable_nestloop")
	list := planned(t, d, "enable_seqscan", "enable_hashjoin", "enable_mergejoin")
	ends := make(chan error, 2)
	go func() { ends <- one(ctx, table) }()
	go func() { ends <- other(ctx, list) }()
	Eventually(t, 20*time.Second, "both wait", func() (bool, string) {
		n := Count(t, d, `pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
		return n == 2, ""
	})
	if err := middle.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-ends, <-ends); err != nil {
		t.Error(err)
	}
}

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
	return OpenDatabase(t, u.String())
}
