package queue_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/metrics"
	"readerfund/internal/queue"
)

// A worker that was stopped (SIGSTOP) comes back after another has taken its work over: it is told, and what it does at
// its end changes nothing.
func TestWhoComesBackLateHasLostTheWork(t *testing.T) {
	t.Parallel()
	d, slow, quick := dbtest.New(t), newClock(), newClock()
	began, told, counts := make(chan struct{}), make(chan error, 1), metrics.New()
	sleeper := queue.New(queue.Config{
		DB: d, Now: slow.now, Log: slog.New(slog.DiscardHandler), Metrics: counts, Lease: 60 * time.Millisecond,
		Kinds: []queue.Kind{{Name: "work", Every: time.Hour, Run: func(ctx context.Context, _ string) error {
			close(began)
			<-ctx.Done()
			told <- context.Cause(ctx)
			return errors.New("too late")
		}}},
	})
	var second atomic.Int64
	other := process(t, d, quick.now, time.Minute, queue.Kind{Name: "work", Every: time.Hour, Run: func(context.Context, string) error {
		second.Add(1)
		return nil
	}})

	ended := make(chan error, 1)
	go func() {
		_, err := sleeper.RunDue(t.Context())
		ended <- err
	}()
	<-began
	quick.pass(time.Minute) // for the others the lease has run out
	runDue(t, other, 1)
	after := read(t, d, "work", "")
	if cause := <-told; !errors.Is(cause, queue.ErrLost) {
		t.Errorf("it was told %v", cause)
	}
	if err := <-ended; !errors.Is(err, queue.ErrLost) {
		t.Errorf("its queue says %v", err)
	}
	if now := read(t, d, "work", ""); now != after || now.Runs != 1 || now.Failures != 0 || second.Load() != 1 {
		t.Errorf("the late end changed something:\nbefore %+v\nafter  %+v", after, now)
	}
	text := exported(t, counts)
	if !strings.Contains(text, `readerfund_job_runs_total{job="work",outcome="lost"} 1`) ||
		strings.Contains(text, `last_success_timestamp_seconds{job="work"}`) {
		t.Errorf("the late end counts:\n%s", text)
	}
}

// The row that a late end is about may have been done, removed and put once more meanwhile: it is not the late one's.
func TestALateEndDoesNotTouchWhatWasPutAgain(t *testing.T) {
	t.Parallel()
	d, slow, quick := dbtest.New(t), newClock(), newClock()
	began, finish := make(chan struct{}), make(chan struct{})
	sleeper := process(t, d, slow.now, time.Hour, queue.Kind{Name: "work", Run: func(context.Context, string) error {
		close(began)
		<-finish
		return nil
	}})
	held := make(chan struct{})
	release := make(chan struct{})
	calls := 0
	other := process(t, d, quick.now, time.Hour, queue.Kind{Name: "work", Run: func(context.Context, string) error {
		if calls++; calls == 2 {
			close(held)
			<-release
		}
		return nil
	}})
	work := queue.Job{Kind: "work", Key: "1", Due: slow.now()}
	put(t, d, slow.now(), work)
	late := make(chan error, 1)
	go func() {
		_, err := sleeper.RunDue(t.Context())
		late <- err
	}()
	<-began
	quick.pass(2 * time.Hour)
	runDue(t, other, 1) // done and removed
	put(t, d, quick.now(), work)
	again := make(chan error, 1)
	go func() {
		_, err := other.RunDue(t.Context())
		again <- err
	}()
	<-held
	close(finish)
	if err := <-late; !errors.Is(err, queue.ErrLost) {
		t.Errorf("the late end says %v", err)
	}
	if r := read(t, d, "work", "1"); !r.Held.Valid {
		t.Errorf("the late end let go of it: %+v", r)
	}
	close(release)
	if err := <-again; err != nil {
		t.Error(err)
	}
}

