package sandbox

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// planBody is a monthly plan at the least price, as a shop makes one that overrides it for each subscriber.
const planBody = `{"product_id":%q,"name":"Monthly support","billing_cycles":[{"frequency":{"interval_unit":"MONTH"},
	"tenure_type":"REGULAR","sequence":1,"total_cycles":0,
	"pricing_scheme":{"fixed_price":{"currency_code":"EUR","value":"1.00"}}}],
	"payment_preferences":{"auto_bill_outstanding":false,"payment_failure_threshold":3}}`

// plan makes a product and a monthly plan of EUR 1.00, and gives the plan's id.
func (b *bench) plan() string {
	b.t.Helper()
	product := b.api("POST", "/v1/catalogs/products", `{"name":"The Paper","type":"DIGITAL"}`).get("id")
	got := b.api("POST", "/v1/billing/plans", fmt.Sprintf(planBody, product))
	if got.status != 201 {
		b.t.Fatalf("create plan: %d %s", got.status, got.text)
	}
	return got.get("id")
}

// subscribeBody subscribes to a plan at a price of one's own, without end.
func subscribeBody(plan, value string) string {
	return fmt.Sprintf(`{"plan_id":%q,"custom_id":"gift-1","application_context":{"brand_name":"The Paper",
		"user_action":"SUBSCRIBE_NOW","shipping_preference":"NO_SHIPPING",
		"return_url":"http://127.0.0.1:1/back?a=b","cancel_url":"http://127.0.0.1:1/no"},
		"plan":{"billing_cycles":[{"sequence":1,"total_cycles":0,
			"pricing_scheme":{"fixed_price":{"currency_code":"EUR","value":%q}}}]}}`, plan, value)
}

// subscribed makes a subscription of EUR 12.50 a month, and gives its id.
func (b *bench) subscribed() string {
	b.t.Helper()
	got := b.api("POST", "/v1/billing/subscriptions", subscribeBody(b.plan(), "12.50"))
	if got.status != 201 {
		b.t.Fatalf("create subscription: %d %s", got.status, got.text)
	}
	return got.get("id")
}

// agreed makes a subscription of EUR 12.50 a month to which the payer has agreed.
func (b *bench) agreed() string {
	b.t.Helper()
	id := b.subscribed()
	b.want(b.hook("POST", "/sandbox/subscriptions/"+id+"/approve", ""), 200, "status", "ACTIVE")
	return id
}

func (b *bench) subscription(id string) answer {
	b.t.Helper()
	return b.api("GET", subscriptionsPath+id+"?fields=plan,last_failed_payment", "")
}

func TestSubscriptionBegins(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.subscribed()
	got := b.subscription(id)
	b.want(got, 200, "status", "APPROVAL_PENDING")
	for path, want := range map[string]string{
		"custom_id": "gift-1", "plan_overridden": "true", "shipping_amount.value": "0.0", "billing_info": "",
		"plan.billing_cycles.0.total_cycles": "0", "plan.billing_cycles.0.pricing_scheme.fixed_price.value": "12.5",
		"links.0.rel": "approve",
	} {
		b.want(got, 200, path, want)
	}
	approved := b.hook("POST", "/sandbox/subscriptions/"+id+"/approve", `{"payer":{"email":"ada@example.com"}}`)
	b.want(approved, 200, "status", "ACTIVE")
	back, err := url.Parse(approved.get("return_url"))
	if q := back.Query(); err != nil || q.Get("subscription_id") != id || !strings.HasPrefix(q.Get("ba_token"), "BA-") ||
		len(q.Get("token")) != 17 || q.Get("a") != "b" {
		t.Errorf("the way back: %s", approved.get("return_url"))
	}
	got = b.subscription(id)
	for path, want := range map[string]string{
		"status": "ACTIVE", "subscriber.email_address": "ada@example.com", "billing_info.outstanding_balance.value": "0.0",
		"billing_info.failed_payments_count": "0", "status_change_note": "",
	} {
		b.want(got, 200, path, want)
	}
	b.want(b.hook("GET", "/sandbox/subscriptions?custom_id=gift-1", ""), 200, "0.amount", "12.50")
}

