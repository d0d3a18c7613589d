package sandbox

import (
	"fmt"
	"testing"
	"time"
)

func TestCaptureRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.order("EUR", "10.00")
	capture := "/v2/checkout/orders/" + id + "/capture"
	b.refused(b.api("POST", "/v2/checkout/orders/11111111111111111/capture", ""), 404, "INVALID_RESOURCE_ID")
	b.refused(b.api("POST", capture, ""), 422, "ORDER_NOT_APPROVED")
	b.approve(id, "")
	b.refused(b.api("POST", capture, "{"), 400, "MALFORMED_REQUEST_JSON")
	if got := b.api("POST", capture, `{"payment_source":null}`); got.status != 201 {
		t.Fatal(got.status, got.text)
	}
	b.refused(b.api("POST", capture, ""), 422, "ORDER_ALREADY_CAPTURED")
	b.refused(b.api("GET", "/v2/payments/captures/11111111111111111", ""), 404, "INVALID_RESOURCE_ID")
}

func TestDeclinedFundingSendsThePayerBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.order("EUR", "10.00")
	b.approve(id, "decline")
	capture := "/v2/checkout/orders/" + id + "/capture"
	got := b.api("POST", capture, "", "PayPal-Request-Id", "c1")
	b.refused(got, 422, "INSTRUMENT_DECLINED")
	if got.link("redirect") != b.url+"/checkoutnow?token="+id {
		t.Errorf("links: %s", got.text)
	}
	b.approve(id, "")
	b.refused(b.api("POST", capture, "", "PayPal-Request-Id", "c1"), 422, "INSTRUMENT_DECLINED") // a replay
	b.want(b.api("POST", capture, "", "PayPal-Request-Id", "c2"), 201, "status", "COMPLETED")
	b.want(b.api("GET", "/v1/notifications/webhooks-events?event_type=CHECKOUT.ORDER.APPROVED", ""), 200, "count", "2")
}

func TestPayerActionRequired(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.order("EUR", "10.00")
	b.approve(id, "payer_action")
	got := b.api("POST", "/v2/checkout/orders/"+id+"/capture", "")
	b.refused(got, 422, "PAYER_ACTION_REQUIRED")
	if got.link("payer-action") == "" {
		t.Errorf("links: %s", got.text)
	}
}

func TestPendingCaptureSettles(t *testing.T) {
	t.Parallel()
	for outcome, c := range map[string]struct{ body, status, event, fee string }{
		"completed": {`{}`, "COMPLETED", "PAYMENT.CAPTURE.COMPLETED", "0.64"},
		"declined":  {`{"outcome":"declined"}`, "DECLINED", "PAYMENT.CAPTURE.DECLINED", "0.00"},
	} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{})
			order, id := b.pay("EUR", "10.00", "pending")
			whole := b.api("GET", "/v2/checkout/orders/"+order, "")
			b.want(whole, 200, "status", "COMPLETED") // which does not mean paid
			pending := b.api("GET", "/v2/payments/captures/"+id, "")
			b.want(pending, 200, "status", "PENDING")
			b.want(pending, 200, "status_details.reason", "RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION")
			b.want(pending, 200, "seller_receivable_breakdown", "")
			b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "0.fee", "0.00")
			b.refused(b.api("POST", "/v2/payments/captures/"+id+"/refund", ""), 422, "PENDING_CAPTURE")

			b.want(b.hook("POST", "/sandbox/captures/"+id+"/settle", c.body), 200, "status", c.status)
			b.want(b.api("GET", "/v2/payments/captures/"+id, ""), 200, "status", c.status)
			ledger := b.hook("GET", "/sandbox/ledger", "")
			b.want(ledger, 200, "0.status", c.status)
			b.want(ledger, 200, "0.fee", c.fee)
			b.want(b.api("GET", "/v1/notifications/webhooks-events?event_type="+c.event, ""), 200, "events.0.resource.id", id)
			b.want(b.hook("POST", "/sandbox/captures/"+id+"/settle", "{}"), 409, "error",
				"the capture is "+c.status+", not PENDING")
		})
	}
}

func TestDeclinedCaptureCompletesTheOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	order, id := b.pay("USD", "50.00", "declined_capture")
	b.want(b.api("GET", "/v2/checkout/orders/"+order, ""), 200, "status", "COMPLETED")
	got := b.api("GET", "/v2/payments/captures/"+id, "")
	b.want(got, 200, "status", "DECLINED")
	b.want(got, 200, "processor_response.response_code", "5120")
	b.want(got, 200, "seller_receivable_breakdown.paypal_fee.value", "2.24")
	b.refused(b.api("POST", "/v2/payments/captures/"+id+"/refund", ""), 422, "REFUND_NOT_ALLOWED")
	b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "0.fee", "0.00")
}

func TestInvoiceIsPaidOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	body := `{"intent":"CAPTURE","purchase_units":[{"invoice_id":"2026-1","amount":{"currency_code":"EUR","value":"1.00"}}]}`
	first, second := b.api("POST", "/v2/checkout/orders", body).get("id"),
		b.api("POST", "/v2/checkout/orders", body).get("id")
	b.approve(first, "")
	b.approve(second, "")
	b.want(b.api("POST", "/v2/checkout/orders/"+first+"/capture", ""), 201,
		"purchase_units.0.payments.captures.0.invoice_id", "2026-1")
	b.refused(b.api("POST", "/v2/checkout/orders/"+second+"/capture", ""), 422, "DUPLICATE_INVOICE_ID")
	b.refused(b.api("POST", "/v2/checkout/orders", body), 422, "DUPLICATE_INVOICE_ID")
}

func TestSeveralUnitsAreCapturedEach(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.api("POST", "/v2/checkout/orders", `{"intent":"CAPTURE","purchase_units":[
		{"reference_id":"a","custom_id":"ca","amount":{"currency_code":"EUR","value":"1.00"}},
		{"reference_id":"b","custom_id":"cb","amount":{"currency_code":"EUR","value":"2.00"}}]}`).get("id")
	b.approve(id, "")
	got := b.api("POST", "/v2/checkout/orders/"+id+"/capture", "", "Prefer", "return=representation")
	b.want(got, 201, "purchase_units.1.payments.captures.0.amount.value", "2.00")
	b.want(got, 201, "purchase_units.1.payments.captures.0.custom_id", "cb")
	b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "1.custom_id", "cb")
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	order, id := b.pay("EUR", "10.00", "")
	path := "/v2/payments/captures/" + id + "/refund"
	part := func(value string) string {
		return fmt.Sprintf(`{"amount":{"currency_code":"EUR","value":%q},"note_to_payer":"sorry","invoice_id":"r-%s"}`, value,
			value)
	}

	first := b.api("POST", path, part("3.00"))
	b.want(first, 201, "status", "COMPLETED")
	b.want(first, 201, "amount", "") // minimal
	whole := b.api("GET", "/v2/payments/refunds/"+first.get("id"), "")
	b.want(whole, 200, "seller_payable_breakdown.paypal_fee.value", "0.00")
	b.want(whole, 200, "seller_payable_breakdown.total_refunded_amount.value", "3.00")
	b.want(whole, 200, "custom_id", "gift-1")
	if whole.link("up") != b.url+"/v2/payments/captures/"+id {
		t.Errorf("links: %s", whole.text)
	}
	b.want(b.api("GET", "/v2/payments/captures/"+id, ""), 200, "status", "PARTIALLY_REFUNDED")

	b.refused(b.api("POST", path, part("7.01")), 422, "REFUND_AMOUNT_EXCEEDED")
	b.refused(b.api("POST", path, part("3.00")), 422, "DUPLICATE_INVOICE_ID")
	b.refused(b.api("POST", path, part("0.00")), 422, "CANNOT_BE_ZERO_OR_NEGATIVE")
	b.refused(b.api("POST", path, part("1.001")), 422, "DECIMAL_PRECISION")
	b.refused(b.api("POST", path, part("x")), 400, "INVALID_PARAMETER_SYNTAX")
	b.refused(b.api("POST", path, `{"amount":{"currency_code":"USD","value":"1.00"}}`), 422,
		"REFUND_CAPTURE_CURRENCY_MISMATCH")
	b.refused(b.api("POST", path, `{"note_to_payer":""}`), 400, "INVALID_STRING_LENGTH")
	b.refused(b.api("POST", "/v2/payments/captures/11111111111111111/refund", ""), 404, "INVALID_RESOURCE_ID")

	rest := b.api("POST", path, "", "Prefer", "return=representation")
	b.want(rest, 201, "amount.value", "7.00")
	b.want(rest, 201, "seller_payable_breakdown.total_refunded_amount.value", "10.00")
	b.refused(b.api("POST", path, ""), 422, "CAPTURE_FULLY_REFUNDED")
	got := b.api("GET", "/v2/checkout/orders/"+order, "")
	b.want(got, 200, "purchase_units.0.payments.captures.0.status", "REFUNDED")
	b.want(got, 200, "purchase_units.0.payments.refunds.1.id", rest.get("id"))

	ledger := b.hook("GET", "/sandbox/ledger", "")
	b.want(ledger, 200, "2.kind", "refund")
	b.want(ledger, 200, "2.parent", id)
	b.want(ledger, 200, "2.fee", "0.00")
	b.want(ledger, 200, "0.fee", "0.64") // the fee is not given back
}

func TestRefundTimeLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, id := b.pay("EUR", "10.00", "")
	b.advance(181 * 24 * time.Hour)
	b.login()
	b.refused(b.api("POST", "/v2/payments/captures/"+id+"/refund", ""), 422, "REFUND_TIME_LIMIT_EXCEEDED")
}

func TestReverse(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, id := b.pay("EUR", "10.00", "")
	got := b.hook("POST", "/sandbox/captures/"+id+"/reverse", "")
	b.want(got, 200, "amount.value", "10.00")
	b.want(b.api("GET", "/v2/payments/captures/"+id, ""), 200, "status_details.reason", "CHARGEBACK")
	b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "1.kind", "reversal")
	event := b.api("GET", "/v1/notifications/webhooks-events?event_type=PAYMENT.CAPTURE.REVERSED", "")
	b.want(event, 200, "events.0.resource_type", "refund")
	b.want(event, 200, "events.0.resource.links.1.href", b.url+"/v2/payments/captures/"+id)
	b.refused(b.api("POST", "/v2/payments/captures/"+id+"/refund", ""), 422, "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK")
}

func TestDispute(t *testing.T) {
	t.Parallel()
	for outcome, c := range map[string]struct{ code, capture string }{
		"buyer":  {"RESOLVED_BUYER_FAVOUR", "REFUNDED"},
		"seller": {"RESOLVED_SELLER_FAVOUR", "COMPLETED"},
	} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{})
			_, id := b.pay("EUR", "10.00", "")
			hook := "/sandbox/captures/" + id + "/dispute"
			opened := b.hook("POST", hook, "")
			b.want(opened, 200, "disputed_transactions.0.seller_transaction_id", id)
			b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "1.status", "OPEN")
			b.refused(b.api("POST", "/v2/payments/captures/"+id+"/refund", `{"amount":{"currency_code":"EUR","value":"1.00"}}`),
				422, "TRANSACTION_DISPUTED")
			if again := b.hook("POST", hook, ""); again.status != 409 {
				t.Errorf("opened twice: %d %s", again.status, again.text)
			}
			b.want(b.hook("POST", hook, `{"outcome":"`+outcome+`"}`), 200, "dispute_outcome.outcome_code", c.code)
			b.want(b.api("GET", "/v1/customer/disputes/"+opened.get("dispute_id"), ""), 200, "status", "RESOLVED")
			b.want(b.api("GET", "/v1/customer/disputes?disputed_transaction_id="+id, ""), 200, "items.0.dispute_id",
				opened.get("dispute_id"))
			b.want(b.api("GET", "/v2/payments/captures/"+id, ""), 200, "status", c.capture)
			b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "1.status", c.code)
			b.want(b.api("GET", "/v1/notifications/webhooks-events?event_type=CUSTOMER.DISPUTE.RESOLVED", ""), 200, "count", "1")
		})
	}
}
