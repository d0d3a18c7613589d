package e2e

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/localpg"
	"readerfund/migrations"
)

// F1: killed while PayPal makes the order, before or after it did. The intent was written down first, so that the same
// key goes on where it stopped, under the same request id.
func TestKilledWhileTheOrderIsMade(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			s := openScene(t)
			v := s.serve()
			s.bank.fault(fields{"kind": "kill", "when": when, "pid": v.pid(), "times": 1, "match": fields{"method": "POST", "path": "/v2/checkout/orders"}})
			reader := s.visitor()
			if got, err := reader.give("25.00", "EUR", "one-key"); err == nil {
				t.Fatalf("the service answers %v after its death", got)
			}
			<-v.done
			if n := s.count("contribution WHERE state = 'started' AND order_id IS NULL"); n != 1 {
				t.Fatalf("%d intents were written down", n)
			}
			v.restart()
			got, err := reader.give("25.00", "EUR", "one-key")
			if err != nil {
				t.Fatal(err)
			}
			g, err := got.started()
			if err != nil {
				t.Fatal(err)
			}
			if orders := s.bank.orders(); len(orders) != 1 || orders[0] != g.order() {
				t.Errorf("the sandbox has the orders %v, the reader was sent to %s", orders, g.order())
			}
			back, err := s.bank.approve(g.order(), "")
			if err != nil {
				t.Fatal(err)
			}
			if page := reader.get(t, back); !strings.Contains(page.body, "Thank you.") {
				t.Errorf("no thanks:\n%s", page.body)
			}
			s.onlyGift(g)
		})
	}
}

// F2: killed between PayPal's capture and our record of it. Reloading the page is all it takes, and so is doing nothing.
func TestKilledAfterTheCapture(t *testing.T) {
	t.Parallel()
	for _, reloads := range []bool{true, false} {
		t.Run(map[bool]string{true: "the reader reloads", false: "nobody does anything"}[reloads], func(t *testing.T) {
			t.Parallel()
			s := openScene(t, "SWEEP_INTERVAL", "1s")
			s.bank.fault(fields{"kind": "drop_webhook"})
			v := s.serve()
			reader := s.visitor()
			g := reader.begin(t, "25.00", "EUR")
			s.bank.fault(fields{"kind": "kill", "when": "after", "pid": v.pid(), "times": 1, "match": fields{"method": "POST", "path": "/v2/checkout/orders/*/capture"}})
			back, err := s.bank.approve(g.order(), "")
			if err != nil {
				t.Fatal(err)
			}
			if got, err := reader.send("GET", back, ""); err == nil {
				t.Fatalf("the service answers %v after its death", got)
			}
			<-v.done
			if captures, entries := s.bank.capturesOf(g.ID), s.count("ledger_entry"); len(captures) != 1 || entries != 0 {
				t.Fatalf("%d captures at PayPal and %d entries here: that is not the moment this test is about", len(captures), entries)
			}
			v.restart()
			if reloads {
				if page := reader.get(t, back); !strings.Contains(page.body, "Thank you.") {
					t.Errorf("no thanks:\n%s", page.body)
				}
			}
			s.completed(20*time.Second, g)
			s.onlyGift(g)
		})
	}
}

// F2 without a death: the capture went through, and the database refuses the entry for a while. The reader is not told
// that it failed.
func TestCaptureThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	s := openScene(t, "SWEEP_INTERVAL", "1s")
	s.serve()
	if _, err := s.db.ExecContext(t.Context(), `ALTER TABLE ledger_entry ADD CONSTRAINT trouble CHECK (amount_minor <> 2500)`); err != nil {
		t.Fatal(err)
	}
	reader := s.visitor()
	g := reader.begin(t, "25.00", "EUR")
	back, err := s.bank.approve(g.order(), "")
	if err != nil {
		t.Fatal(err)
	}
	if page := reader.get(t, back); !strings.Contains(page.body, "being confirmed") {
		t.Errorf("the reader is not told that it is being confirmed:\n%s", page.body)
	}
	if n := s.count("ledger_entry"); n != 0 {
		t.Fatalf("%d entries were made", n)
	}
	if _, err := s.db.ExecContext(t.Context(), `ALTER TABLE ledger_entry DROP CONSTRAINT trouble`); err != nil {
		t.Fatal(err)
	}
	s.completed(30*time.Second, g)
	s.onlyGift(g)
}

