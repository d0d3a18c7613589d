package sandbox

import (
	"fmt"
	"testing"
	"time"
)

func TestHistory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Now().UTC().Truncate(time.Second)
	opts := Options{DataDir: dir, BaseURL: "http://127.0.0.1:1", Now: func() time.Time { return now }}
	b := newBench(t, opts)
	_, today := b.pay("EUR", "1.00", "")
	body := fmt.Sprintf(`{"payments":3,"from":%q,"to":%q,"seed":7,"custom_id":"old-{n}","list":true}`,
		stamp(now.Add(-3*time.Hour)), stamp(now))
	made := b.hook("POST", "/sandbox/history", body)
	b.want(made, 201, "payments", "3")
	b.want(made, 201, "list.1.custom_id", "old-2")
	b.want(made, 201, "list.1.at", stampMillis(now.Add(-2*time.Hour)))
	order, capture := made.get("list.1.order"), made.get("list.1.capture")
	b.want(b.api("GET", "/v2/checkout/orders/"+order, ""), 200, "purchase_units.0.payments.captures.0.id", capture)
	b.want(b.api("GET", "/v2/payments/captures/"+capture, ""), 200, "amount.value", made.get("list.1.amount"))
	got := b.search("")
	b.want(got, 200, "total_items", "4")
	for i, id := range []string{made.get("list.0.capture"), capture, made.get("list.2.capture"), today} {
		b.want(got, 200, fmt.Sprintf("transaction_details.%d.transaction_info.transaction_id", i), id)
	}
	b.want(b.api("GET", "/v1/notifications/webhooks-events", ""), 200, "count", "3") // today's
	b.want(b.hook("POST", "/sandbox/history", body), 409, "error", "the payments of seed 7 are there already")
	b.want(b.api("POST", "/v2/payments/captures/"+capture+"/refund", ""), 201, "status", "COMPLETED")

	same := newBench(t, Options{BaseURL: "http://127.0.0.1:1"}).hook("POST", "/sandbox/history", body)
	if same.text != made.text {
		t.Errorf("the same seed made\n%s, and\n%s", same.text, made.text)
	}
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}
	after := newBench(t, opts)
	after.want(after.search("transaction_id="+capture), 200, "transaction_details.0.transaction_info.transaction_status",
		"V")
}

func TestHistoryTakesCustomIDs(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	made := b.hook("POST", "/sandbox/history", `{"custom_ids":["a","b"],"amount":"10.00","currency":"USD"}`)
	b.want(made, 201, "gross", "20.00")
	b.want(made, 201, "fees", "1.68")
	b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "1.custom_id", "b")
	for _, wrong := range []string{
		`{}`, `{"payments":-1}`, `{"payments":3,"custom_ids":["a"]}`, `{"payments":1,"currency":"TND"}`,
		`{"payments":1,"to":"2999-01-01T00:00:00Z"}`,
		`{"payments":1,"amount":"0"}`, `{"payments":1,"from":"yesterday"}`, `{"payments":1,"seeds":1}`,
	} {
		if got := b.hook("POST", "/sandbox/history", wrong); got.status != 400 || got.get("error") == "" {
			t.Errorf("%s: %d %s", wrong, got.status, got.text)
		}
	}
}
