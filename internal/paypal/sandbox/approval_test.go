package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// press posts the form of the approval page.
func (b *bench) press(order, choice string) answer {
	b.t.Helper()
	form := url.Values{"token": {order}, "choice": {choice}}
	return b.send("POST", "/checkoutnow", form.Encode(), "Content-Type", "application/x-www-form-urlencoded",
		"Sec-Fetch-Site", "same-origin")
}

func TestApprovalPage(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.order("EUR", "10.00")
	page := b.send("GET", "/checkoutnow?token="+id, "")
	for _, want := range []string{
		"no real money", "10.00 EUR", "A gift", `value="approve"`, `value="decline"`, `value="cancel"`,
	} {
		if page.status != 200 || !strings.Contains(page.text, want) {
			t.Errorf("%d: %q is not on the page", page.status, want)
		}
	}
	if csp := page.header.Get("Content-Security-Policy"); !strings.HasSuffix(csp,
		"form-action 'self' http://127.0.0.1:1") {
		t.Error(csp)
	}

	cancelled := b.press(id, "cancel")
	if want := "http://127.0.0.1:1/no?token=" + id; cancelled.status != http.StatusSeeOther ||
		cancelled.header.Get("Location") != want {
		t.Errorf("%d %s", cancelled.status, cancelled.header.Get("Location"))
	}
	b.want(b.api("GET", "/v2/checkout/orders/"+id, ""), 200, "status", "CREATED")
	if page := b.send("GET", "/checkoutnow?token="+id, ""); !strings.Contains(page.text, "You cancelled before") {
		t.Error("the page does not say that the payer cancelled")
	}

	approved := b.press(id, "approve")
	back := approved.header.Get("Location")
	if approved.status != http.StatusSeeOther || query(t, back, "token") != id || query(t, back, "a") != "b" ||
		len(query(t, back, "PayerID")) != 13 {
		t.Errorf("%d %s", approved.status, back)
	}
	b.want(b.api("GET", "/v2/checkout/orders/"+id, ""), 200, "payer.payer_id", query(t, back, "PayerID"))
	if page := b.send("GET", "/checkoutnow?token="+id, ""); !strings.Contains(page.text, "You have approved") {
		t.Error("the page does not say that the payer approved")
	}
	b.api("POST", "/v2/checkout/orders/"+id+"/capture", "")
	if page := b.press(id, "approve"); page.status != 200 || !strings.Contains(page.text, "This payment is done") {
		t.Errorf("%d %s", page.status, page.text)
	}
}

func TestApprovalPageAfterADecline(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.order("EUR", "10.00")
	b.press(id, "decline")
	b.refused(b.api("POST", "/v2/checkout/orders/"+id+"/capture", ""), 422, "INSTRUMENT_DECLINED")
	if page := b.send("GET", "/checkoutnow?token="+id, ""); !strings.Contains(page.text,
		"Your last way of paying was declined") {
		t.Error("the page does not offer to choose again")
	}
	b.press(id, "approve")
	b.want(b.api("POST", "/v2/checkout/orders/"+id+"/capture", ""), 201, "status", "COMPLETED")
}

func TestApprovalPageWithoutAnOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.order("EUR", "10.00")
	b.advance(4 * time.Hour)
	for _, token := range []string{id, "", "<script>"} {
		page := b.send("GET", "/checkoutnow?token="+url.QueryEscape(token), "")
		if page.status != 404 || !strings.Contains(page.text, "not here") || strings.Contains(page.text, "<script>") {
			t.Errorf("%q: %d %s", token, page.status, page.text)
		}
	}
	if page := b.press(id, "approve"); page.status != 404 {
		t.Error(page.status)
	}
	if page := b.press(id, "steal"); page.status != 400 {
		t.Error(page.status)
	}
}

func TestOrderWithoutReturnAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.api("POST", "/v2/checkout/orders", unitOrder(`"custom_id":"1"`)).get("id")
	if page := b.press(id, "approve"); page.status != 200 || !strings.Contains(page.text, "You have approved") {
		t.Errorf("%d %s", page.status, page.text)
	}
}

func TestOtherSitesCannotPressTheButtons(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.order("EUR", "10.00")
	got := b.send("POST", "/sandbox/orders/"+id+"/approve", "{}", "Sec-Fetch-Site", "cross-site")
	if got.status != http.StatusForbidden {
		t.Error(got.status, got.text)
	}
	b.want(b.api("GET", "/v2/checkout/orders/"+id, ""), 200, "status", "CREATED")
}

