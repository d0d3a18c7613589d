package sandbox

import (
	"strings"
	"testing"
	"time"
)

// PayPal tells of one refund in three shapes; the money is the same.
func TestShapesOfASaleRefund(t *testing.T) {
	t.Parallel()
	for shape, want := range map[string]map[string]string{
		"detailed": {
			"resource_type": "refund", "resource.amount.total": "2.50", "resource.refund_reason_code": "REFUND",
			"resource.total_refunded_amount.value": "5.00", "resource.parent_payment": "",
		},
		"simulated": {"resource_type": "sale", "resource.amount.total": "-2.50", "resource.total_refunded_amount": ""},
		"bare": {"resource_type": "refund", "resource.amount.total": "-2.50", "resource.sale_id": "",
			"resource.links.1": ""},
	} {
		b := newBench(t, Options{})
		b.want(b.hook("POST", "/sandbox/billing", `{"refund_event":"`+shape+`"}`), 200, "refund_event", shape)
		_, sale := b.billed(`"amount":"10.00"`)
		var refund string
		for range 2 {
			got := b.api("POST", salesPath+sale+"/refund", `{"amount":{"total":"2.50","currency":"EUR"}}`)
			b.want(got, 201, "sale_id", sale)
			b.want(got, 201, "amount.total", "2.50") // in answers never negative
			refund = got.get("id")
		}
		event := b.api("GET", eventsPath+"PAYMENT.SALE.REFUNDED", "")
		b.want(event, 200, "events.0.resource.id", refund)
		b.want(event, 200, "events.0.summary", "A EUR 2.5 EUR sale payment was refunded")
		for path, value := range want {
			b.want(event, 200, "events.0."+path, value)
		}
		if shape != "bare" {
			b.want(event, 200, "events.0.resource.sale_id", sale)
		}
		if self := event.get("events.0.resource.links.0.href"); self != b.url+"/v1/payments/refund/"+refund {
			t.Error(self)
		}
		b.want(b.api("GET", "/v2/payments/refunds/"+refund, ""), 200, "links.1.href", b.url+"/v2/payments/captures/"+sale)
		b.want(b.api("GET", "/v1/payments/refund/"+refund, ""), 200, "state", "completed")
		b.want(b.api("GET", salesPath+sale, ""), 200, "state", "partially_refunded")
	}
}

func TestSaleIsReversed(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id, first := b.billed(`"amount":"10.00"`)
	back := b.hook("POST", "/sandbox/captures/"+first+"/reverse", "").get("id")
	event := b.api("GET", eventsPath+"PAYMENT.SALE.REVERSED", "")
	b.want(event, 200, "events.0.resource.id", back)
	b.want(event, 200, "events.0.resource.amount.total", "-10.00")
	b.want(event, 200, "events.0.resource.sale_id", "")
	b.want(b.api("GET", salesPath+first, ""), 200, "reason_code", "CHARGEBACK")

	b.hook("POST", "/sandbox/billing", `{"reversal_event":"sale"}`)
	second := b.hook("POST", "/sandbox/subscriptions/"+id+"/renew", "").get("sale")
	b.hook("POST", "/sandbox/captures/"+second+"/reverse", "")
	event = b.api("GET", eventsPath+"PAYMENT.SALE.REVERSED", "")
	b.want(event, 200, "events.0.resource.id", second)
	b.want(event, 200, "events.0.resource.billing_agreement_id", id)
	b.advance(time.Second)
	rows := b.search("transaction_type=T1106")
	b.want(rows, 200, "total_items", "2")
	b.want(rows, 200, "transaction_details.0.transaction_info.paypal_reference_id", first)
}

func TestSaleIsHeldPendingOrLate(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id, _ := b.billed(`"amount":"10.00","total_cycles":4`)
	hook := "/sandbox/subscriptions/" + id
	renew := func(body string) string { return b.hook("POST", hook+"/renew", body).get("sale") }

	held := renew(`{"outcome":"held"}`)
	b.want(b.api("GET", salesPath+held, ""), 200, "payment_hold_reasons.0.payment_hold_reason", "PAYMENT_HOLD")
	b.want(b.hook("POST", "/sandbox/captures/"+held+"/release", ""), 200, "payment_hold_status", "RELEASED")
	b.want(b.hook("POST", "/sandbox/captures/"+held+"/release", ""), 409, "error", "nothing of this payment is held back")
	twice := b.api("GET", eventsPath+"PAYMENT.SALE.COMPLETED", "")
	b.want(twice, 200, "events.0.resource.id", held)
	b.want(twice, 200, "events.0.resource.payment_hold_status", "RELEASED")
	b.want(twice, 200, "events.1.resource.id", held)
	if twice.get("events.0.id") == twice.get("events.1.id") {
		t.Error("one event for both")
	}

	pending := renew(`{"outcome":"pending"}`)
	b.want(b.api("GET", salesPath+pending, ""), 200, "transaction_fee", "")
	b.refused(b.api("POST", "/v2/payments/captures/"+pending+"/refund", "{}"), 422, "PENDING_CAPTURE")
	b.hook("POST", "/sandbox/captures/"+pending+"/settle", `{"outcome":"declined"}`)
	b.want(b.api("GET", salesPath+pending, ""), 200, "state", "denied")
	b.want(b.hook("POST", "/sandbox/captures/"+held+"/dispute", ""), 200,
		"disputed_transactions.0.seller_transaction_id", held)

	b.want(b.hook("POST", hook+"/renew", `{"late":true}`), 200, "status", "EXPIRED") // its last cycle
	if got := b.hook("POST", hook+"/renew", ""); got.status != 409 {
		t.Error(got.status, got.text)
	}
	b.want(b.hook("POST", hook+"/renew", `{"late":true}`), 200, "status", "EXPIRED")
	b.wantEvents("PAYMENT.SALE.", "COMPLETED", "COMPLETED", "PENDING", "DENIED", "COMPLETED", "COMPLETED")
	for _, bad := range []string{`{"outcome":"lost"}`, `{"times":0}`, `{"reason_code":"because"}`, `{"oops":1}`} {
		if got := b.hook("POST", hook+"/fail", bad); got.status != 400 {
			t.Error(bad, got.status, got.text)
		}
	}
	if got := b.hook("POST", hook+"/fail", ""); got.status != 409 || !strings.Contains(got.text, "EXPIRED") {
		t.Error(got.status, got.text)
	}
	b.want(b.hook("POST", "/sandbox/subscriptions/I-1/mend", ""), 404, "error", "there is no subscription I-1")
}