func TestSubscriptionRequestIDReplays(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	plan := b.plan()
	create := func() answer {
		return b.api("POST", "/v1/billing/subscriptions", subscribeBody(plan, "5.00"), "PayPal-Request-Id", "s1")
	}
	first := create()
	b.want(first, 201, "status", "APPROVAL_PENDING")
	b.want(create(), 200, "id", first.get("id"))
	b.advance(72*time.Hour + time.Minute)
	b.login()
	if late := create(); late.status != 201 || late.get("id") == first.get("id") {
		t.Errorf("after 72 hours: %d %s", late.status, late.text)
	}
}

func TestSubscriptionStatuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.agreed()
	act := func(what, reason string) answer {
		return b.api("POST", subscriptionsPath+id+"/"+what, `{"reason":"`+reason+`"}`)
	}
	b.refused(act("activate", "x"), 422, "SUBSCRIPTION_STATUS_INVALID")
	b.want(act("suspend", "A break"), 204, "", "")
	got := b.subscription(id)
	b.want(got, 200, "status", "SUSPENDED")
	b.want(got, 200, "status_change_note", "A break")
	b.refused(act("suspend", "again"), 422, "SUBSCRIPTION_STATUS_INVALID")
	b.refused(b.api("POST", subscriptionsPath+id+"/activate", "{}"), 400, "MISSING_REQUIRED_PARAMETER")
	b.want(act("activate", "Back"), 204, "", "")
	b.refused(b.api("POST", subscriptionsPath+id+"/cancel", `{"data":{"reason":"x"}}`), 400, "MISSING_REQUIRED_PARAMETER")
	b.want(act("cancel", "Stopped by the reader"), 204, "", "")
	got = b.subscription(id)
	for path, want := range map[string]string{
		"status": "CANCELLED", "status_change_note": "Stopped by the reader", "billing_info.next_billing_time": "",
		"links.0.rel": "self", "links.1.rel": "",
	} {
		b.want(got, 200, path, want)
	}
	b.refused(act("cancel", "again"), 422, "SUBSCRIPTION_STATUS_INVALID")
	b.refused(b.api("PATCH", subscriptionsPath+id, `[{"op":"replace","path":"/custom_id","value":"x"}]`), 422,
		"SUBSCRIPTION_STATUS_INVALID")
}

func TestPayerActsAtPayPal(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.agreed()
	hook := "/sandbox/subscriptions/" + id
	b.want(b.hook("POST", hook+"/suspend", ""), 200, "status", "SUSPENDED")
	b.want(b.hook("POST", hook+"/activate", ""), 200, "status", "ACTIVE")
	cancelled := b.hook("POST", hook+"/cancel", "")
	b.want(cancelled, 200, "status", "CANCELLED")
	b.want(cancelled, 200, "status_change_note", "") // as recorded of payers who cancel
	b.want(b.hook("POST", hook+"/cancel", ""), 409, "", "")
	b.want(b.hook("POST", "/sandbox/subscriptions/I-NONE/cancel", ""), 404, "", "")
	b.want(b.hook("POST", hook+"/approve", ""), 409, "", "")
}

func TestSellerActivatesWhatThePayerApproved(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	body := strings.Replace(subscribeBody(b.plan(), "5.00"), "SUBSCRIBE_NOW", "CONTINUE", 1)
	id := b.api("POST", "/v1/billing/subscriptions", body).get("id")
	b.want(b.hook("POST", "/sandbox/subscriptions/"+id+"/approve", ""), 200, "status", "APPROVED")
	got := b.subscription(id)
	b.want(got, 200, "links.1.rel", "activate")
	b.want(got, 200, "billing_info", "")
	b.want(b.api("POST", subscriptionsPath+id+"/activate", "{}"), 204, "", "")
	b.want(b.subscription(id), 200, "status", "ACTIVE")
}

