package web

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAReaderGivesAndIsThanked(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	page := r.get("/")
	if page.status != 200 || page.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v\n%s", page.status, page.header, page.body)
	}
	form := inputs(t, page.body)
	form.Set("amount", "12.34")
	form.Set("name", "Ada Reader")
	id, _ := r.begin(form)
	h.approve(id)

	back := r.get("/contributions/" + id + "/return?token=" + h.orderOf(id) + "&PayerID=X")
	thanks := back.header.Get("Location")
	if back.status != 303 || !strings.HasPrefix(thanks, "/contributions/"+id+"/thanks?key=") ||
		h.stateOf(id) != "completed" {
		t.Fatalf("%d %q %s", back.status, thanks, h.stateOf(id))
	}
	got := r.get(thanks)
	if got.status != 200 || !strings.Contains(got.body, "Thank you.") || !strings.Contains(got.body, "€12.34") ||
		!strings.Contains(got.body, "Ada Reader") {
		t.Errorf("own browser: %d\n%s", got.status, got.body)
	}
	if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Robots-Tag") != "noindex" ||
		got.header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("headers %v", got.header)
	}
	other := h.newReader()
	if got = other.get(thanks); got.status != 200 || !strings.Contains(got.body, "€12.34") ||
		strings.Contains(got.body, "Ada Reader") {
		t.Errorf("another browser: %d\n%s", got.status, got.body)
	}
	again := other.get("/contributions/" + id + "/return?token=" + h.orderOf(id))
	if again.status != 303 || again.header.Get("Location") != thanks {
		t.Errorf("reload of the return: %d %v", again.status, again.header)
	}
}

func TestAChoiceIsSentWithoutAnAmount(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	form := inputs(t, r.get("/support/support?currency=USD&amount=50&article=https://example.org/x&utm_source=mail").body)
	if form.Get("choice") != "50.00" || form.Get("amount") != "" || form.Get("currency") != "USD" ||
		form.Get("article") != "https://example.org/x" || form.Get("frequency") != "once" {
		t.Fatalf("prefilled: %v", form)
	}
	id, _ := r.begin(form)
	var got struct{ Minor, Currency, Article string }
	if err := h.db.GetContext(t.Context(), &got,
		`SELECT amount_minor AS minor, currency, article FROM contribution WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	if got.Minor != "5000" || got.Currency != "USD" || got.Article != "https://example.org/x" {
		t.Errorf("%+v", got)
	}
}

func TestPrefillingLeavesOutWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	r := openHouse(t, nil).newReader()
	for _, c := range []struct{ query, choice, amount, currency, article string }{
		{"", "10.00", "", "EUR", ""},
		{"amount=25", "25.00", "", "EUR", ""},
		{"amount=33.50", "", "33.50", "EUR", ""},
		{"amount=33,50", "", "33.50", "EUR", ""},
		{"amount=0.01&currency=XXX", "10.00", "", "EUR", ""},
		{"amount=99999999&article=javascript:alert(1)", "10.00", "", "EUR", ""},
		{"currency=GBP&article=//evil.example", "10.00", "", "GBP", ""},
		{`article=https://example.org/?a=1%26b="<`, "10.00", "", "EUR", `https://example.org/?a=1&b="<`},
	} {
		got := inputs(t, r.get("/support/support?"+c.query).body)
		if got.Get("choice") != c.choice || got.Get("amount") != c.amount || got.Get("currency") != c.currency ||
			got.Get("article") != c.article {
			t.Errorf("%s: %v", c.query, got)
		}
	}
}