// While long work runs its lease is put off, so nobody takes it.
func TestTheLeaseIsRenewed(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	began, finish := make(chan struct{}), make(chan struct{})
	const lease = 300 * time.Millisecond
	holder := process(t, d, c.now, lease, queue.Kind{Name: "long", Every: time.Hour, Run: func(ctx context.Context, _ string) error {
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
	other := process(t, d, c.now, lease, queue.Kind{Name: "long", Every: time.Hour, Run: func(context.Context, string) error {
		return errors.New("a second one")
	}})
	for range 3 {
		before := read(t, d, "long", "").Held.Time
		c.pass(lease / 3)
		eventually(t, "the lease is renewed", func() bool { return read(t, d, "long", "").Held.Time.After(before) })
		runDue(t, other, 0)
	}
	close(finish)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if r := read(t, d, "long", ""); r.Runs != 1 || r.Held.Valid {
		t.Errorf("the table says %+v", r)
	}
}

// A holder that cannot reach the database for a whole lease must suppose that another has the work.
func TestWithoutTheDatabaseTheLeaseIsGivenUp(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	own, err := db.Open(t.Context(), d.URL(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 1)
	q := process(t, own, c.now, 30*time.Millisecond, queue.Kind{Name: "cut off", Every: time.Hour, Run: func(ctx context.Context, _ string) error {
		if err := own.Close(); err != nil {
			return err
		}
		c.pass(time.Minute)
		<-ctx.Done()
		told <- context.Cause(ctx)
		return ctx.Err()
	}})
	if n, err := q.RunDue(t.Context()); err == nil || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
	if cause := <-told; !errors.Is(cause, queue.ErrLost) {
		t.Errorf("it was told %v", cause)
	}
	if r := read(t, d, "cut off", ""); !r.Held.Valid || r.Runs != 0 {
		t.Errorf("the table says %+v", r)
	}
}

// A stop breaks work off and gives it back, so that another process need not wait for the lease.
func TestAStopGivesWorkBack(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	began, log := make(chan struct{}), &bytes.Buffer{}
	q := queue.New(queue.Config{DB: d, Now: c.now, Log: slog.New(slog.NewTextHandler(log, nil)),
		Kinds: []queue.Kind{{Name: "work", Every: time.Hour, Run: func(ctx context.Context, _ string) error {
			close(began)
			<-ctx.Done()
			return context.Cause(ctx)
		}}}})
	stop := running(t, q)
	<-began
	stop()
	if r := read(t, d, "work", ""); r.Held.Valid || r.Runs != 0 || r.Failures != 0 || !r.Due.Time.Equal(c.now()) {
		t.Errorf("the table says %+v", r)
	}
	if strings.Contains(log.String(), "ERROR") {
		t.Errorf("an ordinary stop is logged as trouble:\n%s", log)
	}
	runDue(t, process(t, d, c.now, 0, queue.Kind{Name: "work", Every: time.Hour, Run: nothing}), 1) // at once
}

func TestTroubleWithTheDatabaseIsLoggedAndOutlived(t *testing.T) {
	t.Parallel()
	d, c, log := dbtest.New(t), newClock(), &syncBuffer{}
	if _, err := d.ExecContext(t.Context(), `ALTER TABLE queue RENAME TO away`); err != nil {
		t.Fatal(err)
	}
	ran := make(chan struct{})
	q := queue.New(queue.Config{DB: d, Now: c.now, Log: slog.New(slog.NewTextHandler(log, nil)),
		Kinds: []queue.Kind{{Name: "work", Every: time.Hour, Run: func(context.Context, string) error {
			close(ran)
			return nil
		}}}})
	if _, err := q.RunDue(t.Context()); err == nil {
		t.Fatal("no trouble without a table")
	}
	stop := running(t, q)
	defer stop()
	eventually(t, "it is logged", func() bool { return strings.Contains(log.String(), "the queue cannot be read") })
	if _, err := d.ExecContext(t.Context(), `ALTER TABLE away RENAME TO queue`); err != nil {
		t.Fatal(err)
	}
	<-ran
}