// A subscription that starts later is charged on the day of its start, whichever status it waits in; the seller can
// move the day while it lies ahead.
func TestSubscriptionStartsLater(t *testing.T) {
	t.Parallel()
	for _, waitsAs := range []string{"ACTIVE", "APPROVED"} {
		b := from(t, "2026-11-28T14:15:40Z", Options{})
		b.want(b.hook("POST", "/sandbox/billing", `{"future_start":"`+strings.ToLower(waitsAs)+`"}`), 200,
			"future_start", strings.ToLower(waitsAs))
		body := strings.Replace(subscribeBody(b.plan(), "5.00"), "{", `{"start_time":"2026-12-28T14:15:41Z",`, 1)
		id := b.api("POST", "/v1/billing/subscriptions", body).get("id")
		b.wantPage(b.consentPage(id), 200, "First payment", "28 December 2026")
		b.want(b.hook("POST", "/sandbox/subscriptions/"+id+"/approve", ""), 200, "status", waitsAs)
		b.wait(29 * day)
		b.want(b.subscription(id), 200, "status", waitsAs)
		if len(b.sales(id)) != 0 {
			t.Errorf("%s: charged before its start", waitsAs)
		}
		move := func(to string) answer {
			return b.api("PATCH", subscriptionsPath+id, `[{"op":"replace","path":"/start_time","value":"`+to+`"}]`)
		}
		if waitsAs == "APPROVED" {
			b.refused(move("2027-01-05T09:00:00Z"), 422, "SUBSCRIPTION_STATUS_INVALID")
			b.refused(b.api("POST", subscriptionsPath+id+"/cancel", `{"reason":"x"}`), 422, "SUBSCRIPTION_STATUS_INVALID")
		} else {
			b.refused(move("2026-12-01T09:00:00Z"), 400, "INVALID_PARAMETER_VALUE")
			b.want(b.subscription(id), 200, "billing_info.next_billing_time", "2026-12-28T10:00:00Z")
			b.want(move("2027-01-05T09:00:00Z"), 204, "", "")
			b.want(b.subscription(id), 200, "billing_info.next_billing_time", "2027-01-05T10:00:00Z")
			b.wait(7 * day)
			if len(b.sales(id)) != 0 {
				t.Error("charged on the day on which it was to start before")
			}
		}
		b.wait(3 * day)
		b.wantEvents("PAYMENT.SALE.", "COMPLETED")
		b.want(b.subscription(id), 200, "status", "ACTIVE")
		if waitsAs == "ACTIVE" {
			b.refused(move("2027-02-05T09:00:00Z"), 422, "INVALID_START_TIME")
		}
	}
}

func TestOverrideIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	plan := b.plan()
	b.want(b.hook("POST", "/sandbox/faults", `{"kind":"refuse_override"}`), 201, "id", "F1")
	got := b.api("POST", "/v1/billing/subscriptions", subscribeBody(plan, "5.00"), "PayPal-Request-Id", "o1")
	b.want(got, 403, "name", "NOT_AUTHORIZED")
	b.want(got, 403, "details.0.description", "Billing Plan Override is not allowed due to insufficient permissions.")
	b.want(b.api("POST", "/v1/billing/subscriptions", `{"plan_id":"`+plan+`"}`), 201, "status", "APPROVAL_PENDING")
	b.want(b.api("POST", "/v1/billing/subscriptions", `{"plan_id":"ERRSUB033"}`), 403, "name", "NOT_AUTHORIZED")
}

func TestNoSubscriptionsFeature(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.want(b.hook("POST", "/sandbox/faults", `{"kind":"no_subscriptions"}`), 201, "id", "F1")
	b.refused(b.api("GET", "/v1/billing/plans", ""), 403, "PERMISSION_DENIED")
	b.refused(b.api("POST", "/v1/catalogs/products", `{}`), 403, "PERMISSION_DENIED")
	token := b.send("POST", "/v1/oauth2/token", "grant_type=client_credentials", "Content-Type",
		"application/x-www-form-urlencoded", "Authorization", "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ=")
	if strings.Contains(token.get("scope"), billingScope) {
		t.Error("the token has the scope:", token.text)
	}
	b.order("EUR", "5.00") // which needs no such feature
}

