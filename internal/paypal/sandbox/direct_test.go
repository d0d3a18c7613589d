package sandbox

import "testing"

func TestDirectPayment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const base = "http://127.0.0.1:1"
	b := newBench(t, Options{DataDir: dir, BaseURL: base})
	gift := b.hook("POST", "/sandbox/payments",
		`{"amount":"10.00","currency":"EUR","note":"For the paper","payer_email":"kim@example.com","kind":"donation"}`)
	b.want(gift, 201, "kind", "sale")
	b.want(gift, 201, "fee", "0.64")
	id := gift.get("id")
	paid := b.hook("POST", "/sandbox/payments", `{"amount":"5.00","kind":"payment"}`).get("id")
	b.refused(b.api("GET", "/v2/payments/captures/"+id, ""), 404, "INVALID_RESOURCE_ID")
	b.wantRows(b.search(""), "T0013 S "+id+" 10.00 -0.64  ", "T0000 S "+paid+" 5.00 -0.50  ")
	whole := b.search("fields=transaction_info,payer_info")
	b.want(whole, 200, "transaction_details.0.payer_info.email_address", "kim@example.com")
	b.want(whole, 200, "transaction_details.0.transaction_info.transaction_note", "For the paper")

	back := b.hook("POST", "/sandbox/payments/"+id+"/refund", `{"amount":"4.00"}`)
	b.want(back, 200, "kind", "refund")
	b.want(back, 200, "parent", id)
	b.want(b.hook("POST", "/sandbox/payments/"+id+"/refund", `{"amount":"6.01"}`), 409, "error",
		"no more than 6.00 is left")
	b.want(b.hook("GET", "/sandbox/ledger", ""), 200, "0.status", "PARTIALLY_REFUNDED")
	rest := b.hook("POST", "/sandbox/payments/"+id+"/refund", "")
	b.want(rest, 200, "amount", "6.00")
	b.want(b.hook("POST", "/sandbox/payments/"+id+"/refund", ""), 409, "error", "no more than 0.00 is left")
	b.wantRows(b.search(""), "T0013 V "+id+" 10.00 -0.64  ", "T0000 S "+paid+" 5.00 -0.50  ",
		"T1107 S "+back.get("id")+" -4.00  TXN "+id, "T1107 S "+rest.get("id")+" -6.00  TXN "+id)
	b.want(b.api("GET", "/v1/notifications/webhooks-events", ""), 200, "count", "0")

	ledger, statement := b.hook("GET", "/sandbox/ledger", "").text, b.search("fields=all").get("transaction_details")
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := newBench(t, Options{DataDir: dir, BaseURL: base}).server.Close(); err != nil { // which rewrites the journal
		t.Fatal(err)
	}
	after := newBench(t, Options{DataDir: dir, BaseURL: base})
	if got := after.hook("GET", "/sandbox/ledger", "").text; got != ledger {
		t.Errorf("ledger\n%s, was\n%s", got, ledger)
	}
	if got := after.search("fields=all").get("transaction_details"); got != statement {
		t.Errorf("statement\n%s, was\n%s", got, statement)
	}
}

func TestDirectPaymentRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for body, said := range map[string]string{
		`{"amount":"0.00"}`:                  `amount "0.00": it has to be a positive amount in EUR`,
		`{"amount":"1.00","currency":"TND"}`: `currency "TND": not a currency that PayPal settles`,
		`{"amount":"1.00","kind":"loan"}`:    `kind "loan": it has to be donation or payment`,
	} {
		b.want(b.hook("POST", "/sandbox/payments", body), 400, "error", said)
	}
	id := b.hook("POST", "/sandbox/payments", `{"amount":"1.00"}`).get("id")
	b.want(b.hook("POST", "/sandbox/payments/"+id+"/refund", `{"amount":"x"}`), 400, "error",
		`amount "x": it has to be a positive amount in EUR`)
	b.want(b.hook("POST", "/sandbox/payments/1/refund", ""), 404, "error", "there is no payment 1")
}
