package paypal_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"readerfund/internal/paypal"
)

// An answer that PayPal gave in full and that cannot be is told from one that says nothing: the first is for a person
// to look at, the second passes.
func TestOddAnswersAreToldFromNone(t *testing.T) {
	t.Parallel()
	capture := func(amount string) func(http.ResponseWriter) {
		return answer(200, `{"id":"17C","status":"COMPLETED","amount":`+amount+`}`)
	}
	for name, c := range map[string]struct {
		peer       func(http.ResponseWriter)
		odd        string
		unanswered bool
	}{
		"10^30": {capture(`{"currency_code":"EUR","value":"1000000000000000000000000000000.00"}`),
			`"1000000000000000000000000000000.00" is no amount of EUR`, false},
		"10^30, as a number": {capture(`{"currency_code":"EUR","value":1e30}`), `"1e30" is no amount of EUR`, false},
		"tenths of a cent":   {capture(`{"currency_code":"EUR","value":"25.001"}`), `"25.001" is no amount of EUR`, false},
		"an unknown currency": {capture(`{"currency_code":"XAU","value":"25.00"}`),
			`an amount is in the currency "XAU", which PayPal does not settle`, false},
		"nothing":               {capture(`{"currency_code":"EUR","value":"0.00"}`), `the payment is of 0.00 EUR`, false},
		"less than nothing":     {capture(`{"currency_code":"EUR","value":"-25.00"}`), `the payment is of -25.00 EUR`, false},
		"an odd fee":            {answer(200, `{"id":"17C","status":"COMPLETED","amount":{"currency_code":"EUR","value":"25.00"},"seller_receivable_breakdown":{"paypal_fee":{"currency_code":"EUR","value":"NaN"}}}`), `"NaN" is no amount of EUR`, false},
		"no JSON":               {answer(200, `<html>`), "", false},
		"another shape":         {answer(200, `{"id":["17C"],"status":7}`), "", false},
		"nothing of a shape":    {answer(200, `{}`), "", false},
		"PayPal knows nothing":  {answer(404, `{"name":"RESOURCE_NOT_FOUND"}`), "", false},
		"PayPal says no":        {answer(422, `{"name":"UNPROCESSABLE_ENTITY"}`), "", false},
		"a proxy knows nothing": {answer(404, `<html>`), "", true},
		"down":                  {answer(503, `<html>`), "", true},
		"busy":                  {answer(429, `{"name":"RATE_LIMIT_REACHED"}`), "", true},
		"no right":              {answer(403, `{"name":"NOT_AUTHORIZED"}`), "", true},
		"cut off":               {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "", true},
	} {
		p, timeout := newPeer(t, answers(c.peer)), time.Minute
		if c.unanswered {
			timeout = 300 * time.Millisecond // it is asked again until then
		}
		_, err := p.client(t, func(c *paypal.Config) { c.Timeout = timeout }).Capture(t.Context(), "17C")
		if tell(err) == nil {
			t.Errorf("%s: taken", name)
			continue
		}
		says, odd := paypal.InvalidAnswer(err)
		if says != c.odd || odd != (c.odd != "") || paypal.Unanswered(err) != c.unanswered {
			t.Errorf("%s: odd %q, unanswered %v: %v", name, says, paypal.Unanswered(err), err)
		}
		if _, calls := p.seen(); odd && calls != 1 {
			t.Errorf("%s: asked %d times, although the answer will be the same", name, calls)
		}
	}
	other := errors.New("x")
	if _, odd := paypal.InvalidAnswer(other); odd || paypal.Unanswered(other) || paypal.Unanswered(nil) {
		t.Error("another error was taken for PayPal's")
	}
	for name, body := range map[string]string{
		"a refund of nothing":  `{"id":"17C","status":"COMPLETED","amount":{"currency_code":"EUR","value":"0"}}`,
		"two purchases":        `{"id":"17C","status":"COMPLETED","purchase_units":[{},{}]}`,
		"a dispute about less": `{"dispute_id":"17C","status":"OPEN","dispute_amount":{"currency_code":"EUR","value":"-5.00"}}`,
	} {
		client := newPeer(t, answers(answer(200, body))).client(t)
		err := map[string]func() error{
			"a refund of nothing":  func() error { _, err := client.Refund(t.Context(), "17C"); return err },
			"two purchases":        func() error { _, err := client.Order(t.Context(), "17C"); return err },
			"a dispute about less": func() error { _, err := client.Dispute(t.Context(), "17C"); return err },
		}[name]()
		if says, odd := paypal.InvalidAnswer(err); !odd || strings.ContainsAny(says, "{}") {
			t.Errorf("%s: %q, %v", name, says, err)
		}
	}
}
