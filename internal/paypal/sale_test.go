package paypal_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// each answers by path; what is not there is not found, as PayPal says it.
func each(t *testing.T, all map[string]func(http.ResponseWriter)) *peer {
	t.Helper()
	return newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		if say := all[r.URL.Path]; say != nil {
			say(w)
			return
		}
		answer(404, `{"name":"RESOURCE_NOT_FOUND","details":[{"issue":"INVALID_RESOURCE_ID"}]}`)(w)
	})
}

func resource(t *testing.T, name string) string {
	t.Helper()
	var event struct{ Resource json.RawMessage }
	if err := json.Unmarshal([]byte(recordedBody(t, name)), &event); err != nil {
		t.Fatal(err)
	}
	return string(event.Resource)
}

func TestRecordedSales(t *testing.T) {
	t.Parallel()
	const id = "1EX00000000SALE01"
	want := paypal.Capture{
		ID: id, SubscriptionID: "I-EXAMPLE0SUB1", Status: paypal.CaptureCompleted, Amount: *eur(1250), Fee: eur(77),
		Net:       eur(1173),
		CreatedAt: at("2026-11-28T09:15:39Z"), UpdatedAt: at("2026-11-28T09:15:39Z"),
	}
	got, err := saying(t, 200, resource(t, "sale_completed")).Sale(t.Context(), id)
	if tell(err) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	released, err := saying(t, 200, resource(t, "same_sale_hold_released")).Sale(t.Context(), id)
	if tell(err) != nil || released.ID != id || released.Status != paypal.CaptureCompleted || released.Reason != "" {
		t.Errorf("released %+v, %v", released, err)
	}
	alone, err := saying(t, 200, resource(t, "sale_without_agreement_id")).Sale(t.Context(), "1EX00000000SALE02")
	if tell(err) != nil || alone.SubscriptionID != "" || alone.Fee == nil {
		t.Errorf("without an agreement %+v, %v", alone, err)
	}
}