// F16: the database is stopped under load. Meanwhile PayPal gets 503 and never a 2xx, readers are told that nothing was
// charged, and when the database is back everything goes on by itself.
func TestDatabaseDownUnderLoad(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	postgres := startPostgres(t, localpg.Options{Dir: folder})
	s := sceneOn(t, emptyDatabase(t, postgres), "SWEEP_INTERVAL", "1s")
	v := s.serve()
	c := s.gather(4, seed(t), v.base)
	outsider := s.visitor()
	d := s.delivered("CHECKOUT.ORDER.APPROVED")
	for range 3 {
		time.Sleep(700 * time.Millisecond)
		if err := postgres.Stop(); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]int{"/readyz": 503, "/healthz": 200} {
			if got, err := outsider.send("GET", path, ""); err != nil || got.status != want {
				t.Errorf("%s without a database: %v, %v", path, err, got)
			}
		}
		if got, err := outsider.deliver(d, d.Body); err != nil || got.status != http.StatusServiceUnavailable {
			t.Errorf("a webhook without a database: %v, %v", err, got)
		}
		if got, err := outsider.give("25.00", "EUR", ""); err != nil || got.status != http.StatusServiceUnavailable {
			t.Errorf("a gift without a database: %v, %v", err, got)
		}
		postgres = startPostgres(t, localpg.Options{Dir: folder, Port: postgres.Port()})
		if err := v.ready(10 * time.Second); err != nil {
			t.Errorf("the service does not come back by itself: %v", err)
		}
	}
	c.reconciled(40 * time.Second)
}

func startPostgres(t *testing.T, options localpg.Options) *localpg.Server {
	t.Helper()
	server, err := localpg.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// emptyDatabase makes a database with our tables on a server of the test's own.
func emptyDatabase(t *testing.T, server *localpg.Server) string {
	t.Helper()
	d, err := db.Open(t.Context(), server.URL("postgres"), db.Options{MaxOpen: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context(), d, migrations.FS); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return server.URL("postgres")
}

// F24: stopped and started again under load. Each stop is clean, a request that was under way is answered, and nothing
// that was acknowledged is lost.
func TestRestartsUnderLoad(t *testing.T) {
	t.Parallel()
	s := openScene(t, "SWEEP_INTERVAL", "1s")
	services := []*service{s.serve(), s.serve()}
	// PayPal takes its time, so that there is always something under way.
	s.bank.fault(fields{"kind": "delay", "delay": "300ms", "match": fields{"method": "POST", "path": "/v2/checkout/orders"}})
	c := s.gather(6, seed(t), services[0].base, services[1].base)
	for n := range 10 {
		v := services[n%2]
		time.Sleep(300 * time.Millisecond)
		slow := s.slowGift(v)
		if err := v.stop(syscall.SIGTERM, 20*time.Second); err != nil {
			t.Errorf("stop %d: %v", n, err)
		}
		if got := <-slow; got.err != nil || got.status != http.StatusCreated {
			t.Errorf("a gift that was under way at stop %d: %v, %v", n, got.err, got.answer)
		} else if g, err := got.started(); err != nil {
			t.Error(err)
		} else {
			c.add(given{started: g, ending: "abandoned"})
		}
		v.restart()
	}
	c.reconciled(40 * time.Second)
}

// slowGift begins a gift, and returns once it is written down and PayPal is being asked.
func (s *scene) slowGift(v *service) <-chan attempt {
	s.t.Helper()
	before := s.count("contribution WHERE message = 'slow'")
	done, visitor := make(chan attempt, 1), newVisitor(s.t, v.base)
	go func() {
		got, err := visitor.send("POST", "/contributions", `{"campaign":"support","amount":"7.77","currency":"EUR","frequency":"once","message":"slow"}`, "Content-Type", "application/json")
		done <- attempt{got, err}
	}()
	eventually(s.t, 10*time.Second, "the slow gift is under way", func() (bool, string) {
		return s.count("contribution WHERE message = 'slow'") > before, "it is not written down"
	})
	return done
}