func TestAProgramGives(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	body := `{"campaign":"support","amount":"25.00","currency":"EUR","frequency":"once","article":"https://example.org/a","anonymous":true}`
	first := r.sendJSON(body, "Idempotency-Key", "key-1")
	var got struct {
		Status     string `json:"status"`
		Receipt    string `json:"receipt"`
		ApproveURL string `json:"approve_url"`
	}
	if err := json.Unmarshal([]byte(first.body), &got); err != nil || first.status != 201 || got.Status != "created" ||
		got.Receipt == "" || !strings.HasPrefix(got.ApproveURL, h.paypal) {
		t.Fatalf("%d %s", first.status, first.body)
	}
	if again := r.sendJSON(body, "Idempotency-Key", "key-1"); again.status != 201 || again.body != first.body {
		t.Errorf("the same again: %d %s", again.status, again.body)
	}
	if other := problem(t, r.sendJSON(strings.Replace(body, "25.00", "26.00", 1), "Idempotency-Key",
		"key-1")); other.Status != 409 {
		t.Errorf("the same key with other input: %+v", other)
	}
	if h.count() != 1 || first.header.Get("Set-Cookie") != "" {
		t.Errorf("%d contributions, cookie %q", h.count(), first.header.Get("Set-Cookie"))
	}
}

func TestADoubleClickIsOneGiftAndAChangedFormAnother(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	form := inputs(t, h.newReader().get("/").body)
	var clicks sync.WaitGroup
	addresses := make([]string, 8)
	for i := range addresses {
		r := h.newReader()
		clicks.Go(func() { addresses[i] = r.send(form).header.Get("Location") })
	}
	clicks.Wait()
	for _, a := range addresses {
		if a == "" || a != addresses[0] {
			t.Fatalf("went to %v", addresses)
		}
	}
	form.Set("amount", "7")
	if got := h.newReader().send(form); got.status != 303 || got.header.Get("Location") == addresses[0] || h.count() != 2 {
		t.Errorf("changed after coming back: %d, %d contributions", got.status, h.count())
	}
}

// A form that comes back from the browser's history is sent again: the reader is asked whether it is a second gift.
func TestAFormSentAgainAfterItWasPaidAsksForASecondGift(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	form := inputs(t, r.get("/").body)
	id, _ := r.begin(form)
	h.approve(id)
	r.get("/contributions/" + id + "/return")
	got := r.send(form)
	if got.status != 409 || !strings.Contains(got.body, "You have already made this gift") ||
		!strings.Contains(got.body, r.thanksAddress(id)) {
		t.Fatalf("%d %v\n%s", got.status, got.header, got.body)
	}
	if h.count() != 1 {
		t.Errorf("asking made %d contributions", h.count())
	}
	if second, approve := r.begin(inputs(t, got.body)); second == id || approve == "" {
		t.Errorf("the second gift is %s, approved at %q", second, approve)
	}
	unfinished := inputs(t, r.get("/").body)
	_, first := r.begin(unfinished)
	if _, again := r.begin(unfinished); again != first {
		t.Errorf("an unfinished one goes on at %s, and not at %s", again, first)
	}
}

func TestTheReaderTurnsBackAtPayPal(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	id, approve := r.begin(giftForm("amount", "33.30", "message", "For the river"))
	got := r.get("/contributions/" + id + "/cancel?token=" + h.orderOf(id))
	form := inputs(t, got.body)
	if got.status != 200 || h.stateOf(id) != "cancelled" || form.Get("amount") != "33.30" ||
		form.Get("message") != "For the river" || form.Get("article") != "https://example.org/a" {
		t.Fatalf("%d %s %v", got.status, h.stateOf(id), form)
	}
	other := inputs(t, h.newReader().get("/contributions/"+id+"/cancel?token="+h.orderOf(id)).body)
	if other.Get("amount") != "33.30" || other.Get("message") != "" {
		t.Errorf("another browser sees %v", other)
	}
	if thanks := r.get(r.thanksAddress(id)); !strings.Contains(thanks.body, "Nothing was charged") ||
		!strings.Contains(thanks.body, approve) {
		t.Errorf("thanks page after cancelling:\n%s", thanks.body)
	}
	h.approve(id) // changed their mind at PayPal after all
	r.get("/contributions/" + id + "/return")
	if got = r.get("/contributions/" + id + "/cancel"); got.status != 303 || h.stateOf(id) != "completed" {
		t.Errorf("an old cancel link: %d %s", got.status, h.stateOf(id))
	}
}

