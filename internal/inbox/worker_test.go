package inbox_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/inbox"
	"readerfund/internal/metrics"
)

// hold has PayPal keep its answers to requests under a path until it is released.
type hold struct {
	path    string
	waiting atomic.Int64 // requests that are kept waiting
	most    atomic.Int64 // of them at once, ever
	over    chan struct{}
	release func()
}

func (p *postbox) hold(path string) *hold {
	h := &hold{path: path, over: make(chan struct{})}
	h.release = sync.OnceFunc(func() { close(h.over) })
	p.held.Store(h)
	p.T.Cleanup(h.release)
	return h
}

func (p *postbox) holding(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := p.held.Load(); h != nil && strings.HasPrefix(r.URL.Path, h.path) {
			now := h.waiting.Add(1)
			for most := h.most.Load(); now > most; most = h.most.Load() {
				h.most.CompareAndSwap(most, now)
			}
			select {
			case <-h.over:
			case <-r.Context().Done():
			}
			h.waiting.Add(-1)
		}
		next.ServeHTTP(w, r)
	})
}

// news receives the deliveries of n gifts that were approved.
func (p *postbox) news(n int) []contribution.Contribution {
	p.T.Helper()
	gifts := make([]contribution.Contribution, n)
	for i := range gifts {
		var d delivered
		gifts[i], d = p.approved()
		if err := p.receive(d); err != nil {
			p.T.Fatal(err)
		}
	}
	return gifts
}

// running runs an inbox until stop is called; done is closed once it has returned.
func (p *postbox) running(i *inbox.Inbox) (stop func(), done <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.T.Context()))
	ended := make(chan struct{})
	go func() { i.Run(ctx); close(ended) }()
	p.T.Cleanup(func() {
		if h := p.held.Load(); h != nil {
			h.release()
		}
		cancel()
		<-ended
	})
	return cancel, ended
}

// until waits for what is promised.
func (p *postbox) until(promised string, is func() bool) {
	p.T.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.T.Fatalf("not so: %s", promised)
		}
	}
}

// applied is how many events were applied at the first attempt.
func (p *postbox) applied() int {
	p.T.Helper()
	return p.Count(`webhook_event WHERE state = 'applied' AND attempts = 1`)
}

func (p *postbox) with(change func(*inbox.Config)) *inbox.Inbox {
	cfg := p.cfg
	change(&cfg)
	return inbox.New(cfg)
}

// gauge is the value of a metric without labels.
func gauge(t *testing.T, m *metrics.Metrics, name string) float64 {
	t.Helper()
	families, err := m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}

// PayPal does not answer about one gift. All others, more than there are workers, are worked off meanwhile.
func TestASlowEventKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	p := openWaiting(t, time.Minute)
	slow := p.news(1)[0]
	p.news(40)
	h := p.hold("/v2/checkout/orders/" + slow.Checkout.PayPalID)
	p.running(p.Inbox)
	p.until("40 others are worked off while one waits", func() bool { return p.applied() == 40 })
	if h.waiting.Load() != 1 || p.State(slow.ID) != contribution.Created {
		t.Errorf("the slow one is %s", p.State(slow.ID))
	}
	h.release()
	p.until("the slow one follows", func() bool { return p.State(slow.ID) == contribution.Completed })
}

// The workers are shared by all who have events worked on in a process, and what no worker is free for is not taken.
func TestNoMoreEventsAreTakenThanThereAreWorkers(t *testing.T) {
	t.Parallel()
	p := openWaiting(t, time.Minute)
	m := metrics.New()
	few := p.with(func(c *inbox.Config) { c.Workers, c.Metrics = 3, m })
	p.news(12)
	h := p.hold("/v2/")
	p.running(few)
	worked := make(chan error, 1)
	go func() { _, err := few.Work(t.Context()); worked <- err }()
	p.until("three wait for PayPal", func() bool { return h.waiting.Load() == 3 })
	if n := p.Count(`webhook_event WHERE attempts > 0`); n != 3 {
		t.Errorf("%d events were taken", n)
	}
	for _, name := range []string{"readerfund_webhook_workers", "readerfund_webhook_workers_busy"} {
		if got := gauge(t, m, name); got != 3 {
			t.Errorf("%s is %v", name, got)
		}
	}
	h.release()
	if err := <-worked; err != nil {
		t.Error(err)
	}
	p.until("all are worked off", func() bool { return p.applied() == 12 })
	if most := h.most.Load(); most > 3 {
		t.Errorf("%d were worked on at once", most)
	}
}

