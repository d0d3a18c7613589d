package settle_test

import (
	"testing"

	"readerfund/internal/paypal"
	"readerfund/internal/settle"
)

// What PayPal leaves out of a later payer does not wipe what it told of the person before.
func TestAPayerWithoutANameKeepsTheNameWeHad(t *testing.T) {
	t.Parallel()
	d := bare(t)
	for _, x := range []struct {
		payer paypal.Payer
		known string
	}{
		{paypal.Payer{Email: "Ada@example.org", GivenName: "Ada", Surname: "Lovelace", Country: "GB"}, "Ada Lovelace, GB"},
		{paypal.Payer{Email: "ada@example.org"}, "Ada Lovelace, GB"},
		{paypal.Payer{Email: "ADA@example.org", Country: "IT"}, "Ada Lovelace, IT"},
		{paypal.Payer{Email: "ada@example.org", GivenName: "Ada", Surname: "King"}, "Ada King, IT"},
	} {
		c := mustBegin(t, d)
		order := paypal.Order{ID: "ORDER-" + c.ID.String(), Status: paypal.OrderApproved, Payer: x.payer}
		apply(t, d, settle.OrderSeen(c.ID, byReader, order)...)
		var known string
		err := d.DB.Get(&known, `SELECT string_agg(name || ', ' || country, '; ') FROM supporter`)
		if err != nil || known != x.known {
			t.Errorf("after %+v: %q, %v; want %q", x.payer.Name(), known, err, x.known)
		}
	}
}
