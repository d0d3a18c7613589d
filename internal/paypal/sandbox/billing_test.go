package sandbox

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	salesPath         = "/v1/payments/sale/"
	subscriptionsPath = "/v1/billing/subscriptions/"
	eventsPath        = "/v1/notifications/webhooks-events?page_size=300&event_type="
	day               = 24 * time.Hour
)

// billed is a subscription that has paid once, and its sale.
func (b *bench) billed(members string) (id, sale string) {
	b.t.Helper()
	got := b.hook("POST", "/sandbox/subscriptions", "{"+members+"}")
	if got.status != 201 {
		b.t.Fatal(got.status, got.text)
	}
	return got.get("subscriptions.0.id"), got.get("subscriptions.0.sales.0")
}

// wait moves the clock on, and gets a token that is still good then.
func (b *bench) wait(by time.Duration) {
	b.t.Helper()
	b.advance(by)
	b.login()
}

// sales are the ids of what a subscription has paid, oldest first.
func (b *bench) sales(id string) (ids []string) {
	b.t.Helper()
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	for _, k := range b.server.books.sales[id] {
		ids = append(ids, k.ID)
	}
	return ids
}

// events are the types of the events since the beginning that have this prefix, oldest first.
func (b *bench) events(prefix string) (types []string) {
	b.t.Helper()
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	for _, e := range b.server.books.events {
		if strings.HasPrefix(e.Type, prefix) {
			types = append(types, strings.TrimPrefix(e.Type, prefix))
		}
	}
	return types
}

func (b *bench) wantEvents(prefix string, want ...string) {
	b.t.Helper()
	if got := b.events(prefix); strings.Join(got, " ") != strings.Join(want, " ") {
		b.t.Errorf("events %v, want %v", got, want)
	}
}

// billing is how far a subscription has been paid.
func (b *bench) billing(id string) billing {
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	return b.server.books.subscriptions[id].Billing
}

func (b *bench) status(id string) string {
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	return b.server.books.subscriptions[id].Status
}

// from begins a bench at a time of its own.
func from(t *testing.T, at string, opts Options) *bench {
	t.Helper()
	begin, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	opts.Now = func() time.Time { return begin.Add(time.Since(started)) }
	return newBench(t, opts)
}

func TestRenewalFollowsTheClock(t *testing.T) {
	t.Parallel()
	b := from(t, "2026-11-28T09:15:40Z", Options{})
	id, first := b.billed(`"custom_id":"gift-7","amount":"12.50"`)
	if next := b.billing(id).NextBilling; stamp(next) != "2026-12-28T10:00:00Z" {
		t.Error(next)
	}
	b.wait(30*day - time.Hour)
	b.wantEvents("PAYMENT.SALE.")
	b.wait(8 * time.Hour)
	b.wantEvents("PAYMENT.SALE.", "COMPLETED")
	sales := b.sales(id)
	if len(sales) != 2 || sales[0] != first {
		t.Fatal(sales, first)
	}

	event := b.api("GET", eventsPath+"PAYMENT.SALE.COMPLETED", "")
	b.want(event, 200, "events.0.summary", "Payment completed for EUR 12.5 EUR")
	b.want(event, 200, "events.0.resource_type", "sale")
	b.want(event, 200, "events.0.resource.billing_agreement_id", id)
	b.want(event, 200, "events.0.resource.state", "completed")
	made, err := time.Parse(time.RFC3339, event.get("events.0.create_time"))
	if off := made.Sub(time.Date(2026, 12, 28, 10, 0, 0, 0, time.UTC)); err != nil || off < 0 || off > maxJitter+time.Minute {
		t.Errorf("told of at %s, which is %s after the billing time; %v", made, off, err)
	}

	sale := b.api("GET", salesPath+sales[1], "")
	b.want(sale, 200, "amount.total", "12.50")
	b.want(sale, 200, "amount.details.subtotal", "12.50")
	b.want(sale, 200, "transaction_fee.value", "0.71")
	b.want(sale, 200, "parent_payment", "")
	capture := b.api("GET", "/v2/payments/captures/"+sales[1], "")
	b.want(capture, 200, "status", "COMPLETED")
	b.want(capture, 200, "seller_receivable_breakdown.paypal_fee.value", "0.71")
	if capture.link("up") != "" || capture.get("supplementary_data") != "" {
		t.Error("a sale has no order:", capture.text)
	}
	ledger := b.hook("GET", "/sandbox/ledger", "")
	b.want(ledger, 200, "1.kind", "sale")
	b.want(ledger, 200, "1.subscription_id", id)
	b.want(ledger, 200, "1.custom_id", "gift-7")
	b.wantRows(b.search(""), "T0002 S "+sales[1]+" 12.50 -0.71 SUB "+id)
	b.want(b.api("GET", salesPath+"11111111111111111", ""), 404, "name", "INVALID_RESOURCE_ID")
	_, ofOrder := b.pay("EUR", "10.00", "")
	b.want(b.api("GET", salesPath+ofOrder, ""), 404, "name", "INVALID_RESOURCE_ID")
}

