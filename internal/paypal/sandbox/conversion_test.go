package sandbox

import (
	"fmt"
	"testing"
)

func TestConversion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const base = "http://127.0.0.1:1"
	b := newBench(t, Options{DataDir: dir, BaseURL: base})
	order, id := b.converted("approve")
	got := b.api("GET", "/v2/payments/captures/"+id, "")
	b.want(got, 200, "seller_receivable_breakdown.net_amount.value", "47.76")
	b.want(got, 200, "seller_receivable_breakdown.receivable_amount.value", "43.94") // 43.9392
	b.want(got, 200, "seller_receivable_breakdown.exchange_rate.value", "0.9200")
	entry := b.hook("GET", "/sandbox/ledger", "")
	b.want(entry, 200, "0.receivable", "43.94")
	b.want(entry, 200, "0.receivable_currency", "EUR")
	rows := b.search("")
	txn := func(n int) string {
		return rows.get(fmt.Sprintf("transaction_details.%d.transaction_info.transaction_id", n))
	}
	b.wantRows(rows, "T0006 S "+id+" 50.00 -2.24 ODR "+order, "T0200 S "+txn(1)+" -47.76  TXN "+id,
		"T0200 S "+txn(2)+" 43.94  TXN "+id)
	b.want(rows, 200, "transaction_details.2.transaction_info.transaction_amount.currency_code", "EUR")
	balances := b.api("GET", "/v1/reporting/balances", "")
	b.want(balances, 200, "balances.0.total_balance.value", "43.94")
	b.want(balances, 200, "balances.1.total_balance.value", "0.00")

	_, pending := b.converted("pending")
	b.want(b.search("transaction_type=T0200"), 200, "total_items", "2")
	b.hook("POST", "/sandbox/captures/"+pending+"/settle", "")
	b.want(b.search("transaction_type=T0200"), 200, "total_items", "4")
	statement := b.search("").get("transaction_details")
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}
	after := newBench(t, Options{DataDir: dir, BaseURL: base})
	if got := after.search("").get("transaction_details"); got != statement {
		t.Errorf("statement\n%s, was\n%s", got, statement)
	}
}

// converted pays USD 50.00 to a seller whose account is in EUR.
func (b *bench) converted(outcome string) (order, capture string) {
	b.t.Helper()
	order = b.order("USD", "50.00")
	b.want(b.hook("POST", "/sandbox/orders/"+order+"/approve",
		`{"outcome":"`+outcome+`","convert_to":"EUR","rate":"0.9200"}`), 200, "status", "APPROVED")
	return order, b.api("POST", "/v2/checkout/orders/"+order+"/capture", "").get("purchase_units.0.payments.captures.0.id")
}

func TestConversionRounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate     string
		from, to money
	}{
		{"0.5", money{"USD", 1}, money{"EUR", 1}}, {"0.4", money{"USD", 1}, money{"EUR", 0}},
		{"150.25", money{"EUR", 100}, money{"JPY", 150}},
		{"0.0067", money{"JPY", 1000}, money{"EUR", 670}},
		{"1.1", money{"EUR", maxMinor}, money{"USD", 109_999_999_999_999_999}},
	} {
		if got := (&conversion{c.to.Currency, c.rate}).of(c.from); got != c.to {
			t.Errorf("%v at %s: %v, want %v", c.from, c.rate, got, c.to)
		}
	}
}

func TestConversionIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	approve := "/sandbox/orders/" + b.order("USD", "50.00") + "/approve"
	for body, status := range map[string]int{
		`{"convert_to":"TND","rate":"1"}`: 400, `{"convert_to":"EUR"}`: 400, `{"convert_to":"EUR","rate":"-1"}`: 400,
		`{"convert_to":"EUR","rate":"1/2"}`: 400,
		`{"rate":"1"}`:                      400, `{"convert_to":"USD","rate":"1"}`: 409,
	} {
		if got := b.hook("POST", approve, body); got.status != status || got.get("error") == "" {
			t.Errorf("%s: %d %s", body, got.status, got.text)
		}
	}
}
