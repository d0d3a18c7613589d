package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/queue"
)

func TestWhatWasPutIsDoneOnceAndRemoved(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	var keys []string
	q := process(t, d, c.now, 0, queue.Kind{Name: "letter", Run: func(_ context.Context, key string) error {
		keys = append(keys, key)
		return nil
	}})
	put(t, d, c.now(), queue.Job{Kind: "letter", Key: "late", Due: c.now()},
		queue.Job{Kind: "letter", Key: "early", Due: c.now().Add(-time.Minute)},
		queue.Job{Kind: "letter", Key: "tomorrow", Due: c.now().Add(24 * time.Hour)},
		queue.Job{Kind: "unknown here", Key: "1", Due: c.now()})
	for _, want := range []int{1, 1, 0} { // one place; the earliest first
		runDue(t, q, want)
	}
	if !slices.Equal(keys, []string{"early", "late"}) {
		t.Errorf("done: %q", keys)
	}
	if _, found := find(t, d, "letter", "late"); found {
		t.Error("what is done is still there")
	}
	if r := read(t, d, "unknown here", "1"); r.Held.Valid || !r.Due.Valid {
		t.Errorf("a kind that this process does not have: %+v", r)
	}
	c.pass(24 * time.Hour)
	runDue(t, q, 1)
}

// It belongs to the caller's transaction: what was not committed is not done.
func TestPutIsPartOfTheTransaction(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	no := errors.New("no")
	err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		return errors.Join(queue.Put(ctx, tx, queue.Job{Kind: "letter", Key: "1", Due: c.now()}, c.now()), no)
	})
	if !errors.Is(err, no) {
		t.Fatal(err)
	}
	if _, found := find(t, d, "letter", "1"); found {
		t.Error("it is there")
	}
}

func TestTheSameWorkWaitsOnceAndIsDueAtTheEarlierTime(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	for _, step := range []struct{ due, want time.Duration }{{time.Hour, time.Hour}, {2 * time.Hour, time.Hour},
		{time.Minute, time.Minute}} {
		put(t, d, c.now(), queue.Job{Kind: "letter", Key: "1", Due: c.now().Add(step.due)})
		if r := read(t, d, "letter", "1"); !r.Due.Time.Equal(c.now().Add(step.want)) {
			t.Errorf("put for %s: due %s", step.due, r.Due.Time)
		}
	}
}

// What is put during the work is done after it, however the work ends.
func TestWhatIsPutDuringTheWorkIsNotLost(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]error{
		"done": nil, "failed": errors.New("odd"), "later": queue.At(newClock().now().Add(24 * time.Hour)),
		"dead": queue.Permanent(errors.New("odd")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, c := dbtest.New(t), newClock()
			work := queue.Job{Kind: "work", Key: "1", Due: c.now()}
			runs := 0
			q := process(t, d, c.now, 0, queue.Kind{Name: "work", Run: func(context.Context, string) error {
				if runs++; runs > 1 {
					return nil
				}
				put(t, d, c.now(), work)
				return first
			}})
			put(t, d, c.now(), work)
			_, _ = q.RunDue(t.Context()) // how it ended is what the test says
			if r := read(t, d, "work", "1"); r.Held.Valid || r.Dead.Valid || !r.Due.Time.Equal(c.now()) {
				t.Errorf("after the first run: %+v", r)
			}
			runDue(t, q, 1)
			if _, found := find(t, d, "work", "1"); found || runs != 2 {
				t.Errorf("%d runs", runs)
			}
		})
	}
}

// What was put while a holder died is kept, too: the next holder takes over its run, and does it afterwards.
func TestWhatIsPutBesideADeadHolderIsNotLost(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	put(t, d, c.now(), queue.Job{Kind: "work", Key: "1", Due: c.now()})
	if _, err := d.ExecContext(t.Context(), `UPDATE queue SET due_at = NULL, held_until = $1, holder = 'dead'`,
		c.now().Add(queue.Lease)); err != nil {
		t.Fatal(err)
	}
	put(t, d, c.now(), queue.Job{Kind: "work", Key: "1", Due: c.now().Add(time.Hour)})
	runs := 0
	q := process(t, d, c.now, 0, queue.Kind{Name: "work", Run: func(context.Context, string) error {
		runs++
		return nil
	}})
	for _, step := range []struct {
		pass time.Duration
		runs int
	}{{queue.Lease - time.Microsecond, 0}, {time.Microsecond, 1}, {time.Minute, 1}, {time.Hour, 2}} {
		c.pass(step.pass)
		if _, err := q.RunDue(t.Context()); err != nil || runs != step.runs {
			t.Errorf("%s later: %d runs, want %d; %v", step.pass, runs, step.runs, err)
		}
	}
	if _, found := find(t, d, "work", "1"); found {
		t.Error("it is still there")
	}
}