func TestTheThanksPageTellsTheTruth(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	back := func(prepare string, approve bool) (id, body string) {
		id, _ = r.begin(giftForm("idempotency_key", time.Now().String()))
		if prepare != "" {
			h.bank("POST", "/sandbox/faults", prepare)
		}
		if approve {
			h.approve(id)
		}
		got := r.get("/contributions/" + id + "/return?token=" + h.orderOf(id))
		if got.status != 303 {
			t.Fatalf("return: %d", got.status)
		}
		h.bank("DELETE", "/sandbox/faults", "")
		return id, r.get(got.header.Get("Location")).body
	}
	if id, body := back("", false); h.stateOf(id) != "created" || !strings.Contains(body, "Not finished yet") {
		t.Errorf("before approval: %s\n%s", h.stateOf(id), body)
	}
	if id, body := back(`{"kind":"pending_capture"}`, true); h.stateOf(id) != "pending" ||
		!strings.Contains(body, "being confirmed") || !strings.Contains(body, "Check again") {
		t.Errorf("pending: %s\n%s", h.stateOf(id), body)
	}
	if id, body := back(`{"kind":"decline_capture"}`, true); h.stateOf(id) != "declined" ||
		!strings.Contains(body, "did not go through") {
		t.Errorf("declined: %s\n%s", h.stateOf(id), body)
	}
	id, body := back(`{"kind":"reset_before","match":{"path":"*capture"}}`, true)
	if !strings.Contains(body, "being confirmed") || strings.Contains(body, "Thank you.") {
		t.Errorf("PayPal in trouble at the capture: %s\n%s", h.stateOf(id), body)
	}
	if id, body := back(`{"kind":"status","status":500}`, false); h.stateOf(id) != "created" ||
		!strings.Contains(body, "being confirmed") {
		t.Errorf("PayPal tells nothing on the return: %s\n%s", h.stateOf(id), body)
	}
	if got := r.do("GET", h.thanksAddress(id), "", "Accept",
		"application/json"); got.body != `{"outcome":"confirming"}`+"\n" {
		t.Errorf("the page's script is told %s", got.body)
	}
	for _, state := range []string{"expired", "failed", "refunded", "partially_refunded", "reversed", "order_unknown"} {
		if _, err := h.db.ExecContext(t.Context(), `UPDATE contribution SET state = $1 WHERE id = $2`, state,
			id); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"expired": "not finished in time", "failed": "could not take",
			"refunded":           "refunded to you in full",
			"partially_refunded": "Part of this gift", "reversed": "returned this gift",
			"order_unknown": "Not finished yet"}[state]
		if got := r.get(h.thanksAddress(id)); got.status != 200 || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d\n%s", state, got.status, got.body)
		}
	}
}

func TestADeclinedCardMayBeReplaced(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	id, _ := r.begin(giftForm())
	for address, offered := range map[string]bool{h.paypal + "/retry": true, "https://evil.example/retry": false} {
		if _, err := h.db.ExecContext(t.Context(),
			`UPDATE contribution SET state = 'declined', retry_url = $1 WHERE id = $2`, address, id); err != nil {
			t.Fatal(err)
		}
		if got := r.get(h.thanksAddress(id)); strings.Contains(got.body, address) != offered {
			t.Errorf("%s: offered %v\n%s", address, !offered, got.body)
		}
	}
}

