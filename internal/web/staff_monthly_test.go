package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"readerfund/internal/account"
)

// lines are a form's lines, each "from amount".
func lines(currency, seen string, all ...string) url.Values {
	v := url.Values{"currency": {currency}, "seen": {seen}}
	for n, line := range all {
		from, amount, _ := strings.Cut(line, " ")
		v.Set(fmt.Sprintf("from.%d", n), from)
		v.Set(fmt.Sprintf("amount.%d", n), amount)
	}
	return v
}

// monthlyTable is what is stored, by currency and gift.
func (h house) monthlyTable() string {
	h.t.Helper()
	var all []string
	err := h.db.SelectContext(h.t.Context(), &all, `
		SELECT currency || ' ' || from_minor || ':' || amount_minor FROM monthly_suggestion ORDER BY currency, from_minor`)
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.Join(all, ", ")
}

// Staff see the rule that holds, begin with its amounts, change them and go back to it.
func TestStaffEditTheMonthlyAmounts(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	if !strings.Contains(r.get("/staff/recurring").body, `href="/staff/monthly"`) {
		t.Error("the page of recurring gifts does not lead there")
	}
	if strings.Contains(h.signedIn(account.Viewer).get("/staff/recurring").body, "/staff/monthly") {
		t.Error("viewers are led there")
	}
	fresh := r.get("/staff/monthly").body
	says(t, fresh, "In EUR", "Now: Readerfund's own rule", "about a sixth of their gift")
	golden(t, "staff-monthly.html", steady(h, fresh))
	begun := inputs(t, r.get("/staff/monthly?currency=EUR&examples=1").body)
	if begun.Get("from.0") == "" || begun.Get("amount.4") == "" {
		t.Errorf("the examples: %v", begun)
	}
	saved := r.lands(r.form("/staff/monthly", lines("EUR", "", "50,00 8", " ", "10 2", " ")))
	says(t, saved, "Saved From now on", "In EUR")
	saysNot(t, saved, "own rule holds now", "Now: Readerfund's own rule")
	if got := h.monthlyTable(); got != "EUR 1000:200, EUR 5000:800" {
		t.Errorf("stored: %s", got)
	}
	form := inputs(t, saved)
	if form.Get("from.0") != "10.00" || form.Get("amount.1") != "8.00" {
		t.Errorf("shown: %v", form)
	}
	form.Set("from.1", "")
	form.Set("amount.1", "")
	r.lands(r.form("/staff/monthly", form))
	if got := h.monthlyTable(); got != "EUR 1000:200" {
		t.Errorf("a line was emptied: %s", got)
	}
	form = inputs(t, r.get("/staff/monthly?currency=EUR").body)
	form.Set("default", "1")
	says(t, r.lands(r.form("/staff/monthly", form)), "Now: Readerfund's own rule")
	if got := h.monthlyTable(); got != "" {
		t.Errorf("after going back to the rule: %s", got)
	}
	log := h.signedIn(account.Admin).get("/staff/audit").body
	says(t, log, "Changed what is asked for monthly", "default → 10.00: 2.00, 50.00: 8.00",
		"10.00: 2.00, 50.00: 8.00 → 10.00: 2.00", "10.00: 2.00 → default", "editor@example.org")
	if !strings.Contains(log, `href="/staff/monthly?currency=EUR"`) {
		t.Error("the audit log does not lead to the page")
	}
}