func TestApproveHook(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.order("EUR", "10.00")
	got := b.hook("POST", "/sandbox/orders/"+id+"/approve",
		`{"payer":{"email":"ada@example.org","given_name":"Ada","surname":"L","country":"GB"}}`)
	b.want(got, 200, "status", "APPROVED")
	if query(t, got.get("return_url"), "token") != id {
		t.Error(got.text)
	}
	order := b.api("GET", "/v2/checkout/orders/"+id, "")
	b.want(order, 200, "payer.address.country_code", "GB")
	b.want(order, 200, "payment_source.paypal.name.given_name", "Ada")
	b.approve(id, "") // again: no second event
	b.want(b.api("GET", "/v1/notifications/webhooks-events", ""), 200, "count", "1")

	b.want(b.hook("POST", "/sandbox/orders/"+id+"/approve", `{"outcome":"maybe"}`), 400, "status", "")
	b.want(b.hook("POST", "/sandbox/orders/11111111111111111/approve", ""), 404, "status", "")
	other := b.order("EUR", "10.00")
	b.want(b.hook("POST", "/sandbox/orders/"+other+"/cancel", ""), 200, "cancel_url", "http://127.0.0.1:1/no?token="+other)
	b.want(b.hook("POST", "/sandbox/subscriptions/I-1/approve", ""), 404, "status", "")
}

func TestClockGoesForwardOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, body := range []string{`{}`, `{"advance":"-1h"}`, `{"advance":"soon"}`} {
		if got := b.hook("POST", "/sandbox/clock", body); got.status != 400 {
			t.Errorf("%s: %d", body, got.status)
		}
	}
	b.want(b.hook("POST", "/sandbox/clock", `{"advance":"4h"}`), 200, "ahead", "4h0m0s")
}

func TestOrdersAreListed(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	first := b.order("EUR", "10.00")
	b.advance(4 * time.Hour)
	second := b.api("POST", "/v2/checkout/orders", unitOrder(`"custom_id":"gift-2"`)).get("id")
	all := b.hook("GET", "/sandbox/orders", "")
	b.want(all, 200, "0.id", first)
	b.want(all, 200, "0.expired", "true")
	b.want(all, 200, "1.status", "CREATED")
	one := b.hook("GET", "/sandbox/orders?custom_id=gift-2", "")
	b.want(one, 200, "0.id", second)
	b.want(one, 200, "1.id", "")
}

// The language that the seller asks for is kept, of whichever of the two contexts an order has, and shown.
func TestTheLocaleIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for i, member := range []string{
		`"application_context":{"locale":"fr-CA"}`,
		`"payment_source":{"paypal":{"experience_context":{"locale":"ar"}}}`,
	} {
		id := b.api("POST", "/v2/checkout/orders", `{"intent":"CAPTURE",`+member+
			`,"purchase_units":[{"amount":{"currency_code":"EUR","value":"10.00"}}]}`, "PayPal-Request-Id", member).get("id")
		want := []string{"fr-CA", "ar"}[i]
		b.want(b.hook("GET", "/sandbox/orders", ""), 200, strconv.Itoa(i)+".locale", want)
		if page := b.send("GET", "/checkoutnow?token="+id, ""); !strings.Contains(page.text, "<code>"+want+"</code>") {
			t.Errorf("the page does not say %s: %s", want, page.text)
		}
	}
}

func TestTheLocaleOfASubscriptionIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	plan := b.plan()
	in := func(locale string) string {
		return strings.Replace(subscribeBody(plan, "10.00"), `"application_context":{`,
			`"application_context":{"locale":"`+locale+`",`, 1)
	}
	made := b.api("POST", "/v1/billing/subscriptions", in("uk"))
	b.want(b.hook("GET", "/sandbox/subscriptions", ""), 200, "0.locale", "uk")
	b.hook("POST", "/sandbox/subscriptions/"+made.get("id")+"/approve", "")
	b.api("POST", subscriptionsPath+made.get("id")+"/revise", in("de-AT"))
	b.want(b.hook("GET", "/sandbox/subscriptions", ""), 200, "0.locale", "de-AT")
	b.hook("POST", "/sandbox/subscriptions/"+made.get("id")+"/decline", "")
	b.want(b.hook("GET", "/sandbox/subscriptions", ""), 200, "0.locale", "uk")
}

func TestHookPage(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.order("EUR", "10.00")
	for _, path := range []string{"/sandbox/", "/sandbox"} {
		if page := b.send("GET", path, ""); page.status != 200 || !strings.Contains(page.text, id) {
			t.Errorf("%s: %d", path, page.status)
		}
	}
	if css := b.send("GET", "/sandbox/style.css", ""); css.status != 200 ||
		!strings.HasPrefix(css.header.Get("Content-Type"), "text/css") {
		t.Error(css.status, css.header)
	}
}
