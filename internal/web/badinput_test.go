package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"readerfund/internal/web/page"
)

// bad is one wrong value of one field, and the field that is blamed.
type bad struct{ field, value, blamed string }

// taken reports whether a form is taken all the same: the reader cannot see the field, or people write an amount so.
func (b bad) taken() bool {
	switch b.field {
	case "campaign", "article":
		return true
	case "frequency":
		return b.value == ""
	case "currency":
		return b.value == "eur"
	case "amount":
		return slices.Contains([]string{"1,50", "٣", "１０", "5 €", "€5", "1.", "1 000", "1'000"}, b.value)
	default:
		return false
	}
}

func badValues() []bad {
	long := strings.Repeat("x", 300)
	all := []bad{
		{"campaign", "", "campaign"}, {"campaign", "nothing", "campaign"}, {"campaign", "SUPPORT", "campaign"},
		{"campaign", long, "campaign"},
		{"campaign", "sup\x00port", "campaign"}, {"campaign", "support' OR '1'='1", "campaign"},
		{"currency", "", "currency"}, {"currency", "XXX", "currency"}, {"currency", "eur", "currency"},
		{"currency", "BRL", "currency"},
		{"currency", long, "currency"}, {"currency", "EUR\n", "currency"}, {"currency", "E\x00R", "currency"},
		{"frequency", "", "frequency"}, {"frequency", "monthly", "frequency"}, {"frequency", "week", "frequency"},
		{"frequency", long, "frequency"}, {"frequency", "on\x00ce", "frequency"},
		{"article", "javascript:alert(1)", "article"}, {"article", "ftp://example.org/a", "article"},
		{"article", "//evil.example", "article"},
		{"article", "/a", "article"}, {"article", "example.org/a", "article"}, {"article", "https://", "article"},
		{"article", "https://user:word@example.org/", "article"}, {"article", "https://example.org/" +
			strings.Repeat("a", 3000), "article"},
		{"article", "https://example.org/\x00", "article"}, {"article", "https://example.org/a\nb", "article"},
		{"name", strings.Repeat("é", 121), "name"}, {"name", "Ada\x00", "name"}, {"name", "Ada\nReader", "name"},
		{"name", "\x1b[31mAda", "name"},
		{"email", "nobody", "email"}, {"email", "a@b@c", "email"}, {"email", "Ada <ada@example.org>", "email"},
		{"email", "ada@example.org\nBcc: x@y.z", "email"},
		{"email", strings.Repeat("a", 250) + "@b.cd", "email"}, {"email", "\x00@example.org", "email"},
		{"message", strings.Repeat("m", 1001), "message"}, {"message", "a\x00b", "message"}, {"message", "a\x07b", "message"},
	}
	for _, v := range []string{
		"", "1,50", "1.999", "-5", "+5", "0", "0.00", "1e3", "1E3", "NaN", "Infinity", "٣", "１０", "100000000000000000000",
		"5 €", "€5", "0x10",
		"1_000", "1.", ".5", "1.2.3", "1 000", "1'000", "abc", "5\x00", "0.99", "10000.01", strings.Repeat("9", 100), "null",
		"5;DROP",
	} {
		all = append(all, bad{"amount", v, "amount"})
	}
	return all
}

// plain is the good input, for both ways of sending it.
func plain() map[string]string {
	return map[string]string{"campaign": "support", "amount": "25.00", "currency": "EUR", "frequency": "once",
		"article": "https://example.org/a",
		"name":    "Ada Reader", "email": "ada@example.org", "message": "Two\nlines"}
}