// Workers that wait for PayPal hold no connection to the database, and many of them get by with two.
func TestAWorkerThatWaitsHoldsNoConnection(t *testing.T) {
	t.Parallel()
	p := openWaiting(t, time.Minute)
	p.news(24)
	pool, err := db.Open(t.Context(), p.DB.URL(), db.Options{MaxOpen: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	services := p.settleOn(pool)
	many := p.with(func(c *inbox.Config) {
		c.DB, c.Workers = pool, 24
		c.Settler, c.Payments, c.Disputes = services.Settler, services.Payments, services.Disputes
	})
	h := p.hold("/v2/")
	p.running(many)
	p.until("all wait for PayPal", func() bool { return h.waiting.Load() == 24 })
	p.until("no connection is in use", func() bool { return pool.Stats().InUse == 0 })
	h.release()
	p.until("all are worked off", func() bool { return p.applied() == 24 })
}

// A stop finishes what was taken, and takes nothing new.
func TestAStopFinishesWhatWasTaken(t *testing.T) {
	t.Parallel()
	p := openWaiting(t, time.Minute)
	p.news(6)
	h := p.hold("/v2/")
	stop, done := p.running(p.with(func(c *inbox.Config) { c.Workers = 2 }))
	p.until("two wait for PayPal", func() bool { return h.waiting.Load() == 2 })
	stop()
	select {
	case <-done:
		t.Error("it has stopped and left what it had taken")
	case <-time.After(50 * time.Millisecond):
	}
	h.release()
	<-done
	if left := p.Count(`webhook_event WHERE attempts = 0`); p.applied() != 2 || left != 4 {
		t.Errorf("%d are done and %d are left alone", p.applied(), left)
	}
}

// PayPal's 429 is for all workers: none of them takes another event until the time is over, and nothing is lost.
func TestAllWorkersBackOffTogether(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]string{"with Retry-After": `,"headers":{"Retry-After":"30"}`, "without": ``} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t)
			p.news(20)
			m := metrics.New()
			four := p.with(func(c *inbox.Config) { c.Workers, c.Metrics = 4, m })
			p.hook("faults", `{"match":{"path":"/v2/*"},"kind":"status","status":429`+header+`}`)
			first, err := four.Work(t.Context())
			if err != nil || first < 1 || first > 4 {
				t.Fatalf("%d events ran into the limit, %v", first, err)
			}
			if header != "" {
				p.Clock.Advance(20 * time.Second)
				if n, err := four.Work(t.Context()); n != 0 || err != nil {
					t.Errorf("%d events were taken too early, %v", n, err)
				}
			}
			p.clearFaults()
			p.Clock.Advance(11 * time.Second)
			p.running(four)
			p.until("all are worked off", func() bool { return p.Count(`webhook_event WHERE state = 'applied'`) == 20 })
			if n := p.Count(`webhook_event WHERE attempts > 1`); n != first {
				t.Errorf("%d were tried more than once, want %d", n, first)
			}
		})
	}
}

// While no event is taken, the metrics tell how many wait.
func TestTheBacklogIsCounted(t *testing.T) {
	t.Parallel()
	p := open(t)
	p.news(5)
	m := metrics.New()
	p.running(p.with(func(c *inbox.Config) {
		c.Metrics, c.Busy = m, func() time.Duration { return time.Hour }
	}))
	p.until("five wait", func() bool { return gauge(t, m, "readerfund_webhook_backlog") == 5 })
}

// Several processes share the events: each is worked on by one of them.
func TestTwoProcessesShareTheEvents(t *testing.T) {
	t.Parallel()
	p := openWaiting(t, time.Minute)
	const events, each = 60, 4
	p.news(events)
	h := p.hold("/v2/")
	for range 2 {
		pool, err := db.Open(t.Context(), p.DB.URL(), db.Options{MaxOpen: 4})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pool.Close() })
		services := p.settleOn(pool)
		p.running(p.with(func(c *inbox.Config) {
			c.DB, c.Workers = pool, each
			c.Settler, c.Payments, c.Disputes = services.Settler, services.Payments, services.Disputes
		}))
	}
	p.until("both are at work", func() bool { return h.waiting.Load() == 2*each })
	h.release()
	p.until("all are worked off", func() bool { return p.Count(`webhook_event WHERE state = 'applied'`) == events })
	if n := p.Count(`webhook_event WHERE attempts > 1`); n != 0 {
		t.Errorf("%d were worked on twice", n)
	}
	if entries := p.Count(`ledger_entry`); entries != 2*events {
		t.Errorf("%d ledger entries of %d gifts", entries, events)
	}
}

// What a worker had booked when it died is taken again when the lease is over, and booked once.
func TestAWorkerThatDiesAfterBookingBooksNothingTwice(t *testing.T) {
	t.Parallel()
	p := open(t)
	gift := p.news(1)[0]
	p.work()
	before := p.ledger()
	// As it was between the booking and the outcome.
	if _, err := p.DB.Exec(`
		UPDATE webhook_event
		SET state = 'received', note = '', attempts = 1, processed_at = NULL, contribution_id = NULL, due_at = $1`,
		p.Clock.Now().Add(2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Work(t.Context()); n != 0 || err != nil {
		t.Fatalf("taken from under another: %d, %v", n, err)
	}
	p.Clock.Advance(3 * time.Minute)
	p.work()
	if after := p.ledger(); after != before || p.State(gift.ID) != contribution.Completed {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	if n := p.Count(`webhook_event WHERE state = 'applied' AND attempts = 2`); n != 1 {
		t.Errorf("%d events are done", n)
	}
}