func TestPayPalDownAtTheClick(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	r := h.newReader()
	form := inputs(t, r.get("/").body)
	form.Set("message", "Two\r\nlines & a \"quote\"")
	form.Add("named", "yes") // the box, after the hidden no
	for _, trouble := range []string{
		`{"kind":"status","status":503,"match":{"path":"/v2/checkout/orders"}}`,
		`{"kind":"reset_after","match":{"path":"/v2/checkout/orders"}}`,
		`{"kind":"timeout_after","delay":"30s","match":{"path":"/v2/checkout/orders"}}`,
	} {
		h.bank("POST", "/sandbox/faults", trouble)
		began := time.Now()
		got := r.send(form)
		if took := time.Since(began); got.status != 503 || !strings.Contains(got.body, "Nothing was charged") ||
			took > 10*time.Second {
			t.Fatalf("%s: %d after %v\n%s", trouble, got.status, took, got.body)
		}
		h.bank("DELETE", "/sandbox/faults", "")
		form = inputs(t, got.body) // what the button "Try again" sends
	}
	got := r.send(form)
	if got.status != 303 || h.count() != 1 {
		t.Fatalf("trying again: %d, %d contributions\n%s", got.status, h.count(), got.body)
	}
	var kept struct{ Message, Naming string }
	err := h.db.GetContext(t.Context(), &kept, `SELECT message, naming FROM contribution`)
	if err != nil || kept.Message != "Two\nlines & a \"quote\"" || kept.Naming != "yes" {
		t.Errorf("kept %+v, %v", kept, err)
	}
	p := problem(t, func() reply {
		h.bank("POST", "/sandbox/faults", trouble503)
		return r.sendJSON(`{"campaign":"support","amount":"5","currency":"EUR","frequency":"once"}`)
	}())
	if p.Status != 503 || p.Reference == "" {
		t.Errorf("a program is told %+v", p)
	}
}

func TestAKeyUsedWithAnotherFormGivesTheFormBack(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	if got := r.send(giftForm(), "Idempotency-Key", "one"); got.status != 303 {
		t.Fatal(got.status)
	}
	got := r.send(giftForm("amount", "26", "message", "kept"), "Idempotency-Key", "one")
	if form := inputs(t, got.body); got.status != 409 || form.Get("amount") != "26" || form.Get("message") != "kept" ||
		!strings.Contains(got.body, "sent before") {
		t.Errorf("%d\n%s", got.status, got.body)
	}
}

func TestNothingOfTheReadersIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := openHouse(t, func(d *Deps) {
		d.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	r := h.newReader()
	id, _ := r.begin(giftForm("name", "SECRET name", "email", "SECRET@example.org", "message", "SECRET words",
		"idempotency_key", "SECRET"))
	r.send(giftForm("name", "SECRET\x00", "email", "SECRET", "amount", "SECRET", "article", "SECRET"))
	r.sendJSON(`{"name":"SECRET`)
	h.approve(id)
	thanks := r.get("/contributions/" + id + "/return?token=" + h.orderOf(id) + "&PayerID=SECRET").header.Get("Location")
	r.get(thanks)
	r.get("/SECRET?SECRET=SECRET")
	_, key, _ := strings.Cut(thanks, "key=")
	for _, secret := range []string{"SECRET", key, h.signer().Sign(thanksPurpose, id)} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q was logged:\n%s", secret, log.String())
		}
	}
}

// The article is linked where it is on a site of ours, and only named where anybody may have put it into a link.
func TestTheCancelPageLinksTheArticle(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.EmbedOrigins = []string{"https://news.example"} })
	for article, linked := range map[string]bool{"https://news.example/a": true, "https://elsewhere.example/a": false} {
		r := h.newReader()
		id, _ := r.begin(giftForm("article", article))
		got := r.get("/contributions/" + id + "/cancel?token=" + h.orderOf(id))
		if !strings.Contains(got.body, article) || strings.Contains(got.body, `href="`+article) != linked {
			t.Errorf("%s: %d\n%s", article, got.status, got.body)
		}
	}
}

