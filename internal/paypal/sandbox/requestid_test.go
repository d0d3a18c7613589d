package sandbox

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestRequestIDReplays(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	create := func(value string) answer {
		return b.api("POST", "/v2/checkout/orders", orderBody("EUR", value), "PayPal-Request-Id", "o1")
	}
	first := create("10.00")
	b.want(first, 201, "status", "CREATED")
	id := first.get("id")
	b.want(create("99.00"), 200, "id", id) // another body: the first result
	b.approve(id, "")
	b.want(create("10.00"), 200, "status", "APPROVED") // the latest state

	capture := "/v2/checkout/orders/" + id + "/capture"
	b.want(b.api("POST", capture, "", "PayPal-Request-Id", "c1"), 201, "status", "COMPLETED")
	again := b.api("POST", capture, "", "PayPal-Request-Id", "c1")
	b.want(again, 200, "id", id)
	b.refused(b.api("POST", capture, "", "PayPal-Request-Id", "c2"), 422, "ORDER_ALREADY_CAPTURED")

	b.advance(6*time.Hour + time.Minute)
	if late := create("10.00"); late.status != 201 || late.get("id") == id {
		t.Errorf("after six hours: %d %s", late.status, late.text)
	}
	b.refused(b.api("POST", capture, "", "PayPal-Request-Id", "c1"), 422, "ORDER_ALREADY_CAPTURED")
}

func TestRefundRequestIDLastsFortyFiveDays(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, id := b.pay("EUR", "10.00", "")
	refund := func() answer {
		return b.api("POST", "/v2/payments/captures/"+id+"/refund", `{"amount":{"currency_code":"EUR","value":"4.00"}}`,
			"PayPal-Request-Id", "r1")
	}
	first := refund()
	b.want(first, 201, "status", "COMPLETED")
	b.advance(44 * 24 * time.Hour)
	b.login()
	b.want(refund(), 200, "id", first.get("id"))
	b.advance(2 * 24 * time.Hour)
	b.login()
	if late := refund(); late.status != 201 || late.get("id") == first.get("id") {
		t.Errorf("after 46 days: %d %s", late.status, late.text)
	}
}

// A refusal is the answer to its request id, whoever asks again and even after a restart; what never came to a
// decision may be sent again.
func TestARefusalIsReplayedWithItsRequestID(t *testing.T) {
	t.Parallel()
	dir, base := t.TempDir(), "http://127.0.0.1:1"
	b := newBench(t, Options{DataDir: dir, BaseURL: base})
	create := func(b *bench, value string) answer {
		return b.api("POST", "/v2/checkout/orders", orderBody("EUR", value), "PayPal-Request-Id", "o1")
	}
	b.refused(create(b, "zero"), 400, "INVALID_PARAMETER_SYNTAX")
	b.refused(create(b, "0.00"), 422, "CANNOT_BE_ZERO_OR_NEGATIVE")
	b.refused(create(b, "5.00"), 422, "CANNOT_BE_ZERO_OR_NEGATIVE")

	order := b.order("EUR", "10.00")
	b.approve(order, "decline")
	capture := func(b *bench, id string) answer {
		return b.api("POST", "/v2/checkout/orders/"+order+"/capture", "{}", "PayPal-Request-Id", id)
	}
	first := capture(b, "c1")
	b.refused(first, 422, "INSTRUMENT_DECLINED")
	b.approve(order, "approve")
	if err := b.server.Close(); err != nil { // which rewrites the journal
		t.Fatal(err)
	}
	after := newBench(t, Options{DataDir: dir, BaseURL: base})
	again := capture(after, "c1")
	after.refused(again, 422, "INSTRUMENT_DECLINED")
	if again.link("redirect") != first.link("redirect") || again.get("debug_id") == first.get("debug_id") {
		t.Errorf("replayed %s\nof       %s", again.text, first.text)
	}
	after.want(capture(after, "c2"), 201, "status", "COMPLETED")
	after.advance(6*time.Hour + time.Minute)
	after.want(create(after, "5.00"), 201, "status", "CREATED")
}

// A fault that refuses one request refuses every copy of it, at once or later, and no other.
func TestARefusalByAFaultIsForEveryCopyOfTheRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	order := b.order("EUR", "10.00")
	b.approve(order, "approve")
	path := "/v2/checkout/orders/" + order + "/capture"
	b.hook("POST", "/sandbox/faults", `{"kind":"issue","issue":"INSTRUMENT_DECLINED","times":1,"match":{"method":"POST"}}`)
	var copies sync.WaitGroup
	var refused atomic.Int32
	for range 20 {
		copies.Go(func() {
			got, err := b.try("POST", path, "{}", "Authorization", "Bearer "+b.token,
				"Content-Type", "application/json", "PayPal-Request-Id", "c1")
			if err == nil && got.status == 422 && got.get("details.0.issue") == "INSTRUMENT_DECLINED" {
				refused.Add(1)
			}
		})
	}
	copies.Wait()
	if refused.Load() != 20 {
		t.Errorf("%d of 20 copies were refused", refused.Load())
	}
	b.hook("POST", "/sandbox/faults", `{"kind":"issue","issue":"PERMISSION_DENIED","times":1}`)
	b.refused(b.api("POST", path, "{}", "PayPal-Request-Id", "c2"), 403, "PERMISSION_DENIED")
	b.want(b.api("POST", path, "{}", "PayPal-Request-Id", "c2"), 201, "status", "COMPLETED")
}

func TestSameRequestIDAtOnceMakesOne(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	const copies = 50
	var made sync.Map
	var created, replayed, other int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range copies {
		all.Go(func() {
			got, err := b.try("POST", "/v2/checkout/orders", orderBody("EUR", "10.00"), "Authorization", "Bearer "+b.token,
				"Content-Type", "application/json", "PayPal-Request-Id", "same")
			mu.Lock()
			defer mu.Unlock()
			made.Store(got.get("id"), true)
			switch {
			case err == nil && got.status == 201:
				created++
			case err == nil && got.status == 200:
				replayed++
			default:
				other++
			}
		})
	}
	all.Wait()
	ids := 0
	made.Range(func(any, any) bool { ids++; return true })
	if ids != 1 || created != 1 || replayed != copies-1 || other != 0 {
		t.Errorf("%d ids, %d created, %d replayed, %d other", ids, created, replayed, other)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	get := func() answer { return b.api("GET", "/v2/checkout/orders/11111111111111111", "") }
	b.refused(get(), 404, "INVALID_RESOURCE_ID")

	b.want(b.hook("POST", "/sandbox/tokens/revoke", ""), 200, "revoked", "1")
	b.want(get(), 401, "error", "invalid_token")
	b.login()
	b.refused(get(), 404, "INVALID_RESOURCE_ID")
	b.advance(9 * time.Hour)
	b.want(get(), 401, "error", "invalid_token")

	b.want(b.send("GET", "/v2/checkout/orders/1", ""), 401, "name", "AUTHENTICATION_FAILURE")
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	b.want(b.send("POST", "/v1/oauth2/token", "grant_type=client_credentials",
		append(form, "Authorization", "Basic eDp5")...), 401, "error", "invalid_client")
	b.want(b.send("POST", "/v1/oauth2/token", "",
		append(form, "Authorization", "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ=")...), 400, "error",
		"unsupported_grant_type")
}
