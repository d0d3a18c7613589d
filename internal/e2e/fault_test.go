package e2e

import (
	"strings"
	"testing"
	"time"
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