func TestBillingDays(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		d, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return tenOClock(d)
	}
	for _, c := range []struct {
		cycle cycle
		drift bool
		days  string
	}{
		{cycle{Unit: "DAY", Count: 10}, false, "2026-02-20 2026-03-02 2026-03-12"},
		{cycle{Unit: "WEEK", Count: 2}, false, "2026-12-20 2027-01-03"},
		{cycle{Unit: "MONTH", Count: 1}, false, "2026-12-31 2027-01-31 2027-02-28 2027-03-31 2027-04-30"},
		{cycle{Unit: "MONTH", Count: 1}, true, "2026-07-31 2026-08-31 2026-10-01 2026-11-01"},
		{cycle{Unit: "MONTH", Count: 3}, false, "2026-11-30 2027-02-28 2027-05-30"},
		{cycle{Unit: "YEAR", Count: 1}, false, "2028-02-29 2029-02-28 2030-02-28 2031-02-28 2032-02-29"},
		{cycle{Unit: "YEAR", Count: 1}, true, "2028-02-29 2029-03-01 2030-03-01"},
	} {
		days := strings.Fields(c.days)
		now := at(days[0])
		anchor := now.Day()
		for _, want := range days[1:] {
			if now = c.cycle.after(now, anchor, c.drift); !now.Equal(at(want)) {
				t.Errorf("%+v, drift %v: %s, want %s", c.cycle, c.drift, now, want)
			}
		}
	}
}

// Two attempts follow the first one, five and ten days after it; what was not paid then is outstanding.
func TestFailedPaymentIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := from(t, "2026-11-28T09:15:40Z", Options{})
	id, _ := b.billed(`"amount":"10.00","auto_bill_outstanding":true`)
	hook := "/sandbox/subscriptions/" + id
	b.want(b.hook("POST", hook+"/fail", `{"times":3,"reason_code":"PAYER_CANNOT_PAY"}`), 200, "status", "ACTIVE")
	b.wait(31 * day)
	b.wantEvents("BILLING.SUBSCRIPTION.", "PAYMENT.FAILED")
	failed := b.api("GET", eventsPath+"BILLING.SUBSCRIPTION.PAYMENT.FAILED", "")
	for path, want := range map[string]string{
		"status": "ACTIVE", "billing_info.failed_payments_count": "1",
		"billing_info.outstanding_balance.value":                         "0.0",
		"billing_info.next_billing_time":                                 "2027-01-02T10:00:00Z",
		"billing_info.last_failed_payment.reason_code":                   "PAYER_CANNOT_PAY",
		"billing_info.last_failed_payment.next_payment_retry_time":       "2027-01-02T10:00:00Z",
		"billing_info.last_failed_payment.amount.value":                  "10.0",
		"billing_info.cycle_executions.0.cycles_completed":               "1",
		"billing_info.cycle_executions.0.current_pricing_scheme_version": "1",
	} {
		b.want(failed, 200, "events.0.resource."+path, want)
	}
	b.wait(5 * day)
	b.wantEvents("BILLING.SUBSCRIPTION.", "PAYMENT.FAILED", "PAYMENT.FAILED")
	if next := b.billing(id).NextBilling; stamp(next) != "2027-01-07T10:00:00Z" {
		t.Error(next)
	}
	b.wait(5 * day)
	after := b.billing(id)
	if after.Outstanding != 1000 || after.Failed != 1 || stamp(after.NextBilling) != "2027-01-28T10:00:00Z" ||
		!after.LastFailed.RetryAt.IsZero() {
		t.Errorf("%+v", after)
	}
	b.wantEvents("PAYMENT.SALE.")
	b.wait(21 * day)
	b.wantEvents("PAYMENT.SALE.", "COMPLETED")
	b.want(b.api("GET", salesPath+b.sales(id)[1], ""), 200, "amount.total", "20.00") // both in one
	if after = b.billing(id); after.Outstanding != 0 || after.Failed != 0 {
		t.Errorf("%+v", after)
	}
}

