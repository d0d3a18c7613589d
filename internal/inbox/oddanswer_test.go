package inbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/review"
	"readerfund/internal/settle"
)

// tree is a JSON object of PayPal's, to be changed.
type tree map[string]any

func (o tree) at(path ...string) tree {
	for _, name := range path {
		o = tree(o[name].(map[string]any))
	}
	return o
}

// answer is what PayPal gives for a path.
func (p *postbox) answer(path string) tree {
	p.T.Helper()
	req, err := http.NewRequestWithContext(p.T.Context(), http.MethodGet, p.PayPal.URL+path, nil)
	if err != nil {
		p.T.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.T.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var o tree
	if err := json.NewDecoder(resp.Body).Decode(&o); err != nil || resp.StatusCode != http.StatusOK {
		p.T.Fatalf("%s: %d, %v", path, resp.StatusCode, err)
	}
	return o
}

func (p *postbox) token() string {
	p.T.Helper()
	req, err := http.NewRequestWithContext(
		p.T.Context(),
		http.MethodPost,
		p.PayPal.URL+"/v1/oauth2/token",
		strings.NewReader("grant_type=client_credentials"),
	)
	if err != nil {
		p.T.Fatal(err)
	}
	req.SetBasicAuth("sandbox-client", "sandbox-secret")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.T.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Token == "" {
		p.T.Fatalf("no token: %v", err)
	}
	return got.Token
}

// say has PayPal answer a path otherwise, until it is healed.
func (p *postbox) say(path string, body any) {
	p.T.Helper()
	text, err := json.Marshal(
		tree{"match": tree{"method": "GET", "path": path}, "kind": "status", "status": 200, "body": body},
	)
	if err != nil {
		p.T.Fatal(err)
	}
	p.hook("faults", string(text))
}

// clearFaults ends every fault.
func (p *postbox) clearFaults() {
	p.T.Helper()
	p.PayPal.Must(http.MethodDelete, "/sandbox/faults", nil, nil)
}

// entriesOf are the kinds and amounts booked for one contribution.
func (p *postbox) entriesOf(c contribution.Contribution) string {
	p.T.Helper()
	return p.text(
		`SELECT coalesce(string_agg(kind || ' ' || amount_minor || ' ' || currency, ', ' ORDER BY kind, amount_minor), '') FROM ledger_entry WHERE contribution_id = $1`,
		c.ID,
	)
}

// looks is what a person has to look at of a contribution, in words.
func (p *postbox) looks(c contribution.Contribution) string {
	p.T.Helper()
	all, err := review.Of(p.T.Context(), p.DB, c.ID)
	if err != nil {
		p.T.Fatal(err)
	}
	var open []string
	for _, r := range all {
		if r.Open() {
			open = append(open, r.Text())
		}
	}
	return strings.Join(open, " ")
}

// captured is a gift that PayPal captured, without anything of it being known here; the delivery is of that kind.
func (p *postbox) captured(kind string) (contribution.Contribution, string, delivered) {
	p.T.Helper()
	c, _ := p.approved()
	o, err := p.PayPal.Client().CaptureOrder(p.T.Context(), c.Checkout.PayPalID, "elsewhere-"+c.Checkout.PayPalID)
	if err != nil {
		p.T.Fatal(err)
	}
	return c, o.Captures[0].ID, p.next(kind)
}

// What PayPal's API says is booked only where it can be. Otherwise the event is kept waiting or parked, a person is
// asked to look, and once PayPal answers rightly everything comes right by itself.
func TestOddAnswersAboutAPaymentAreNotBooked(t *testing.T) {
	t.Parallel()
	p := open(t)
	stranger, _ := p.approved()
	const whole, charge = "charge 2500 EUR, fee -108 EUR", "charge 2500 EUR"
	amount := func(currency, value string) tree { return tree{"currency_code": currency, "value": value} }
	for _, x := range []struct {
		name          string
		change        func(capture tree)
		booked        string // at once
		look          string // a part of why a person should look
		parked        bool
		booked2, note string // when PayPal answers rightly; a part of the event's note before
	}{
		{"10^30", func(c tree) { c["amount"] = amount("EUR", "1"+strings.Repeat("0", 30)+".00") }, "", "no amount of EUR", true, whole, "cannot be right"},
		{"10^30 as a number", func(c tree) { c["amount"] = tree{"currency_code": "EUR", "value": 1e30} }, "", "no amount of EUR", true, whole, "cannot be right"},
		{"an unknown currency", func(c tree) { c["amount"] = amount("XAU", "25.00") }, "", `currency "XAU"`, true, whole, "cannot be right"},
		{"less than nothing", func(c tree) { c["amount"] = amount("EUR", "-25.00") }, "", "the payment is of -25.00 EUR", true, whole, "cannot be right"},
		{"a status nobody knows", func(c tree) { c["status"] = "TELEPORTED" }, "", `"TELEPORTED", a status that Readerfund does not know`, true, whole, "does not know"},
		{"another contribution's", func(c tree) { c["custom_id"] = stranger.ID.String() }, "", "another contribution", true, whole, "another contribution"},
		{"somebody else's", func(c tree) { c["custom_id"] = "order-77" }, "", "another contribution", true, whole, "another contribution"},
		{"without a number of ours", func(c tree) { delete(c, "custom_id") }, whole, "", false, whole, ""},
		{"a fee in another currency", func(c tree) { c.at("seller_receivable_breakdown")["paypal_fee"] = amount("USD", "1.08") }, charge, "fee for 25.00 EUR was 1.08 USD", false, charge, ""},
		{"a fee of less than nothing", func(c tree) { c.at("seller_receivable_breakdown")["paypal_fee"] = amount("EUR", "-1.08") }, charge, "fee for 25.00 EUR was -1.08 EUR", false, charge, ""},
		{"a fee of more than the gift", func(c tree) { c.at("seller_receivable_breakdown")["paypal_fee"] = amount("EUR", "30.00") }, "charge 2500 EUR, fee -3000 EUR", "a fee of 30.00 EUR", false, "charge 2500 EUR, fee -3000 EUR", ""},
		{"a fee of 10^30", func(c tree) {
			c.at("seller_receivable_breakdown")["paypal_fee"] = amount("EUR", "1"+strings.Repeat("0", 30))
		}, "", "no amount of EUR", true, whole, "cannot be right"},
		{"another amount", func(c tree) { c["amount"] = amount("EUR", "20.00") }, "charge 2000 EUR, fee -108 EUR", "captured 20.00 EUR", false, "charge 2000 EUR, fee -108 EUR", ""},
		{"a platform's fee", func(c tree) {
			b := c.at("seller_receivable_breakdown")
			b["platform_fees"] = []any{tree{"amount": amount("EUR", "1.00")}}
			b["net_amount"] = amount("EUR", "22.92")
		}, whole, "1.00 EUR of the payment", false, whole, ""},
		{"platform fees that are none", func(c tree) {
			c.at("seller_receivable_breakdown")["platform_fees"] = "x"
		}, whole, "", false, whole, ""},
		{"no time", func(c tree) { delete(c, "create_time"); delete(c, "update_time") }, whole, "", false, whole, ""},
		{"month 19", func(c tree) { c["create_time"] = "2026-19-12T22:20:32.000Z" }, whole, "", false, whole, ""},
	} {
		c, id, d := p.captured("PAYMENT.CAPTURE.COMPLETED")
		capture, order := p.answer("/v2/payments/captures/"+id), p.answer("/v2/checkout/orders/"+c.Checkout.PayPalID)
		x.change(capture)
		x.change(
			tree(
				tree(order["purchase_units"].([]any)[0].(map[string]any)).at("payments")["captures"].([]any)[0].(map[string]any),
			),
		)
		p.say("/v2/payments/captures/"+id, capture)
		p.say("/v2/checkout/orders/"+c.Checkout.PayPalID, order)
		if err := p.receive(d); err != nil {
			t.Fatal(err)
		}
		p.work()
		_, err := p.Settler.Settle(t.Context(), c.ID, settle.Source{Way: contribution.BySweep})
		if x.parked != (err != nil) {
			t.Errorf("%s: the sweep says %v", x.name, err)
		}
		state, note, look := p.text(
			`SELECT state FROM webhook_event WHERE body_digest = sha256($1)`,
			d.body,
		), p.text(
			`SELECT note FROM webhook_event WHERE body_digest = sha256($1)`,
			d.body,
		),
			p.looks(
				c,
			)
		if got := p.entriesOf(c); got != x.booked {
			t.Errorf("%s: booked %q", x.name, got)
		}
		if (state == "parked") != x.parked || !strings.Contains(note, x.note) || !inWords(note) ||
			!strings.Contains(look, x.look) ||
			(look == "") != (x.look == "") {
			t.Errorf("%s: %s, %q; to look at: %q", x.name, state, note, look)
		}
		p.clearFaults()
		p.Clock.Advance(6 * time.Hour) // a parked event comes back by itself
		if _, err := p.Work(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := p.entriesOf(
			c,
		); got != x.booked2 ||
			p.Count(`webhook_event WHERE body_digest = sha256($1) AND state <> 'applied'`, d.body) != 0 {
			t.Errorf("%s: once PayPal is right, %q is booked", x.name, got)
		}
		if look := p.looks(c); x.parked && look != "" {
			t.Errorf("%s: it is booked, and to look at is still: %q", x.name, look)
		}
	}
	if got := p.entriesOf(stranger); got != "" {
		t.Errorf("somebody else got %q", got)
	}
}

// A refund that cannot be leaves the gift as it is, and is booked once PayPal says what can be.
func TestOddAnswersAboutARefundAreNotBooked(t *testing.T) {
	t.Parallel()
	p := open(t)
	amount := func(currency, value string) tree { return tree{"currency_code": currency, "value": value} }
	const before = "charge 2500 EUR, fee -108 EUR"
	for _, x := range []struct {
		name         string
		change       func(refund tree)
		booked, look string // booked beside the gift at once; part of why a person should look
		note         string // part of the event's note, when it is parked
	}{
		{"more than the gift", func(r tree) { r["amount"] = amount("EUR", "25.01") }, "", "refund of 25.01 EUR", "That cannot be"},
		{"10^30", func(r tree) { r["amount"] = amount("EUR", "1"+strings.Repeat("0", 30)) }, "", "", "no amount of EUR"},
		{"another currency", func(r tree) { r["amount"] = amount("USD", "5.00") }, "", "That cannot be", "That cannot be"},
		{"nothing", func(r tree) { r["amount"] = amount("EUR", "0.00") }, "", "", "the refund is of 0.00 EUR"},
		{"less than nothing, as PayPal once wrote them", func(r tree) { r["amount"] = amount("EUR", "-5.00") }, ", refund -500 EUR", "", ""},
		{"a status nobody knows", func(r tree) { r["status"] = "HALFWAY" }, "", `"HALFWAY", a status that Readerfund does not know`, "does not know"},
		{"no capture", func(r tree) { delete(r, "links") }, "", "", "does not say which payment"},
		{"a fee given back in another currency", func(r tree) { r.at("seller_payable_breakdown")["paypal_fee"] = amount("USD", "0.30") }, ", refund -500 EUR", "fee of 0.30 USD", ""},
		{"not there any more", nil, "", "", "PayPal does not know"},
	} {
		c, id := p.completed()
		p.hook("captures/"+id+"/refund", `{"amount":"5.00"}`)
		d := p.next("PAYMENT.CAPTURE.REFUNDED")
		var event struct{ Resource struct{ ID string } }
		if err := json.Unmarshal(d.body, &event); err != nil {
			t.Fatal(err)
		}
		path := "/v2/payments/refunds/" + event.Resource.ID
		if x.change != nil {
			refund := p.answer(path)
			x.change(refund)
			p.say(path, refund)
		} else {
			p.hook("faults", `{"match":{"method":"GET","path":"`+path+`"},"kind":"status","status":404}`)
		}
		if err := p.receive(d); err != nil {
			t.Fatal(err)
		}
		p.work()
		state, note, look := p.text(
			`SELECT state FROM webhook_event WHERE body_digest = sha256($1)`,
			d.body,
		), p.text(
			`SELECT note FROM webhook_event WHERE body_digest = sha256($1)`,
			d.body,
		),
			p.looks(
				c,
			)
		if got := p.entriesOf(c); got != before+x.booked {
			t.Errorf("%s: booked %q", x.name, got)
		}
		if (state == "parked") != (x.note != "") || !strings.Contains(note, x.note) || !inWords(note) ||
			!strings.Contains(look, x.look) ||
			(look == "") != (x.look == "") {
			t.Errorf("%s: %s, %q; to look at: %q", x.name, state, note, look)
		}
		p.clearFaults()
		p.Clock.Advance(6 * time.Hour)
		if _, err := p.Work(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := p.entriesOf(
			c,
		); got != before+", refund -500 EUR" ||
			p.Count(`webhook_event WHERE body_digest = sha256($1) AND state <> 'applied'`, d.body) != 0 {
			t.Errorf("%s: once PayPal is right, %q is booked", x.name, got)
		}
		if look := p.looks(c); x.note != "" && look != "" {
			t.Errorf("%s: it is booked, and to look at is still: %q", x.name, look)
		}
	}
}

// An odd refund in an order does not keep the gift itself out of the books, and a second payment for one gift is booked
// and pointed out: the money is there.
func TestOddOrders(t *testing.T) {
	t.Parallel()
	p := open(t)
	stranger, _ := p.approved()
	unit := func(o tree) tree { return o["purchase_units"].([]any)[0].(map[string]any) }
	const whole = "charge 2500 EUR, fee -108 EUR"
	for _, x := range []struct {
		name         string
		change       func(order, payments tree)
		booked, look string
		applied      bool
	}{
		{"two payments", func(_, payments tree) {
			second := tree{}
			for name, value := range tree(payments["captures"].([]any)[0].(map[string]any)) {
				second[name] = value
			}
			second["id"] = "SECOND" + payments["captures"].([]any)[0].(map[string]any)["id"].(string)[:8]
			payments["captures"] = append(payments["captures"].([]any), second)
		}, "charge 2500 EUR, charge 2500 EUR, fee -108 EUR, fee -108 EUR", "captured the payment 2 times", true},
		{"an odd refund beside the payment", func(_, payments tree) {
			id := payments["captures"].([]any)[0].(map[string]any)["id"].(string)
			payments["refunds"] = []any{tree{"id": "ODD" + id[:8], "status": "COMPLETED",
				"amount": tree{"currency_code": "USD", "value": "5.00"},
				"links":  []any{tree{"rel": "up", "href": "https://api.paypal.com/v2/payments/captures/" + id}}}}
		}, whole, "That cannot be", false},
		{"a refund of a payment that is not there", func(_, payments tree) {
			payments["refunds"] = []any{tree{"id": "LOST" + stranger.Checkout.PayPalID[:8], "status": "COMPLETED",
				"amount": tree{"currency_code": "EUR", "value": "5.00"},
				"links":  []any{tree{"rel": "up", "href": "https://api.paypal.com/v2/payments/captures/NOTTHISONE"}}}}
		}, whole, "does not belong to this contribution", false},
		{"two purchases", func(order, _ tree) { order["purchase_units"] = append(order["purchase_units"].([]any), tree{}) }, "", "2 purchases", false},
		{"another contribution's", func(order, _ tree) { unit(order)["custom_id"] = stranger.ID.String() }, "", "no longer carries the number", false},
		{"a status nobody knows", func(order, _ tree) { order["status"] = "TELEPORTED" }, whole, "", true},
	} {
		c, _, d := p.captured("CHECKOUT.ORDER.COMPLETED")
		order := p.answer("/v2/checkout/orders/" + c.Checkout.PayPalID)
		x.change(order, unit(order).at("payments"))
		p.say("/v2/checkout/orders/"+c.Checkout.PayPalID, order)
		if err := p.receive(d); err != nil {
			t.Fatal(err)
		}
		p.work()
		look := p.looks(c)
		if got := p.entriesOf(c); got != x.booked || !strings.Contains(look, x.look) || (look == "") != (x.look == "") {
			t.Errorf("%s: booked %q; to look at: %q", x.name, got, look)
		}
		if n := p.Count(
			`webhook_event WHERE body_digest = sha256($1) AND (state = 'applied') = $2`,
			d.body,
			x.applied,
		); n != 1 {
			t.Errorf(
				"%s: applied is not %v: %s",
				x.name,
				x.applied,
				p.text(`SELECT note FROM webhook_event WHERE body_digest = sha256($1)`, d.body),
			)
		}
		p.clearFaults()
		p.Clock.Advance(6 * time.Hour)
		if _, err := p.Work(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := p.entriesOf(c); !strings.Contains(got, whole) && x.name != "two payments" {
			t.Errorf("%s: once PayPal is right, %q is booked", x.name, got)
		}
		// That a refund is not there any more says nothing of what became of it.
		if look := p.looks(c); !x.applied && look != "" && x.name != "an odd refund beside the payment" {
			t.Errorf("%s: it is booked, and to look at is still: %q", x.name, look)
		}
	}
	if got := p.entriesOf(stranger); got != "" {
		t.Errorf("somebody else got %q", got)
	}
}

// A dispute that cannot be holds nothing back in our books, and a person hears of it.
func TestOddAnswersAboutACaseAreNotBooked(t *testing.T) {
	t.Parallel()
	p := open(t)
	amount := func(currency, value string) tree { return tree{"currency_code": currency, "value": value} }
	const paid, held = "charge 2500 EUR, fee -108 EUR", "charge 2500 EUR, dispute_hold -2500 EUR, fee -108 EUR"
	for _, x := range []struct {
		name       string
		change     func(dispute tree)
		look, note string // part of why a person should look; part of the event's note, when it is parked
	}{
		{"about more than the gift", func(d tree) { d["dispute_amount"] = amount("EUR", "25.01") }, "is about 25.01 EUR, and the payment was of 25.00 EUR", ""},
		{"in another currency", func(d tree) { d["dispute_amount"] = amount("USD", "25.00") }, "is in USD, the payment in EUR", ""},
		{"about 10^30", func(d tree) { d["dispute_amount"] = amount("EUR", "1"+strings.Repeat("0", 30)) }, "", "no amount of EUR"},
		{"about nothing", func(d tree) { d["dispute_amount"] = amount("EUR", "0.00") }, "", "the dispute is about 0.00 EUR"},
		{"about no payment", func(d tree) { delete(d, "disputed_transactions") }, "", "does not say which payment"},
		{"without an id", func(d tree) { delete(d, "dispute_id") }, "", "could not be used"},
	} {
		c, id := p.completed()
		p.hook("captures/"+id+"/dispute", `{"stage":"CHARGEBACK"}`)
		d := p.next("CUSTOMER.DISPUTE.CREATED")
		var event struct {
			Resource struct {
				ID string `json:"dispute_id"`
			}
		}
		if err := json.Unmarshal(d.body, &event); err != nil {
			t.Fatal(err)
		}
		path := "/v1/customer/disputes/" + event.Resource.ID
		dispute := p.answer(path)
		x.change(dispute)
		p.say(path, dispute)
		if err := p.receive(d); err != nil {
			t.Fatal(err)
		}
		p.work()
		state, note, look := p.text(
			`SELECT state FROM webhook_event WHERE body_digest = sha256($1)`,
			d.body,
		), p.text(
			`SELECT note FROM webhook_event WHERE body_digest = sha256($1)`,
			d.body,
		),
			p.looks(
				c,
			)
		if got := p.entriesOf(c); got != paid {
			t.Errorf("%s: booked %q", x.name, got)
		}
		if (state == "parked") != (x.note != "") || !strings.Contains(note, x.note) || !inWords(note) ||
			!strings.Contains(look, x.look) ||
			(look == "") != (x.look == "") {
			t.Errorf("%s: %s, %q; to look at: %q", x.name, state, note, look)
		}
		p.clearFaults()
		p.Clock.Advance(6 * time.Hour)
		if err := p.receive(p.again(d, true)); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Work(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, look := p.entriesOf(c), p.looks(c); got != held || look != "" {
			t.Errorf("%s: once PayPal is right, %q is booked; to look at: %q", x.name, got, look)
		}
	}
}
