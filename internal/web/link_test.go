package web

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"readerfund/internal/web/page"
)

func TestALinkSaysWhereItsReadersComeFrom(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	query := url.Values{
		"utm_source": {"news\u202Eletter"}, "utm_medium": {" email "}, "utm_campaign": {strings.Repeat("x", 201)},
		"utm_term": {"\u200B"}, "utm_content": {`"top"`},
	}
	form := inputs(t, r.get("/support/support?"+query.Encode()).body)
	id, _ := r.begin(form)
	var got [5]string
	err := h.db.QueryRowContext(t.Context(), `
		SELECT utm_source, utm_medium, utm_campaign, utm_term, utm_content FROM contribution WHERE id = $1`, id).
		Scan(&got[0], &got[1], &got[2], &got[3], &got[4])
	if want := [5]string{"newsletter", "email", "", "", `"top"`}; err != nil || got != want {
		t.Errorf("kept %+v, %v", got, err)
	}
	back := inputs(t, r.get("/contributions/"+id+"/cancel?token="+h.orderOf(id)).body)
	if back.Get("utm_source") != "newsletter" {
		t.Errorf("after turning back the form holds %v", back)
	}
	wrong := inputs(t, r.send(giftForm("amount", "x", "utm_source", "newsletter")).body)
	if wrong.Get("utm_source") != "newsletter" {
		t.Errorf("after a mistake the form holds %v", wrong)
	}
	r.sendJSON(`{"campaign":"support","amount":"5","currency":"EUR","frequency":"once","utm_source":"app"}`)
	var apps int
	err = h.db.GetContext(t.Context(), &apps, `SELECT count(*) FROM contribution WHERE utm_source = 'app'`)
	if err != nil || apps != 1 {
		t.Errorf("%d of a program, %v", apps, err)
	}
}

func TestALinkForAGiftThatRepeats(t *testing.T) {
	t.Parallel()
	r := openHouse(t, func(d *Deps) { d.Log = quiet() }).newReader()
	for written, frequency := range map[string]string{
		"": "once", "once": "once", "month": "month", "year": "year", "<b>": "once",
	} {
		page := r.get("/support/support?frequency=" + url.QueryEscape(written)).body
		if got := inputs(t, page).Get("frequency"); got != frequency {
			t.Errorf("%q: the form has %q", written, got)
		}
	}
	got := r.send(giftForm("frequency", "month"))
	if got.status != 303 || !strings.Contains(got.header.Get("Location"), "/webapps/billing/subscriptions?ba_token=") {
		t.Errorf("sent: %d to %s", got.status, got.header.Get("Location"))
	}
}

func TestGETOfContributionsLeadsToTheForm(t *testing.T) {
	t.Parallel()
	r := openHouse(t, nil).newReader()
	for from, to := range map[string]string{
		"/contributions": "/",
		"/contributions?campaign=support&amount=5&currency=EUR&name=Ada": "/support/support?amount=5&currency=EUR",
		"/contributions?campaign=%2F%2Fevil.example%2F..%2F":             "/support/%2F%2Fevil.example%2F..%2F",
	} {
		if got := r.get(from); got.status != 303 || got.header.Get("Location") != to {
			t.Errorf("%s: %d to %q", from, got.status, got.header.Get("Location"))
		}
	}
}

