package paypal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"readerfund/internal/paypal"
)

func TestParseEvent(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 400)
	for name, c := range map[string]struct {
		body string
		want paypal.Event
	}{
		"the least": {`{"id":"WH-1","event_type":"X"}`, paypal.Event{ID: "WH-1", Type: "X"}},
		"an approved order": {`{"id":"WH-1","event_type":"CHECKOUT.ORDER.APPROVED","resource_type":"checkout-order","create_time":"2018-08-15T12:13:29-07:00","summary":"s",
			"resource":{"id":"5O190127TN364715T","links":[{"rel":"self","href":"https://api.paypal.com/v2/checkout/orders/5O190127TN364715T"}]}}`,
			paypal.Event{ID: "WH-1", Type: "CHECKOUT.ORDER.APPROVED", ResourceType: "checkout-order",
				ResourceID: "5O190127TN364715T", OrderID: "5O190127TN364715T",
				CreateTime: time.Date(2018, 8, 15, 19, 13, 29, 0, time.UTC), Summary: "s"}},
		"a capture by type alone": {`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.DENIED","resource":{"id":"C1"}}`,
			paypal.Event{ID: "WH-1", Type: "PAYMENT.CAPTURE.DENIED", ResourceID: "C1", CaptureID: "C1"}},
		"a capture with related ids": {`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource_type":"capture","resource":{"id":"C1","supplementary_data":{"related_ids":{"order_id":"O1"}}}}`,
			paypal.Event{
				ID: "WH-1", Type: "PAYMENT.CAPTURE.COMPLETED", ResourceType: "capture", ResourceID: "C1", CaptureID: "C1",
				OrderID: "O1",
			}},
		"a refund knows its capture by a link": {`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.REVERSED","resource_type":"refund","resource":{"id":"R1","links":[null,7,{"rel":7},
			{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/C1"}]}}`,
			paypal.Event{
				ID: "WH-1", Type: "PAYMENT.CAPTURE.REVERSED", ResourceType: "refund", ResourceID: "R1", RefundID: "R1",
				CaptureID: "C1",
			}},
		"a refund that calls itself a capture": {`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.REFUNDED","resource_type":"capture","resource":{"id":"R1"}}`,
			paypal.Event{
				ID: "WH-1", Type: "PAYMENT.CAPTURE.REFUNDED", ResourceType: "capture", ResourceID: "R1", RefundID: "R1",
			}},
		"a refund that is the capture, as its link says": {`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.REFUNDED","resource_type":"capture","resource":{"id":"C1",
			"links":[{"rel":"self","href":"https://api.paypal.com/v2/payments/captures/C1"}]}}`,
			paypal.Event{
				ID: "WH-1", Type: "PAYMENT.CAPTURE.REFUNDED", ResourceType: "capture", ResourceID: "C1", CaptureID: "C1",
			}},
		"an approval that was undone": {`{"id":"WH-1","event_type":"CHECKOUT.PAYMENT-APPROVAL.REVERSED","resource_type":"checkout-order","resource":{"order_id":"O1"}}`,
			paypal.Event{
				ID: "WH-1", Type: "CHECKOUT.PAYMENT-APPROVAL.REVERSED", ResourceType: "checkout-order", ResourceID: "O1",
				OrderID: "O1",
			}},
		"an approval that was undone, without a resource type": {`{"id":"WH-1","event_type":"CHECKOUT.PAYMENT-APPROVAL.REVERSED","resource":{"id":"O1"}}`,
			paypal.Event{ID: "WH-1", Type: "CHECKOUT.PAYMENT-APPROVAL.REVERSED", ResourceID: "O1", OrderID: "O1"}},
		"a v1 sale": {`{"id":"WH-1","event_type":"PAYMENT.SALE.COMPLETED","resource_type":"sale","resource":{"id":"S1","amount":{"total":0.48,"currency":"USD"}}}`,
			paypal.Event{ID: "WH-1", Type: "PAYMENT.SALE.COMPLETED", ResourceType: "sale", ResourceID: "S1", CaptureID: "S1"}},
		"a v1 refund": {`{"id":"WH-1","event_type":"PAYMENT.SALE.REFUNDED","resource_type":"sale","resource":{"id":"R1","sale_id":"S1"}}`,
			paypal.Event{
				ID: "WH-1", Type: "PAYMENT.SALE.REFUNDED", ResourceType: "sale", ResourceID: "R1", RefundID: "R1", CaptureID: "S1",
			}},
		"a dispute": {`{"id":"WH-1","event_type":"CUSTOMER.DISPUTE.CREATED","resource_type":"dispute","resource":{"dispute_id":"PP-D-1"}}`,
			paypal.Event{
				ID: "WH-1", Type: "CUSTOMER.DISPUTE.CREATED", ResourceType: "dispute", ResourceID: "PP-D-1", DisputeID: "PP-D-1",
			}},
		"a sale names its subscription": {`{"id":"WH-1","event_type":"PAYMENT.SALE.COMPLETED","resource_type":"sale","resource":{"id":"S1","billing_agreement_id":"I-1"}}`,
			paypal.Event{
				ID: "WH-1", Type: "PAYMENT.SALE.COMPLETED", ResourceType: "sale", ResourceID: "S1", CaptureID: "S1",
				SubscriptionID: "I-1",
			}},
		"a subscription, whose links lead to a host of PayPal's own": {`{"id":"WH-1","event_type":"BILLING.SUBSCRIPTION.ACTIVATED","resource_type":"subscription","resource":{"id":"I-1",
			"links":[{"rel":"self","href":"https://node-sb-subscriptionmgmtserv-vip.slc.paypal.com:19472/v1/billing/subscriptions/I-1"}]}}`,
			paypal.Event{
				ID: "WH-1", Type: "BILLING.SUBSCRIPTION.ACTIVATED", ResourceType: "subscription", ResourceID: "I-1",
				SubscriptionID: "I-1",
			}},
		"a subscription of the older API": {`{"id":"WH-1","event_type":"BILLING.SUBSCRIPTION.RE-ACTIVATED","resource_type":"Agreement","resource":{"id":"I-1"}}`,
			paypal.Event{
				ID: "WH-1", Type: "BILLING.SUBSCRIPTION.RE-ACTIVATED", ResourceType: "Agreement", ResourceID: "I-1",
				SubscriptionID: "I-1",
			}},
		"a subscription that only its link names": {`{"id":"WH-1","event_type":"BILLING.SUBSCRIPTION.CREATED","resource":{"id":"../x",
			"links":[{"rel":"self","href":"/v1/billing/subscriptions/I-1"}]}}`,
			paypal.Event{ID: "WH-1", Type: "BILLING.SUBSCRIPTION.CREATED", SubscriptionID: "I-1"}},
		"month 19": {`{"id":"WH-1","event_type":"X","create_time":"2018-19-12T22:20:32.000Z"}`,
			paypal.Event{ID: "WH-1", Type: "X"}},
		"times of no shape": {`{"id":"WH-1","event_type":"X","create_time":{"a":1}}`, paypal.Event{ID: "WH-1", Type: "X"}},
		"ids as numbers": {`{"id":1,"event_type":"X","resource":{"id":12345678901234567890123}}`,
			paypal.Event{ID: "1", Type: "X", ResourceID: "12345678901234567890123"}},
		"nulls": {`{"id":"WH-1","event_type":"X","resource":null,"summary":null,"links":null,"create_time":null}`,
			paypal.Event{ID: "WH-1", Type: "X"}},
		"a resource that is none": {`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":["id"]}`,
			paypal.Event{ID: "WH-1", Type: "PAYMENT.CAPTURE.COMPLETED"}},
		"the last of two keys": {`{"id":"WH-1","id":"WH-2","event_type":"X"}`, paypal.Event{ID: "WH-2", Type: "X"}},
		"keys differ by case": {`{"id":"WH-1","ID":"WH-2","event_type":"X","Event_Type":"Y"}`,
			paypal.Event{ID: "WH-1", Type: "X"}},
		"an id that leaves a path":   {`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"../../x","links":[{"rel":"up","href":"https://x/v2/checkout/orders/..%2f1"}]}}`, paypal.Event{ID: "WH-1", Type: "PAYMENT.CAPTURE.COMPLETED"}},
		"NUL and control characters": {`{"id":"WH-1","event_type":"X","summary":"a\u0000b\u001b[0mc\n","resource":{"id":"a\u0000"}}`, paypal.Event{ID: "WH-1", Type: "X", Summary: "a b [0mc"}},
		"bad UTF-8": {"{\"id\":\"WH-1\",\"event_type\":\"X\",\"summary\":\"a\xff\xfeb\"}",
			paypal.Event{ID: "WH-1", Type: "X", Summary: "a\uFFFD\uFFFDb"}},
		"half a surrogate": {`{"id":"WH-1","event_type":"X","summary":"a\ud800b"}`,
			paypal.Event{ID: "WH-1", Type: "X", Summary: "a\uFFFDb"}},
		"a long summary": {`{"id":"WH-1","event_type":"X","summary":"` + long + `"}`,
			paypal.Event{ID: "WH-1", Type: "X", Summary: long[:600]}},
		"nested, but not too deep": {`{"id":"WH-1","event_type":"X","resource":` +
			strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`,
			paypal.Event{ID: "WH-1", Type: "X"}},
	} {
		got, err := paypal.ParseEvent([]byte(c.body))
		if tell(err) != nil || got != c.want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", name, got, err, c.want)
		}
		sameEnvelope(t, got)
	}
}

func TestParseEventRefuses(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing": ``, "null": `null`, "an array": `[{"id":"WH-1","event_type":"X"}]`, "a string": `"x"`,
		"cut off":       `{"id":"WH-1","event_type":"X"`,
		"more after it": `{"id":"WH-1","event_type":"X"}{}`, "a raw NUL": "{\"id\":\"WH-1\",\"event_type\":\"X\"}\x00",
		"a byte order mark":          "\ufeff{\"id\":\"WH-1\",\"event_type\":\"X\"}",
		"a raw line end in a string": "{\"id\":\"WH-\n1\",\"event_type\":\"X\"}", "no id": `{"event_type":"X"}`,
		"no type":     `{"id":"WH-1"}`,
		"an empty id": `{"id":"","event_type":"X"}`, "an odd id": `{"id":"WH 1","event_type":"X"}`,
		"an odd type":    `{"id":"WH-1","event_type":"X\u0000"}`,
		"an id too long": `{"id":"` + strings.Repeat("1", 129) + `","event_type":"X"}`,
		"another case":   `{"ID":"WH-1","EVENT_TYPE":"X"}`,
		"far too deep":   `{"id":"WH-1","event_type":"X","a":` + strings.Repeat("[", 1<<19),
		"closed, and too deep": `{"id":"WH-1","event_type":"X","a":` + strings.Repeat("[", 1<<18) + strings.Repeat("]",
			1<<18) + `}`,
	} {
		if got, err := paypal.ParseEvent([]byte(body)); tell(err) == nil || got != (paypal.Event{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestParseEventFindsTheCase(t *testing.T) {
	t.Parallel()
	const link = `"links":[{"rel":"self","href":"https://api.paypal.com/v1/customer/disputes/PP-D-7"}]`
	for _, c := range []struct{ kind, resource, want string }{
		{"CUSTOMER.DISPUTE.CREATED", `{"dispute_id":"PP-D-1","disputed_transactions":[{"seller_transaction_id":"17C"}]}`, "PP-D-1"},
		{"CUSTOMER.DISPUTE.UPDATED", `{"dispute_id":"PP-D-1","id":"X",` + link + `}`, "PP-D-1"},
		{"CUSTOMER.DISPUTE.RESOLVED", `{"dispute_id":"../x",` + link + `}`, "PP-D-7"},
		{"RISK.DISPUTE.CREATED", `{"id":"PP-D-2"}`, "PP-D-2"},
		{"RISK.DISPUTE.CREATED", `[]`, ""},
		{"PAYMENT.CAPTURE.REVERSED", `{"id":"R1","dispute_id":"PP-D-1"}`, ""},
	} {
		e, err := paypal.ParseEvent([]byte(`{"id":"WH-1","event_type":"` + c.kind +
			`","resource_type":"dispute","resource":` + c.resource + `}`))
		if tell(err) != nil || e.DisputeID != c.want ||
			strings.Contains(c.kind, "DISPUTE") && e.OrderID+e.CaptureID+e.RefundID != "" {
			t.Errorf("%s %s: %+v, %v", c.kind, c.resource, e, err)
		}
	}
}

func TestParseEventOfGenuineDeliveries(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]paypal.Event{
		"sim2024-payment-capture-completed-v2": {Type: "PAYMENT.CAPTURE.COMPLETED", ResourceID: "12A34567BC123456S",
			CaptureID: "12A34567BC123456S", OrderID: "1AB234567A1234567"},
		"sim2024-payment-capture-declined-v2": {Type: "PAYMENT.CAPTURE.DECLINED", ResourceID: "7U133281TB3277326",
			CaptureID: "7U133281TB3277326", OrderID: "48R416400V564864N"},
		"sim2024-payment-capture-pending-v2": {Type: "PAYMENT.CAPTURE.PENDING", ResourceID: "02T21492PP3782704",
			CaptureID: "02T21492PP3782704", OrderID: "8PR65097T8571330M"},
		"sim2024-payment-capture-refunded-v2": {Type: "PAYMENT.CAPTURE.REFUNDED", ResourceID: "1Y107995YT783435V",
			RefundID: "1Y107995YT783435V", CaptureID: "0JF852973C016714D"},
		"sim2024-payment-capture-reversed-v2": {Type: "PAYMENT.CAPTURE.REVERSED", ResourceID: "09E71677NS257044M",
			RefundID: "09E71677NS257044M", CaptureID: "4L335234718889942"},
		"sim2024-payment-sale-completed": {Type: "PAYMENT.SALE.COMPLETED", ResourceID: "80021663DE681814L",
			CaptureID: "80021663DE681814L"},
		"sim2024-payment-sale-refunded": {Type: "PAYMENT.SALE.REFUNDED", ResourceID: "6YX43824R4443062K",
			RefundID: "6YX43824R4443062K", CaptureID: "9T0916710M1105906"},
		"sim2024-payment-sale-reversed": {Type: "PAYMENT.SALE.REVERSED", ResourceID: "77689802DL785834G",
			RefundID: "77689802DL785834G"},
		"python-sdk-2015-sale-completed": {Type: "PAYMENT.SALE.COMPLETED", ResourceID: "4EU7004268015634R",
			CaptureID: "4EU7004268015634R"},
		"sim2024-plan-created-v2": {Type: "BILLING.PLAN.CREATED", ResourceID: "P-7GL4271244454362WXNWU5NQ"},
	} {
		body, err := os.ReadFile(filepath.Join(factsDir(t), "signed", name, "body.json"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := paypal.ParseEvent(body)
		short := paypal.Event{
			Type: got.Type, ResourceID: got.ResourceID, OrderID: got.OrderID, CaptureID: got.CaptureID, RefundID: got.RefundID,
			SubscriptionID: got.SubscriptionID,
		}
		if err != nil || short != want || got.Summary == "" ||
			got.CreateTime.IsZero() != strings.Contains(name, "plan-created-v2") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestParseEventOfRecordedSubscriptions(t *testing.T) {
	t.Parallel()
	const sub, sale = "I-EXAMPLE0SUB1", "1EX00000000SALE01"
	for name, want := range map[string]paypal.Event{
		"created":                        {Type: "BILLING.SUBSCRIPTION.CREATED", SubscriptionID: sub},
		"activated_with_first_payment":   {Type: "BILLING.SUBSCRIPTION.ACTIVATED", SubscriptionID: sub},
		"activated_before_first_payment": {Type: "BILLING.SUBSCRIPTION.ACTIVATED", SubscriptionID: sub},
		"cancelled_by_payer":             {Type: "BILLING.SUBSCRIPTION.CANCELLED", SubscriptionID: sub},
		"cancelled_by_merchant":          {Type: "BILLING.SUBSCRIPTION.CANCELLED", SubscriptionID: sub},
		"payment_failed":                 {Type: "BILLING.SUBSCRIPTION.PAYMENT.FAILED", SubscriptionID: sub},
		"suspended":                      {Type: "BILLING.SUBSCRIPTION.SUSPENDED", SubscriptionID: sub},
		"expired":                        {Type: "BILLING.SUBSCRIPTION.EXPIRED", SubscriptionID: sub},
		"sale_completed":                 {Type: "PAYMENT.SALE.COMPLETED", SubscriptionID: sub, CaptureID: sale},
		"same_sale_hold_released":        {Type: "PAYMENT.SALE.COMPLETED", SubscriptionID: sub, CaptureID: sale},
		"sale_without_agreement_id":      {Type: "PAYMENT.SALE.COMPLETED", CaptureID: "1EX00000000SALE02"},
		"refunded_a_simulator":           {Type: "PAYMENT.SALE.REFUNDED", CaptureID: sale, RefundID: "2EX0000000REFUND1"},
		"refunded_b_cumulative":          {Type: "PAYMENT.SALE.REFUNDED", CaptureID: sale, RefundID: "2EX0000000REFUND2"},
		"refunded_c_no_sale_id":          {Type: "PAYMENT.SALE.REFUNDED", RefundID: "2EX0000000REFUND3"},
		"reversed":                       {Type: "PAYMENT.SALE.REVERSED", RefundID: "2EX000000REVERSE1"},
	} {
		got, err := paypal.ParseEvent([]byte(recordedBody(t, name)))
		short := paypal.Event{
			Type: got.Type, OrderID: got.OrderID, CaptureID: got.CaptureID, RefundID: got.RefundID, DisputeID: got.DisputeID,
			SubscriptionID: got.SubscriptionID,
		}
		if tell(err) != nil || short != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		sameEnvelope(t, got)
	}
}

// factsPath is the folder with what is known about PayPal's wire. It is not part of the repository.
func factsPath() string {
	if dir := os.Getenv("PAYPAL_FACTS_DIR"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "..", "shared", "paypal")
}

func factsDir(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(factsPath()); err != nil {
		t.Skipf("left out: PayPal's documents and recorded answers are not at %s; set PAYPAL_FACTS_DIR", factsPath())
	}
	return factsPath()
}

func FuzzParseEvent(f *testing.F) {
	f.Add([]byte(`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"C1","links":[{"rel":"up","href":"/v2/checkout/orders/O1"}]}}`))
	f.Add([]byte(`{"id":"WH-1","event_type":"BILLING.SUBSCRIPTION.CREATED","resource":{"id":"I-1","billing_agreement_id":"I-2","links":[{"rel":"self","href":"/v1/billing/subscriptions/I-3"}]}}`))
	f.Add([]byte(`{"id":1e400,"event_type":"X","summary":"\ud800","resource":{"id":[]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := paypal.ParseEvent(body)
		if err != nil {
			return
		}
		for _, id := range []string{e.ResourceID, e.OrderID, e.CaptureID, e.RefundID, e.DisputeID, e.SubscriptionID} {
			if len(id) > 64 || strings.ContainsAny(id, "/.?#%\x00 ") {
				t.Errorf("id %q", id)
			}
		}
		if !utf8.ValidString(e.ID+e.Type+e.ResourceType+e.Summary) || strings.ContainsRune(e.Summary, 0) || e.ID == "" ||
			e.Type == "" {
			t.Errorf("got %+v", e)
		}
		sameEnvelope(t, e)
	})
}

// sameEnvelope holds that an event's envelope names what the event names, and says nothing more.
func sameEnvelope(t *testing.T, e paypal.Event) {
	t.Helper()
	text, err := e.Envelope()
	if err != nil {
		t.Fatal(err)
	}
	e.Summary, e.CreateTime = "", time.Time{}
	if again, err := paypal.ParseEvent(text); tell(err) != nil || again != e {
		t.Errorf("the envelope %s is read as %+v, %v; want %+v", text, again, err, e)
	}
}

// Bodies that two readers of JSON are likely to disagree about. encoding/json would match a struct's fields in any
// case, and ſ with s; here only the exact key counts, and the last of two.
func TestParseEventOfOddJSON(t *testing.T) {
	t.Parallel()
	const head = `{"id":"WH-1","event_type":"A.B",`
	for _, c := range []struct{ body, want string }{ // want is id, type and resource's id
		{head + `"resource":{"id":"X1"}}`, "WH-1 A.B X1"},
		{" \t\r\n" + `{ "id" : "WH-1" , "event_type" : "A.B" , "resource" : { "dispute_id" : "D1" } }` + " \n",
			"WH-1 A.B D1"},
		{head + `"resource":{"order_id":"O1"}}`, "WH-1 A.B O1"},
		{head + `"resource":{"order_id":"O1","dispute_id":"D1","id":"../"}}`, "WH-1 A.B D1"},
		{head + `"resource":{"id":"X1","id":"X2"},"id":"WH-2"}`, "WH-2 A.B X2"},
		{head + `"resource":{"id":"X1"},"resource":null}`, "WH-1 A.B "},
		{head + `"resource":["id"]}`, "WH-1 A.B "},
		{head + `"ID":"WH-2","Event_Type":"C.D","resource":{"id":"X1","Id":"X2"},"Resource":{"id":"X3"}}`, "WH-1 A.B X1"},
		{head + `"resource":{"ID":"X1"},"RESOURCE":{"id":"X2"},"reſource":{"id":"X3"}}`, "WH-1 A.B "},
		{`{"\u0069d":"WH-\u0031","event_type":"A.B","resource":{"i\u0064":"X1"}}`, "WH-1 A.B X1"},
		{`{"id":17,"event_type":"A.B","resource":{"id":1e400}}`, "17 A.B 1e400"},
		{`{"id":true,"event_type":false}`, "true false "},
		{head + `"n":` + strings.Repeat("9", 5000) + `e999999999}`, "WH-1 A.B "},
		{head + `"n":[0,-0,1.5,1E9,1e-9,-12.30e+4,{"a":[]},[],{},"",null,true,false]}`, "WH-1 A.B "},
		{head + `"s":"\ud800 \udc00\b\f\n\r\t\"\\\/"}`, "WH-1 A.B "},
		{head + "\"s\":\"\x7f\xff\xc3\"}", "WH-1 A.B "},
		{head + `"a":` + strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999) + `}`, "WH-1 A.B "},
		{head + `"a":` + strings.Repeat(`{"a":`, 9_999) + `1` + strings.Repeat("}", 10_000), "WH-1 A.B "},
	} {
		e, err := paypal.ParseEvent([]byte(c.body))
		if got := e.ID + " " + e.Type + " " + e.ResourceID; tell(err) != nil || got != c.want {
			t.Errorf("%.200q: got %q, %v; want %q", c.body, got, err, c.want)
		}
	}
	for _, body := range []string{
		`{"ID":"WH-1","event_type":"A.B"}`, `{"id":"WH-1","Event_Type":"A.B"}`, `{"id":null,"event_type":"A.B"}`,
		`{"id":"WH-1\u0000","event_type":"A.B"}`, `{"id":"WH-1","event_type":"A\/B"}`,
		"{\"i\xff\":\"WH-1\",\"event_type\":\"A.B\"}",
		`{"id":` + strings.Repeat("9", 200) + `,"event_type":"A.B"}`, `{"id":"WH-1" "event_type":"A.B"}`,
		"\xef\xbb\xbf" + head + `"n":1}`, head + `"n":1}x`, head + `"n":1}{}`, head + `"n":1,}`, head + `"s":"\x"}`,
		head + `"s":"\u12g4"}`, head + "\"s\":\"\x1f\"}", head + `"n":[1 2]}`, head + `"n":[1,]}`, head + `"n":01}`,
		head + `"n":1.}`, head + `"n":.5}`, head + `"n":1e}`, head + `"n":-}`, head + `"n":+1}`, head + `"n":tru}`,
		head + `"n":nulls}`, head + `"a":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`,
		head + `"a":` + strings.Repeat("[", 100_000), `{id:"WH-1"}`, `{"id"}`, `{"id":}`, `{`, `{"`, `{"a\`, `{"a":"\u00`,
		`{"a":[`, `[]`, `null`, `"{}"`, `1`, ``, ` `, `{}`,
	} {
		if e, err := paypal.ParseEvent([]byte(body)); err == nil {
			t.Errorf("%.200q is read as %+v", body, e)
		}
	}
}

func BenchmarkParseEvent(b *testing.B) {
	body := []byte(`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"R1","links":[` +
		strings.Repeat(`{"href":"https://api.sandbox.paypal.com/v2/payments/captures/R1","rel":"self","method":"GET"},`, 14) +
		`{}]}}`)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := paypal.ParseEvent(body); err != nil {
			b.Fatal(err)
		}
	}
}
