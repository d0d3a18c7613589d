package job_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/job"
	"readerfund/internal/metrics"
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

// row is a job as the table has it.
type row struct {
	Due       time.Time    `db:"due_at"`
	Held      sql.NullTime `db:"held_until"`
	Holder    string       `db:"holder"`
	Fence     int64        `db:"fence"`
	Runs      int64        `db:"runs"`
	Failures  int          `db:"failures"`
	LastError string       `db:"last_error"`
	Succeeded sql.NullTime `db:"last_succeeded_at"`
}

func read(t *testing.T, d *db.DB, name string) row {
	t.Helper()
	var r row
	err := d.GetContext(t.Context(), &r, `
		SELECT due_at, held_until, holder, fence, runs, failures, last_error, last_succeeded_at FROM job WHERE name = $1`, name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// replica is a keeper beside others on the same database.
func replica(t *testing.T, d *db.DB, now func() time.Time, lease time.Duration, jobs ...job.Job) *job.Keeper {
	t.Helper()
	return job.NewKeeper(job.Config{DB: d, Now: now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Lease: lease, Jobs: jobs})
}

func runDue(t *testing.T, k *job.Keeper, want int) {
	t.Helper()
	if n, err := k.RunDue(t.Context()); err != nil || n != want {
		t.Fatalf("%d jobs ended well, want %d; %v", n, want, err)
	}
}

func TestEveryPeriodOnceHoweverManyReplicas(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	var runs atomic.Int64
	count := job.Job{Name: "count", Every: time.Minute, Run: func(context.Context) error { runs.Add(1); return nil }}
	var replicas []*job.Keeper
	for range 5 {
		replicas = append(replicas, replica(t, d, c.now, 0, count))
	}
	for period := range int64(20) {
		var crew sync.WaitGroup
		for _, k := range replicas {
			crew.Go(func() {
				for range 3 {
					if _, err := k.RunDue(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		crew.Wait()
		if n := runs.Load(); n != period+1 {
			t.Fatalf("%d runs in %d periods", n, period+1)
		}
		c.pass(time.Minute)
	}
	if r := read(t, d, "count"); r.Runs != 20 || r.Held.Valid || !r.Due.Equal(c.now()) {
		t.Errorf("the table says %+v", r)
	}
}

func TestTheDeadAreFollowedWhenTheLeaseRunsOut(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	ran := 0
	k := replica(t, d, c.now, 30*time.Second, job.Job{Name: "nightly", Every: time.Hour, Run: func(context.Context) error { ran++; return nil }})
	// A replica took the job and was never heard of again.
	if _, err := d.ExecContext(t.Context(), `INSERT INTO job (name, plan, due_at, held_until, holder, fence, seen_at) VALUES ('nightly', 'every 1h0m0s', $1, $2, 'dead', 7, $1)`,
		c.now(), c.now().Add(30*time.Second)); err != nil {
		t.Fatal(err)
	}
	c.pass(30*time.Second - time.Microsecond)
	runDue(t, k, 0)
	c.pass(time.Microsecond)
	runDue(t, k, 1)
	if r := read(t, d, "nightly"); ran != 1 || r.Fence != 8 || r.Holder == "dead" {
		t.Errorf("ran %d times; the table says %+v", ran, r)
	}
}

// A worker that was stopped (SIGSTOP) comes back after another has taken its job over: it is told, and what it does
// at its end changes nothing.
func TestWhoComesBackLateHasLostTheJob(t *testing.T) {
	t.Parallel()
	d, slow, quick := dbtest.New(t), newClock(), newClock()
	began, told, counts := make(chan struct{}), make(chan error, 1), metrics.New()
	sleeper := job.NewKeeper(job.Config{DB: d, Now: slow.now, Log: slog.New(slog.DiscardHandler), Metrics: counts, Lease: 60 * time.Millisecond,
		Jobs: []job.Job{{Name: "work", Every: time.Hour, Run: func(ctx context.Context) error {
			close(began)
			<-ctx.Done()
			told <- context.Cause(ctx)
			return errors.New("too late")
		}}}})
	var second atomic.Int64
	other := replica(t, d, quick.now, time.Minute, job.Job{Name: "work", Every: time.Hour, Run: func(context.Context) error { second.Add(1); return nil }})

	ended := make(chan error, 1)
	go func() {
		_, err := sleeper.RunDue(t.Context())
		ended <- err
	}()
	<-began
	quick.pass(time.Minute) // for the others the lease has run out
	runDue(t, other, 1)
	after := read(t, d, "work")
	if cause := <-told; !errors.Is(cause, job.ErrLost) {
		t.Errorf("it was told %v", cause)
	}
	if err := <-ended; !errors.Is(err, job.ErrLost) {
		t.Errorf("its keeper says %v", err)
	}
	if now := read(t, d, "work"); now != after || now.Fence != 2 || now.Runs != 1 || now.Failures != 0 || second.Load() != 1 {
		t.Errorf("the late end changed something:\nbefore %+v\nafter  %+v", after, now)
	}
	if text := exported(t, counts); !strings.Contains(text, `readerfund_job_runs_total{job="work",outcome="lost"} 1`) || strings.Contains(text, `last_success_timestamp_seconds{job="work"}`) {
		t.Errorf("the late end counts:\n%s", text)
	}
}

// While a long job runs its lease is put off, so nobody takes it.
func TestTheLeaseIsRenewed(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	began, finish := make(chan struct{}), make(chan struct{})
	holder := replica(t, d, c.now, 300*time.Millisecond, job.Job{Name: "long", Every: time.Hour, Run: func(ctx context.Context) error {
		close(began)
		select {
		case <-finish:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}})
	ended := make(chan error, 1)
	go func() {
		_, err := holder.RunDue(t.Context())
		ended <- err
	}()
	<-began
	other := replica(t, d, c.now, 300*time.Millisecond, job.Job{Name: "long", Every: time.Hour, Run: func(context.Context) error { return errors.New("a second one") }})
	for range 3 {
		before := read(t, d, "long").Held.Time
		c.pass(100 * time.Millisecond)
		for deadline := time.Now().Add(10 * time.Second); !read(t, d, "long").Held.Time.After(before); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the lease is not renewed")
			}
		}
		runDue(t, other, 0)
	}
	close(finish)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if r := read(t, d, "long"); r.Runs != 1 || r.Held.Valid || r.Fence != 1 {
		t.Errorf("the table says %+v", r)
	}
}

// A holder that cannot reach the database for a whole lease must suppose that another has the job.
func TestWithoutTheDatabaseTheHoldIsGivenUp(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	own, err := db.Open(t.Context(), d.URL(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 1)
	k := replica(t, own, c.now, 30*time.Millisecond, job.Job{Name: "cut off", Every: time.Hour, Run: func(ctx context.Context) error {
		if err := own.Close(); err != nil {
			return err
		}
		c.pass(time.Minute)
		<-ctx.Done()
		told <- context.Cause(ctx)
		return ctx.Err()
	}})
	if n, err := k.RunDue(t.Context()); err == nil || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
	if cause := <-told; !errors.Is(cause, job.ErrLost) {
		t.Errorf("it was told %v", cause)
	}
	if r := read(t, d, "cut off"); !r.Held.Valid || r.Runs != 0 {
		t.Errorf("the table says %+v", r)
	}
}

func TestFailuresAreTriedAgainSooner(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	answer := errors.New("PayPal is away\nwith a second line, \x00 and \xff")
	k := replica(t, d, c.now, 0, job.Job{Name: "nightly", At: job.TimeOfDay{Hour: 3, Zone: time.UTC}, Run: func(context.Context) error { return answer }})
	runDue(t, k, 0) // written down at noon: due at three in the night
	c.pass(15 * time.Hour)
	for n, pause := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		if _, err := k.RunDue(t.Context()); !errors.Is(err, answer) {
			t.Fatalf("failure %d: %v", n+1, err)
		}
		r := read(t, d, "nightly")
		if r.Failures != n+1 || !r.Due.Equal(c.now().Add(pause)) || r.LastError != "PayPal is away" || r.Succeeded.Valid || r.Held.Valid {
			t.Fatalf("after failure %d: %+v", n+1, r)
		}
		c.pass(pause)
	}
	answer = nil
	runDue(t, k, 1)
	r := read(t, d, "nightly")
	if r.Failures != 0 || r.LastError != "" || !r.Succeeded.Time.Equal(c.now()) || !r.Due.Equal(time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)) || r.Runs != 4 {
		t.Errorf("after it went well: %+v", r)
	}
}

func TestAPanicIsAFailureOfTheJob(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	k := replica(t, d, c.now, 0,
		job.Job{Name: "breaks", Every: time.Minute, Run: func(context.Context) error { panic("a defect") }},
		job.Job{Name: "works", Every: time.Minute, Run: func(context.Context) error { return nil }})
	if n, err := k.RunDue(t.Context()); n != 1 || err == nil || !strings.Contains(err.Error(), "a defect") {
		t.Fatalf("%d, %v", n, err)
	}
	if r := read(t, d, "breaks"); r.LastError != "panic: a defect" || r.Failures != 1 {
		t.Errorf("the table says %+v", r)
	}
}

func TestATimeLimitEndsARun(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	k := replica(t, d, c.now, 0, job.Job{Name: "slow", Every: time.Hour, Timeout: 10 * time.Millisecond, Run: func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}})
	if _, err := k.RunDue(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if r := read(t, d, "slow"); !strings.HasPrefix(r.LastError, "not done within 10ms") || !r.Due.Equal(c.now().Add(time.Minute)) {
		t.Errorf("the table says %+v", r)
	}
}

// A stop breaks jobs off and gives them back, so that another replica need not wait for the lease.
func TestAStopGivesJobsBack(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	began, log := make(chan struct{}), &bytes.Buffer{}
	k := job.NewKeeper(job.Config{DB: d, Now: c.now, Log: slog.New(slog.NewTextHandler(log, nil)), Jobs: []job.Job{{Name: "work", Every: time.Hour, Run: func(ctx context.Context) error {
		close(began)
		<-ctx.Done()
		return context.Cause(ctx)
	}}}})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		k.Run(ctx)
	}()
	<-began
	stop()
	<-ended
	if r := read(t, d, "work"); r.Held.Valid || r.Runs != 0 || r.Failures != 0 || !r.Due.Equal(c.now()) {
		t.Errorf("the table says %+v", r)
	}
	if strings.Contains(log.String(), "ERROR") {
		t.Errorf("an ordinary stop is logged as trouble:\n%s", log)
	}
	ran := 0
	runDue(t, replica(t, d, c.now, 0, job.Job{Name: "work", Every: time.Hour, Run: func(context.Context) error { ran++; return nil }}), 1)
	if ran != 1 {
		t.Error("another replica could not take it at once")
	}
}

func TestAnotherPlanBringsAJobForward(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	nothing := func(context.Context) error { return nil }
	runDue(t, replica(t, d, c.now, 0, job.Job{Name: "work", Every: 24 * time.Hour, Run: nothing}), 1)
	runDue(t, replica(t, d, c.now, 0, job.Job{Name: "work", At: job.TimeOfDay{Hour: 14, Zone: time.UTC}, Run: nothing}), 0)
	if r := read(t, d, "work"); !r.Due.Equal(c.now().Add(2 * time.Hour)) {
		t.Errorf("due %s", r.Due)
	}
	// The old version is still there for a while: it does not push the job away again.
	runDue(t, replica(t, d, c.now, 0, job.Job{Name: "work", Every: 24 * time.Hour, Run: nothing}), 1)
	var seen time.Time
	if err := d.GetContext(t.Context(), &seen, `SELECT seen_at FROM job`); err != nil || !seen.Equal(c.now()) {
		t.Errorf("seen %s, %v", seen, err)
	}
}

func TestTroubleWithTheDatabaseIsSaidAndOutlived(t *testing.T) {
	t.Parallel()
	d, c, log := dbtest.New(t), newClock(), &syncBuffer{}
	if _, err := d.ExecContext(t.Context(), `ALTER TABLE job RENAME TO away`); err != nil {
		t.Fatal(err)
	}
	ran := make(chan struct{})
	k := job.NewKeeper(job.Config{DB: d, Now: c.now, Log: slog.New(slog.NewTextHandler(log, nil)),
		Jobs: []job.Job{{Name: "work", Every: time.Hour, Run: func(context.Context) error { close(ran); return nil }}}})
	if _, err := k.RunDue(t.Context()); err == nil {
		t.Fatal("no trouble without a table")
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		k.Run(ctx)
	}()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(log.String(), "cannot be looked at"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was said")
		}
	}
	if _, err := d.ExecContext(t.Context(), `ALTER TABLE away RENAME TO job`); err != nil {
		t.Fatal(err)
	}
	<-ran
	stop()
	<-ended
}

func TestJobsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	nothing := func(context.Context) error { return nil }
	for name, jobs := range map[string][]job.Job{
		"twice":         {{Name: "a", Every: 1, Run: nothing}, {Name: "a", Every: 1, Run: nothing}},
		"never":         {{Name: "a", Run: nothing}},
		"two plans":     {{Name: "a", Every: 1, At: job.TimeOfDay{Zone: time.UTC}, Run: nothing}},
		"nothing to do": {{Name: "a", Every: 1}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: taken", name)
				}
			}()
			job.NewKeeper(job.Config{Jobs: jobs})
		}()
	}
}

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
