package web

import (
	"strings"
	"testing"
)

// What staff chose for a campaign holds on its page and at its form: the amount and frequency chosen first, of a
// variant too, and the smallest gift.
func TestACampaignsOwnAmounts(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.exec(`UPDATE campaign SET version = version + 1, content = content || $1::jsonb`, `{
		"chosen": {"once": {"EUR": 2500}, "month": {"EUR": 200}, "year": {"EUR": 77}}, "minimum": {"EUR": 300},
		"variants": [{"name": "a", "weight": 1}, {"name": "b", "weight": 1, "chosen": {"EUR": 5000}, "frequency": "month"}]}`)
	r := h.newReader()
	for query, want := range map[string][4]string{
		"":                        {"once", "25.00", "10.00", "40.00"}, // a month's 2.00 is below the smallest, a year's is not offered
		"?variant=b":              {"month", "50.00", "10.00", "40.00"},
		"?variant=c":              {"once", "25.00", "10.00", "40.00"},
		"?variant=b&currency=USD": {"month", "10.00", "4.00", "40.00"},
	} {
		form := inputs(t, r.get("/support/support"+query).body)
		got := [4]string{form.Get("frequency"), form.Get("choice"), form.Get("choice_month"), form.Get("choice_year")}
		if got != want {
			t.Errorf("%q: %v, want %v", query, got, want)
		}
	}
	if got := r.send(giftForm("amount", "2.99")); got.status != 422 || !strings.Contains(got.body, "The smallest amount is €3.") {
		t.Errorf("below the campaign's smallest: %d", got.status)
	}
	if got := r.sendJSON(`{"campaign":"support","amount":"2.99","currency":"EUR","frequency":"once"}`); got.status != 422 {
		t.Errorf("a program, below the campaign's smallest: %d", got.status)
	}
	if id, _ := r.begin(giftForm("amount", "3")); h.stateOf(id) != "created" {
		t.Error("the smallest gift is not taken")
	}
	// Turned back, the reader finds the variant that they saw.
	id, _ := r.begin(giftForm("amount", "", "choice", "5.00", "variant", "b"))
	back := inputs(t, r.get("/contributions/"+id+"/cancel?token="+h.orderOf(id)).body)
	if back.Get("variant") != "b" || back.Get("choice") != "5.00" || back.Get("choice_month") != "10.00" {
		t.Errorf("after turning back: %v", back)
	}
}

// The currency is guessed from the reader's region, where nothing else says it and the campaign takes it.
func TestTheCurrencyIsGuessed(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	for _, c := range []struct{ language, query, want string }{
		{"", "", "EUR"}, {"de-CH,de;q=0.8", "", "CHF"}, {"en-GB", "", "GBP"}, {"en-US", "", "USD"}, {"en", "", "EUR"},
		{"pt-BR", "", "EUR"}, // the campaign takes no BRL
		{"de-CH", "?currency=USD", "USD"}, {"de-CH", "?amount=25", "EUR"}, {"de-CH", "?amount=25&currency=GBP", "GBP"},
		{";;;", "", "EUR"}, {"xx-ZZ", "", "EUR"},
	} {
		form := inputs(t, r.do("GET", "/support/support"+c.query, "", "Accept-Language", c.language).body)
		if got := form.Get("currency"); got != c.want {
			t.Errorf("%q%s: %s, want %s", c.language, c.query, got, c.want)
		}
	}
}
