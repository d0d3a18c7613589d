package paypal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

func TestNewChecksSettings(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]bool{
		"https://api-m.paypal.com": true, "https://api-m.sandbox.paypal.com/": true, "https://api.sandbox.paypal.com": true,
		"http://127.0.0.1:8081": true, "http://paypal-sandbox:8081": true, "https://sandbox.example": true,
		"": false, "api-m.paypal.com": false, "ftp://127.0.0.1": false, "http://api-m.paypal.com": false,
		"https://www.paypal.com": false,
		"https://paypal.com":     false, "https://API-M.PAYPAL.COM.": false, "https://api-m.paypal.com:444": false,
		"https://u:" + secret + "@127.0.0.1": false,
		"http://127.0.0.1:8081/base":         false, "http://127.0.0.1:8081?x": false, "http://127.0.0.1:8081#x": false,
		"http://%zz": false,
	} {
		_, err := paypal.New(paypal.Config{BaseURL: base, ClientID: "id", ClientSecret: secret})
		if (tell(err) == nil) != want {
			t.Errorf("%q: %v", base, err)
		}
	}
	for _, c := range []paypal.Config{
		{BaseURL: "https://api-m.paypal.com", ClientID: "id"}, {BaseURL: "https://api-m.paypal.com", ClientSecret: secret},
	} {
		if _, err := paypal.New(c); tell(err) == nil {
			t.Error("credentials are missing")
		}
	}
}

func TestCaptureReads(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(answer(200, `{"id":"17C","status":"PENDING","status_details":{"reason":"PENDING_REVIEW"},"custom_id":"ours","invoice_id":"RF-1",
		"amount":{"currency_code":"EUR","value":"10.00"},"supplementary_data":{"related_ids":{"order_id":"91V"}},"create_time":"2019-02-13T19:16:21Z","update_time":"2019-02-14T19:16:21Z"}`)))
	got, err := p.client(t).Capture(t.Context(), "17C")
	if tell(err) != nil || got.Status != paypal.CapturePending || got.Reason != "PENDING_REVIEW" || got.OrderID != "91V" ||
		got.Fee != nil || got.Net != nil ||
		got.CustomID != "ours" || got.InvoiceID != "RF-1" || got.Refunded() || !got.UpdatedAt.After(got.CreatedAt) {
		t.Errorf("got %+v, %v", got, err)
	}
	linked := newPeer(t, answers(answer(200, `{"id":"17C","status":"PARTIALLY_REFUNDED","amount":{"currency_code":"EUR","value":"10.00"},
		"links":[{"rel":"self","href":"https://x/v2/checkout/orders/NO"},{"rel":"up","href":"https://api.paypal.com/v2/checkout/orders/91V"}]}`)))
	got, err = linked.client(t).Capture(t.Context(), "17C")
	if tell(err) != nil || got.OrderID != "91V" || !got.Refunded() {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := linked.client(t).Capture(t.Context(), "18C"); tell(err) == nil {
		t.Error("another capture was taken for the one asked for")
	}
}

func TestCaptureReadsAConversion(t *testing.T) {
	t.Parallel()
	body := func(rate string) string {
		return `{"id":"17C","status":"COMPLETED","amount":{"currency_code":"USD","value":"10.00"},"seller_receivable_breakdown":{
			"gross_amount":{"currency_code":"USD","value":"10.00"},"paypal_fee":{"currency_code":"USD","value":"0.79"},"net_amount":{"currency_code":"USD","value":"9.21"},
			"receivable_amount":{"currency_code":"EUR","value":"8.47"},"exchange_rate":{"source_currency":"USD","target_currency":"EUR","value":` + rate + `}}}`
	}
	for rate, want := range map[string]string{
		`"0.919652431123456"`: "0.919652431123456", `0.92`: "0.92", `"1"`: "1", `"-1"`: "", `"1e5"`: "", `"0,92"`: "",
		`{}`: "", `null`: "",
	} {
		got, err := newPeer(t, answers(answer(200, body(rate)))).client(t).Capture(t.Context(), "17C")
		if tell(err) != nil || got.Receivable == nil || *got.Receivable != money.New(847, "EUR") || got.ExchangeRate != want {
			t.Errorf("%s: %+v, %v", rate, got, err)
		}
	}
	odd := newPeer(t, answers(answer(200, strings.Replace(body(`"1"`), "8.47", "8.475", 1))))
	if _, err := odd.client(t, func(c *paypal.Config) { c.Timeout = 200 * time.Millisecond }).Capture(t.Context(),
		"17C"); tell(err) == nil {
		t.Error("a receivable that cannot be read was left out")
	}
}

func TestCaptureReversed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status paypal.CaptureStatus
		reason string
		want   bool
	}{
		{paypal.CaptureRefunded, "CHARGEBACK", true}, {paypal.CaptureRefunded, "BUYER_COMPLAINT", true},
		{paypal.CapturePartiallyRefunded, "BUYER_COMPLAINT", true},
		{paypal.CaptureRefunded, "REFUNDED", false}, {paypal.CaptureRefunded, "", false},
		{paypal.CapturePending, "BUYER_COMPLAINT", false}, {paypal.CaptureCompleted, "CHARGEBACK", false},
	} {
		if got := (paypal.Capture{Status: c.status, Reason: c.reason}).Reversed(); got != c.want {
			t.Errorf("%s because of %s: %v", c.status, c.reason, got)
		}
	}
}

