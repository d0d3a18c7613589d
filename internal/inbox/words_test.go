package inbox_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/settle"
)

// Nothing that PayPal writes as free text keeps a gift out of the books: not in the order, its payer or its payment.
func TestWordsOfPayPalsStopNoBooking(t *testing.T) {
	t.Parallel()
	p := open(t)
	names := map[string]any{
		"NUL": "Ada\x00 Love\x00lace", "broken": "A\xff\xfeda", "long": strings.Repeat("Ada 👩🏽 ", 4000),
		"control": "A\x1bd\r\na\x7f", "turned": "A\u202egpj.exe", "a number": 7, "true": true, "nothing": nil,
		"an object": tree{"a": "b"}, "a list": []string{"Ada"},
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		odd := names[name]
		c, id, d := p.captured("PAYMENT.CAPTURE.COMPLETED")
		order, capture := p.answer("/v2/checkout/orders/"+c.Checkout.PayPalID), p.answer("/v2/payments/captures/"+id)
		for _, payer := range []tree{order.at("payer"), order.at("payment_source", "paypal")} {
			payer["name"] = tree{"given_name": odd, "surname": odd}
			payer["address"] = tree{"country_code": odd}
			payer["payer_id"] = odd
		}
		unit := tree(order["purchase_units"].([]any)[0].(map[string]any))
		unit["description"], unit["reference_id"], unit["soft_descriptor"] = odd, odd, odd
		for _, k := range []tree{capture, unit.at("payments")["captures"].([]any)[0].(map[string]any)} {
			k["status_details"], k["invoice_id"] = tree{"reason": odd}, odd
		}
		p.say("/v2/checkout/orders/"+c.Checkout.PayPalID, order)
		p.say("/v2/payments/captures/"+id, capture)
		if err := p.receive(d); err != nil {
			t.Fatal(err)
		}
		p.work()
		if _, err := p.Settler.Settle(t.Context(), c.ID, settle.Source{Way: contribution.BySweep}); err != nil {
			t.Errorf("%s: the sweep says %v", name, err)
		}
		if got := p.entriesOf(c); got != "charge 2500 EUR, fee -108 EUR" {
			t.Errorf(
				"%s: %q is booked: %s",
				name,
				got,
				p.text(`SELECT note FROM webhook_event WHERE body_digest = sha256($1)`, d.body),
			)
		}
		p.clearFaults()
		p.Clock.Advance(time.Minute)
	}
}

// An email address that is none names nobody, and stops nothing either.
func TestOddPayersAreNobody(t *testing.T) {
	t.Parallel()
	p := open(t)
	before := p.Count(`supporter`)
	for _, odd := range []any{
		"", " ", "nobody", "@", "a@", "@b", "a b@example.org", "a@example.org, b@example.org", "a\x00", 7, nil,
		strings.Repeat("a", 3000) + "@example.org", tree{},
	} {
		c, _, d := p.captured("CHECKOUT.ORDER.COMPLETED")
		order := p.answer("/v2/checkout/orders/" + c.Checkout.PayPalID)
		for _, payer := range []tree{order.at("payer"), order.at("payment_source", "paypal")} {
			payer["email_address"] = odd
		}
		p.say("/v2/checkout/orders/"+c.Checkout.PayPalID, order)
		if err := p.receive(d); err != nil {
			t.Fatal(err)
		}
		p.work()
		if got := p.entriesOf(c); got != "charge 2500 EUR, fee -108 EUR" || p.Count(`supporter`) != before {
			t.Errorf("%.40v: %q is booked, and %d people are known: %s", odd, got, p.Count(`supporter`),
				p.text(`SELECT note FROM webhook_event WHERE body_digest = sha256($1)`, d.body))
		}
		p.clearFaults()
	}
}
