package sandbox

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// consentPage is where a subscription's payer is sent.
func (b *bench) consentPage(id string) string {
	b.t.Helper()
	return strings.TrimPrefix(b.subscription(id).get("links.0.href"), b.url)
}

// pressConsent posts the form of that page.
func (b *bench) pressConsent(page, choice string) answer {
	b.t.Helper()
	path, _, _ := strings.Cut(page, "?")
	form := url.Values{"ba_token": {query(b.t, page, "ba_token")}, "choice": {choice}}
	return b.send("POST", path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded",
		"Sec-Fetch-Site", "same-origin")
}

// wantPage checks what a page says.
func (b *bench) wantPage(page string, status int, words ...string) {
	b.t.Helper()
	got := b.send("GET", page, "")
	if got.status != status {
		b.t.Errorf("%s: %d", page, got.status)
	}
	for _, want := range words {
		if !strings.Contains(got.text, want) {
			b.t.Errorf("%q is not on the page %s", want, page)
		}
	}
}

func TestConsentPage(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.subscribed()
	page := b.consentPage(id)
	b.wantPage(page, 200, "no real money", "The Paper", "12.50 EUR every month", "Agree and subscribe", `value="approve"`,
		`value="slow"`, `value="other"`, `value="cancel"`)
	csp := b.send("GET", page, "").header.Get("Content-Security-Policy")
	if !strings.HasSuffix(csp, "form-action 'self' http://127.0.0.1:1") {
		t.Error(csp)
	}
	cancelled := b.pressConsent(page, "cancel")
	back := cancelled.header.Get("Location")
	if cancelled.status != http.StatusSeeOther || !strings.HasPrefix(back, "http://127.0.0.1:1/no?subscription_id="+id) {
		t.Errorf("%d %s", cancelled.status, back)
	}
	b.want(b.subscription(id), 200, "status", "APPROVAL_PENDING")
	b.wantPage(page, 200, "You cancelled before")
	if got := b.pressConsent(page, "love"); got.status != http.StatusBadRequest {
		t.Error(got.status, got.text)
	}
	approved := b.pressConsent(page, "approve")
	back = approved.header.Get("Location")
	if approved.status != http.StatusSeeOther || query(t, back, "subscription_id") != id || query(t, back, "a") != "b" ||
		query(t, back, "ba_token") != query(t, page, "ba_token") || len(query(t, back, "token")) != 17 {
		t.Errorf("%d %s", approved.status, back)
	}
	b.want(b.subscription(id), 200, "subscriber.email_address", "reader@example.com")
	b.wantPage(page, 200, "You have agreed")
	if again := b.pressConsent(page, "approve"); again.status != 200 {
		t.Error(again.status, again.text)
	}
	b.hook("POST", "/sandbox/subscriptions/"+id+"/cancel", "")
	b.wantPage(page, 200, "has ended")
	b.wantPage("/webapps/billing/subscriptions?ba_token=BA-1", 404, "is not here")
	b.wantPage("/sandbox/", 200, id, "12.50 EUR every month")
}

func TestAnotherPayerApproves(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.subscribed()
	b.pressConsent(b.consentPage(id), "other")
	b.want(b.subscription(id), 200, "subscriber.email_address", "kim.other@example.com")
}

func TestOtherSitesCannotPress(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.subscribed()
	form := url.Values{"ba_token": {query(t, b.consentPage(id), "ba_token")}, "choice": {"approve"}}
	got := b.send("POST", "/webapps/billing/subscriptions", form.Encode(), "Content-Type",
		"application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site")
	if got.status != http.StatusForbidden {
		t.Error(got.status, got.text)
	}
	b.want(b.subscription(id), 200, "status", "APPROVAL_PENDING")
}

func TestUpdatePage(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.agreed()
	revise := func(value string) string {
		got := b.api("POST", subscriptionsPath+id+"/revise", subscribeBody(b.subscription(id).get("plan_id"), value))
		b.want(got, 200, "links.0.rel", "approve")
		return strings.TrimPrefix(got.get("links.0.href"), b.url)
	}
	first := revise("20.00")
	b.wantPage(first, 200, "Agree to this change?", "Until now", "12.50 EUR", "20.00 EUR")
	second := revise("30.00")
	b.wantPage(first, 404, "is not here") // overtaken
	if no := b.pressConsent(second, "cancel").header.Get("Location"); !strings.HasPrefix(no, "http://127.0.0.1:1/no?") {
		t.Error(no)
	}
	if yes := b.pressConsent(revise("40.00"), "approve").header.Get("Location"); query(t, yes, "subscription_id") != id {
		t.Error(yes)
	}
	b.want(b.subscription(id), 200, "plan.billing_cycles.0.pricing_scheme.fixed_price.value", "40.0")
	b.wantEvents("BILLING.SUBSCRIPTION.", "CREATED", "ACTIVATED", "UPDATED")
}

func TestFirstPaymentFails(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.subscribed()
	b.pressConsent(b.consentPage(id), "fail")
	got := b.subscription(id)
	b.want(got, 200, "status", "ACTIVE")
	b.want(got, 200, "billing_info.failed_payments_count", "1")
	b.want(got, 200, "billing_info.last_failed_payment.reason_code", "PAYMENT_DENIED")
	b.wantEvents("BILLING.SUBSCRIPTION.", "CREATED", "ACTIVATED", "PAYMENT.FAILED")
}
