package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The traps are what has hurt other people's integrations: each test shows that the emulator sets it as PayPal does.

func TestTrapCreatedIsDeliveredAfterActivated(t *testing.T) {
	t.Parallel()
	b, r := newBench(t, Options{}), newReceiver(t)
	hook := b.subscribe(r, "BILLING.SUBSCRIPTION.CREATED", "BILLING.SUBSCRIPTION.ACTIVATED")
	b.want(b.hook("POST", "/sandbox/faults", `{"kind":"late_created","times":1}`), 201, "id", "F1")
	id := b.agreed()
	eventually(t, "two deliveries", func() bool { return len(r.all()) == 2 })
	want := []string{"BILLING.SUBSCRIPTION.ACTIVATED", "BILLING.SUBSCRIPTION.CREATED"}
	if got := r.types(); !slices.Equal(got, want) {
		t.Error(got)
	}
	for _, d := range r.all() {
		if err := verify(t, b, d, hook); err != nil {
			t.Error(err)
		}
	}
	listed := b.api("GET", "/v1/notifications/webhooks-events?transaction_id="+id, "") // the newest first
	b.want(listed, 200, "events.1.event_type", "BILLING.SUBSCRIPTION.CREATED")
	b.want(listed, 200, "events.1.resource.status", "APPROVAL_PENDING")
}

func TestTrapLinksLeadToAnInternalHost(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.want(b.hook("POST", "/sandbox/faults",
		`{"kind":"internal_links","match":{"event":"BILLING.SUBSCRIPTION.ACTIVATED"}}`), 201, "id", "F1")
	id := b.agreed()
	listed := b.api("GET", "/v1/notifications/webhooks-events?event_type=BILLING.SUBSCRIPTION.ACTIVATED", "")
	if href := listed.get("events.0.resource.links.0.href"); !strings.HasPrefix(href, internalHost+"/v1/billing/") {
		t.Error(href)
	}
	if href := b.subscription(id).get("links.0.href"); !strings.HasPrefix(href, b.url) {
		t.Error(href)
	}
}

func TestTrapPayerIsBackBeforeTheSubscriptionIsActive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := newBench(t, Options{DataDir: dir})
	id := b.subscribed()
	got := b.hook("POST", "/sandbox/subscriptions/"+id+"/approve", `{"payer":{"email":"ada@example.com"},"after":"1h"}`)
	b.want(got, 200, "status", "APPROVAL_PENDING")
	if back := got.get("return_url"); query(t, back, "subscription_id") != id {
		t.Error(back)
	}
	b.want(b.hook("POST", "/sandbox/subscriptions/"+id+"/approve", ""), 409, "", "")
	b.wantPage(b.consentPage(id), 200, "is being worked on")
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}
	b = newBench(t, Options{DataDir: dir})
	b.advance(59 * time.Minute)
	b.want(b.subscription(id), 200, "status", "APPROVAL_PENDING")
	b.advance(2 * time.Minute)
	b.want(b.subscription(id), 200, "status", "ACTIVE")
	b.want(b.subscription(id), 200, "subscriber.email_address", "ada@example.com")
}

func TestTrapOneCycleUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	product := b.api("POST", "/v1/catalogs/products", `{"name":"The Paper","type":"DIGITAL"}`).get("id")
	plan := b.api("POST", "/v1/billing/plans", strings.Replace(fmt.Sprintf(planBody, product), `"total_cycles":0,`, "", 1))
	id := b.api("POST", "/v1/billing/subscriptions", `{"plan_id":"`+plan.get("id")+`"}`).get("id")
	b.want(b.hook("POST", "/sandbox/subscriptions/"+id+"/approve", ""), 200, "status", "EXPIRED")
	b.wantEvents("BILLING.SUBSCRIPTION.", "CREATED", "ACTIVATED", "EXPIRED")
}

func TestTrapDefaultsOfPaymentPreferences(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	product := b.api("POST", "/v1/catalogs/products", `{"name":"The Paper","type":"DIGITAL"}`).get("id")
	body := strings.Replace(fmt.Sprintf(planBody, product),
		`{"auto_bill_outstanding":false,"payment_failure_threshold":3}`, "{}", 1)
	got := b.api("POST", "/v1/billing/plans", body, "Prefer", "return=representation")
	b.want(got, 201, "payment_preferences.auto_bill_outstanding", "true")
	b.want(got, 201, "payment_preferences.payment_failure_threshold", "0")
	b.want(got, 201, "status", "ACTIVE")
}