func TestBadInputComesBackWithTheRestKept(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	r := h.newReader()
	taken := 0
	for _, b := range badValues() {
		input := plain()
		input[b.field] = b.value
		form := url.Values{}
		for k, v := range input {
			form.Set(k, v)
		}
		name := fmt.Sprintf("%s=%.30q", b.field, b.value)
		got := r.send(form)
		switch {
		case b.taken() && got.status == 303:
			taken++
		case b.taken() || got.status != 422:
			t.Errorf("form %s: status %d", name, got.status)
			continue
		default:
			checkFormCameBack(t, name, b, got.body, input)
		}

		text, _ := json.Marshal(input)
		p := problem(t, r.sendJSON(string(text)))
		if p.Status != 422 || len(p.Errors) != 1 || p.Errors[0].Field != b.blamed || p.Errors[0].Message == "" {
			t.Errorf("JSON %s: %+v", name, p)
		}
	}
	if n := h.count(); n != taken {
		t.Errorf("%d contributions were written, %d forms taken", n, taken)
	}
}

// checkFormCameBack looks for the error beside its field and in the summary, and for everything else as it was sent.
func checkFormCameBack(t *testing.T, name string, b bad, body string, input map[string]string) {
	t.Helper()
	if !strings.Contains(body, `class="summary" role="alert"`) || !strings.Contains(body, "<title>Please check: ") {
		t.Errorf("%s: no summary", name)
	}
	if shown := []string{"amount", "name", "email", "message"}; slices.Contains(shown, b.blamed) {
		for _, want := range []string{`href="#` + b.blamed + `"`, `id="` + b.blamed + `-error"`, `aria-invalid="true"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the page lacks %s", name, want)
			}
		}
	}
	kept := inputs(t, body)
	if choice := kept.Get("choice"); choice != "" {
		kept.Set("amount", choice)
	}
	for k, v := range input {
		if k == b.field || k == "frequency" || k == "amount" && b.field == "currency" && kept.Get(k) == "25.00" {
			continue
		}
		if kept.Get(k) != v {
			t.Errorf("%s: %s came back as %q", name, k, kept.Get(k))
		}
	}
	if b.field != "amount" || strings.ContainsRune(b.value, 0) || b.value == "" || b.value == "1.999" { // asked back
		return
	}
	if kept.Get("amount") != strings.TrimSpace(b.value) && kept.Get("choice") == "" {
		t.Errorf("%s: the wrong amount itself came back as %q", name, kept.Get("amount"))
	}
}

func TestDecimalsWhereTheCurrencyHasNone(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	if _, err := h.db.ExecContext(t.Context(),
		`UPDATE campaign SET content = content || '{"suggested": {"EUR":[500],"HUF":[2000],"JPY":[800],"TWD":[180]}}'`); err != nil {
		t.Fatal(err)
	}
	r := h.newReader()
	for _, currency := range []string{"HUF", "JPY", "TWD"} {
		for _, amount := range []string{"1000.5", "1000.50", "0.500"} {
			for _, frequency := range []string{"once", "month", "year"} {
				got := r.send(giftForm("currency", currency, "amount", amount, "frequency", frequency))
				if got.status != 422 || !strings.Contains(got.body, currency+" has no decimals") {
					t.Errorf("%s %s %s: %d", frequency, amount, currency, got.status)
				}
			}
		}
		for _, amount := range []string{"1000", "1000.00", "1.000", "1,000"} {
			if got := r.send(giftForm("currency", currency, "amount", amount)); got.status != 303 {
				t.Errorf("%s %s: %d\n%s", amount, currency, got.status, got.body)
			}
		}
	}
}

func TestSeveralWrongFieldsAreAllNamed(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	p := problem(t, h.newReader().sendJSON(`{}`))
	var fields []string
	for _, e := range p.Errors {
		fields = append(fields, e.Field)
	}
	if p.Status != 422 || !slices.Contains(fields, "campaign") || !slices.Contains(fields, "frequency") {
		t.Errorf("nothing at all: %+v", p)
	}
	got := h.newReader().send(giftForm("amount", "x", "email", "x", "name", strings.Repeat("n", 200)))
	if got.status != 422 || strings.Count(got.body, `<li><a href="#`) != 3 {
		t.Errorf("%d\n%s", got.status, got.body)
	}
}

func TestWrongTypesInJSON(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	r := h.newReader()
	good := map[string]any{}
	for k, v := range plain() {
		good[k] = v
	}
	for _, field := range []string{
		"campaign", "amount", "currency", "frequency", "article", "name", "email", "message", "named", "anonymous",
		"cover_fee",
	} {
		for _, value := range []any{25, 25.5, []string{"x"}, map[string]string{"a": "b"}, wrongKind(field)} {
			input := maps.Clone(good)
			input[field] = value
			text, _ := json.Marshal(input)
			p := problem(t, r.sendJSON(string(text)))
			if p.Status != 422 || len(p.Errors) != 1 || p.Errors[0].Field != field {
				t.Errorf("%s=%v: %+v", field, value, p)
			}
		}
	}
	for _, body := range []string{"", "{", "[]", "null", `"x"`, `{"a":1}{"b":2}`, "amount=25", "\xff\xfe"} {
		if p := problem(t, r.sendJSON(body)); p.Status != 400 {
			t.Errorf("%q: %+v", body, p)
		}
	}
	if got := r.sendJSON(`{"campaign":"support","amount":"5","currency":"EUR","frequency":"once","colour":"blue","article":null}`); got.status != 201 {
		t.Errorf("an unknown field and a null: %d %s", got.status, got.body)
	}
}

// wrongKind is true for a text field and text for a boolean one.
func wrongKind(field string) any {
	if field == "named" || field == "anonymous" || field == "cover_fee" {
		return "yes"
	}
	return true
}

func TestBodiesTypesAndMethodsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	r := h.newReader()
	big := strings.Repeat("x", page.MaxForm)
	for _, c := range []struct {
		name, method, path, kind, body string
		status                         int
	}{
		{"form too large", "POST", "/contributions", page.FormType, "message=" + big, 413},
		{"JSON too large", "POST", "/contributions", page.JSONType, `{"message":"` + big + `"}`, 413},
		{"multipart without a boundary", "POST", "/contributions", "multipart/form-data", "--x--", 400},
		{"garbled multipart", "POST", "/contributions", "multipart/form-data; boundary=x", "--x\r\namount=5", 400},
		{"multipart too large", "POST", "/contributions", "multipart/form-data; boundary=x", big + "--x--", 413},
		{"text", "POST", "/contributions", "text/plain", "amount=5", 415},
		{"no type", "POST", "/contributions", "", "amount=5", 415},
		{"garbled type", "POST", "/contributions", "a/b/c;;", "amount=5", 415},
		{"garbled form", "POST", "/contributions", page.FormType, "amount=%zz", 400},
		{"semicolons", "POST", "/contributions", page.FormType, "amount=5;currency=EUR", 400},
		{"put", "PUT", "/contributions", page.FormType, "", 405},
		{"post a page", "POST", "/", page.FormType, "", 405},
		{"delete", "DELETE", "/", "", "", 405},
	} {
		got := r.do(c.method, c.path, c.body, "Content-Type", c.kind)
		if got.status != c.status {
			t.Errorf("%s: %d, want %d", c.name, got.status, c.status)
		}
		if c.status == 405 && got.header.Get("Allow") == "" || c.status == 415 && got.header.Get("Accept-Post") == "" {
			t.Errorf("%s: headers %v", c.name, got.header)
		}
	}
	if got := r.do("POST", "/contributions", "x", "Content-Type", page.FormType, "Content-Encoding",
		"gzip"); got.status != 415 {
		t.Errorf("encoded: %d", got.status)
	}
	for _, key := range []string{strings.Repeat("k", 256), "schlüssel"} {
		p := problem(t, r.sendJSON(`{"campaign":"support","amount":"5","currency":"EUR","frequency":"once"}`,
			"Idempotency-Key", key))
		if p.Status != 422 || p.Errors[0].Field != "idempotency_key" {
			t.Errorf("key %.20q: %+v", key, p)
		}
	}
	if n := h.count(); n != 0 {
		t.Errorf("%d contributions were written", n)
	}
}