// What is wrong is said beside its line, what was typed stays, and nothing is written.
func TestMonthlyAmountsThatCannotBe(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Editor)
	many := make([]string, 101)
	for n := range many {
		many[n] = fmt.Sprintf("%d 2", n+10)
	}
	for name, c := range map[string]struct {
		form  url.Values
		field string
		says  string
	}{
		"letters":                {lines("EUR", "", "ten 2"), "from.0", "Write"},
		"letters, second line":   {lines("EUR", "", "10 2", "50 lots"), "amount.1", "Write"},
		"one field alone":        {lines("EUR", "", "10 "), "amount.0", "Write"},
		"HUF with decimals":      {lines("HUF", "", "5000.50 1000"), "from.0", "HUF"},
		"the same twice":         {lines("EUR", "", "10 2", "10,00 3"), "from.1", "This amount is there twice."},
		"more than the gift":     {lines("EUR", "", "10 11"), "amount.0", "must not be more than the gift"},
		"below the least":        {lines("EUR", "", "10 0.50"), "amount.0", "The smallest amount is"},
		"nothing":                {lines("EUR", "", "0 0"), "from.0", "Write an amount above 0"},
		"below zero":             {lines("EUR", "", "10 -2"), "amount.0", "Write"},
		"too large":              {lines("EUR", "", "99999999999 2"), "from.0", ""},
		"another currency":       {lines("EUR", "", "10 $2"), "amount.0", "EUR"},
		"101 lines":              {lines("EUR", "", many...), "", "Write at most 20 lines."},
		"a currency we lack":     {lines("XXX", "", "10 2"), "", "Pick one of the currencies offered."},
		"blank lines in between": {lines("EUR", "", " ", "10 2", " ", "50 x"), "amount.1", "Write"},
	} {
		got := r.form("/staff/monthly", c.form)
		if got.status != 422 {
			t.Errorf("%s: %d", name, got.status)
		}
		says(t, got.body, c.says)
		if c.field != "" {
			if !strings.Contains(got.body, `href="#`+c.field+`"`) || !strings.Contains(got.body, `id="`+c.field+`-error"`) {
				t.Errorf("%s: not said beside %s\n%s", name, c.field, words(t, got.body))
			}
			if !strings.Contains(words(t, got.body), "Please check") {
				t.Errorf("%s: no summary", name)
			}
		}
	}
	back := inputs(t, r.form("/staff/monthly", lines("EUR", "", "10 2", "50 x")).body)
	if back.Get("from.0") != "10" || back.Get("amount.1") != "x" {
		t.Errorf("typed and lost: %v", back)
	}
	if got := h.monthlyTable(); got != "" {
		t.Errorf("stored: %s", got)
	}
	if n := h.number(`SELECT count(*) FROM audit_entry WHERE action = 'monthly.change'`); n != 0 {
		t.Errorf("%d entries in the audit log", n)
	}
}

// Of two who edit at once the second reads that, with both tables before them, and saves nothing over the first.
func TestTwoEditTheMonthlyAmountsAtOnce(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	first, second := h.signedIn(account.Editor), h.signedIn(account.Admin)
	seen := inputs(t, second.get("/staff/monthly?currency=EUR").body).Get("seen")
	first.lands(first.form("/staff/monthly", lines("EUR", seen, "10 2")))
	got := second.form("/staff/monthly", lines("EUR", seen, "20 5"))
	if got.status != 409 {
		t.Fatalf("the second: %d", got.status)
	}
	says(t, got.body, "Somebody else has changed the amounts for EUR", "What you wrote", "20: 5 a month")
	form := inputs(t, got.body)
	if form.Get("from.0") != "10.00" || h.monthlyTable() != "EUR 1000:200" {
		t.Errorf("shown %v, stored %s", form, h.monthlyTable())
	}
	form.Set("from.1", "20")
	form.Set("amount.1", "5")
	second.lands(second.form("/staff/monthly", form)) // having seen it
	if got := h.monthlyTable(); got != "EUR 1000:200, EUR 2000:500" {
		t.Errorf("stored: %s", got)
	}
	if got := second.form("/staff/monthly", lines("EUR", "gibberish", "30 5")); got.status != 409 {
		t.Errorf("with what no form wrote: %d", got.status)
	}
	usd := second.form("/staff/monthly", lines("USD", "", "30 5"))
	second.lands(usd) // another currency is another table
}

// What staff write is what the next reader is asked for.
func TestReadersAreAskedForWhatStaffWrote(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	editor := h.signedIn(account.Editor)
	r, id := h.gives() // 25.00
	thanks := "/contributions/" + id + "/thanks"
	says(t, r.get(thanks).body, "€4 a month")
	editor.lands(editor.form("/staff/monthly", lines("EUR", "", "20 7", "100 20")))
	says(t, r.get(thanks).body, "€7 a month")
	form := inputs(t, editor.get("/staff/monthly").body)
	form.Set("from.0", "")
	form.Set("amount.0", "")
	editor.lands(editor.form("/staff/monthly", form))
	if r.isAsked(id) {
		t.Error("asked after a gift below the first line")
	}
}