func TestPriceChangesSpareTenDays(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.agreed()
	price := `[{"op":"replace","path":"/plan/billing_cycles/@sequence==1/pricing_scheme/fixed_price",
		"value":{"currency_code":"EUR","value":"5.00"}}]`
	b.want(b.api("PATCH", subscriptionsPath+id, price), 204, "", "")
	b.want(b.subscription(id), 200, "plan.billing_cycles.0.pricing_scheme.fixed_price.value", "5.0")
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	now, scheme := b.server.now(), b.server.books.terms(b.server.books.subscriptions[id]).regular().Pricing
	if early, late := scheme.at(now.Add(9*24*time.Hour)), scheme.at(now.Add(11*24*time.Hour)); early.Minor != 1250 ||
		late.Minor != 500 {
		t.Errorf("in nine days %s, in eleven %s", early, late)
	}
}

func TestPlanPriceReachesSubscribersWithoutOneOfTheirOwn(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	plan := b.plan()
	own := b.api("POST", "/v1/billing/subscriptions", subscribeBody(plan, "12.50")).get("id")
	plans := b.api("POST", "/v1/billing/subscriptions", `{"plan_id":"`+plan+`"}`).get("id")
	b.want(b.api("POST", "/v1/billing/plans/"+plan+"/update-pricing-schemes",
		`{"pricing_schemes":[{"billing_cycle_sequence":1,
			"pricing_scheme":{"fixed_price":{"currency_code":"EUR","value":"9.90"}}}]}`),
		204, "", "")
	const price = "plan.billing_cycles.0.pricing_scheme.fixed_price.value"
	b.want(b.subscription(own), 200, price, "12.5")
	b.want(b.subscription(plans), 200, price, "9.9")
}

func TestRevisionWaitsForThePayer(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.agreed()
	plan := b.subscription(id).get("plan_id")
	revise := func() answer {
		return b.api("POST", subscriptionsPath+id+"/revise", subscribeBody(plan, "20.00"))
	}
	const price = "plan.billing_cycles.0.pricing_scheme.fixed_price.value"
	first := revise()
	b.want(first, 200, "plan_overridden", "true")
	page := first.get("links.0.href")
	if !strings.Contains(page, "/webapps/billing/subscriptions/update?ba_token=BA-") {
		t.Fatal("the page:", page)
	}
	shown := b.send("GET", strings.TrimPrefix(page, b.url), "").text
	if !strings.Contains(shown, "12.50 EUR every month") || !strings.Contains(shown, "20.00 EUR every month") {
		t.Error("the page does not say what changes:", shown)
	}
	b.want(b.subscription(id), 200, price, "12.5")
	b.want(b.hook("POST", "/sandbox/subscriptions/"+id+"/decline", ""), 200, "status", "ACTIVE")
	b.want(b.subscription(id), 200, price, "12.5")
	revise()
	b.want(b.hook("POST", "/sandbox/subscriptions/"+id+"/approve", ""), 200, "status", "ACTIVE")
	b.want(b.subscription(id), 200, price, "20.0")
	b.want(b.send("GET", strings.TrimPrefix(page, b.url), ""), 404, "", "")
}

func TestSubscriptionsSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := newBench(t, Options{DataDir: dir})
	active, pending := first.agreed(), first.subscribed()
	plan := first.subscription(active).get("plan_id")
	if err := first.server.Close(); err != nil {
		t.Fatal(err)
	}
	second := newBench(t, Options{DataDir: dir})
	second.want(second.subscription(active), 200, "status", "ACTIVE")
	second.want(second.api("GET", "/v1/billing/plans/"+plan, ""), 200, "status", "ACTIVE")
	second.want(second.hook("POST", "/sandbox/subscriptions/"+pending+"/approve", ""), 200, "status", "ACTIVE")
}