func TestMoreToDoLaterIsNoFailure(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	q := process(t, d, c.now, 0, queue.Kind{Name: "work", Run: func(context.Context, string) error {
		return queue.At(c.now().Add(6 * time.Hour))
	}})
	put(t, d, c.now(), queue.Job{Kind: "work", Key: "1", Due: c.now()})
	runDue(t, q, 1)
	if r := read(t, d, "work", "1"); r.Failures != 0 || r.LastError != "" || !r.Due.Time.Equal(c.now().Add(6*time.Hour)) {
		t.Errorf("the table says %+v", r)
	}
}

// What goes on failing is dead in the end, waits for a person, and comes to life when it is put again.
func TestDeadRows(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	var answer error
	q := process(t, d, c.now, 0, queue.Kind{
		Name: "letter", TryFor: time.Minute, Run: func(context.Context, string) error { return answer },
	})
	put(t, d, c.now(), queue.Job{Kind: "letter", Key: "1", Due: c.now()})

	away := queue.Unreached(errors.New("no answer"))
	answer = away
	for range 20 { // nobody answers for hours: that kills nothing
		_, _ = q.RunDue(t.Context())
		c.pass(time.Hour + 6*time.Minute)
	}
	r := read(t, d, "letter", "1")
	if r.Dead.Valid || r.Failures != 20 || r.FailingSince.Valid {
		t.Fatalf("after an outage: %+v", r)
	}
	if _, err := d.ExecContext(t.Context(), `UPDATE queue SET failures = 0`); err != nil {
		t.Fatal(err)
	}
	answer = errors.New("mailbox unknown")
	tries := 0
	for !read(t, d, "letter", "1").Dead.Valid {
		_, _ = q.RunDue(t.Context())
		c.pass(time.Second)
		if tries++; tries > 100 {
			t.Fatal("it is tried for ever")
		}
	}
	r = read(t, d, "letter", "1")
	// 5 + 10 + 20 s, and 40 are too many
	if r.Due.Valid || r.Held.Valid || r.Failures != 4 || r.LastError != "mailbox unknown" {
		t.Errorf("dead: %+v", r)
	}
	c.pass(48 * time.Hour)
	runDue(t, q, 0)

	answer = nil
	put(t, d, c.now(), queue.Job{Kind: "letter", Key: "1", Due: c.now()})
	if r = read(t, d, "letter", "1"); r.Dead.Valid || r.Failures != 0 || r.FailingSince.Valid ||
		!r.Due.Time.Equal(c.now()) {
		t.Errorf("put again: %+v", r)
	}
	runDue(t, q, 1)
}

// Two processes and four hundred letters: no two ever have the same one, and each is done once.
func TestTwoProcessesNeverHaveTheSameRow(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	other, err := db.Open(t.Context(), d.URL(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	const letters = 400
	var inHand sync.Map
	var done atomic.Int64
	letter := queue.Kind{Name: "letter", Places: 8, Run: func(_ context.Context, key string) error {
		if _, twice := inHand.LoadOrStore(key, true); twice {
			t.Errorf("%s is in two hands", key)
		}
		done.Add(1)
		return nil
	}}
	var jobs []queue.Job
	for n := range letters {
		jobs = append(jobs, queue.Job{Kind: "letter", Key: fmt.Sprint(n), Due: time.Now()})
	}
	put(t, d, time.Now(), jobs...)
	stops := []func(){running(t, process(t, d, time.Now, 0, letter)), running(t, process(t, other, time.Now, 0, letter))}
	var left int
	eventually(t, "all are done", func() bool {
		if err := d.GetContext(t.Context(), &left, `SELECT count(*) FROM queue`); err != nil {
			t.Fatal(err)
		}
		return left == 0
	})
	for _, stop := range stops {
		stop()
	}
	if n := done.Load(); n != letters {
		t.Errorf("%d runs for %d letters", n, letters)
	}
}

// A kind that hangs keeps its own places and no other kind's.
func TestNoKindWaitsForAnother(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	hang, quick := make(chan struct{}), make(chan struct{}, 1)
	q := process(t, d, time.Now, 0,
		queue.Kind{Name: "hangs", Places: 2, Run: func(context.Context, string) error { <-hang; return nil }},
		queue.Kind{Name: "quick", Run: func(context.Context, string) error { quick <- struct{}{}; return nil }})
	for n := range 20 {
		put(t, d, time.Now(), queue.Job{Kind: "hangs", Key: fmt.Sprint(n), Due: time.Now()})
	}
	stop := running(t, q)
	eventually(t, "its places are taken", func() bool {
		var n int
		err := d.GetContext(t.Context(), &n, `SELECT count(*) FROM queue WHERE held_until IS NOT NULL`)
		return err == nil && n == 2
	})
	put(t, d, time.Now(), queue.Job{Kind: "quick", Key: "1", Due: time.Now()})
	<-quick
	close(hang)
	stop()
}