func TestSaleIsAskedForInTwoPlaces(t *testing.T) {
	t.Parallel()
	const (
		v1, v2 = "/v1/payments/sale/17S", "/v2/payments/captures/17S"
		amount = `"amount":{"total":"10.00","currency":"EUR"},"billing_agreement_id":"I-1"`
	)
	bare := answer(200, `{"id":"17S","state":"completed",`+amount+`}`)
	whole := answer(200, `{"id":"17S","status":"COMPLETED","custom_id":"c","amount":{"currency_code":"EUR","value":"10.0"},
		"seller_receivable_breakdown":{"paypal_fee":{"currency_code":"EUR","value":"0.70"},"net_amount":{"currency_code":"EUR","value":"9.3"}}}`)
	forbidden := answer(403, `{"name":"PERMISSION_DENIED"}`)
	capture := paypal.Capture{
		ID: "17S", SubscriptionID: "I-1", CustomID: "c", Status: paypal.CaptureCompleted, Amount: *eur(1000), Fee: eur(70),
		Net: eur(930),
	}
	unlinked := capture
	unlinked.SubscriptionID = ""
	sale := paypal.Capture{ID: "17S", SubscriptionID: "I-1", Status: paypal.CaptureCompleted, Amount: *eur(1000)}
	status := func(state paypal.CaptureStatus, reason string) paypal.Capture {
		c := sale
		c.Status, c.Reason = state, reason
		return c
	}
	for name, c := range map[string]struct {
		all   map[string]func(http.ResponseWriter)
		want  paypal.Capture
		calls int
	}{
		"the fee is in v2":        {map[string]func(http.ResponseWriter){v1: bare, v2: whole}, capture, 2},
		"the fee is nowhere":      {map[string]func(http.ResponseWriter){v1: bare}, sale, 2},
		"v1 does not know it":     {map[string]func(http.ResponseWriter){v2: whole}, unlinked, 2},
		"v1 does not let us":      {map[string]func(http.ResponseWriter){v1: forbidden, v2: whole}, unlinked, 2},
		"pending, which has none": {map[string]func(http.ResponseWriter){v1: answer(200, `{"id":"17S","state":"pending","reason_code":"ECHECK",`+amount+`}`)}, status(paypal.CapturePending, "ECHECK"), 1},
		"denied":                  {map[string]func(http.ResponseWriter){v1: answer(200, `{"id":"17S","state":"denied","transaction_fee":{"value":"NaN"},`+amount+`}`)}, status(paypal.CaptureDeclined, ""), 1},
		"pending because it is held": {map[string]func(http.ResponseWriter){v1: answer(200, `{"id":"17S","state":"pending","payment_hold_status":"HELD",
			"payment_hold_reasons":[{"payment_hold_reason":"PAYMENT_HOLD"}],`+amount+`}`)}, status(paypal.CapturePending, "PAYMENT_HOLD"), 1},
		"the account has another currency": {map[string]func(http.ResponseWriter){v1: answer(200, `{"id":"17S","state":"partially_refunded",
			"transaction_fee":{"value":"0.70","currency":"EUR"},"transaction_fee_in_receivable_currency":{"value":"0.80","currency":"USD"},
			"receivable_amount":{"value":"10.2","currency":"USD"},"exchange_rate":"1.0967",`+amount+`}`)},
			paypal.Capture{
				ID: "17S", SubscriptionID: "I-1", Status: paypal.CapturePartiallyRefunded, Amount: *eur(1000), Fee: eur(70),
				FeeElsewhere: true, Receivable: usd(1020), ExchangeRate: "1.0967",
			}, 1},
	} {
		p := each(t, c.all)
		got, err := p.client(t).Sale(t.Context(), "17S")
		if _, calls := p.seen(); tell(err) != nil || !reflect.DeepEqual(got, c.want) || calls != c.calls {
			t.Errorf("%s: after %d calls\n got %+v, %v\nwant %+v", name, calls, got, err, c.want)
		}
	}
	_, err := each(t, nil).client(t).Sale(t.Context(), "17S")
	if !paypal.NotFound(tell(err)) {
		t.Errorf("it is nowhere: %v", err)
	}
	down := each(t, map[string]func(http.ResponseWriter){v1: answer(503, ``), v2: whole})
	_, err = down.client(t, func(c *paypal.Config) { c.Timeout = 300 * time.Millisecond }).Sale(t.Context(), "17S")
	if !paypal.Unanswered(tell(err)) {
		t.Errorf("whether v1 knows the subscription was not heard: %v", err)
	}
	for name, body := range map[string]string{
		"another": `{"id":"17T","state":"completed",` + amount + `}`, "no amount": `{"id":"17S","state":"completed"}`,
		"nothing":                   `{"id":"17S","state":"completed","amount":{"total":"0.00","currency":"EUR"}}`,
		"a fee of another currency": `{"id":"17S","state":"completed","transaction_fee":{"value":"1","currency":"USD"},` + amount + `}`,
	} {
		if got, err := each(t, map[string]func(http.ResponseWriter){v1: answer(200, body)}).client(t).Sale(t.Context(),
			"17S"); tell(err) == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func usd(minor int64) *money.Amount {
	a := money.New(minor, "USD")
	return &a
}

// A refund of a sale is read and made by Payments v2, and by v1 where v2 knows neither.
func TestRefundsOfSales(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	want := paypal.Refund{
		ID: "17R", CaptureID: "17S", InvoiceID: "RF-R-1", Status: paypal.RefundCompleted, Reason: "REFUND",
		Amount: *eur(250), FeeRefunded: *eur(10), CreatedAt: at("2026-12-02T08:00:00Z"),
	}
	old := answer(200, `{"id":"17R","sale_id":"17S","state":"completed","refund_reason_code":"REFUND","invoice_number":"RF-R-1",
		"amount":{"total":"-2.5","currency":"EUR"},"refund_from_transaction_fee":{"currency":"EUR","value":"0.10"},
		"total_refunded_amount":{"currency":"EUR","value":"5.00"},"create_time":"2026-12-02T08:00:00Z"}`)
	p := each(t, map[string]func(http.ResponseWriter){"/v1/payments/refund/17R": old, "/v1/payments/sale/17S/refund": old})
	if got, err := p.client(t).Refund(ctx, "17R"); tell(err) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v", got, err)
	}
	r := paypal.RefundRequest{RequestID: "refund-1", Amount: *eur(250), InvoiceID: "RF-R-1", Note: "With\nthanks"}
	got, err := p.client(t).RefundCapture(ctx, "17S", r)
	if tell(err) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("refunded %+v, %v", got, err)
	}
	last := p.calls[len(p.calls)-1]
	if said := p.bodies[len(p.bodies)-1]; last.Header.Get("PayPal-Request-Id") != "refund-1" ||
		said != `{"amount":{"currency":"EUR","total":"2.50"},"invoice_number":"RF-R-1","description":"With thanks"}` {
		t.Errorf("said %s %v", said, last.Header)
	}
	nowhere := each(t, nil)
	if _, err := nowhere.client(t).Refund(ctx, "17R"); !paypal.NotFound(tell(err)) {
		t.Errorf("read nowhere: %v", err)
	}
	if _, err := nowhere.client(t).RefundCapture(ctx, "17S", r); !paypal.NotFound(tell(err)) ||
		!strings.Contains(err.Error(), "refund capture") {
		t.Errorf("made nowhere: %v", err)
	}
	lost := each(t, map[string]func(http.ResponseWriter){"/v1/payments/sale/17S/refund": hangUp})
	if _, err := lost.client(t).RefundCapture(ctx, "17S", r); !paypal.OutcomeUnknown(tell(err)) {
		t.Errorf("the answer was lost: %v", err)
	}
}

func TestSubscriptionPayments(t *testing.T) {
	t.Parallel()
	from, to := at("2026-11-28T00:00:00Z"), at("2026-12-01T00:00:00Z")
	list := func(t *testing.T, body string) ([]paypal.SubscriptionPayment, bool) {
		t.Helper()
		got, known, err := saying(t, 200, body).SubscriptionPayments(t.Context(), "I-1", from, to)
		if tell(err) != nil {
			t.Fatal(err)
		}
		return got, known
	}
	got, known := list(t, recordedBody(t, "transactions_list"))
	want := []paypal.SubscriptionPayment{{
		ID: "1EX00000000SALE01", Status: "COMPLETED", Amount: *eur(1250), Fee: eur(77), At: at("2026-11-28T09:15:39Z"),
	}}
	if !known || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, known)
	}
	if got, known := list(t, recordedBody(t, "transactions_list_unavailable")); known || got != nil {
		t.Errorf("no list: %+v, %v", got, known)
	}
	if got, known := list(t, `{"transactions":[]}`); !known || got != nil {
		t.Errorf("an empty list: %+v, %v", got, known)
	}
	got, known = list(t, `{"transactions":[{"id":"../x"},{"id":"17S","time":"2026-19-01","amount_with_breakdown":[]}]}`)
	if !known || !reflect.DeepEqual(got, []paypal.SubscriptionPayment{{ID: "17S"}}) {
		t.Errorf("odd rows: %+v, %v", got, known)
	}
	if _, _, err := saying(t, 403, `{"name":"NOT_AUTHORIZED"}`).SubscriptionPayments(t.Context(), "I-1", from, to); tell(err) == nil {
		t.Error("refused and taken")
	}
}
