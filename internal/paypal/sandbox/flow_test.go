package sandbox

import "testing"

func TestOrderIsPaid(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.order("EUR", "10.00")
	b.approve(id, "")
	got := b.api("POST", "/v2/checkout/orders/"+id+"/capture", "")
	b.want(got, 201, "status", "COMPLETED")
	b.want(got, 201, "purchase_units.0.payments.captures.0.seller_receivable_breakdown.paypal_fee.value", "0.64")
	capture := got.get("purchase_units.0.payments.captures.0.id")
	b.want(b.api("GET", "/v2/payments/captures/"+capture, ""), 200, "supplementary_data.related_ids.order_id", id)
	ledger := b.hook("GET", "/sandbox/ledger", "")
	b.want(ledger, 200, "0.fee", "0.64")
	b.want(ledger, 200, "0.id", capture)
}
