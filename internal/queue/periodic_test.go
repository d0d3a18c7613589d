package queue_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/queue"
)

func TestEveryPeriodOnceHoweverManyProcesses(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	var runs atomic.Int64
	count := queue.Kind{Name: "count", Every: time.Minute, Run: func(context.Context, string) error {
		runs.Add(1)
		return nil
	}}
	var processes []*queue.Queue
	for range 5 {
		processes = append(processes, process(t, d, c.now, 0, count))
	}
	for period := range int64(20) {
		runTogether(t, processes)
		if n := runs.Load(); n != period+1 {
			t.Fatalf("%d runs in %d periods", n, period+1)
		}
		c.pass(time.Minute)
	}
	if r := read(t, d, "count", ""); r.Runs != 20 || r.Held.Valid || !r.Due.Time.Equal(c.now()) {
		t.Errorf("the table says %+v", r)
	}
}

// runTogether has every process look three times for what is due, all at once.
func runTogether(t *testing.T, processes []*queue.Queue) {
	t.Helper()
	var working sync.WaitGroup
	for _, q := range processes {
		working.Go(func() {
			for range 3 {
				if _, err := q.RunDue(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	working.Wait()
}

// Three processes, a clock that is put back and one that is put on: a time of the day that comes twice is run once, and
// one that does not come at all is made up for.
func TestOnceADayAcrossSummerTime(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]time.Time{
		"put on":   time.Date(2026, 3, 27, 12, 0, 0, 0, berlin),
		"put back": time.Date(2026, 10, 23, 12, 0, 0, 0, berlin),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, c := dbtest.New(t), &clock{at: from}
			var mu sync.Mutex
			days := map[string]int{}
			nightly := queue.Kind{Name: "nightly", At: queue.TimeOfDay{Hour: 2, Minute: 30, Zone: berlin},
				Run: func(context.Context, string) error {
					mu.Lock()
					defer mu.Unlock()
					days[c.now().In(berlin).Format(time.DateOnly)]++
					return nil
				}}
			var processes []*queue.Queue
			for range 3 {
				processes = append(processes, process(t, d, c.now, 0, nightly))
			}
			for range 4 * 24 * 2 {
				runTogether(t, processes)
				c.pass(30 * time.Minute)
			}
			if len(days) != 4 {
				t.Errorf("it ran on %v", days)
			}
			for day, n := range days {
				if n != 1 {
					t.Errorf("%d times on %s", n, day)
				}
			}
		})
	}
}

func TestTheDeadAreFollowedWhenTheLeaseRunsOut(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	ran := 0
	q := process(t, d, c.now, 30*time.Second, queue.Kind{Name: "nightly", Every: time.Hour, Run: func(context.Context, string) error {
		ran++
		return nil
	}})
	// A process claimed it and was never heard of again.
	if _, err := d.ExecContext(t.Context(), `
		INSERT INTO queue (kind, key, plan, held_until, holder, created_at, seen_at)
		VALUES ('nightly', '', 'every 1h0m0s', $1, 'dead', $2, $2)`, c.now().Add(30*time.Second), c.now()); err != nil {
		t.Fatal(err)
	}
	c.pass(30*time.Second - time.Microsecond)
	runDue(t, q, 0)
	c.pass(time.Microsecond)
	runDue(t, q, 1)
	if r := read(t, d, "nightly", ""); ran != 1 || r.Runs != 1 || r.Holder == "dead" {
		t.Errorf("ran %d times; the table says %+v", ran, r)
	}
}

func TestFailuresAreTriedAgainSooner(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	answer := errors.New("PayPal is away\nwith a second line, \x00 and \xff")
	q := process(t, d, c.now, 0, queue.Kind{Name: "nightly", At: queue.TimeOfDay{Hour: 3, Zone: time.UTC},
		Run: func(context.Context, string) error { return answer }})
	runDue(t, q, 0) // written down at noon: due at three in the night
	c.pass(15 * time.Hour)
	first := c.now()
	for n, wait := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
		if _, err := q.RunDue(t.Context()); !errors.Is(err, answer) {
			t.Fatalf("failure %d: %v", n+1, err)
		}
		r := read(t, d, "nightly", "")
		if r.Failures != n+1 || !r.Due.Time.Equal(c.now().Add(wait)) || r.LastError != "PayPal is away" ||
			!r.FailingSince.Time.Equal(first) || r.Succeeded.Valid || r.Held.Valid {
			t.Fatalf("after failure %d: %+v", n+1, r)
		}
		c.pass(wait)
	}
	answer = nil
	runDue(t, q, 1)
	r := read(t, d, "nightly", "")
	if r.Failures != 0 || r.FailingSince.Valid || r.LastError != "" || !r.Succeeded.Time.Equal(c.now()) ||
		!r.Due.Time.Equal(time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)) || r.Runs != 4 {
		t.Errorf("after it went well: %+v", r)
	}
}

func TestAnotherPlanBringsWorkForward(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	daily := queue.Kind{Name: "work", Every: 24 * time.Hour, Run: nothing}
	runDue(t, process(t, d, c.now, 0, daily), 1)
	atTwo := queue.Kind{Name: "work", At: queue.TimeOfDay{Hour: 14, Zone: time.UTC}, Run: nothing}
	runDue(t, process(t, d, c.now, 0, atTwo), 0)
	if r := read(t, d, "work", ""); !r.Due.Time.Equal(c.now().Add(2 * time.Hour)) {
		t.Errorf("due %s", r.Due.Time)
	}
	// The old version is still there for a while: it does not push the work away again.
	runDue(t, process(t, d, c.now, 0, daily), 1)
	var seen time.Time
	if err := d.GetContext(t.Context(), &seen, `SELECT seen_at FROM queue`); err != nil || !seen.Equal(c.now()) {
		t.Errorf("seen %s, %v", seen, err)
	}
}

func TestAPanicIsAFailureOfTheWork(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	q := process(t, d, c.now, 0,
		queue.Kind{Name: "breaks", Every: time.Minute, Run: func(context.Context, string) error { panic("a defect") }},
		queue.Kind{Name: "works", Every: time.Minute, Run: nothing})
	if n, err := q.RunDue(t.Context()); n != 1 || err == nil || !strings.Contains(err.Error(), "a defect") {
		t.Fatalf("%d, %v", n, err)
	}
	if r := read(t, d, "breaks", ""); r.LastError != "panic: a defect" || r.Failures != 1 {
		t.Errorf("the table says %+v", r)
	}
}

func TestATimeLimitEndsARun(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), newClock()
	slow := queue.Kind{Name: "slow", Every: time.Hour, Timeout: 10 * time.Millisecond, Run: func(ctx context.Context, _ string) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	if _, err := process(t, d, c.now, 0, slow).RunDue(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	r := read(t, d, "slow", "")
	if !strings.HasPrefix(r.LastError, "not done within 10ms") || !r.Due.Time.Equal(c.now().Add(5*time.Second)) {
		t.Errorf("the table says %+v", r)
	}
}

func TestKindsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for name, kinds := range map[string][]queue.Kind{
		"twice":         {{Name: "a", Every: 1, Run: nothing}, {Name: "a", Run: nothing}},
		"without name":  {{Run: nothing}},
		"two plans":     {{Name: "a", Every: 1, At: queue.TimeOfDay{Zone: time.UTC}, Run: nothing}},
		"nothing to do": {{Name: "a", Every: 1}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: taken", name)
				}
			}()
			queue.New(queue.Config{Kinds: kinds})
		}()
	}
}
