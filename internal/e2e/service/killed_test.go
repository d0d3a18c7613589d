package service

import (
	"strings"
	"testing"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// F1: killed while PayPal makes the order, before or after it did. The intent was written down first, so that the same
// key goes on where it stopped, under the same request id.
func TestKilledWhileTheOrderIsMade(t *testing.T) {
	t.Parallel()
	for _, when := range testkit.Some(t, 1, []string{"before", "after"}) {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			s := harness.New(t)
			v := s.Serve()
			s.PayPal.Fault(
				testkit.Fields{
					"kind":  "kill",
					"when":  when,
					"pid":   v.PID(),
					"times": 1,
					"match": testkit.Fields{"method": "POST", "path": "/v2/checkout/orders"},
				},
			)
			reader := s.Client()
			if got, err := reader.Give("25.00", "EUR", "one-key"); err == nil {
				t.Fatalf("the service answers %v after its death", got)
			}
			<-v.Done
			if n := s.Count("contribution WHERE state = 'started' AND order_id IS NULL"); n != 1 {
				t.Fatalf("%d intents were written down", n)
			}
			v.Restart()
			got, err := reader.Give("25.00", "EUR", "one-key")
			if err != nil {
				t.Fatal(err)
			}
			g, err := got.Started()
			if err != nil {
				t.Fatal(err)
			}
			if orders := s.PayPal.Orders(); len(orders) != 1 || orders[0] != g.Order() {
				t.Errorf("the sandbox has the orders %v, the reader was sent to %s", orders, g.Order())
			}
			back, err := s.PayPal.Approve(g.Order(), "")
			if err != nil {
				t.Fatal(err)
			}
			if page := reader.Get(t, back); !strings.Contains(page.Body, "Thank you.") {
				t.Errorf("no thanks:\n%s", page.Body)
			}
			expectOnlyGift(s, g)
		})
	}
}

// F2: killed between PayPal's capture and our record of it. Reloading the page is all it takes, and so is doing
// nothing.
func TestKilledAfterTheCapture(t *testing.T) {
	t.Parallel()
	for _, reloads := range testkit.Some(t, 1, []bool{true, false}) {
		t.Run(map[bool]string{true: "the reader reloads", false: "nobody does anything"}[reloads], func(t *testing.T) {
			t.Parallel()
			s := harness.New(t, "SWEEP_INTERVAL", "1s")
			s.PayPal.Fault(testkit.Fields{"kind": "drop_webhook"})
			v := s.Serve()
			reader := s.Client()
			g := reader.Begin(t, "25.00", "EUR")
			s.PayPal.Fault(
				testkit.Fields{
					"kind":  "kill",
					"when":  "after",
					"pid":   v.PID(),
					"times": 1,
					"match": testkit.Fields{"method": "POST", "path": "/v2/checkout/orders/*/capture"},
				},
			)
			back, err := s.PayPal.Approve(g.Order(), "")
			if err != nil {
				t.Fatal(err)
			}
			if got, err := reader.Send("GET", back, ""); err == nil {
				t.Fatalf("the service answers %v after its death", got)
			}
			<-v.Done
			if captures, entries := s.PayPal.CapturesOf(g.ID), s.Count("ledger_entry"); len(captures) != 1 || entries != 0 {
				t.Fatalf(
					"%d captures at PayPal and %d entries here: that is not the moment this test is about",
					len(captures),
					entries,
				)
			}
			v.Restart()
			if reloads {
				if page := reader.Get(t, back); !strings.Contains(page.Body, "Thank you.") {
					t.Errorf("no thanks:\n%s", page.Body)
				}
			}
			completed(s, g)
			expectOnlyGift(s, g)
		})
	}
}

// F2 without a death: the capture went through, and the database refuses the entry for a while. The reader is not told
// that it failed.
func TestCaptureThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	s := harness.New(t, "SWEEP_INTERVAL", "1s")
	s.Serve()
	if _, err := s.DB.ExecContext(
		t.Context(),
		`ALTER TABLE ledger_entry ADD CONSTRAINT trouble CHECK (amount_minor <> 2500)`,
	); err != nil {
		t.Fatal(err)
	}
	reader := s.Client()
	g := reader.Begin(t, "25.00", "EUR")
	back, err := s.PayPal.Approve(g.Order(), "")
	if err != nil {
		t.Fatal(err)
	}
	if page := reader.Get(t, back); !strings.Contains(page.Body, "being confirmed") {
		t.Errorf("the reader is not told that it is being confirmed:\n%s", page.Body)
	}
	if n := s.Count("ledger_entry"); n != 0 {
		t.Fatalf("%d entries were made", n)
	}
	if _, err := s.DB.ExecContext(t.Context(), `ALTER TABLE ledger_entry DROP CONSTRAINT trouble`); err != nil {
		t.Fatal(err)
	}
	completed(s, g)
	expectOnlyGift(s, g)
}