func TestChangingTheCurrencyKeepsWhatWasFilledIn(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	form := inputs(t, r.get("/support/support?utm_source=x&article=https://example.org/a").body)
	for name, value := range map[string]string{
		"name": "Ada", "email": "ada@example.org", "message": "Two\nlines", "named": "yes",
	} {
		form.Set(name, value)
	}
	change := func(to, amount, choice string) url.Values {
		form.Set("to", to)
		form.Set("amount", amount)
		form.Set("choice", choice)
		got := r.do("POST", "/support/support", form.Encode(), "Content-Type", page.FormType)
		if got.status != 200 {
			t.Fatalf("%d\n%s", got.status, got.body)
		}
		return inputs(t, got.body)
	}
	for _, c := range []struct{ to, amount, choice, wantAmount, wantChoice string }{
		{"USD", "", "25.00", "", "25.00"},
		{"HUF", "", "50.00", "", "20000"},
		{"USD", "12,50 €", "10.00", "12.50", ""},
		{"usd", "33 €", "", "33", ""},
		{"JPY", "7,50", "", "7.50", ""},
		{"USD", "some", "", "some", ""},
		{"USD", "10", "", "", "10.00"},
	} {
		got := change(c.to, c.amount, c.choice)
		filled := [3]string{got.Get("currency"), got.Get("amount"), got.Get("choice")}
		if filled != [3]string{strings.ToUpper(c.to), c.wantAmount, c.wantChoice} {
			t.Errorf("%+v: %v", c, got)
		}
		for name, want := range map[string]string{
			"name": "Ada", "email": "ada@example.org", "message": "Two\nlines", "named": "yes", "utm_source": "x",
			"article": "https://example.org/a", "frequency": "once", "campaign": "support",
		} {
			if got.Get(name) != want {
				t.Errorf("%+v: %s is %q", c, name, got.Get(name))
			}
		}
		if got.Get("idempotency_key") == form.Get("idempotency_key") {
			t.Errorf("%+v: the same key", c)
		}
	}
	if h.count() != 0 {
		t.Errorf("%d gifts were begun", h.count())
	}
}

func TestAFormSentInParts(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for name, values := range giftForm("amount", "7,50", "name", "Zoë") {
		if err := parts.WriteField(name, values[0]); err != nil {
			t.Fatal(err)
		}
	}
	file, err := parts.CreateFormFile("photo", "photo.jpg")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.Write([]byte("\xff\xd8"))
	if err := parts.Close(); err != nil {
		t.Fatal(err)
	}
	got := r.do("POST", "/contributions", body.String(), "Content-Type", parts.FormDataContentType())
	var name string
	err = h.db.GetContext(t.Context(), &name, `SELECT name FROM contribution WHERE amount_minor = 750`)
	if got.status != 303 || err != nil || name != "Zoë" {
		t.Errorf("%d, %q, %v", got.status, name, err)
	}
}

func TestWhatShowsNothingReachesNobody(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	r.begin(giftForm("name", "Ada\u202E redaeR\u200B", "email", "\uFEFF ada@example.org\u00A0\u200B",
		"message", "a\u2066b\u2069\nc\U000E0041", "article", "https://example.org/\u202Egpj.exe"))
	type kept struct{ Name, Email, Message, Article string }
	var got kept
	if err := h.db.GetContext(t.Context(), &got, `SELECT name, email, message, article FROM contribution`); err != nil {
		t.Fatal(err)
	}
	if want := (kept{"Ada redaeR", "ada@example.org", "ab\nc", "https://example.org/gpj.exe"}); got != want {
		t.Errorf("kept %+q", got)
	}
	if got := r.send(giftForm("email", "ada @example.org")); got.status != 422 {
		t.Errorf("a space in an address: %d", got.status)
	}
}

// A link to a campaign that is gone is broken, and the gift is taken.
func TestALinkToACampaignThatIsNotHereStillTakesTheGift(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	page := r.get("/support/winter-2019?amount=25&currency=EUR&article=https://example.org/a&utm_source=mail")
	if page.status != 404 {
		t.Errorf("a page that is not there: %d", page.status)
	}
	says(t, page.body, "The link you followed names an appeal that we do not have.")
	form := inputs(t, page.body)
	if form.Get("campaign") != "support" || form.Get("choice") != "25.00" ||
		form.Get("article") != "https://example.org/a" ||
		form.Get("utm_source") != "mail" {
		t.Errorf("the form: %v", form)
	}
	if id, _ := r.begin(form); h.stateOf(id) != "created" {
		t.Error("the form begins no gift")
	}
	form.Set("to", "USD")
	if got := r.form("/support/winter-2019", form); got.status != 200 || inputs(t, got.body).Get("currency") != "USD" {
		t.Errorf("another currency: %d", got.status)
	}
	says(t, r.get("/embed/winter-2019").body, `There is no campaign "winter-2019". Most similar: support.`)
	program := r.sendJSON(`{"campaign":"support2","amount":"25.00","currency":"EUR","frequency":"once"}`)
	if program.status != 422 || !strings.Contains(program.body,
		`There is no campaign \"support2\". Most similar: support.`) {
		t.Errorf("a program: %d %s", program.status, program.body)
	}
}
