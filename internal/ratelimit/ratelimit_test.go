package ratelimit_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/ratelimit"
	"readerfund/internal/testkit"
)

// per is one use of a limit of so many in ten minutes.
func per(key string, most int64) ratelimit.Use {
	return ratelimit.Use{Key: key, Every: 10 * time.Minute / time.Duration(most), Times: 1, Most: most}
}

func take(t *testing.T, l *ratelimit.Limiter, uses ...ratelimit.Use) ratelimit.Decision {
	t.Helper()
	d, err := l.Take(t.Context(), uses...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// passes is how many of n get through.
func passes(t *testing.T, l *ratelimit.Limiter, n int, uses ...ratelimit.Use) (passed int) {
	t.Helper()
	for range n {
		if take(t, l, uses...).Passed {
			passed++
		}
	}
	return passed
}

func TestHitsFadeOneByOne(t *testing.T) {
	t.Parallel()
	c := testkit.NewClock()
	l := ratelimit.New(dbtest.New(t), c.Now, "secret")
	if n := passes(t, l, 30, per("a", 20)); n != 20 {
		t.Fatalf("%d of 30 passed, want 20", n)
	}
	d := take(t, l, per("a", 20))
	if d.Passed || d.Used[0] != 21 || d.Wait != 30*time.Second {
		t.Errorf("the 21st: %+v", d)
	}
	c.Advance(d.Wait - time.Microsecond)
	if take(t, l, per("a", 20)).Passed {
		t.Error("it passed before the wait was over")
	}
	c.Advance(time.Microsecond)
	if n := passes(t, l, 3, per("a", 20)); n != 1 {
		t.Errorf("%d passed after the wait, want 1", n)
	}
	c.Advance(5 * time.Minute)
	if n := passes(t, l, 20, per("a", 20)); n != 10 {
		t.Errorf("%d passed after half the time, want 10", n)
	}
}

// Who is refused at one limit fills none of the others.
func TestRefusedCountsNowhere(t *testing.T) {
	t.Parallel()
	c := testkit.NewClock()
	l := ratelimit.New(dbtest.New(t), c.Now, "secret")
	if n := passes(t, l, 500, per("narrow", 5), per("wide", 100)); n != 5 {
		t.Fatalf("%d passed", n)
	}
	if d := take(t, l, per("wide", 100)); d.Used[0] != 6 {
		t.Errorf("the wide limit remembers %v", d.Used)
	}
}

// However many come at once over however many replicas, as many pass as each limit says.
func TestALimitHoldsOverReplicas(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), testkit.NewClock()
	var passed atomic.Int64
	var crew sync.WaitGroup
	for n := range 12 {
		replica := ratelimit.New(d, c.Now, "secret")
		crew.Go(func() {
			for range 10 {
				uses := []ratelimit.Use{per("all", 30), per("one", 1000), per(strings.Repeat("x", n%3+1), 1000)}
				got, err := replica.Take(t.Context(), uses...)
				if err != nil {
					t.Error(err)
				}
				if got.Passed {
					passed.Add(1)
				}
			}
		})
	}
	crew.Wait()
	if passed.Load() != 30 {
		t.Errorf("%d passed, want 30", passed.Load())
	}
	if got := take(t, ratelimit.New(d, c.Now, ""), per("one", 1000)); got.Used[0] > 45 {
		t.Errorf("the other limit remembers %v", got.Used)
	}
}

// Who asks at the same time as others, of one process, is counted with them in one statement: as many pass as each
// limit says, who is refused takes no room from the others, and every use counts once.
func TestThoseWhoAskTogetherAreCountedEach(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), testkit.NewClock()
	d.SetMaxOpenConns(4) // opening one for each would take a slow machine longer than a count may
	l := ratelimit.New(d, c.Now, "secret")
	var greedy, modest, odd atomic.Int64
	var crew sync.WaitGroup
	for n := range 40 {
		crew.Go(func() {
			uses, passed := []ratelimit.Use{per("greedy", 5), per("all", 1000)}, &greedy
			switch n % 4 {
			case 1, 2:
				uses, passed = []ratelimit.Use{per("all", 1000), per(strings.Repeat("m", n), 1)}, &modest
			case 3: // this key cannot be stored
				uses, passed = []ratelimit.Use{per("a\x00", 10), per("all", 1000)}, &odd
			}
			got, err := l.Take(t.Context(), uses...)
			if (err != nil) != (n%4 == 3) {
				t.Errorf("%d: %v", n, err)
			}
			if got.Passed {
				passed.Add(1)
			}
		})
	}
	crew.Wait()
	if greedy.Load() != 5 || modest.Load() != 20 || odd.Load() != 0 {
		t.Errorf("%d, %d and %d passed, want 5, 20 and 0", greedy.Load(), modest.Load(), odd.Load())
	}
	if got := take(t, l, per("all", 1000)); got.Used[0] != 26 {
		t.Errorf("the limit that all share remembers %v, want 26", got.Used[0])
	}
}

