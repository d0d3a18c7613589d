package paypal_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

const orderJSON = `{"id":"91V21788MR556192E","status":"COMPLETED","intent":"CAPTURE","create_time":"2019-02-13T19:14:47Z",
"purchase_units":[{"reference_id":"default","amount":{"currency_code":"EUR","value":"10.00"},"custom_id":"ours","invoice_id":"RF-1",
 "payee":{"email_address":"desk@example.org","merchant_id":"JHLE5TP6LL2XG"},
 "payments":{"captures":[{"id":"17C68461PR5228043","status":"COMPLETED","amount":{"currency_code":"EUR","value":"10.00"},
  "seller_receivable_breakdown":{"gross_amount":{"currency_code":"EUR","value":"10.00"},"paypal_fee":{"currency_code":"EUR","value":"0.64"},"net_amount":{"currency_code":"EUR","value":"9.36"}},
  "create_time":"2019-02-13T19:16:21Z"}],
 "refunds":[{"id":"1JU08902781691411","status":"COMPLETED","amount":{"currency_code":"EUR","value":"4.00"},
  "seller_payable_breakdown":{"paypal_fee":{"currency_code":"EUR","value":"0.00"}},
  "links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/17C68461PR5228043"}]}]}}],
"payer":{"name":{"given_name":"` + payerName + `","surname":"B"},"email_address":"` + payerMail + `","payer_id":"6C9EQBCEQY4MA","address":{"country_code":"FR"}}}`

func request() paypal.OrderRequest {
	return paypal.OrderRequest{RequestID: "create-1", CustomID: "ours", InvoiceID: "RF-1", Description: "A gift",
		BrandName: "The Paper", Locale: "de-DE", ReturnURL: "https://example.org/r", CancelURL: "https://example.org/c",
		Amount: money.New(2500, "EUR")}
}

func TestCreateOrderWrites(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		answer(200, `{"id":"5O190127TN364715T","status":"PAYER_ACTION_REQUIRED","links":[{"rel":"self","href":"x"},
			{"rel":"payer-action","href":"http://`+r.Host+`/checkoutnow?token=5O190127TN364715T"}]}`)(w)
	})
	r := request()
	r.Description, r.Amount = strings.Repeat("é", 200), money.New(2500, "JPY")
	order, err := p.client(t).CreateOrder(t.Context(), r)
	if err != nil || order.ID != "5O190127TN364715T" || order.ApproveURL != p.URL+"/checkoutnow?token=5O190127TN364715T" {
		t.Fatalf("got %+v, %v", order, err)
	}
	h := p.calls[0].Header
	if h.Get("PayPal-Request-Id") != "create-1" || h.Get("Prefer") != "return=representation" ||
		h.Get("Content-Type") != "application/json" || !strings.HasPrefix(h.Get("Authorization"), "Bearer "+tokenStart) {
		t.Errorf("headers %v", h)
	}
	unit := fields(t, p.bodies[0])["purchase_units"].([]any)[0].(map[string]any)
	if a := unit["amount"].(map[string]any); a["value"] != "2500" || a["currency_code"] != "JPY" {
		t.Errorf("amount %v", a)
	}
	if unit["custom_id"] != "ours" || unit["invoice_id"] != "RF-1" || unit["description"] != strings.Repeat("é", 127) {
		t.Errorf("unit %v", unit)
	}
	if strings.Contains(p.bodies[0], "application_context") || !strings.Contains(p.bodies[0], `"locale":"de-DE"`) {
		t.Errorf("body %s", p.bodies[0])
	}
}

