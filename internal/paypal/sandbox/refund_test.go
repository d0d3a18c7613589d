package sandbox

import "testing"

func TestPendingRefund(t *testing.T) {
	t.Parallel()
	for outcome, c := range map[string]struct{ status, capture, event, held string }{
		"completed": {"COMPLETED", "REFUNDED", "PAYMENT.CAPTURE.REFUNDED", "V"},
		"failed":    {"FAILED", "COMPLETED", "PAYMENT.REFUND.FAILED", "S"},
	} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			const base = "http://127.0.0.1:1"
			b := newBench(t, Options{DataDir: dir, BaseURL: base})
			_, id := b.pay("EUR", "10.00", "")
			b.hook("POST", "/sandbox/faults", `{"kind":"pending_refund","times":1}`)
			path := "/v2/payments/captures/" + id + "/refund"
			made := b.api("POST", path, `{"invoice_id":"R-1"}`, "Prefer", "return=representation")
			b.want(made, 201, "status", "PENDING")
			b.want(made, 201, "status_details.reason", "ECHECK")
			refund := made.get("id")
			b.want(b.api("GET", "/v2/payments/captures/"+id, ""), 200, "status", "COMPLETED")
			b.refused(b.api("POST", path, ""), 422, "CAPTURE_FULLY_REFUNDED")
			b.want(b.search("transaction_type=T1107"), 200, "total_items", "0")
			b.want(b.search("balance_affecting_records_only=N&transaction_id="+refund), 200,
				"transaction_details.0.transaction_info.transaction_status", "P")
			b.want(b.api("GET", "/v1/notifications/webhooks-events?event_type=PAYMENT.REFUND.PENDING", ""), 200,
				"events.0.resource.id", refund)
			if err := b.server.Close(); err != nil {
				t.Fatal(err)
			}

			after := newBench(t, Options{DataDir: dir, BaseURL: base})
			settle := "/sandbox/refunds/" + refund + "/settle"
			after.want(after.hook("POST", settle, `{"outcome":"lost"}`), 400, "error",
				`outcome "lost": it has to be completed or failed`)
			after.want(after.hook("POST", settle, `{"outcome":"`+outcome+`"}`), 200, "status", c.status)
			after.want(after.hook("POST", settle, ""), 409, "error", "the refund is "+c.status+", not PENDING")
			after.want(after.hook("POST", "/sandbox/refunds/1/settle", ""), 404, "error", "there is no refund 1")
			after.want(after.api("GET", "/v2/payments/captures/"+id, ""), 200, "status", c.capture)
			after.want(after.hook("GET", "/sandbox/ledger", ""), 200, "1.status", c.status)
			after.want(after.search("transaction_id="+id), 200, "transaction_details.0.transaction_info.transaction_status",
				c.held)
			after.want(after.api("GET", "/v1/notifications/webhooks-events?event_type="+c.event, ""), 200,
				"events.0.resource.id", refund)
			if outcome == "failed" {
				after.want(after.api("POST", path, `{"invoice_id":"R-1"}`), 201, "status", "COMPLETED")
			}
		})
	}
}

func TestPartOfARefundIsPending(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, id := b.pay("EUR", "10.00", "")
	part := b.hook("POST", "/sandbox/captures/"+id+"/refund", `{"amount":"4.00","pending":true}`)
	b.want(part, 200, "status", "PENDING")
	b.refused(b.api("POST", "/v2/payments/captures/"+id+"/refund", `{"amount":{"currency_code":"EUR","value":"6.01"}}`),
		422, "REFUND_AMOUNT_EXCEEDED")
	b.want(b.hook("POST", "/sandbox/captures/"+id+"/refund", ""), 200, "amount.value", "6.00")
	b.want(b.api("GET", "/v2/payments/captures/"+id, ""), 200, "status", "PARTIALLY_REFUNDED")
	b.hook("POST", "/sandbox/refunds/"+part.get("id")+"/settle", "")
	b.want(b.api("GET", "/v2/payments/captures/"+id, ""), 200, "status", "REFUNDED")
}

func TestFeeIsReturned(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, id := b.pay("EUR", "10.00", "")
	got := b.hook("POST", "/sandbox/captures/"+id+"/refund", `{"amount":"5.00","fee_returned":"0.30"}`)
	b.want(got, 200, "seller_payable_breakdown.paypal_fee.value", "0.30")
	b.want(got, 200, "seller_payable_breakdown.net_amount.value", "4.70")
	b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "1.fee", "0.30")
	b.want(b.search("transaction_type=T1107"), 200, "transaction_details.0.transaction_info.fee_amount.value", "0.30")
	b.want(b.api("GET", "/v1/reporting/balances", ""), 200, "balances.0.total_balance.value", "4.66")
	for _, fee := range []string{"0.65", "x", "-0.10"} {
		if got := b.hook("POST", "/sandbox/captures/"+id+"/refund", `{"fee_returned":"`+fee+`"}`); got.status != 409 {
			t.Error(fee, got.status, got.text)
		}
	}
}

func TestIssueOnRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, id := b.pay("EUR", "10.00", "")
	path := "/v2/payments/captures/" + id + "/refund"
	b.want(b.hook("POST", "/sandbox/faults", `{"kind":"issue","issue":"NO_SUCH_ISSUE"}`), 400, "error",
		`issue "NO_SUCH_ISSUE": the sandbox does not know it`)
	b.hook("POST", "/sandbox/faults", `{"kind":"issue","issue":"REFUND_FAILED_INSUFFICIENT_FUNDS","times":1,"match":{"method":"POST","path":"/v2/payments/captures/*/refund"}}`)
	b.want(b.api("GET", "/v2/payments/captures/"+id, ""), 200, "id", id)
	b.refused(b.api("POST", path, "", "PayPal-Request-Id", "r"), 422, "REFUND_FAILED_INSUFFICIENT_FUNDS")
	b.want(b.api("POST", path, "", "PayPal-Request-Id", "another"), 201, "status", "COMPLETED")
	b.hook("POST", "/sandbox/faults", `{"kind":"issue","issue":"INTERNAL_SERVER_ERROR","times":1}`)
	b.want(b.api("GET", "/v2/payments/captures/"+id, ""), 500, "name", "INTERNAL_SERVER_ERROR")
}