// Whether a reader may be named has three answers, and only a yes is one.
func TestOnlyAYesIsAYes(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	form := inputs(t, h.newReader().get("/").body)
	if got := form["named"]; len(got) != 1 || got[0] != "no" {
		t.Errorf("a fresh form says %q", got)
	}
	r := h.newReader()
	id, _ := r.begin(giftForm("named", "yes", "name", "Ada"))
	var kept string
	if err := h.db.GetContext(t.Context(), &kept, `SELECT naming FROM contribution WHERE id = $1`, id); err != nil ||
		kept != "yes" {
		t.Errorf("kept as %q, %v", kept, err)
	}
}

func TestPagesSayWhomToAsk(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) {
		d.ContactEmail = "desk@news.example"
		d.PrivacyURL, d.ImprintURL = "https://news.example/privacy", "https://news.example/imprint"
	})
	r := h.newReader()
	id, _ := r.begin(giftForm())
	h.approve(id)
	thanks := r.get("/contributions/" + id + "/return?token=" + h.orderOf(id)).header.Get("Location")
	h.bank("POST", "/sandbox/faults", trouble503)
	for name, body := range map[string]string{
		"donate": r.get("/").body, "thanks": r.get(thanks).body, "missing": r.get("/nowhere").body,
		"retry": r.send(giftForm("idempotency_key", "k")).body,
	} {
		for _, want := range []string{"mailto:desk@news.example", `href="https://news.example/privacy"`, "/imprint"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not name %s", name, want)
			}
		}
	}
	body := openHouse(t, nil).newReader().get("/").body
	if strings.Contains(body, "mailto:") || strings.Contains(body, "Imprint") {
		t.Errorf("without the settings:\n%s", body)
	}
}

const trouble503 = `{"kind":"status","status":503}`

// mustID is an id as the site's own functions take it.

func TestReturnAddressesPutTogetherByHand(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	mine, _ := r.begin(giftForm("amount", "5"))
	other, _ := r.begin(giftForm("amount", "6"))
	h.approve(mine)
	h.approve(other)
	for _, path := range []string{
		"/contributions/" + mine + "/return?token=" + h.orderOf(other), "/contributions/" + mine + "/return?token=x",
		"/contributions/" + mine + "/cancel?token=" + h.orderOf(other),
		"/contributions/" + strings.ToUpper(mine) + "/return", "/contributions/" + strings.ReplaceAll(mine, "-", "") +
			"/return",
		"/contributions/{" + mine + "}/return", "/contributions/00000000-0000-0000-0000-000000000000/return",
		"/contributions/1/return",
		"/contributions/" + url.PathEscape("../../etc/passwd") + "/return",
	} {
		if got := r.get(path); got.status != 404 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if h.stateOf(mine) != "created" || h.stateOf(other) != "created" {
		t.Errorf("touched: %s, %s", h.stateOf(mine), h.stateOf(other))
	}
}

// PayPal said no: that is not over in a minute, and the button is a new try.
func TestPayPalRefusesAtTheClick(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	r := h.newReader()
	h.bank("POST", "/sandbox/faults",
		`{"kind":"issue","issue":"PAYEE_ACCOUNT_RESTRICTED","match":{"path":"/v2/checkout/orders"}}`)
	form := inputs(t, r.get("/").body)
	got := r.send(form)
	if got.status != 502 || strings.Contains(got.body, "within a minute") ||
		!strings.Contains(got.body, "between PayPal and us") || got.header.Get("Retry-After") != "" {
		t.Fatalf("%d %v\n%s", got.status, got.header, got.body)
	}
	again := inputs(t, got.body)
	if again.Get("idempotency_key") == form.Get("idempotency_key") {
		t.Error("the new try carries the old key")
	}
	p := problem(t, r.sendJSON(`{"campaign":"support","amount":"5","currency":"EUR","frequency":"once"}`))
	if p.Status != 502 || p.Detail == "" {
		t.Errorf("a program is told %+v", p)
	}
	h.bank("DELETE", "/sandbox/faults", "")
	if got := r.send(again); got.status != 303 || !strings.HasPrefix(got.header.Get("Location"), h.paypal) {
		t.Errorf("the new try, once PayPal takes gifts again: %d\n%s", got.status, got.body)
	}
}
