package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// amountOrder is a create-order body with this amount object.
func amountOrder(amount string) string {
	return `{"intent":"CAPTURE","purchase_units":[{"amount":` + amount + `}]}`
}

// unitOrder is a create-order body with one more member in its unit.
func unitOrder(member string) string {
	return `{"intent":"CAPTURE","purchase_units":[{` + member + `,"amount":{"currency_code":"EUR","value":"10.00"}}]}`
}

func TestCreateOrderRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	wrong := func(currency, value string) string {
		return amountOrder(fmt.Sprintf(`{"currency_code":%q,"value":%q}`, currency, value))
	}
	for name, c := range map[string]struct {
		body   string
		status int
		issue  string
		field  string
	}{
		"not JSON":   {`{"intent":`, 400, "MALFORMED_REQUEST_JSON", ""},
		"a list":     {`[]`, 400, "MALFORMED_REQUEST_JSON", ""},
		"two values": {`{} {}`, 400, "MALFORMED_REQUEST_JSON", ""},
		"nothing":    {``, 400, "MISSING_REQUIRED_PARAMETER", "/intent"},
		"no units":   {`{"intent":"CAPTURE"}`, 400, "MISSING_REQUIRED_PARAMETER", "/purchase_units"},
		"empty units": {`{"intent":"CAPTURE","purchase_units":[]}`, 400, "INVALID_ARRAY_MIN_ITEMS",
			"/purchase_units"},
		"eleven units": {`{"intent":"CAPTURE","purchase_units":[` + strings.Repeat(`{},`, 10) + `{}]}`, 400,
			"INVALID_ARRAY_MAX_ITEMS", "/purchase_units"},
		"unknown intent": {`{"intent":"GIVE","purchase_units":[{"amount":{"currency_code":"EUR","value":"1"}}]}`, 400,
			"INVALID_PARAMETER_VALUE", "/intent"},
		"authorize": {`{"intent":"AUTHORIZE","purchase_units":[{"amount":{"currency_code":"EUR","value":"1"}}]}`,
			422, "AUTH_CAPTURE_NOT_ENABLED", "/intent"},
		"no amount": {`{"intent":"CAPTURE","purchase_units":[{}]}`, 400, "MISSING_REQUIRED_PARAMETER",
			"/purchase_units/0/amount"},
		"amount is text": {amountOrder(`"10.00"`), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/amount"},
		"value is a number": {amountOrder(`{"currency_code":"EUR","value":10}`), 400, "INVALID_PARAMETER_SYNTAX",
			"/purchase_units/0/amount/value"},
		"no value": {amountOrder(`{"currency_code":"EUR"}`), 400, "MISSING_REQUIRED_PARAMETER",
			"/purchase_units/0/amount/value"},
		"comma":        {wrong("EUR", "1,50"), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/amount/value"},
		"exponent":     {wrong("EUR", "1e3"), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/amount/value"},
		"NaN":          {wrong("EUR", "NaN"), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/amount/value"},
		"arabic digit": {wrong("EUR", "٣"), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/amount/value"},
		"empty value":  {wrong("EUR", ""), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/amount/value"},
		"33 digits": {wrong("EUR", strings.Repeat("1", 33)), 400, "INVALID_STRING_LENGTH",
			"/purchase_units/0/amount/value"},
		"short currency": {wrong("EU", "1"), 400, "INVALID_STRING_LENGTH", "/purchase_units/0/amount/currency_code"},
		"currency not settled": {wrong("TND", "1"), 422, "INVALID_CURRENCY_CODE",
			"/purchase_units/@reference_id=='default'/amount/currency_code"},
		"three decimals": {wrong("EUR", "1.999"), 422, "DECIMAL_PRECISION",
			"/purchase_units/@reference_id=='default'/amount/value"},
		"decimals in JPY": {wrong("JPY", "100.00"), 422, "DECIMALS_NOT_SUPPORTED",
			"/purchase_units/@reference_id=='default'/amount/value"},
		"decimals in HUF": {wrong("HUF", "1.5"), 422, "DECIMALS_NOT_SUPPORTED",
			"/purchase_units/@reference_id=='default'/amount/value"},
		"zero": {wrong("EUR", "0.00"), 422, "CANNOT_BE_ZERO_OR_NEGATIVE",
			"/purchase_units/@reference_id=='default'/amount/value"},
		"negative": {wrong("EUR", "-5"), 422, "CANNOT_BE_ZERO_OR_NEGATIVE",
			"/purchase_units/@reference_id=='default'/amount/value"},
		"10^20": {wrong("EUR", "1"+strings.Repeat("0", 20)), 422, "MAX_VALUE_EXCEEDED",
			"/purchase_units/@reference_id=='default'/amount/value"},
		"long description": {unitOrder(`"description":"` + strings.Repeat("x", 128) + `"`), 400,
			"INVALID_STRING_LENGTH", "/purchase_units/0/description"},
		"empty custom_id": {unitOrder(`"custom_id":""`), 400, "INVALID_STRING_LENGTH", "/purchase_units/0/custom_id"},
		"long custom_id": {unitOrder(`"custom_id":"` + strings.Repeat("x", 128) + `"`), 400, "INVALID_STRING_LENGTH",
			"/purchase_units/0/custom_id"},
		"long invoice_id": {unitOrder(`"invoice_id":"` + strings.Repeat("x", 128) + `"`), 400, "INVALID_STRING_LENGTH",
			"/purchase_units/0/invoice_id"},
		"long soft_descriptor": {unitOrder(`"soft_descriptor":"` + strings.Repeat("x", 23) + `"`), 400,
			"INVALID_STRING_LENGTH", "/purchase_units/0/soft_descriptor"},
		"long reference_id": {unitOrder(`"reference_id":"` + strings.Repeat("x", 257) + `"`), 400,
			"INVALID_STRING_LENGTH", "/purchase_units/0/reference_id"},
		"bad payee": {unitOrder(`"payee":{"email_address":"bad email"}`), 400, "INVALID_PARAMETER_SYNTAX",
			"/purchase_units/0/payee/email_address"},
		"bad return_url":         {`{"intent":"CAPTURE","application_context":{"return_url":"/back"},"purchase_units":[{"amount":{"currency_code":"EUR","value":"1"}}]}`, 400, "INVALID_PARAMETER_SYNTAX", "/application_context/return_url"},
		"bad locale":             {`{"intent":"CAPTURE","application_context":{"locale":"English"},"purchase_units":[{"amount":{"currency_code":"EUR","value":"1"}}]}`, 400, "INVALID_PARAMETER_SYNTAX", "/application_context/locale"},
		"breakdown off":          {amountOrder(`{"currency_code":"EUR","value":"10.00","breakdown":{"item_total":{"currency_code":"EUR","value":"9.00"}}}`), 422, "AMOUNT_MISMATCH", ""},
		"items without total":    {unitOrder(`"items":[{"name":"a","quantity":"1","unit_amount":{"currency_code":"EUR","value":"10.00"}}]`), 422, "ITEM_TOTAL_REQUIRED", ""},
		"items off":              {`{"intent":"CAPTURE","purchase_units":[{"items":[{"name":"a","quantity":"2","unit_amount":{"currency_code":"EUR","value":"4.00"}}],"amount":{"currency_code":"EUR","value":"10.00","breakdown":{"item_total":{"currency_code":"EUR","value":"10.00"}}}}]}`, 422, "ITEM_TOTAL_MISMATCH", ""},
		"mixed currencies":       {`{"intent":"CAPTURE","purchase_units":[{"reference_id":"a","amount":{"currency_code":"EUR","value":"1"}},{"reference_id":"b","amount":{"currency_code":"USD","value":"1"}}]}`, 422, "MULTI_CURRENCY_ORDER", ""},
		"same reference":         {`{"intent":"CAPTURE","purchase_units":[{"reference_id":"a","amount":{"currency_code":"EUR","value":"1"}},{"reference_id":"a","amount":{"currency_code":"EUR","value":"1"}}]}`, 422, "DUPLICATE_REFERENCE_ID", ""},
		"no reference":           {`{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"EUR","value":"1"}},{"reference_id":"a","amount":{"currency_code":"EUR","value":"1"}}]}`, 422, "REFERENCE_ID_REQUIRED", ""},
		"wallet, no request id":  {`{"intent":"CAPTURE","payment_source":{"paypal":{}},"purchase_units":[{"amount":{"currency_code":"EUR","value":"1"}}]}`, 400, "PAYPAL_REQUEST_ID_REQUIRED", ""},
		"empty payment source":   {`{"intent":"CAPTURE","payment_source":{},"purchase_units":[{"amount":{"currency_code":"EUR","value":"1"}}]}`, 422, "NO_PAYMENT_SOURCE_PROVIDED", ""},
		"400 goes before 422":    {`{"intent":"CAPTURE","purchase_units":[{"custom_id":"","amount":{"currency_code":"EUR","value":"0"}}]}`, 400, "INVALID_STRING_LENGTH", "/purchase_units/0/custom_id"},
		"items with bad numbers": {unitOrder(`"items":[{"name":"a","quantity":"0","unit_amount":{"currency_code":"EUR","value":"10.00"}}]`), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/items/0/quantity"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := *b
			b.t = t
			got := b.api("POST", "/v2/checkout/orders", c.body)
			b.refused(got, c.status, c.issue)
			if field := got.get("details.0.field"); c.field != "" && field != c.field {
				t.Errorf("field %q, want %q", field, c.field)
			}
			wantName := map[int]string{400: "INVALID_REQUEST", 422: "UNPROCESSABLE_ENTITY"}[c.status]
			if got.get("name") != wantName {
				t.Errorf("name %q, want %q", got.get("name"), wantName)
			}
		})
	}
}

func TestCreateOrderTakesWhatIsAllowed(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, amount := range [][3]string{
		{"EUR", "10", "10.00"}, {"EUR", ".5", "0.50"}, {"USD", "0.01", "0.01"}, {"JPY", "100", "100"}, {"TWD", "7", "7"},
		{"USD", "999999999999999.99", "999999999999999.99"}, {"GBP", "007.10", "7.10"},
	} {
		id := b.order(amount[0], amount[1])
		b.want(b.api("GET", "/v2/checkout/orders/"+id, ""), 200, "purchase_units.0.amount.value", amount[2])
	}
}

func TestOrderSums(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	got := b.api("POST", "/v2/checkout/orders", `{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"EUR","value":"11.00",
		"breakdown":{"item_total":{"currency_code":"EUR","value":"10.00"},"tax_total":{"currency_code":"EUR","value":"2.00"},"discount":{"currency_code":"EUR","value":"1.00"}}},
		"items":[{"name":"a","quantity":"2","unit_amount":{"currency_code":"EUR","value":"5.00"},"tax":{"currency_code":"EUR","value":"1.00"}}]}]}`,
		"Prefer", "return=representation")
	b.want(got, 201, "purchase_units.0.items.0.name", "a")
	b.want(got, 201, "purchase_units.0.amount.breakdown.discount.value", "1.00")
}

func TestOrderLinksAndStatus(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})

	old := b.api("POST", "/v2/checkout/orders", orderBody("EUR", "10.00"))
	b.want(old, 201, "status", "CREATED")
	b.want(old, 201, "purchase_units", "") // return=minimal is the default
	if old.link("approve") != b.url+"/checkoutnow?token="+old.get("id") || old.link("capture") == "" ||
		old.link("update") == "" {
		t.Errorf("links: %s", old.text)
	}

	wallet := `{"intent":"CAPTURE","payment_source":{"paypal":{"experience_context":{"brand_name":"The Paper","return_url":"http://127.0.0.1:1/r"}}},
		"purchase_units":[{"amount":{"currency_code":"EUR","value":"10.00"}}]}`
	recent := b.api("POST", "/v2/checkout/orders", wallet, "PayPal-Request-Id", "w1")
	b.want(recent, 200, "status", "PAYER_ACTION_REQUIRED")
	b.want(recent, 200, "payment_source.paypal", "{}")
	if recent.link("payer-action") == "" || recent.link("approve") != "" {
		t.Errorf("links: %s", recent.text)
	}
	b.refused(b.api("POST", "/v2/checkout/orders/"+recent.get("id")+"/capture", ""), 422, "ORDER_NOT_APPROVED")

	b.approve(old.get("id"), "")
	approved := b.api("GET", "/v2/checkout/orders/"+old.get("id"), "")
	b.want(approved, 200, "status", "APPROVED")
	b.want(approved, 200, "update_time", "") // as recorded
	b.want(approved, 200, "payer.email_address", "reader@example.com")
	b.want(approved, 200, "payment_source.paypal.account_status", "VERIFIED")
	if approved.link("approve") != "" || approved.link("capture") == "" {
		t.Errorf("links: %s", approved.text)
	}
}

func TestOrderExpires(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	waiting, approved := b.order("EUR", "1.00"), b.order("EUR", "2.00")
	paid, _ := b.pay("EUR", "3.00", "")
	b.advance(2 * time.Hour)
	b.approve(approved, "")
	b.advance(2 * time.Hour) // four hours old, two since the approval

	b.refused(b.api("GET", "/v2/checkout/orders/"+waiting, ""), 404, "INVALID_RESOURCE_ID")
	b.refused(b.api("POST", "/v2/checkout/orders/"+waiting+"/capture", ""), 404, "INVALID_RESOURCE_ID")
	b.want(b.api("GET", "/v2/checkout/orders/"+approved, ""), 200, "status", "APPROVED")

	b.advance(2 * time.Hour)
	b.refused(b.api("POST", "/v2/checkout/orders/"+approved+"/capture", ""), 404, "INVALID_RESOURCE_ID")
	b.want(b.api("GET", "/v2/checkout/orders/"+paid, ""), 200, "status", "COMPLETED")
	reversed := b.api("GET", "/v1/notifications/webhooks-events?event_type=CHECKOUT.PAYMENT-APPROVAL.REVERSED", "")
	b.want(reversed, 200, "count", "1")
	b.want(reversed, 200, "events.0.resource.order_id", approved)
}

func TestPatchOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.order("EUR", "10.00")
	path := "/v2/checkout/orders/" + id
	unit := "/purchase_units/@reference_id=='default'/"
	step := func(op, part, value string) string {
		return fmt.Sprintf(`[{"op":%q,"path":%q,"value":%s}]`, op, unit+part, value)
	}

	if got := b.api("PATCH", path, step("replace", "amount", `{"currency_code":"EUR","value":"12.5"}`)); got.status != http.StatusNoContent {
		t.Fatal(got.status, got.text)
	}
	b.want(b.api("GET", path, ""), 200, "purchase_units.0.amount.value", "12.50")
	b.api("PATCH", path, step("add", "invoice_id", `"inv-1"`))
	b.api("PATCH", path, fmt.Sprintf(`[{"op":"remove","path":%q}]`, unit+"description"))
	after := b.api("GET", path, "")
	b.want(after, 200, "purchase_units.0.invoice_id", "inv-1")
	b.want(after, 200, "purchase_units.0.description", "")
	b.want(after, 200, "purchase_units.0.custom_id", "gift-1")

	b.refused(b.api("PATCH", path, `{`), 400, "MALFORMED_REQUEST_JSON")
	b.refused(b.api("PATCH", path, step("move", "amount", `1`)), 400, "INVALID_PARAMETER_VALUE")
	b.refused(b.api("PATCH", path, step("add", "invoice_id", `"inv-2"`)), 400, "INVALID_PATCH_OPERATION")
	b.refused(b.api("PATCH", path, step("replace", "custom_id", `"`+strings.Repeat("x", 128)+`"`)), 400,
		"INVALID_STRING_LENGTH")
	b.refused(b.api("PATCH", path, step("replace", "amount", `{"currency_code":"EUR","value":"0"}`)), 422,
		"CANNOT_BE_ZERO_OR_NEGATIVE")
	b.refused(b.api("PATCH", path, `[{"op":"replace","value":1}]`), 422, "PATCH_PATH_REQUIRED")
	b.refused(b.api("PATCH", path, `[{"op":"replace","path":"x","value":1}]`), 422, "INVALID_JSON_POINTER_FORMAT")
	b.refused(b.api("PATCH", path, `[{"op":"replace","path":"/status","value":"COMPLETED"}]`), 422, "NOT_PATCHABLE")
	b.refused(b.api("PATCH", path, `[{"op":"replace","path":"/purchase_units/@reference_id=='x'/custom_id","value":"1"}]`),
		422, "REFERENCE_ID_NOT_FOUND")

	b.approve(id, "")
	b.refused(b.api("PATCH", path, step("replace", "amount", `{"currency_code":"EUR","value":"99.00"}`)), 422,
		"AMOUNT_CHANGE_NOT_ALLOWED")
	b.api("POST", path+"/capture", "")
	b.refused(b.api("PATCH", path, step("replace", "custom_id", `"late"`)), 422, "ORDER_ALREADY_COMPLETED")
}

func TestMockResponse(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.order("EUR", "10.00")
	b.approve(id, "")
	mock := func(code string) []string {
		return []string{"PayPal-Mock-Response", `{"mock_application_codes":"` + code + `"}`}
	}
	capture := "/v2/checkout/orders/" + id + "/capture"
	b.refused(b.api("POST", capture, "", mock("TRANSACTION_REFUSED")...), 422, "TRANSACTION_REFUSED")
	b.want(b.api("POST", capture, "", mock("INTERNAL_SERVER_ERROR")...), 500, "name", "INTERNAL_SERVER_ERROR")
	b.want(b.api("GET", "/v2/checkout/orders/"+id, ""), 200, "status", "APPROVED") // nothing was carried out
	b.want(b.api("POST", capture, "", mock("NO_SUCH_CODE")...), 201, "status", "COMPLETED")
}

func TestWhatIsNotJSONIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	got := b.api("POST", "/v2/checkout/orders", orderBody("EUR", "1.00"), "Content-Type", "text/plain")
	b.want(got, 415, "name", "UNSUPPORTED_MEDIA_TYPE")
	b.want(b.api("GET", "/v2/nothing", ""), 404, "name", "RESOURCE_NOT_FOUND")
	b.want(b.api("DELETE", "/v2/checkout/orders", ""), 405, "name", "METHOD_NOT_SUPPORTED")
}