func TestTrapMoneyIsNotNormalised(t *testing.T) {
	t.Parallel()
	for currency, values := range map[string]map[int64]string{
		"EUR": {500: "5.0", 569: "5.69", 1490: "14.9", 0: "0.0"}, "JPY": {500: "500", 0: "0"},
	} {
		for minor, want := range values {
			if got := (money{currency, minor}).looseView().Value; got != want {
				t.Errorf("%d %s is written as %s, not %s", minor, currency, got, want)
			}
		}
	}
}

func TestTrapInventedEventsAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, name := range []string{
		"BILLING.SUBSCRIPTION.RENEWED", "BILLING.SUBSCRIPTION.PAYMENT.COMPLETED", "PAYMENT.SALE.FAILED",
	} {
		got := b.api("POST", "/v1/notifications/webhooks",
			`{"url":"https://paper.example/x","event_types":[{"name":"`+name+`"}]}`)
		if got.status != 400 {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
}

func TestTrapEventIsReadAgainByItsID(t *testing.T) {
	t.Parallel()
	b, r := newBench(t, Options{}), newReceiver(t)
	b.subscribe(r, "BILLING.SUBSCRIPTION.CREATED")
	b.subscribed()
	eventually(t, "the delivery", func() bool { return len(r.all()) == 1 })
	var e struct{ ID string }
	if err := json.Unmarshal([]byte(r.all()[0].body), &e); err != nil {
		t.Fatal(err)
	}
	if got := b.api("GET", "/v1/notifications/webhooks-events/"+e.ID, ""); got.text != r.all()[0].body {
		t.Error(got.text)
	}
}

func TestTrapPatchOfTheLeastMattersLeavesThePlanAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	plan := b.plan()
	id := b.api("POST", "/v1/billing/subscriptions", `{"plan_id":"`+plan+`"}`).get("id")
	b.hook("POST", "/sandbox/subscriptions/"+id+"/approve", "")
	patch := func(path, value string) {
		t.Helper()
		got := b.api("PATCH", subscriptionsPath+id, `[{"op":"replace","path":"`+path+`","value":`+value+`}]`)
		b.want(got, 204, "", "")
	}
	patch("/custom_id", `"gift-2"`)
	b.want(b.subscription(id), 200, "plan_overridden", "false")
	patch("/plan/payment_preferences/payment_failure_threshold", "1")
	b.want(b.subscription(id), 200, "plan_overridden", "true")
	b.want(b.subscription(id), 200, "plan.payment_preferences.payment_failure_threshold", "1")
	b.want(b.api("GET", "/v1/billing/plans/"+plan, ""), 200, "payment_preferences.payment_failure_threshold", "3")
}

func TestTrapSlowPlans(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	product := b.api("POST", "/v1/catalogs/products", `{"name":"The Paper","type":"DIGITAL"}`).get("id")
	b.want(b.hook("POST", "/sandbox/faults",
		`{"kind":"delay","delay":"50ms","match":{"method":"POST","path":"/v1/billing/plans"}}`), 201, "id", "F1")
	begun := time.Now()
	b.want(b.api("POST", "/v1/billing/plans", fmt.Sprintf(planBody, product)), 201, "status", "ACTIVE")
	if took := time.Since(begun); took < 50*time.Millisecond {
		t.Error("it took", took)
	}
}

func TestTrapSubscriptionIsMadeAlthoughTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	plan := b.plan()
	b.want(b.hook("POST", "/sandbox/faults",
		`{"kind":"status","status":500,"when":"after","times":1,"match":{"path":"/v1/billing/subscriptions"}}`), 201, "id", "F1")
	create := func() answer {
		return b.api("POST", "/v1/billing/subscriptions", subscribeBody(plan, "5.00"), "PayPal-Request-Id", "s1")
	}
	b.want(create(), 500, "name", "INTERNAL_SERVER_ERROR")
	again := create()
	b.want(again, 200, "status", "APPROVAL_PENDING")
	all := b.hook("GET", "/sandbox/subscriptions?custom_id=gift-1", "")
	b.want(all, 200, "0.id", again.get("id"))
	b.want(all, 200, "1.id", "")
}

func TestTrapAddressIsAskedForUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	plan := b.plan()
	for body, want := range map[string]string{
		subscribeBody(plan, "5.00"): "",
		strings.Replace(subscribeBody(plan, "5.00"), `"shipping_preference":"NO_SHIPPING",`, "", 1):         "Robin Reader",
		`{"plan_id":"` + plan + `","subscriber":{"shipping_address":{"name":{"full_name":"Ada Example"}}}}`: "Ada Example",
	} {
		id := b.api("POST", "/v1/billing/subscriptions", body).get("id")
		b.hook("POST", "/sandbox/subscriptions/"+id+"/approve", "")
		b.want(b.subscription(id), 200, "subscriber.shipping_address.name.full_name", want)
	}
}