func TestThresholdSuspends(t *testing.T) {
	t.Parallel()
	for mode, events := range map[string]string{
		"cycle":   "PAYMENT.FAILED PAYMENT.FAILED PAYMENT.FAILED PAYMENT.FAILED PAYMENT.FAILED PAYMENT.FAILED SUSPENDED",
		"attempt": "PAYMENT.FAILED PAYMENT.FAILED SUSPENDED",
	} {
		b := from(t, "2026-11-28T09:15:40Z", Options{})
		b.want(b.hook("POST", "/sandbox/billing", `{"threshold":"`+mode+`"}`), 200, "month_end", "clamp")
		id, _ := b.billed(`"amount":"10.00","payment_failure_threshold":2`)
		b.hook("POST", "/sandbox/payers/supporter-1@example.com/fail", `{"times":6}`)
		b.wait(75 * day)
		b.wantEvents("BILLING.SUBSCRIPTION.", strings.Fields(events)...)
		b.wantEvents("PAYMENT.SALE.")
		if got := b.billing(id); !got.NextBilling.IsZero() || !got.Due.IsZero() || b.status(id) != statusSuspended {
			t.Errorf("%s: %+v", mode, got)
		}
		b.wait(60 * day)
		b.wantEvents("BILLING.SUBSCRIPTION.", strings.Fields(events)...)

		owed := b.billing(id).Outstanding
		b.hook("POST", "/sandbox/payers/supporter-1@example.com/mend", `{"charge":true}`)
		b.wantEvents("BILLING.SUBSCRIPTION.", strings.Fields(events+" ACTIVATED")...)
		b.wantEvents("PAYMENT.SALE.", "COMPLETED")
		b.want(b.api("GET", salesPath+b.sales(id)[1], ""), 200, "amount.total", money{"EUR", owed}.String())
		if got := b.billing(id); got.Failed != 0 || got.Outstanding != 0 || stamp(got.NextBilling) != "2027-04-28T10:00:00Z" {
			t.Errorf("%s: %+v", mode, got)
		}
	}
}

func TestLastCycleExpires(t *testing.T) {
	t.Parallel()
	b := from(t, "2026-11-28T09:15:40Z", Options{})
	id, _ := b.billed(`"total_cycles":3`)
	if final := b.finalPayment(id); stamp(final) != "2027-01-28T10:00:00Z" {
		t.Error(final)
	}
	b.wait(200 * day)
	b.wantEvents("", "PAYMENT.SALE.COMPLETED", "PAYMENT.SALE.COMPLETED", "BILLING.SUBSCRIPTION.EXPIRED")
	if n := len(b.sales(id)); n != 3 || b.status(id) != statusExpired {
		t.Error(n, b.status(id))
	}
}

func (b *bench) finalPayment(id string) time.Time {
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	return b.server.finalPayment(b.server.books.subscriptions[id])
}

