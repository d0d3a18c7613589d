package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// agreedTo makes a subscription of EUR 12.50 a month with more in its plan and about it, to which the payer has agreed.
// The first payments fail as often as said.
func (b *bench) agreedTo(inPlan, about string, failures int) (id string) {
	b.t.Helper()
	body := strings.Replace(subscribeBody(b.plan(), "12.50"), `"plan":{`, about+`"plan":{`+inPlan, 1)
	got := b.api("POST", "/v1/billing/subscriptions", body)
	if id = got.get("id"); id == "" {
		b.t.Fatal(got.status, got.text)
	}
	if failures > 0 {
		b.hook("POST", "/sandbox/subscriptions/"+id+"/fail", `{"times":`+strconv.Itoa(failures)+`}`)
	}
	b.hook("POST", "/sandbox/subscriptions/"+id+"/approve", "")
	return id
}

// paid are the totals of what a subscription has paid, oldest first.
func (b *bench) paid(id string) (totals []string) {
	b.t.Helper()
	for _, sale := range b.sales(id) {
		totals = append(totals, b.api("GET", salesPath+sale, "").get("amount.total"))
	}
	return totals
}

// A set-up fee is a payment of its own at the sign-up, whenever the first cycle begins.
func TestSetUpFeeIsChargedAtSignUp(t *testing.T) {
	t.Parallel()
	const fee = `"payment_preferences":{"setup_fee":{"currency_code":"EUR","value":"5.00"}},`
	b := from(t, "2026-11-28T09:15:40Z", Options{})
	atOnce := b.agreedTo(fee, "", 0)
	if got := b.paid(atOnce); !slices.Equal(got, []string{"5.00", "12.50"}) {
		t.Error(got)
	}
	b.wantEvents("PAYMENT.SALE.", "COMPLETED", "COMPLETED")
	later := b.agreedTo(fee, `"start_time":"2026-12-15T00:00:00Z",`, 0)
	if got := b.paid(later); !slices.Equal(got, []string{"5.00"}) {
		t.Error(got)
	}
	b.want(b.subscription(later), 200, "billing_info.cycle_executions.0.cycles_completed", "0")
	b.wait(20 * day)
	if got := b.paid(later); !slices.Equal(got, []string{"5.00", "12.50"}) {
		t.Error(got)
	}
}

func TestSetUpFeeThatFails(t *testing.T) {
	t.Parallel()
	const fee = `"setup_fee":{"currency_code":"EUR","value":"5.00"}`
	b := from(t, "2026-11-28T09:15:40Z", Options{})
	cancelled := b.agreedTo(`"payment_preferences":{`+fee+`},`, "", 1)
	b.want(b.subscription(cancelled), 200, "status", "CANCELLED")
	b.wantEvents("BILLING.SUBSCRIPTION.", "CREATED", "ACTIVATED", "PAYMENT.FAILED", "CANCELLED")
	b.wait(40 * day)
	if got := b.paid(cancelled); got != nil {
		t.Error(got)
	}
	goesOn := b.agreedTo(`"payment_preferences":{`+fee+`,"setup_fee_failure_action":"CONTINUE"},`, "", 1)
	got := b.subscription(goesOn)
	b.want(got, 200, "status", "ACTIVE")
	b.want(got, 200, "billing_info.outstanding_balance.value", "5.0")
	if got := b.paid(goesOn); !slices.Equal(got, []string{"12.50"}) {
		t.Error(got)
	}
}

// A tax that is not in the price is added to it, one that is in it is named, and neither is taken of the shipping.
func TestTaxesOnASale(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, c := range []struct{ taxes, about, total, subtotal, tax, shipping string }{
		{`"taxes":{"percentage":"7","inclusive":false},`, "", "13.38", "12.50", "0.88", ""},
		{`"taxes":{"percentage":"7","inclusive":true},`, "", "12.50", "11.68", "0.82", ""},
		{
			`"taxes":{"percentage":"19.5","inclusive":false},`, `"shipping_amount":{"currency_code":"EUR","value":"3.00"},`,
			"17.94", "12.50", "2.44", "3.00",
		},
		{`"taxes":{"percentage":"0"},`, "", "12.50", "12.50", "", ""},
	} {
		id := b.agreedTo(c.taxes, c.about, 0)
		sale := b.sales(id)[0]
		got := b.api("GET", salesPath+sale, "")
		b.want(got, 200, "amount.total", c.total)
		b.want(got, 200, "amount.details.subtotal", c.subtotal)
		b.want(got, 200, "amount.details.tax", c.tax)
		b.want(got, 200, "amount.details.shipping", c.shipping)
		if c.tax == "" {
			continue
		}
		list := b.api("GET", subscriptionsPath+id+"/transactions?start_time=2020-01-01T00:00:00Z&end_time="+
			stamp(b.server.now().Add(time.Hour)), "")
		b.want(list, 200, "transactions.0.amount_with_breakdown.gross_amount.value", c.total)
		b.want(list, 200, "transactions.0.amount_with_breakdown.total_item_amount.value", c.subtotal)
		b.want(list, 200, "transactions.0.amount_with_breakdown.tax_amount.value", c.tax)
	}
}
