package web

import (
	"encoding/json"
	"strings"
	"testing"

	"readerfund/internal/money"
	"readerfund/internal/testkit/newsroom"
)

// openCovered is a house that knows the sandbox's fees of euros: 2.9 % and 0.35.
func openCovered(t *testing.T) house {
	t.Helper()
	fees := map[money.Currency]money.Fee{"EUR": {Rate: 290, Fixed: 35}}
	return openWith(t, bareDeps(t), newsroom.Options{Fees: fees}, func(d *Deps) { d.Log = quiet() })
}

// A reader who covers the fee is charged so much more that the whole gift is left, to the cent.
func TestWhoCoversTheFeeGivesAllOfTheGift(t *testing.T) {
	t.Parallel()
	h := openCovered(t)
	r := h.newReader()
	for amount, charged := range map[string]string{"10.00": "10.66", "25.00": "26.11", "1.00": "1.39"} {
		id, _ := r.begin(giftForm("amount", amount, "cover_fee", "yes"))
		h.approve(id)
		r.get("/contributions/" + id + "/return?token=" + h.orderOf(id) + "&PayerID=X")
		gift, err := money.Parse(amount, "EUR")
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Net, Gross, Covered int64 }
		err = h.db.GetContext(t.Context(), &got, `
			SELECT sum(amount_minor) AS net, sum(amount_minor) FILTER (WHERE kind = 'charge') AS gross,
			       (SELECT covered_minor FROM contribution WHERE id = $1) AS covered
			FROM ledger_entry WHERE contribution_id = $1`, id)
		if err != nil || got.Net != gift.Minor || money.New(got.Gross, "EUR").Decimal() != charged ||
			got.Covered != got.Gross-got.Net {
			t.Errorf("a gift of %s: %+v, %v, want %s charged", amount, got, err, charged)
		}
	}
}

// What covers the fee is added by the server, to what every way of giving sends, and only where the fee is known.
func TestCoveringTheFee(t *testing.T) {
	t.Parallel()
	h := openCovered(t)
	r := h.newReader()
	charged := func(body string) string {
		var got struct{ Amount string }
		if err := json.Unmarshal([]byte(r.sendJSON(body).body), &got); err != nil {
			t.Fatal(err)
		}
		return got.Amount
	}
	for body, want := range map[string]string{
		`"amount":"10","currency":"EUR","frequency":"once"`:                     "10.00",
		`"amount":"10","currency":"EUR","frequency":"once","cover_fee":true`:    "10.66",
		`"amount":"10","currency":"EUR","frequency":"month","cover_fee":true`:   "10.66",
		`"amount":"10","currency":"USD","frequency":"once","cover_fee":true`:    "10.00",
		`"amount":"9700","currency":"EUR","frequency":"once","cover_fee":true`:  "9990.06",
		`"amount":"10000","currency":"EUR","frequency":"once","cover_fee":true`: "",
	} {
		if got := charged(`{"campaign":"support",` + body + `}`); got != want {
			t.Errorf("%s: %s is charged, want %s", body, got, want)
		}
	}
	// The form comes back with the gift and the tick, not with the sum.
	id, _ := r.begin(giftForm("amount", "12.34", "cover_fee", "yes"))
	back := inputs(t, r.get("/contributions/"+id+"/cancel?token="+h.orderOf(id)).body)
	if back.Get("amount") != "12.34" {
		t.Errorf("after turning back the form holds %v", back)
	}
	h.exec(`UPDATE contribution SET state = 'expired' WHERE id = $1`, id)
	again := inputs(t, r.get(linkTo(t, "an expired gift", r.get("/contributions/"+id+"/thanks").body)).body)
	if again.Get("amount") != "12.34" {
		t.Errorf("begun again, the form holds %v", again)
	}
}

// A gift in honour or memory of a person keeps that through everything that can go wrong.
func TestATributeIsKept(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	for _, c := range []struct{ kind, name, keptKind, keptName string }{
		{"memory", " Zoë\u202E Moreau ", "memory", "Zoë Moreau"}, {"honour", "Ada", "honour", "Ada"},
		{"", "Ada", "honour", "Ada"},
		{"<b>", "Ada", "honour", "Ada"}, {"memory", " \u200B", "", ""},
	} {
		id, _ := r.begin(giftForm("tribute", c.kind, "tribute_name", c.name))
		var kind, name string
		err := h.db.QueryRowContext(t.Context(), `SELECT tribute, tribute_name FROM contribution WHERE id = $1`, id).
			Scan(&kind, &name)
		if err != nil || kind != c.keptKind || name != c.keptName {
			t.Errorf("%+v: kept %q %q, %v", c, kind, name, err)
		}
	}
	for _, name := range []string{"two\nlines", strings.Repeat("x", 121)} {
		if got := r.send(giftForm("tribute", "memory", "tribute_name", name)); got.status != 422 {
			t.Errorf("%.10q: %d", name, got.status)
		}
	}
}

// Where PayPal does not answer, the page names the sum that trying again would charge.
func TestTryingAgainNamesTheWholeSum(t *testing.T) {
	t.Parallel()
	h := openCovered(t)
	h.bank("POST", "/sandbox/faults", trouble503)
	got := h.newReader().send(giftForm("amount", "10.00", "cover_fee", "yes"))
	if got.status != 503 || !strings.Contains(got.body, "€10.66") || inputs(t, got.body).Get("amount") != "10.00" {
		t.Errorf("%d\n%s", got.status, got.body)
	}
}