// A note of several lines does not fit note_to_payer's pattern, and PayPal would refuse the refund for it.
func TestRefundNoteIsOneLine(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(answer(201, `{"id":"1JU","status":"COMPLETED","amount":{"currency_code":"EUR","value":"4.00"}}`)))
	c, n := p.client(t), 0
	for note, want := range map[string]any{
		"Dear reader,\r\n\r\n\tyours  truly\n": "Dear reader, yours truly",
		"a\u2028\u2029\u0085b\x00c":            "a b c", "\n\t ": nil, "\n": nil, "": nil,
		strings.Repeat("\n", 300) + strings.Repeat("ü", 300): strings.Repeat("ü", 255),
	} {
		_, err := c.RefundCapture(t.Context(), "17C",
			paypal.RefundRequest{RequestID: "refund-1", Amount: money.New(400, "EUR"), Note: note})
		if got := fields(t, p.bodies[n])["note_to_payer"]; tell(err) != nil || got != want {
			t.Errorf("%q was sent as %q, %v", note, got, err)
		}
		n++
	}
}

func TestRefundWritesAndReads(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(answer(201, `{"id":"1JU","status":"PENDING","status_details":{"reason":"ECHECK"},"custom_id":"our-refund","amount":{"currency_code":"EUR","value":"-4.00"},
		"seller_payable_breakdown":{"paypal_fee":{"currency_code":"EUR","value":"0.14"}}}`)))
	c := p.client(t)
	got, err := c.RefundCapture(t.Context(), "17C", paypal.RefundRequest{
		RequestID: "refund-1", Amount: money.New(400, "EUR"), InvoiceID: "RF-1-R", CustomID: "our-refund",
		Note: strings.Repeat("ü", 300)})
	if tell(err) != nil || got.CaptureID != "17C" || got.Amount != money.New(400, "EUR") ||
		got.FeeRefunded != money.New(14, "EUR") ||
		got.Status != paypal.RefundPending || got.Reason != "ECHECK" || got.CustomID != "our-refund" {
		t.Errorf("got %+v, %v", got, err)
	}
	body := fields(t, p.bodies[0])
	if a := body["amount"].(map[string]any); a["value"] != "4.00" || body["note_to_payer"] != strings.Repeat("ü", 255) ||
		body["invoice_id"] != "RF-1-R" || body["custom_id"] != "our-refund" {
		t.Errorf("sent %v", body)
	}
	if r := p.calls[0]; r.Header.Get("PayPal-Request-Id") != "refund-1" ||
		r.Header.Get("Prefer") != "return=representation" || r.URL.Path != "/v2/payments/captures/17C/refund" {
		t.Errorf("sent %s %v", r.URL.Path, r.Header)
	}
	if _, err := c.Refund(t.Context(), "1JU"); tell(err) != nil || p.calls[1].URL.Path != "/v2/payments/refunds/1JU" {
		t.Errorf("read %v", err)
	}
	if _, err := c.Refund(t.Context(), "2JU"); tell(err) == nil {
		t.Error("another refund was taken for the one asked for")
	}
}

func TestWebhookRegistrations(t *testing.T) {
	t.Parallel()
	const one = `{"id":"40Y","url":"https://example.org/webhooks/paypal","event_types":[{"name":"PAYMENT.CAPTURE.COMPLETED","description":"x"},{"name":"CHECKOUT.ORDER.APPROVED"}]}`
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			answer(200, `{"webhooks":[`+one+`]}`)(w)
		case http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		default:
			answer(201, one)(w)
		}
	})
	c, ctx := p.client(t), t.Context()
	types := []string{"PAYMENT.CAPTURE.COMPLETED", "CHECKOUT.ORDER.APPROVED"}
	all, err := c.Webhooks(ctx)
	if tell(err) != nil || len(all) != 1 || all[0].ID != "40Y" ||
		strings.Join(all[0].EventTypes, " ") != strings.Join(types, " ") {
		t.Errorf("listed %+v, %v", all, err)
	}
	made, err := c.CreateWebhook(ctx, "https://example.org/webhooks/paypal", types)
	if tell(err) != nil || made.ID != "40Y" ||
		p.bodies[1] != `{"event_types":[{"name":"PAYMENT.CAPTURE.COMPLETED"},{"name":"CHECKOUT.ORDER.APPROVED"}],"url":"https://example.org/webhooks/paypal"}` {
		t.Errorf("made %+v by %s, %v", made, p.bodies[1], err)
	}
	if _, err := c.UpdateWebhook(ctx, "40Y", "https://example.org/w", []string{"*"}); tell(err) != nil ||
		p.bodies[2] != `[{"op":"replace","path":"/url","value":"https://example.org/w"},{"op":"replace","path":"/event_types","value":[{"name":"*"}]}]` {
		t.Errorf("updated by %s, %v", p.bodies[2], err)
	}
	if err := c.DeleteWebhook(ctx, "40Y"); tell(err) != nil || p.calls[3].Method != http.MethodDelete {
		t.Errorf("deleted: %v", err)
	}
}
