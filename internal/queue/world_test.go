package queue_test

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/metrics"
	"readerfund/internal/queue"
)

// clock is a clock that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// row is what the table says of a piece of work.
type row struct {
	Due          sql.NullTime `db:"due_at"`
	Held         sql.NullTime `db:"held_until"`
	Holder       string       `db:"holder"`
	Runs         int64        `db:"runs"`
	Failures     int          `db:"failures"`
	FailingSince sql.NullTime `db:"failing_since"`
	LastError    string       `db:"last_error"`
	Dead         sql.NullTime `db:"dead_at"`
	Succeeded    sql.NullTime `db:"succeeded_at"`
}

func find(t *testing.T, d *db.DB, kind, key string) (r row, found bool) {
	t.Helper()
	err := d.GetContext(t.Context(), &r, `
		SELECT due_at, held_until, holder, runs, failures, failing_since, last_error, dead_at, succeeded_at
		FROM queue WHERE kind = $1 AND key = $2`, kind, key)
	if db.IsNotFound(err) {
		return r, false
	}
	if err != nil {
		t.Fatal(err)
	}
	return r, true
}

func read(t *testing.T, d *db.DB, kind, key string) row {
	t.Helper()
	r, found := find(t, d, kind, key)
	if !found {
		t.Fatalf("no row %q %q", kind, key)
	}
	return r
}

// process is a queue beside others on the same database, as another process has it.
func process(t *testing.T, d *db.DB, now func() time.Time, lease time.Duration, kinds ...queue.Kind) *queue.Queue {
	t.Helper()
	return queue.New(queue.Config{
		DB: d, Now: now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Lease: lease, Kinds: kinds,
		Random: func() float64 { return 0.5 },
	})
}

func runDue(t *testing.T, q *queue.Queue, want int) {
	t.Helper()
	if n, err := q.RunDue(t.Context()); err != nil || n != want {
		t.Fatalf("%d runs ended well, want %d; %v", n, want, err)
	}
}

func put(t *testing.T, d *db.DB, now time.Time, jobs ...queue.Job) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		for _, j := range jobs {
			if err := queue.Put(ctx, tx, j, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// running starts a queue; the function it returns stops it and waits for its end.
func running(t *testing.T, q *queue.Queue) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		q.Run(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func nothing(context.Context, string) error { return nil }

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// exported is what Prometheus would read of our own metrics.
func exported(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	return w.Body.String()
}