func TestApprovalLinkMustBePayPals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		base, link string
		want       bool
	}{
		{"https://api-m.paypal.com", "https://www.paypal.com/checkoutnow?token=1", true},
		{"https://api-m.paypal.com", "https://www.sandbox.paypal.com/checkoutnow?token=1", false},
		{"https://api-m.sandbox.paypal.com", "https://www.sandbox.paypal.com/checkoutnow?token=1", true},
		{"https://api-m.sandbox.paypal.com", "https://www.paypal.com/checkoutnow?token=1", false},
		{"https://api-m.paypal.com", "http://www.paypal.com/checkoutnow", false},
		{"https://api-m.paypal.com", "https://www.paypal.com.evil.example/", false},
		{"https://api-m.paypal.com", "https://evilpaypal.com/", false},
		{"https://api-m.paypal.com", "https://www.paypal.com@evil.example/", false},
		{"https://api-m.paypal.com", "https://www.paypal.com:8443/", false},
		{"https://api-m.paypal.com", `https://evil.example\.paypal.com/`, false},
		{"https://api-m.paypal.com", `https://www.paypal.com/\evil.example`, false},
		{"https://api-m.paypal.com", "https://www.paypal.com/ evil.example", false},
		{"https://api-m.paypal.com", "//www.paypal.com/", false},
		{"https://api-m.paypal.com", "javascript:alert(1)//.paypal.com", false},
		{"https://api-m.paypal.com", "http://127.0.0.1:8081/checkoutnow", false},
		{"http://127.0.0.1:8081", "http://127.0.0.1:8081/checkoutnow", true},
		{"http://127.0.0.1:8081", "http://127.0.0.1:8082/checkoutnow", false},
		{"http://127.0.0.1:8081", "https://127.0.0.1:8081/checkoutnow", false},
		{"http://127.0.0.1:8081", "https://www.paypal.com/checkoutnow", false},
	} {
		answered := transport(func(r *http.Request) (int, string) {
			if r.URL.Path == "/v1/oauth2/token" {
				return 200, `{"access_token":"` + tokenStart + `1","expires_in":100}`
			}
			quoted := strings.ReplaceAll(c.link, `\`, `\\`)
			return 201, `{"id":"1","status":"CREATED","links":[{"rel":"approve","href":"` + quoted + `"}]}`
		})
		client := newClient(t, c.base, func(cfg *paypal.Config) { cfg.Transport = answered })
		order, err := client.CreateOrder(t.Context(), request())
		if (err == nil) != c.want || c.want && order.ApproveURL != c.link {
			t.Errorf("%s with %s: %+v, %v", c.base, c.link, order, tell(err))
		}
		if !c.want && (!errors.Is(err, paypal.ErrForeignLink) || paypal.OutcomeUnknown(err)) {
			t.Errorf("%s with %s: %v", c.base, c.link, err)
		}
		// Reading the same order is worth more than its link.
		order, err = client.Order(t.Context(), "1")
		if err != nil || (order.ApproveURL != "") != c.want {
			t.Errorf("read %s with %s: %+v, %v", c.base, c.link, order, err)
		}
	}
}

func TestOrderReads(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(answer(200, orderJSON)))
	got, err := p.client(t).Order(t.Context(), "91V21788MR556192E")
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != paypal.OrderCompleted || got.Amount != money.New(1000, "EUR") || got.CustomID != "ours" ||
		got.PayeeMerchantID != "JHLE5TP6LL2XG" || got.Payer.Email != payerMail || got.Payer.GivenName != payerName ||
		got.Payer.Country != "FR" ||
		!got.CreatedAt.Equal(time.Date(2019, 2, 13, 19, 14, 47, 0, time.UTC)) {
		t.Errorf("got %+v", got)
	}
	c := got.Captures[0]
	if c.ID != "17C68461PR5228043" || c.OrderID != got.ID || c.CustomID != "ours" || c.InvoiceID != "RF-1" ||
		*c.Fee != money.New(64, "EUR") || *c.Net != money.New(936, "EUR") {
		t.Errorf("got %+v", c)
	}
	r := got.Refunds[0]
	if r.CaptureID != c.ID || r.Amount != money.New(400, "EUR") || r.FeeRefunded != money.New(0, "EUR") ||
		r.Status != paypal.RefundCompleted {
		t.Errorf("got %+v", r)
	}
	if h := p.calls[0].Header; h.Get("Prefer") != "" || h.Get("PayPal-Request-Id") != "" {
		t.Errorf("a GET carried %v", h)
	}
}

func TestOrderReadsOddities(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		ok   func(paypal.Order) bool
	}{
		"minimal": {`{"id":"1","status":"CREATED"}`, func(o paypal.Order) bool { return o.Amount == money.Amount{} }},
		"payer only in the source": {`{"id":"1","status":"APPROVED","payment_source":{"paypal":{"account_id":"6C9","email_address":"` + payerMail + `"}}}`,
			func(o paypal.Order) bool { return o.Payer.ID == "6C9" && o.Payer.Email == payerMail }},
		"yen with decimals": {`{"id":"1","status":"APPROVED","purchase_units":[{"amount":{"currency_code":"JPY","value":"1000.00"}}]}`,
			func(o paypal.Order) bool { return o.Amount == money.New(1000, "JPY") }},
		"an amount as a number": {`{"id":"1","status":"APPROVED","purchase_units":[{"amount":{"currency_code":"EUR","value":10.5}}]}`,
			func(o paypal.Order) bool { return o.Amount == money.New(1050, "EUR") }},
		"month 19": {`{"id":"1","status":"APPROVED","create_time":"2018-19-12T22:20:32.000Z"}`,
			func(o paypal.Order) bool { return o.CreatedAt.IsZero() }},
		"declined with a breakdown": {`{"id":"1","status":"COMPLETED","purchase_units":[{"payments":{"captures":[{"id":"2","status":"DECLINED","amount":{"currency_code":"EUR","value":"1.00"},
			"seller_receivable_breakdown":{"paypal_fee":{"currency_code":"EUR","value":"0.10"},"net_amount":{"currency_code":"EUR","value":"0.90"}}}]}}]}`,
			func(o paypal.Order) bool {
				return o.Captures[0].Status == paypal.CaptureDeclined && o.Captures[0].Fee == nil && o.Captures[0].Net == nil
			}},
		"nulls":           {`{"id":"1","status":"APPROVED","purchase_units":[{"amount":null,"payments":null,"payee":null}],"payer":null,"links":null}`, func(paypal.Order) bool { return true }},
		"not JSON":        {`<html>`, nil},
		"an empty answer": {``, nil},
		"no id":           {`{"status":"CREATED"}`, nil},
		"another order":   {`{"id":"2","status":"CREATED"}`, nil},
		"a third decimal": {`{"id":"1","status":"CREATED","purchase_units":[{"amount":{"currency_code":"EUR","value":"1.005"}}]}`, nil},
		"strange money":   {`{"id":"1","status":"CREATED","purchase_units":[{"amount":{"currency_code":"XXX","value":"1.00"}}]}`, nil},
		"no digits": {`{"id":"1","status":"CREATED","purchase_units":[{"amount":{"currency_code":"EUR","value":"."}}]}`,
			nil},
		"two units": {`{"id":"1","status":"CREATED","purchase_units":[{},{}]}`, nil},
	} {
		got, err := newPeer(t, answers(answer(200, c.body))).client(t).Order(t.Context(), "1")
		switch {
		case c.ok != nil && (err != nil || !c.ok(got)):
			t.Errorf("%s: %+v, %v", name, got, tell(err))
		case c.ok == nil && (err == nil || !paypal.OutcomeUnknown(tell(err)) || got.ID != ""):
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestOnlyIdsGoIntoPaths(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(answer(200, `{}`)))
	c, ctx := p.client(t), t.Context()
	for _, id := range []string{"", "../x", "a/b", "a?b", "a#b", "a%2f", "é", "a b", "a\n", strings.Repeat("A", 65)} {
		_, e1 := c.Order(ctx, id)
		_, e2 := c.CaptureOrder(ctx, id, "r")
		_, e3 := c.Capture(ctx, id)
		_, e4 := c.Refund(ctx, id)
		_, e5 := c.RefundCapture(ctx, id, paypal.RefundRequest{RequestID: "r", Amount: money.New(1, "EUR")})
		_, e6 := c.UpdateWebhook(ctx, id, "https://x", nil)
		e7 := c.DeleteWebhook(ctx, id)
		for i, err := range []error{e1, e2, e3, e4, e5, e6, e7} {
			if err == nil || paypal.OutcomeUnknown(tell(err)) || paypal.NotFound(err) {
				t.Errorf("call %d with %q: %v", i+1, id, err)
			}
		}
	}
	if tokens, calls := p.seen(); tokens+calls != 0 {
		t.Errorf("%d tokens, %d calls for ids that are none", tokens, calls)
	}
}

func TestNothingIsMovedWithoutRequestIDAndAmount(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(answer(200, `{}`)))
	c, ctx := p.client(t), t.Context()
	for name, change := range map[string]func(*paypal.OrderRequest){
		"no request id":   func(r *paypal.OrderRequest) { r.RequestID = "" },
		"long request id": func(r *paypal.OrderRequest) { r.RequestID = strings.Repeat("x", 109) },
		"line in it":      func(r *paypal.OrderRequest) { r.RequestID = "a\r\nb" },
		"zero":            func(r *paypal.OrderRequest) { r.Amount.Minor = 0 },
		"negative":        func(r *paypal.OrderRequest) { r.Amount.Minor = -1 },
		"no currency":     func(r *paypal.OrderRequest) { r.Amount.Currency = "" },
	} {
		r := request()
		change(&r)
		_, e1 := c.CreateOrder(ctx, r)
		_, e2 := c.RefundCapture(ctx, "1", paypal.RefundRequest{RequestID: r.RequestID, Amount: r.Amount})
		if tell(e1) == nil || tell(e2) == nil || paypal.OutcomeUnknown(e1) || paypal.OutcomeUnknown(e2) {
			t.Errorf("%s: %v, %v", name, e1, e2)
		}
	}
	if _, err := c.CaptureOrder(ctx, "1", ""); tell(err) == nil {
		t.Error("a capture without a request id was sent")
	}
	if tokens, calls := p.seen(); tokens+calls != 0 {
		t.Errorf("%d tokens, %d calls", tokens, calls)
	}
}

// An optional text that PayPal does not like must not cost a gift. PayPal may replay the refusal under its request id.
func TestAnOptionalTextThatPayPalRefusesIsLeftOut(t *testing.T) {
	t.Parallel()
	refuses := func(status int, field string) string {
		name := map[int]string{400: "INVALID_REQUEST", 422: "UNPROCESSABLE_ENTITY"}[status]
		return `{"name":"` + name + `","details":[{"field":"` + field + `","issue":"INVALID_PARAMETER_SYNTAX"}]}`
	}
	for _, c := range []struct {
		status     int
		field      string
		calls      int
		kept, gone string
	}{
		{400, "/payment_source/paypal/experience_context/locale", 2, `"brand_name":"The Paper"`, `"locale"`},
		{422, "/application_context/locale", 2, `"description":"A gift"`, `"locale"`},
		{400, "/purchase_units/0/description", 2, `"locale":"de-DE"`, `"description"`},
		{422, "/payment_source/paypal/experience_context/brand_name", 2, `"locale":"de-DE"`, `"brand_name"`},
		{400, "", 2, `"custom_id":"ours"`, `"locale"`},
		{400, "/purchase_units/0/amount/value", 1, "", ""},
		{422, "", 1, "", ""},
		{403, "/payment_source/paypal/experience_context/locale", 1, "", ""},
	} {
		first := ""
		p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
			if id := r.Header.Get("PayPal-Request-Id"); first == "" || id == first {
				first = id
				answer(c.status, refuses(c.status, c.field))(w)
				return
			}
			answer(201, `{"id":"5O190127TN364715T","status":"CREATED",
				"links":[{"rel":"approve","href":"http://`+r.Host+`/x"}]}`)(w)
		})
		order, err := p.client(t).CreateOrder(t.Context(), request())
		if (err == nil) != (c.calls == 2) || len(p.bodies) != c.calls {
			t.Errorf("%d %s: %+v, %v after %d calls", c.status, c.field, order, err, len(p.bodies))
			continue
		}
		last := p.bodies[len(p.bodies)-1]
		if c.calls == 2 && (!strings.Contains(last, c.kept) || strings.Contains(last, c.gone)) {
			t.Errorf("%d %s: asked again with %s", c.status, c.field, last)
		}
	}
}
