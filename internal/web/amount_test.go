package web

import (
	"net/url"
	"strings"
	"testing"

	"readerfund/internal/money"
)

func TestAReaderWritesAnAmountAsPeopleDo(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	for written, minor := range map[string]int64{
		"7,50": 750, "12 €": 1200, "€ 12": 1200, "1 000": 100000, "1\u202F000,50\u00A0€": 100050, "１２": 1200,
		"٧٫٥٠":     750,
		"1'000.50": 100050, "1,00,000": 0, "50,-": 5000,
	} {
		got := r.send(giftForm("amount", written))
		if minor == 0 {
			if got.status != 422 || !strings.Contains(got.body, "The largest amount to give at once is €10,000.") {
				t.Errorf("%q: %d", written, got.status)
			}
			continue
		}
		if got.status != 303 {
			t.Errorf("%q: status %d", written, got.status)
			continue
		}
		var kept int64
		err := h.db.GetContext(t.Context(), &kept, `SELECT amount_minor FROM contribution WHERE approve_url = $1`,
			got.header.Get("Location"))
		if err != nil || kept != minor {
			t.Errorf("%q was read as %d, want %d (%v)", written, kept, minor, err)
		}
	}
}

func TestAnAmountThatReadsTwoWaysIsAskedBack(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	got := r.send(giftForm("amount", "1.234", "name", "Ada"))
	if got.status != 422 || !strings.Contains(got.body, "can be read as €1,234 or as €1.23. Which do you mean?") {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	for _, choice := range []string{`value="1234.00"`, `value="1.23"`} {
		if !strings.Contains(got.body, choice) {
			t.Errorf("the page does not offer %s", choice)
		}
	}
	again := inputs(t, got.body)
	if again.Get("choice") != "" || again.Get("amount") != "" || again.Get("name") != "Ada" || h.count() != 0 {
		t.Errorf("%v, %d contributions", again, h.count())
	}
	again.Set("choice", "1234.00")
	if id, _ := r.begin(again); h.stateOf(id) != "created" {
		t.Error("the chosen reading begins no gift")
	}
}

func TestLimitsAreWrittenAsTheFormWritesThem(t *testing.T) {
	t.Parallel()
	r := openHouse(t, nil).newReader()
	for amount, want := range map[string]string{
		"0,50": "The smallest amount is €1.", "10 000,01 €": "The largest amount to give at once is €10,000.",
	} {
		if got := r.send(giftForm("amount", amount)); got.status != 422 || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d, without %q", amount, got.status, want)
		}
	}
	p := problem(t, r.sendJSON(`{"campaign":"support","amount":"0.50","currency":"EUR","frequency":"once"}`))
	if !strings.Contains(p.Detail, "1.00 EUR") {
		t.Errorf("a program is told %q", p.Detail)
	}
}

func TestJSONStaysStrict(t *testing.T) {
	t.Parallel()
	r := openHouse(t, nil).newReader()
	for _, amount := range []string{"7,50", "12 €", "1 000", "１２", "1.234", "50,-", " 5"} {
		p := problem(t, r.sendJSON(`{"campaign":"support","amount":"`+amount+`","currency":"EUR","frequency":"once"}`))
		if p.Status != 422 || len(p.Errors) != 1 || p.Errors[0].Field != "amount" {
			t.Errorf("%q: %+v", amount, p)
		}
	}
}

func TestALinkWithAnAmountInAnotherCurrency(t *testing.T) {
	t.Parallel()
	r := openHouse(t, nil).newReader()
	for query, want := range map[string]struct{ currency, amount, said string }{
		"amount=5000&currency=huf":          {"HUF", "5,000", ""},
		"amount=5000&currency=Huf":          {"HUF", "5,000", ""},
		"amount=5000&currency=INR":          {"EUR", "", "INR"},
		"amount=5000&currency=doubloons":    {"EUR", "", "a gift in a currency that we do not take here"},
		"amount=7,50&currency=usd":          {"USD", "7.50", ""},
		"amount=33":                         {"EUR", "33", ""},
		"amount=1.234":                      {"EUR", "", ""},
		"currency=BRL":                      {"EUR", "", "BRL"},
		"amount=" + url.QueryEscape("33 €"): {"EUR", "33", ""},
	} {
		page := r.get("/support/support?" + query).body
		got := inputs(t, page)
		if got.Get("currency") != want.currency || got.Get("amount") != want.amount && got.Get("choice") != want.amount {
			t.Errorf("%s: %s %q %q", query, got.Get("currency"), got.Get("amount"), got.Get("choice"))
		}
		if said := strings.Contains(page, `class="said"`); said != (want.said != "") || !strings.Contains(page, want.said) {
			t.Errorf("%s: says something: %v", query, said)
		}
	}
}

// An amount that we fill in has the separators of the reader's language, and is what the form takes.
func TestAFilledInAmountIsTheReaders(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	for _, c := range [][3]string{
		{"lang=de", "12.5", "12,50"}, {"lang=de", "1000", "1.000,00"}, {"lang=de", "33", "33"}, {"lang=en", "12,5", "12.50"},
		{"lang=fr", "1234.5", "1\u00a0234,50"}, {"lang=uk", "12.50", "12,50"}, {"lang=ar", "12.50", "12.50"},
	} {
		form := inputs(t, r.get("/support/support?"+c[0]+"&amount="+c[1]).body)
		if got := form.Get("amount"); got != c[2] {
			t.Errorf("%s: %q, want %q", c, got, c[2])
		}
		id, _ := r.begin(form)
		minor := h.number(`SELECT amount_minor FROM contribution WHERE id = '` + id + `'`)
		if want, err := money.ParseWritten(c[1], "EUR"); err != nil || minor != want.Minor {
			t.Errorf("%s: sent back it is %d, want %v", c, minor, want)
		}
	}
	// In another currency the same number stays.
	form := inputs(t, r.get("/support/support?lang=de&amount=1000&currency=HUF").body)
	form.Set("to", "EUR")
	if form.Get("amount") != "1.000" {
		t.Fatalf("in forint: %q", form.Get("amount"))
	}
	got := inputs(t, r.form("/support/support?lang=de", form).body)
	if got.Get("currency") != "EUR" || got.Get("amount") != "1.000,00" {
		t.Errorf("carried over: %s %q", got.Get("currency"), got.Get("amount"))
	}
}

func TestWhatAReaderCannotSeeCostsNoGift(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	for _, c := range [][2]string{
		{"article", "/a"}, {"article", "https://example.org/" + strings.Repeat("a", 3000)},
		{"article", "javascript:alert(1)"}, {"article", "https://user:word@example.org/"}, {"campaign", "gone"},
		{"campaign", ""}, {"frequency", ""},
		{"utm_source", strings.Repeat("x", 3000)}, {"utm_source", "a\x00b"},
	} {
		got := r.send(giftForm(c[0], c[1]))
		if got.status != 303 {
			t.Errorf("%s=%.30q: %d", c[0], c[1], got.status)
		}
	}
	var kept []string
	err := h.db.SelectContext(t.Context(), &kept, `SELECT DISTINCT article FROM contribution ORDER BY article`)
	if err != nil || len(kept) != 2 || kept[0] != "" {
		t.Errorf("articles kept: %q, %v", kept, err)
	}
	p := problem(t, r.sendJSON(`{"campaign":"support","amount":"5","currency":"EUR","frequency":"once","article":"/a"}`))
	if p.Status != 422 || p.Errors[0].Field != "article" {
		t.Errorf("a program can mend its article, and is told %+v", p)
	}
}
