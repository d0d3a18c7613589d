package web

import (
	"net/url"
	"strings"
	"testing"

	"readerfund/internal/account"
)

// refundsAtPayPal counts the refunds that the sandbox has made.
func (h house) refundsAtPayPal() int {
	h.t.Helper()
	return strings.Count(h.bank("GET", "/sandbox/ledger", ""), `"kind":"refund"`)
}

// refundFault has something go wrong with refunds at PayPal; how are the fault's other fields.
func (h house) refundFault(how string) {
	h.t.Helper()
	h.bank("POST", "/sandbox/faults", `{"match":{"method":"POST","path":"/v2/payments/captures/*/refund"},`+how+`}`)
}

// PayPal makes a refund and its answer is lost; the retry is refused for another reason; a second form lies open
// in another tab. The money goes back once, and staff read that it did.
func TestARefundIsMadeOnceWhateverTheRetryIsTold(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]string{
		"403": `"kind":"issue","issue":"PERMISSION_DENIED"`, "404": `"kind":"issue","issue":"INVALID_RESOURCE_ID"`,
		// As PayPal would answer once it has forgotten the request: until then it gives the refund again.
		"422": `"kind":"status","status":422,"body":{"name":"UNPROCESSABLE_ENTITY","message":"no","debug_id":"d",` +
			`"details":[{"issue":"REFUND_FAILED_INSUFFICIENT_FUNDS","description":"no"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t, nil)
			_, page, _ := h.paid()
			r := h.signedIn(account.Editor)
			change := []string{"choice", "part", "amount", "10.00", "reason", "Paid twice"}
			first, second := r.refundForm(page, change...), r.refundForm(page, change...)

			h.refundFault(`"kind":"status","status":500,"when":"after","times":3`)
			says(t, r.lands(r.form(page+"/refund", first)), "The refund of €10.00 is not confirmed yet",
				"its answer did not arrive")
			h.refundFault(`"times":1,` + refusal)
			says(t, r.lands(r.form(page+"/refund", first)), "Refunded €10.00 was refunded to the reader.", "Partially refunded",
				"Refund requests €10.00 Completed")

			got := r.form(page+"/refund", second)
			if n := h.refundsAtPayPal(); got.status != 409 || n != 1 {
				t.Fatalf("the second form is answered %d, and PayPal has %d refunds", got.status, n)
			}
			says(t, got.body, "€15 is left now", "Everything left: €15.00")
			// Whoever has read that may go on.
			v := inputs(t, got.body)
			v.Set("choice", "part")
			says(t, r.lands(r.form(page+"/refund", v)), "Refunded €10.00 was refunded to the reader.")
			if n := h.refundsAtPayPal(); n != 2 {
				t.Errorf("PayPal has %d refunds of two requests", n)
			}
		})
	}
}

// As long as PayPal cannot be asked what became of it, a refund is not said to have failed.
func TestARefundStaysUncertainWhilePayPalCannotBeAsked(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	_, page, _ := h.paid()
	r := h.signedIn(account.Editor)
	v := r.refundForm(page, "choice", "part", "amount", "10.00", "reason", "Paid twice")
	h.refundFault(`"kind":"status","status":500,"when":"after","times":3`)
	r.lands(r.form(page+"/refund", v))
	h.refundFault(`"kind":"issue","issue":"PERMISSION_DENIED"`)
	h.bank("POST", "/sandbox/faults", `{"match":{"method":"GET","path":"/v2/*"},"kind":"status","status":503}`)
	says(t, r.lands(r.form(page+"/refund", v)), "The refund of €10.00 is not confirmed yet")
	if got := r.form(page+"/refund", url.Values{"choice": {"part"}, "amount": {"10.00"}, "reason": {"x"},
		"key": {"another"}}); got.status != 409 {
		t.Errorf("a second refund: %d", got.status)
	}
	h.bank("DELETE", "/sandbox/faults", "")
	says(t, r.lands(r.form(page+"/refund", v)), "Refunded €10.00 was refunded to the reader.")
	if n := h.refundsAtPayPal(); n != 1 {
		t.Errorf("PayPal has %d refunds", n)
	}
}

// PayPal accepted a claim and its answer was lost: the pages and the audit log say that it is not known, until it is.
func TestAClaimIsNotSaidToBeRefusedThatMayBeAccepted(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	_, page, capture := h.paid()
	r := h.signedIn(account.Admin)
	h.bank("POST", "/sandbox/captures/"+capture+"/dispute", `{"stage":"CHARGEBACK"}`)
	r.lands(r.form(page+"/ask", url.Values{}))
	var id string
	if err := h.db.GetContext(soon(t), &id, `SELECT paypal_id FROM dispute`); err != nil {
		t.Fatal(err)
	}
	const of = `"match":{"method":"POST","path":"/v1/customer/disputes/*/accept-claim"}`
	h.bank("POST", "/sandbox/faults", `{"kind":"status","status":500,"when":"after","times":1,`+of+`}`)
	h.bank("POST", "/sandbox/faults", `{"kind":"status","status":503,"match":{"method":"GET","path":"/v1/customer/*"}}`)
	accept := page + "/disputes/" + id + "/accept"
	got := r.lands(r.form(accept, url.Values{"note": {"The reader is right."}}))
	says(t, got, "Not confirmed yet", "Staff accepted this dispute, and PayPal's answer did not arrive.")
	says(t, r.get("/staff/audit").body, "Started to accept a dispute", "No answer to accepting a dispute")
	if strings.Contains(r.get("/staff/audit").body, "not accepted") {
		t.Error("the audit log says what is not so")
	}
	h.bank("DELETE", "/sandbox/faults", "")
	says(t, r.lands(r.form(page+"/ask", url.Values{})), "Lost")
	says(t, r.get("/staff/audit").body, "Accepted a dispute")
}

// What can go back is the same on the contribution's page, on the refund's form and when the form is sent.
func TestEveryPageAgreesOnWhatCanGoBack(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.signedIn(account.Editor)
	const back = `
		INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		SELECT id, $2, $1 || '-B', $3, $4, currency, recorded_at, recorded_at FROM payment WHERE paypal_id = $1`
	const asked = `
		INSERT INTO refund_request (id, contribution_id, payment_id, number, form_key, amount_minor, currency, reason,
		                            actor, state, asked_at)
		SELECT gen_random_uuid(), contribution_id, id, 1, $1, 700, currency, 'x', 'x', 'unknown', recorded_at
		FROM payment WHERE paypal_id = $1`
	const second = `
		INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		SELECT contribution_id, kind, $1 || '-2', status, 900, currency, occurred_at + interval '1 second', recorded_at
		FROM payment WHERE paypal_id = $1`
	for name, c := range map[string]struct {
		arrange func(capture string)
		form    string // what the form says is left; empty where there is none
		says    string // on the refund's page, and to a form that is sent all the same
	}{
		"all of it":   {func(string) {}, "25.00", "At most €25"},
		"what waits":  {func(k string) { h.exec(back, k, "refund", "pending", 2000) }, "5.00", "At most €5"},
		"what failed": {func(k string) { h.exec(back, k, "refund", "failed", 2000) }, "25.00", "At most €25"},
		"what has gone": {func(k string) { h.exec(back, k, "refund", "completed", 2500) }, "",
			"This payment has been refunded in full"},
		"taken back": {func(k string) { h.exec(back, k, "reversal", "completed", 500) }, "",
			"bank has reversed this payment"},
		"under way": {func(k string) { h.exec(asked, k) }, "", "A refund of 7.00 EUR is pending."},
		"held": {func(k string) { h.exec(`UPDATE payment SET status = 'pending' WHERE paypal_id = $1`, k) }, "",
			"still pending at PayPal"},
		"never came": {func(k string) { h.exec(`UPDATE payment SET status = 'declined' WHERE paypal_id = $1`, k) },
			"", "No money came in"},
		"not through us": {func(k string) { h.exec(`UPDATE payment SET kind = 'direct' WHERE paypal_id = $1`, k) }, "",
			"can only be refunded there"},
		"another of it":  {func(k string) { h.exec(asked, k); h.exec(second, k) }, "9.00", "At most €9"},
		"one of several": {func(k string) { h.exec(second, k) }, "", "several payments"},
		"elsewhere, gone": {func(k string) {
			h.exec(`UPDATE payment SET kind = 'direct' WHERE paypal_id = $1`,
				k)
			h.exec(back, k, "refund", "completed", 2500)
		}, "", "has been refunded in full"},
	} {
		_, page, capture := h.paid()
		c.arrange(capture)
		shown, offered := r.get(page+"/refund").body, strings.Contains(r.get(page).body, page+"/refund")
		form := inputs(t, shown)
		if form.Get("left") != c.form {
			t.Errorf("%s: the form says %q, want %q", name, form.Get("left"), c.form)
		}
		if several := name == "one of several"; offered != (c.form != "" || several) {
			t.Errorf("%s: a refund is offered: %t", name, offered)
		}
		if c.form == "" {
			says(t, shown, c.says)
		}
		got := r.form(page+"/refund", url.Values{"choice": {"part"}, "amount": {"25.01"}, "reason": {"x"}, "key": {name}})
		if got.status != 422 && got.status != 409 {
			t.Errorf("%s: %d", name, got.status)
		}
		says(t, got.body, c.says)
	}
	if h.refundsAtPayPal() != 0 {
		t.Error("a refund was made")
	}
}

// Each payment of a contribution stands for itself: refunding one says nothing about the others.
func TestEachPaymentShowsItsOwnState(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.signedIn(account.Editor)
	_, page, capture := h.paid()
	row := func(what string) string {
		_, table, _ := strings.Cut(r.get(page).body, `id="movements"`)
		for line := range strings.SplitSeq(table, "<tr>") {
			if strings.Contains(line, what+"</code>") {
				return line
			}
		}
		t.Fatalf("no row has %s: %s", what, table)
		return ""
	}
	if alone := row(capture); strings.Count(alone, "<code>") != 1 {
		t.Errorf("a payment alone has its number, which is the contribution's: %s", alone)
	}
	for number, back := range map[string]int{"-2": 900, "-3": 200} {
		h.exec(`INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
			SELECT contribution_id, kind, $1 || $2, status, 900, currency, occurred_at + interval '1 second', recorded_at
			FROM payment WHERE paypal_id = $1`, capture, number)
		h.exec(`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
			SELECT id, 'refund', $1 || '-B', 'completed', $2, currency, recorded_at, recorded_at
			FROM payment WHERE paypal_id = $1`, capture+number, back)
	}
	says(t, row(capture), "Completed", "€25")
	says(t, row(capture+"-2"), "Refunded", "€9.00")
	says(t, row(capture+"-3"), "Partially refunded", "€2.00 refunded", "€9.00")
	if strings.Contains(row(capture+"-2"), "€9.00 refunded") {
		t.Error("of a payment that was refunded whole, the amount is said twice")
	}
	for _, number := range []string{"-2", "-3"} {
		if line := row(capture + number); strings.Count(line, "<code>") != 2 {
			t.Errorf("the payment %s has no number: %s", number, line)
		}
	}
}