// A key that may be used once is taken by one of many.
func TestOnceIsOnce(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), testkit.NewClock()
	d.SetMaxOpenConns(4) // as above
	once := ratelimit.Use{Key: "token", Every: time.Hour, Times: 1, Most: 1}
	one := ratelimit.New(d, c.Now, "secret")
	var passed atomic.Int64
	var crew sync.WaitGroup
	for n := range 20 {
		crew.Go(func() {
			l := one // half of them in one process
			if n%2 == 0 {
				l = ratelimit.New(d, c.Now, "secret")
			}
			got, err := l.Take(t.Context(), once)
			if err != nil {
				t.Error(err)
			}
			if got.Passed {
				passed.Add(1)
			}
		})
	}
	crew.Wait()
	if passed.Load() != 1 {
		t.Errorf("%d passed", passed.Load())
	}
}

func TestAddAndForget(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), testkit.NewClock()
	l := ratelimit.New(d, c.Now, "secret")
	add := func(times int64) {
		t.Helper()
		u := per("a", 20)
		u.Times = times
		if err := l.Add(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	used := func() float64 {
		t.Helper()
		u := per("a", 20)
		u.Times = 0
		return take(t, l, u).Used[0]
	}
	for _, step := range []struct {
		times int64
		want  float64
	}{{-3, 0}, {15, 15}, {15, 20}, {15, 20}, {-5, 15}, {-50, 0}, {1, 1}} {
		if add(step.times); used() != step.want {
			t.Errorf("after %+d: %v, want %v", step.times, used(), step.want)
		}
	}
	if err := l.Forget(t.Context(), "b"); err != nil || used() != 1 {
		t.Errorf("forgot another: %v, %v", used(), err)
	}
	if err := l.Forget(t.Context(), "a"); err != nil || used() != 0 {
		t.Errorf("remembers %v, %v", used(), err)
	}
}

func TestTidy(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), testkit.NewClock()
	l := ratelimit.New(d, c.Now, "secret")
	take(t, l, per("a", 20), per("b", 2))
	c.Advance(time.Minute)
	if err := l.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	var keys []string
	err := d.SelectContext(t.Context(), &keys, `SELECT key FROM rate_limit`)
	if err != nil || len(keys) != 1 || keys[0] != "b" {
		t.Errorf("left %v, %v", keys, err)
	}
}

func TestKeysHideWhatTheyStandFor(t *testing.T) {
	t.Parallel()
	c := testkit.NewClock()
	one, two := ratelimit.New(nil, c.Now, "secret"), ratelimit.New(nil, c.Now, "another")
	hidden := one.Hide("192.0.2.7/32")
	if strings.Contains(hidden, "192") || hidden != one.Hide("192.0.2.7/32") || hidden == two.Hide("192.0.2.7/32") {
		t.Errorf("got %q", hidden)
	}
}

// A limit that cannot be counted is an error, so that nothing opens by it.
func TestWithoutItsTable(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), testkit.NewClock()
	l := ratelimit.New(d, c.Now, "secret")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Take(t.Context(), per("a", 1)); err == nil {
		t.Error("took without a database")
	}
	for what, err := range map[string]error{
		"add": l.Add(t.Context(), per("a", 1)), "forget": l.Forget(t.Context(), "a"), "tidy": l.Tidy(t.Context()),
	} {
		if err == nil || fault.Is(err, fault.Invalid) {
			t.Errorf("%s without a database: %v", what, err)
		}
	}
}