func TestOutstandingBalanceIsCaptured(t *testing.T) {
	t.Parallel()
	b := from(t, "2026-11-28T09:15:40Z", Options{})
	id, _ := b.billed(`"amount":"10.00"`)
	path := subscriptionsPath + id + "/capture"
	body := func(currency, value string) string {
		return fmt.Sprintf(`{"note":"Overdue","capture_type":"OUTSTANDING_BALANCE","amount":{"currency_code":%q,"value":%q}}`,
			currency, value)
	}
	b.refused(b.api("POST", path, body("EUR", "1.00")), 422, "ZERO_OUTSTANDING_BALANCE")
	b.hook("POST", "/sandbox/subscriptions/"+id+"/fail", `{"times":3}`)
	b.wait(42 * day)
	b.refused(b.api("POST", path, `{"note":"x"}`), 400, "MISSING_REQUIRED_PARAMETER")
	b.refused(b.api("POST", path, body("USD", "1.00")), 422, "CURRENCY_MISMATCH")
	b.refused(b.api("POST", path, body("EUR", "10.01")), 422, "AMOUNT_GREATER_THAN_OUTSTANDING_BALANCE")
	got := b.api("POST", path, body("EUR", "4.00"), "PayPal-Request-Id", "c1")
	b.want(got, 200, "amount_with_breakdown.gross_amount.value", "4.00")
	b.want(b.api("POST", path, body("EUR", "4.00"), "PayPal-Request-Id", "c1"), 200, "id", got.get("id"))
	b.hook("POST", "/sandbox/billing", `{"capture_accepted":true}`)
	if late := b.api("POST", path, body("EUR", "6")); late.status != 202 || late.text != "" {
		t.Error(late.status, late.text)
	}
	b.wantEvents("PAYMENT.SALE.", "COMPLETED", "COMPLETED")
	b.refused(b.api("POST", path, body("EUR", "1.00")), 422, "ZERO_OUTSTANDING_BALANCE")
	b.refused(b.api("POST", subscriptionsPath+"I-1/capture", body("EUR", "1.00")), 404, "INVALID_RESOURCE_ID")
}

func TestTransactionsOfASubscription(t *testing.T) {
	t.Parallel()
	b := from(t, "2026-11-28T09:15:40Z", Options{})
	id, first := b.billed(`"amount":"10.00"`)
	b.wait(31 * day)
	list := func(from, to string) answer {
		return b.api("GET", subscriptionsPath+id+"/transactions?start_time="+url.QueryEscape(from)+"&end_time="+
			url.QueryEscape(to), "")
	}
	all := list("2020-01-01T00:00:00.000Z", "2027-02-01T00:00:00Z")
	b.want(all, 200, "total_items", "2")
	b.want(all, 200, "transactions.0.id", first)
	b.want(all, 200, "transactions.0.amount_with_breakdown.fee_amount.value", "0.64")
	b.want(all, 200, "transactions.0.payer_email", "supporter-1@example.com")
	b.want(list("2026-12-01T00:00:00Z", "2027-02-01T00:00:00Z"), 200, "transactions.0.id", b.sales(id)[1])
	b.hook("POST", "/sandbox/billing", `{"transactions_lag":"48h"}`)
	b.want(list("2026-12-01T00:00:00Z", "2027-02-01T00:00:00Z"), 200, "transactions", "[]")
	b.hook("POST", "/sandbox/billing", `{"transactions_unknown":true}`)
	if got := list("2026-12-01T00:00:00Z", "2027-02-01T00:00:00Z"); got.status != 200 || got.text != "{}" {
		t.Error(got.status, got.text)
	}
	b.refused(list("yesterday", "2027-02-01T00:00:00Z"), 400, "INVALID_PARAMETER_SYNTAX")
	b.refused(b.api("GET", subscriptionsPath+id+"/transactions", ""), 400, "MISSING_REQUIRED_PARAMETER")
}
