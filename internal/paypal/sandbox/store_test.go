package sandbox

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestStateSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const base = "http://127.0.0.1:1"
	b := newBench(t, Options{DataDir: dir, BaseURL: base})
	r := newReceiver(t)
	b.subscribe(r, "PAYMENT.CAPTURE.COMPLETED")
	waiting := b.order("EUR", "1.00")
	b.approve(waiting, "pending")
	_, id := b.pay("EUR", "10.00", "")
	refund := b.api("POST", "/v2/payments/captures/"+id+"/refund", `{"amount":{"currency_code":"EUR","value":"4.00"}}`,
		"PayPal-Request-Id", "r1").get("id")
	b.hook("POST", "/sandbox/captures/"+id+"/dispute", "")
	b.advance(time.Hour)
	eventually(t, "the delivery", func() bool { return b.hook("GET", "/sandbox/deliveries", "").get("0.status") == "200" })
	ledger, ca := b.hook("GET", "/sandbox/ledger", "").text, string(b.server.CAPEM())
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}

	after := newBench(t, Options{DataDir: dir, BaseURL: base})
	if got := after.hook("GET", "/sandbox/ledger", "").text; got != ledger {
		t.Errorf("ledger\n%s, was\n%s", got, ledger)
	}
	if string(after.server.CAPEM()) != ca {
		t.Error("another authority")
	}
	after.token = b.token // still good
	after.want(after.api("POST", "/v2/checkout/orders/"+waiting+"/capture", ""), 201,
		"purchase_units.0.payments.captures.0.status", "PENDING")
	after.want(after.api("POST", "/v2/payments/captures/"+id+"/refund", "", "PayPal-Request-Id", "r1"), 200, "id", refund)
	after.want(after.hook("GET", "/sandbox/clock", ""), 200, "ahead", "1h0m0s")
	after.want(after.api("GET", "/v1/notifications/webhooks", ""), 200, "webhooks.0.url", r.url)
	after.want(after.api("GET", "/v1/notifications/webhooks-events?event_type=PAYMENT.CAPTURE.COMPLETED", ""), 200,
		"events.0.resource.id", id)
	time.Sleep(50 * time.Millisecond)
	if n := len(r.all()); n != 1 {
		t.Errorf("what was delivered came %d times", n)
	}
}

func TestUndeliveredSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := newBench(t, Options{DataDir: dir, RetryUnit: time.Hour})
	r := newReceiver(t, 503)
	hook := b.subscribe(r, "CHECKOUT.ORDER.APPROVED")
	b.approve(b.order("EUR", "1.00"), "")
	eventually(t, "a failed attempt", func() bool { return b.hook("GET", "/sandbox/deliveries", "").get("0.status") == "503" })
	eventually(t, "its retry", func() bool { return b.waiting() == 1 })
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}
	after := newBench(t, Options{DataDir: dir})
	eventually(t, "the second attempt", func() bool { return len(r.all()) == 2 })
	if err := verify(t, after, received{r.all()[1].header, r.all()[1].body}, hook); err != nil {
		t.Error(err)
	}
	eventually(t, "its record", func() bool { return after.hook("GET", "/sandbox/deliveries", "").get("0.attempt") == "2" })
}

func TestJournalCutShortIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := newBench(t, Options{DataDir: dir})
	id := b.order("EUR", "1.00")
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "journal.jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, `{"k":"order","id":"9X`...), 0o600); err != nil {
		t.Fatal(err)
	}
	after := newBench(t, Options{DataDir: dir})
	after.want(after.api("GET", "/v2/checkout/orders/"+id, ""), 200, "id", id)

	if err := os.WriteFile(path, []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{DataDir: dir}); err == nil {
		t.Error("a damaged journal was taken")
	}
}

func TestLapsedApprovalIsToldAfterARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := newBench(t, Options{DataDir: dir})
	id := b.order("EUR", "1.00")
	b.approve(id, "")
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}
	later := func() time.Time { return time.Now().Add(4 * time.Hour) }
	after := newBench(t, Options{DataDir: dir, Now: later})
	after.server.reverseApprovals()
	after.want(after.api("GET", "/v1/notifications/webhooks-events?event_type=CHECKOUT.PAYMENT-APPROVAL.REVERSED", ""),
		200, "events.0.resource.order_id", id)
	if err := after.server.Close(); err != nil {
		t.Fatal(err)
	}
	again := newBench(t, Options{DataDir: dir, Now: later})
	again.server.reverseApprovals()
	again.want(again.api("GET", "/v1/notifications/webhooks-events?event_type=CHECKOUT.PAYMENT-APPROVAL.REVERSED", ""),
		200, "count", "1")
}
