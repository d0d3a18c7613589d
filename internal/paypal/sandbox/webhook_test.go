package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestWebhookLifecycle(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	const path = "/v1/notifications/webhooks"
	made := b.api("POST", path, `{"url":"https://example.com/hook","event_types":[{"name":"PAYMENT.CAPTURE.COMPLETED"}]}`)
	b.want(made, 201, "event_types.0.status", "ENABLED")
	id := made.get("id")
	b.want(b.api("GET", path, ""), 200, "webhooks.0.id", id)
	b.want(b.api("GET", path+"/"+id+"/event-types", ""), 200, "event_types.0.name", "PAYMENT.CAPTURE.COMPLETED")
	changed := b.api("PATCH", path+"/"+id, `[{"op":"replace","path":"/url","value":"https://example.com/other"},{"op":"replace","path":"/event_types","value":[{"name":"*"}]}]`)
	b.want(changed, 200, "url", "https://example.com/other")
	b.want(b.api("GET", path+"/"+id, ""), 200, "event_types.0.name", "*")
	b.want(b.api("PATCH", path+"/"+id, `[{"op":"replace","path":"/url","value":"ftp://example.com"}]`), 400, "name",
		"VALIDATION_ERROR")
	if got := b.api("DELETE", path+"/"+id, ""); got.status != http.StatusNoContent {
		t.Error(got.status)
	}
	b.want(b.api("GET", path+"/"+id, ""), 404, "name", "INVALID_RESOURCE_ID")
	b.want(b.api("DELETE", path+"/"+id, ""), 404, "name", "INVALID_RESOURCE_ID")
}

func TestWebhookRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	const path = "/v1/notifications/webhooks"
	body := func(url string) string {
		return fmt.Sprintf(`{"url":%q,"event_types":[{"name":"*"}]}`, url)
	}
	for name, c := range map[string]struct{ body, name string }{
		"not JSON":      {`{`, "MALFORMED_REQUEST"},
		"no url":        {`{"event_types":[{"name":"*"}]}`, "VALIDATION_ERROR"},
		"http, far":     {body("http://example.com/hook"), "VALIDATION_ERROR"},
		"long url":      {body("https://example.com/" + strings.Repeat("x", 2048)), "VALIDATION_ERROR"},
		"no types":      {`{"url":"https://example.com/"}`, "VALIDATION_ERROR"},
		"unknown type":  {`{"url":"https://example.com/","event_types":[{"name":"MONEY.CAME"}]}`, "VALIDATION_ERROR"},
		"not an object": {`[]`, "MALFORMED_REQUEST"},
	} {
		if got := b.api("POST", path, c.body); got.status != 400 || got.get("name") != c.name {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	for i := range 10 {
		if got := b.api("POST", path, body(fmt.Sprintf("https://example.com/%d", i))); got.status != 201 {
			t.Fatal(got.status, got.text)
		}
	}
	b.want(b.api("POST", path, body("https://example.com/3")), 400, "name", "WEBHOOK_URL_ALREADY_EXISTS")
	b.want(b.api("POST", path, body("https://example.com/more")), 400, "name", "WEBHOOK_NUMBER_LIMIT_EXCEEDED")
}

func TestNearHosts(t *testing.T) {
	t.Parallel()
	for host, near := range map[string]bool{
		"127.0.0.1": true, "::1": true, "localhost": true, "10.1.2.3": true, "192.168.0.9": true, "app": true,
		"example.com": false, "8.8.8.8": false, "169.254.169.254": false,
	} {
		if isNear(host) != near {
			t.Errorf("isNear(%s) = %v", host, !near)
		}
	}
}

func TestEventsList(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.pay("EUR", "1.00", "")
	b.pay("EUR", "2.00", "")
	const path = "/v1/notifications/webhooks-events"
	b.want(b.api("GET", path, ""), 200, "count", "6")
	b.want(b.api("GET", path+"?page_size=4", ""), 200, "count", "4")
	// newest first
	b.want(b.api("GET", path+"?event_type=PAYMENT.CAPTURE.COMPLETED", ""), 200, "events.0.resource.amount.value", "2.00")
	b.want(b.api("GET", path+"?start_time="+b.server.now().Add(time.Hour).Format(time.RFC3339), ""), 200, "count", "0")
	b.want(b.api("GET", path+"?page_size=x", ""), 400, "name", "VALIDATION_ERROR")
	b.want(b.api("GET", path+"?end_time=x", ""), 400, "name", "VALIDATION_ERROR")
	id := b.api("GET", path, "").get("events.0.id")
	b.want(b.api("GET", path+"/"+id, ""), 200, "id", id)
	b.want(b.api("GET", path+"/WH-1", ""), 404, "name", "INVALID_RESOURCE_ID")
	b.want(b.api("POST", path+"/WH-1/resend", "{}"), 404, "name", "INVALID_RESOURCE_ID")
	b.advance(31 * 24 * time.Hour)
	b.login()
	b.want(b.api("GET", path, ""), 200, "count", "0")
}

func TestSimulator(t *testing.T) {
	t.Parallel()
	b, r := newBench(t, Options{RetryUnit: time.Millisecond}), newReceiver(t, 500)
	send := func(kind string) answer {
		return b.api("POST", "/v1/notifications/simulate-event", fmt.Sprintf(`{"url":%q,"event_type":%q}`, r.url, kind))
	}
	b.want(send("PAYMENT.CAPTURE.COMPLETED"), 202, "id", "WH-58D329510W468432D-8HN650336L201105X")
	eventually(t, "the simulated event", func() bool { return len(r.all()) == 1 })
	if err := verify(t, b, r.all()[0], "WEBHOOK_ID"); err != nil {
		t.Error(err)
	}
	b.want(send("BILLING.SUBSCRIPTION.ACTIVATED"), 202, "create_time", "2018-19-12T22:20:32.000Z")
	b.want(send("PAYMENT.CAPTURE.REFUNDED"), 202, "resource_type", "refund")
	b.want(send("MONEY.CAME"), 400, "name", "VALIDATION_ERROR")
	eventually(t, "all three, once each", func() bool { return len(r.all()) == 3 })
}

func TestEventTypesAreListed(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	got := b.api("GET", "/v1/notifications/webhooks-event-types", "")
	if got.status != 200 || !strings.Contains(got.text, "CHECKOUT.PAYMENT-APPROVAL.REVERSED") {
		t.Errorf("%d %s", got.status, got.text)
	}
}
