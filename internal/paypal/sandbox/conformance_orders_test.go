package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const whole = "return=representation"

// theOlderWay and theWallet say where the payer comes back to, in the deprecated way and in today's.
const (
	theOlderWay = `"application_context":{"brand_name":"The Paper","locale":"de-DE","landing_page":"BILLING","shipping_preference":"NO_SHIPPING",
		"user_action":"PAY_NOW","return_url":"https://paper.example/back","cancel_url":"https://paper.example/no"}`
	theWallet = `"payment_source":{"paypal":{"email_address":"reader@example.com","experience_context":{"brand_name":"The Paper","locale":"en",
		"landing_page":"GUEST_CHECKOUT","shipping_preference":"NO_SHIPPING","user_action":"PAY_NOW","payment_method_preference":"IMMEDIATE_PAYMENT_REQUIRED",
		"return_url":"https://paper.example/back","cancel_url":"https://paper.example/no"}}}`
)

// everyMember is a unit with all that the emulator reads or keeps.
var everyMember = `{"reference_id":"gift","custom_id":"gift-1","invoice_id":"%s","description":"Für „The Paper“","soft_descriptor":"PAPER",
	"payee":{"email_address":"desk@example.com","merchant_id":"RDRFNDSANDBX2"},
	"shipping":{"type":"SHIPPING","name":{"full_name":"Robin Reader"},"address":{"address_line_1":"Main Street 1","address_line_2":"Back yard","address_line_3":"2nd floor","admin_area_1":"BE","admin_area_3":"Mitte","admin_area_4":"Nord","admin_area_2":"Town","postal_code":"12345","country_code":"DE"}},
	"items":[{"name":"A gift","quantity":"2","unit_amount":` + eur("4.50") + `,"tax":` + eur("0.50") + `,"description":"With thanks","sku":"GIFT","category":"DIGITAL_GOODS"}],
	"amount":{"currency_code":"EUR","value":"10.00","breakdown":{"item_total":` + eur("9.00") + `,"tax_total":` + eur("1.00") + `,"shipping":` + eur("1.00") + `,
		"handling":` + eur("0.00") + `,"insurance":` + eur("0.00") + `,"shipping_discount":` + eur("0.50") + `,"discount":` + eur("0.50") + `}}}`

// driveOrderLife takes orders from create to capture: both ways to name the payer's return, with both values of Prefer
// and without one, each step said twice under one request id.
func driveOrderLife(t *testing.T, s *stage) {
	for way, context := range map[string]string{"older": theOlderWay, "wallet": theWallet} {
		for prefer, header := range map[string]string{"none": "", "minimal": "return=minimal", "whole": whole} {
			id := way + "-" + prefer
			body := `{"intent":"CAPTURE",` + context + `,"purchase_units":[` + fmt.Sprintf(everyMember, "INV-"+id) + `]}`
			create := func() answer {
				return s.api("POST", ordersPath, body, "PayPal-Request-Id", "c-"+id, "Prefer", header)
			}
			first, again := create(), create()
			want := http.StatusCreated
			if way == "wallet" {
				want = http.StatusOK
			}
			if first.status != want || again.status != http.StatusOK || first.get("id") != again.get("id") ||
				(first.get("purchase_units") != "") != (header == whole) {
				t.Fatalf("%s: %d %s, then %d %s", id, first.status, first.text, again.status, again.text)
			}
			order := ordersPath + "/" + first.get("id")
			s.ok(200, "GET", order, "")
			s.approve(order, "")
			s.ok(200, "GET", order+"?fields=payment_source", "")
			taken := s.ok(201, "POST", order+"/capture", "{}", "PayPal-Request-Id", "p-"+id, "Prefer", header)
			replay := s.ok(200, "POST", order+"/capture", "{}", "PayPal-Request-Id", "p-"+id, "Prefer", header)
			capture := taken.get("purchase_units.0.payments.captures.0.id")
			if capture == "" || capture != replay.get("purchase_units.0.payments.captures.0.id") {
				t.Errorf("%s captured %s, then %s", id, taken.text, replay.text)
			}
			s.ok(200, "GET", order, "")
			s.ok(200, "GET", capturesPath+"/"+capture, "")
		}
	}
}

// driveOrderKinds makes orders in every currency, of several units, and of no more than a document demands.
func driveOrderKinds(t *testing.T, s *stage) {
	for _, currency := range strings.Fields("AUD BRL CAD CNY CZK DKK EUR HKD HUF ILS JPY MYR MXN TWD NZD NOK PHP PLN GBP SGD SEK CHF THB USD") {
		value := "1234.56"
		if currency == "HUF" || currency == "JPY" || currency == "TWD" {
			value = "1234"
		}
		made := s.ok(201, "POST", ordersPath, units(`{"amount":`+amount(currency, value)+`}`), "Prefer", whole)
		if got := made.get("purchase_units.0.amount.value"); got != value {
			t.Errorf("%s %s became %s", currency, value, got)
		}
	}
	for _, value := range []string{"10", ".5", "007.10", "999999999999999.99"} {
		s.ok(201, "POST", ordersPath, units(`{"amount":`+eur(value)+`}`), "Prefer", whole)
	}
	several := ordersPath + "/" + s.ok(201, "POST", ordersPath, units(`{"reference_id":"a","custom_id":"ca","amount":`+eur("1.00")+`},
		{"reference_id":"b","invoice_id":"ib","payee":{"email_address":"other@example.com"},"amount":`+eur("2.00")+`}`), "Content-Type", "application/json; charset=utf-8").get("id")
	s.approve(several, "")
	s.ok(201, "POST", several+"/capture", "")
	s.ok(200, "GET", several, "")
}

// drivePatches changes each part of an order that can be changed, before the approval and after it.
func drivePatches(t *testing.T, s *stage) {
	order := s.order(`"description":"A gift","custom_id":"gift-1","soft_descriptor":"PAPER","payee":{"email_address":"desk@example.com"}`)
	for _, step := range []string{
		step("replace", "amount", eur("12.5")), step("add", "invoice_id", `"inv-1"`),
		step("replace", "invoice_id", `"inv-2"`),
		step("replace", "description", `"Another gift"`), step("remove", "description", ""),
		step("replace", "custom_id", `"gift-2"`),
		step("replace", "soft_descriptor", `"NEWS"`), step("remove", "invoice_id", ""),
		step("replace", "payee", `{"email_address":"other@example.com"}`),
		step("add", "shipping", `{"name":{"full_name":"Robin Reader"},"address":{"country_code":"DE"}}`),
		step("replace", "shipping", `{"name":{"full_name":"Robin R."},"address":{"country_code":"FR"}}`),
		step("replace", "shipping/name", `{"full_name":"Robin"}`),
	} {
		s.ok(204, "PATCH", order, "["+step+"]")
	}
	s.approve(order, "")
	s.ok(204, "PATCH", order, "["+step("replace", "custom_id", `"gift-3"`)+","+step("add", "invoice_id", `"inv-3"`)+"]")
	got := s.ok(200, "GET", order, "")
	if got.get("purchase_units.0.amount.value") != "12.50" || got.get("purchase_units.0.custom_id") != "gift-3" ||
		got.get("purchase_units.0.description") != "" {
		t.Errorf("after the patches: %s", got.text)
	}
	s.ok(201, "POST", order+"/capture", "{}", "Prefer", whole)
	s.refused(422, "ORDER_ALREADY_COMPLETED", "PATCH", order, "["+step("replace", "custom_id", `"late"`)+"]")
}

// step is one operation of a JSON patch on the unit without a reference id.
func step(op, part, value string) string {
	path := "/purchase_units/@reference_id=='default'/" + part
	if value == "" {
		return fmt.Sprintf(`{"op":%q,"path":%q}`, op, path)
	}
	return fmt.Sprintf(`{"op":%q,"path":%q,"value":%s}`, op, path, value)
}

// driveExpiry lets orders lapse: one that nobody approves, one that nobody captures, and a request id.
func driveExpiry(t *testing.T, s *stage) {
	waiting, approved := s.order(""), s.order("")
	remembered := s.ok(201, "POST", ordersPath, unit(`"custom_id":"r"`), "PayPal-Request-Id", "six-hours").get("id")
	paid, _ := s.paid("")
	s.approve(approved, "")
	s.advance(3*time.Hour + time.Minute)
	for _, order := range []string{waiting, approved} {
		s.refused(404, "INVALID_RESOURCE_ID", "GET", order, "")
		s.refused(404, "INVALID_RESOURCE_ID", "PATCH", order, "["+step("replace", "custom_id", `"x"`)+"]")
		s.refused(404, "INVALID_RESOURCE_ID", "POST", order+"/capture", "{}")
	}
	s.ok(200, "GET", paid, "")
	s.advance(3 * time.Hour)
	if again := s.ok(201, "POST", ordersPath, unit(`"custom_id":"r"`), "PayPal-Request-Id",
		"six-hours").get("id"); again == remembered {
		t.Error("a request id was remembered for more than six hours")
	}
	s.ok(200, "GET", "/v1/notifications/webhooks-events?event_type=CHECKOUT.PAYMENT-APPROVAL.REVERSED", "")
}

// driveOrderRefusals sends what create and patch have to refuse.
func driveOrderRefusals(t *testing.T, s *stage) {
	for _, c := range orderRefusals() {
		s.refused(c.status, c.issue, "POST", ordersPath, c.body, c.headers...)
	}
	s.refused(404, "INVALID_RESOURCE_ID", "GET", ordersPath+"/11111111111111111", "")
	order := s.order(`"custom_id":"gift-1"`)
	for _, c := range patchRefusals() {
		s.refused(c.status, c.issue, "PATCH", order, c.body)
	}
	s.refused(404, "INVALID_RESOURCE_ID", "PATCH", ordersPath+"/11111111111111111",
		"["+step("replace", "custom_id", `"x"`)+"]")
	s.approve(order, "")
	s.refused(422, "AMOUNT_CHANGE_NOT_ALLOWED", "PATCH", order, "["+step("replace", "amount", eur("99.00"))+"]")
}

// refusal is a request's body and how PayPal refuses it.
type refusal struct {
	status  int
	issue   string
	body    string
	headers []string
}

func orderRefusals() []refusal {
	long := func(n int) string { return strings.Repeat("x", n) }
	value := func(currency, v string) string { return units(`{"amount":` + amount(currency, v) + `}`) }
	item := func(members string) string {
		return `{"amount":{"currency_code":"EUR","value":"10.00","breakdown":{"item_total":` + eur("10.00") + `}},"items":[` +
			members + `]}`
	}
	context := func(members string) string {
		return `{"intent":"CAPTURE","application_context":{` + members + `},"purchase_units":[{"amount":` + eur("1.00") +
			`}]}`
	}
	source := func(members string) string {
		return `{"intent":"CAPTURE","payment_source":{` + members + `},"purchase_units":[{"amount":` + eur("1.00") + `}]}`
	}
	all := []refusal{
		{400, "MALFORMED_REQUEST_JSON", `{"intent":`, nil},
		{400, "MALFORMED_REQUEST_JSON", `[]`, nil},
		{400, "MISSING_REQUIRED_PARAMETER", `{}`, nil},
		{400, "MISSING_REQUIRED_PARAMETER", `{"intent":"CAPTURE"}`, nil},
		{400, "INVALID_ARRAY_MIN_ITEMS", units(``), nil},
		{400, "INVALID_ARRAY_MAX_ITEMS", units(strings.Repeat(`{"amount":`+eur("1.00")+`},`,
			10) + `{"amount":` + eur("1.00") + `}`), nil},
		{400, "INVALID_PARAMETER_VALUE", `{"intent":"GIVE","purchase_units":[{"amount":` + eur("1.00") + `}]}`, nil},
		{400, "INVALID_PARAMETER_SYNTAX", `{"intent":1,"purchase_units":[{"amount":` + eur("1.00") + `}]}`, nil},
		{422, "AUTH_CAPTURE_NOT_ENABLED", `{"intent":"AUTHORIZE","purchase_units":[{"amount":` + eur("1.00") + `}]}`, nil},
		{400, "MISSING_REQUIRED_PARAMETER", units(`{}`), nil},
		{400, "INVALID_PARAMETER_SYNTAX", units(`"a unit"`), nil},
		{400, "INVALID_PARAMETER_SYNTAX", units(`{"amount":"10.00"}`), nil},
		{400, "INVALID_PARAMETER_SYNTAX", units(`{"amount":{"currency_code":"EUR","value":10}}`), nil},
		{400, "MISSING_REQUIRED_PARAMETER", units(`{"amount":{"currency_code":"EUR"}}`), nil},
		{400, "MISSING_REQUIRED_PARAMETER", units(`{"amount":{"value":"1.00"}}`), nil},
		{400, "INVALID_PARAMETER_SYNTAX", value("EUR", "1,50"), nil},
		{400, "INVALID_PARAMETER_SYNTAX", value("EUR", "1e3"), nil},
		{400, "INVALID_PARAMETER_SYNTAX", value("EUR", "NaN"), nil},
		{400, "INVALID_PARAMETER_SYNTAX", value("EUR", ""), nil},
		{400, "INVALID_STRING_LENGTH", value("EUR", strings.Repeat("1", 33)), nil},
		{400, "INVALID_STRING_LENGTH", value("EU", "1"), nil},
		{422, "INVALID_CURRENCY_CODE", value("TND", "1"), nil},
		{422, "DECIMAL_PRECISION", value("EUR", "1.999"), nil},
		{422, "DECIMALS_NOT_SUPPORTED", value("JPY", "100.00"), nil},
		{422, "DECIMALS_NOT_SUPPORTED", value("HUF", "1.5"), nil},
		{422, "CANNOT_BE_ZERO_OR_NEGATIVE", value("EUR", "0.00"), nil},
		{422, "CANNOT_BE_ZERO_OR_NEGATIVE", value("EUR", "-5"), nil},
		{422, "MAX_VALUE_EXCEEDED", value("EUR", "1"+strings.Repeat("0", 20)), nil},
		{400, "INVALID_PARAMETER_SYNTAX", unit(`"payee":{"email_address":"bad email"}`), nil},
		{400, "INVALID_PARAMETER_SYNTAX", unit(`"payee":{"merchant_id":"0000000000000"}`), nil},
		{400, "INVALID_STRING_LENGTH", unit(`"payee":{"merchant_id":"SHORT"}`), nil},
		{400, "INVALID_PARAMETER_SYNTAX", context(`"return_url":"/\\back"`), nil},
		{400, "INVALID_PARAMETER_SYNTAX", context(`"locale":"English"`), nil},
		{400, "INVALID_STRING_LENGTH", context(`"locale":"English, please"`), nil},
		{400, "INVALID_PARAMETER_VALUE", context(`"landing_page":"GUEST_CHECKOUT"`), nil},
		{400, "INVALID_PARAMETER_VALUE", context(`"user_action":"GIVE"`), nil},
		{400, "INVALID_PARAMETER_VALUE", context(`"shipping_preference":"BY_BOAT"`), nil},
		{400, "INVALID_STRING_LENGTH", context(`"brand_name":"` + long(128) + `"`), nil},
		{400, "INVALID_PARAMETER_SYNTAX", context(`"payment_method":"PAYPAL"`), nil},
		{400, "PAYPAL_REQUEST_ID_REQUIRED", source(`"paypal":{}`), nil},
		{422, "NO_PAYMENT_SOURCE_PROVIDED", source(``), nil},
		{422, "NOT_ENABLED_FOR_CARD_PROCESSING", source(`"card":{}`), []string{"PayPal-Request-Id", "card"}},
		{422, "PAYMENT_SOURCE_CANNOT_BE_USED", source(`"token":{"id":"1","type":"BILLING_AGREEMENT"}`),
			[]string{"PayPal-Request-Id", "token"}},
		{400, "INVALID_PARAMETER_VALUE", source(`"paypal":{"experience_context":{"landing_page":"BILLING"}}`),
			[]string{"PayPal-Request-Id", "billing"}},
		{400, "INVALID_STRING_LENGTH", unit(`"custom_id":"x"`), []string{"PayPal-Request-Id", long(109)}},
		{422, "AMOUNT_MISMATCH", units(`{"amount":{"currency_code":"EUR","value":"10.00","breakdown":{"item_total":` + eur("9.00") + `}}}`), nil},
		{422, "CANNOT_BE_NEGATIVE", units(`{"amount":{"currency_code":"EUR","value":"10.00","breakdown":{"item_total":` + eur("-1") + `}}}`), nil},
		{422, "MULTI_CURRENCY_ORDER", units(`{"amount":{"currency_code":"EUR","value":"10.00","breakdown":{"item_total":` + amount("USD", "10.00") + `}}}`), nil},
		{422, "ITEM_TOTAL_REQUIRED", unit(`"items":[{"name":"a","quantity":"1","unit_amount":` + eur("10.00") + `}]`), nil},
		{422, "ITEM_TOTAL_MISMATCH", units(item(`{"name":"a","quantity":"2","unit_amount":` + eur("4.00") + `}`)), nil},
		{422, "TAX_TOTAL_REQUIRED", units(item(`{"name":"a","quantity":"1","unit_amount":` + eur("10.00") + `,"tax":` + eur("1.00") + `}`)), nil},
		{422, "TAX_TOTAL_MISMATCH", units(`{"amount":{"currency_code":"EUR","value":"11.00","breakdown":{"item_total":` + eur("10.00") + `,"tax_total":` + eur("1.00") + `}},
			"items":[{"name":"a","quantity":"2","unit_amount":` + eur("5.00") + `,"tax":` + eur("1.00") + `}]}`), nil},
		{422, "MAX_VALUE_EXCEEDED", units(item(`{"name":"a","quantity":"9999999999","unit_amount":` + eur("999999999999.99") + `}`)), nil},
		{400, "INVALID_PARAMETER_SYNTAX", units(item(`{"name":"a","quantity":"0","unit_amount":` + eur("10.00") + `}`)), nil},
		{400, "INVALID_PARAMETER_VALUE", units(item(`{"name":"a","quantity":"1","category":"LOVE","unit_amount":` + eur("10.00") + `}`)), nil},
		{400, "MISSING_REQUIRED_PARAMETER", units(item(`{"name":"a","quantity":"1"}`)), nil},
		{400, "INVALID_PARAMETER_SYNTAX", units(item(`"a"`)), nil},
		{422, "REFERENCE_ID_REQUIRED", units(`{"amount":` + eur("1") + `},{"reference_id":"a","amount":` + eur("1") + `}`), nil},
		{422, "DUPLICATE_REFERENCE_ID", units(`{"reference_id":"a","amount":` + eur("1") + `},{"reference_id":"a","amount":` + eur("1") + `}`), nil},
	}
	for member, most := range map[string]int{
		"description": 127, "custom_id": 127, "invoice_id": 127, "soft_descriptor": 22, "reference_id": 256,
	} {
		all = append(all, refusal{400, "INVALID_STRING_LENGTH", unit(`"` + member + `":"` + long(most+1) + `"`), nil},
			refusal{400, "INVALID_STRING_LENGTH", unit(`"` + member + `":""`), nil},
			refusal{400, "INVALID_PARAMETER_SYNTAX", unit(`"` + member + `":1`), nil})
	}
	return all
}

func patchRefusals() []refusal {
	one := func(step string) string { return "[" + step + "]" }
	return []refusal{
		{400, "MALFORMED_REQUEST_JSON", `{`, nil},
		{400, "INVALID_PARAMETER_VALUE", one(step("shift", "custom_id", `"x"`)), nil},
		{400, "INVALID_PATCH_OPERATION", one(step("add", "custom_id", `"x"`)), nil},
		{400, "INVALID_PATCH_OPERATION", one(step("remove", "invoice_id", "")), nil},
		{400, "INVALID_PATCH_OPERATION", one(step("replace", "invoice_id", `"x"`)), nil},
		{422, "PATCH_PATH_REQUIRED", `[{"op":"replace","value":1}]`, nil},
		{422, "PATCH_VALUE_REQUIRED", `[{"op":"replace","path":"/purchase_units/@reference_id=='default'/custom_id"}]`, nil},
		{422, "INVALID_JSON_POINTER_FORMAT", `[{"op":"replace","path":"x","value":1}]`, nil},
		{422, "NOT_PATCHABLE", `[{"op":"replace","path":"/status","value":"COMPLETED"}]`, nil},
		{422, "NOT_PATCHABLE", one(step("remove", "amount", "")), nil},
		{422, "REFERENCE_ID_NOT_FOUND", `[{"op":"replace","path":"/purchase_units/@reference_id=='x'/custom_id","value":"1"}]`, nil},
		{422, "CANNOT_BE_ZERO_OR_NEGATIVE", one(step("replace", "amount", eur("0"))), nil},
		{422, "DECIMAL_PRECISION", one(step("replace", "amount", eur("1.999"))), nil},
		{422, "DECIMALS_NOT_SUPPORTED", one(step("replace", "amount", amount("JPY", "1.5"))), nil},
		{422, "INVALID_CURRENCY_CODE", one(step("replace", "amount", amount("TND", "1"))), nil},
		{422, "MAX_VALUE_EXCEEDED", one(step("replace", "amount", eur("10000000000000000"))), nil},
		{400, "INVALID_PARAMETER_SYNTAX", one(step("replace", "amount", eur("x"))), nil},
		{400, "INVALID_PARAMETER_SYNTAX", one(step("replace", "amount", `"10.00"`)), nil},
		{400, "INVALID_STRING_LENGTH", one(step("replace", "amount", amount("EU", "1"))), nil},
		{400, "INVALID_STRING_LENGTH", one(step("replace", "custom_id", `"`+strings.Repeat("x", 128)+`"`)), nil},
		{400, "MISSING_REQUIRED_PARAMETER", one(step("replace", "amount", `{"currency_code":"EUR"}`)), nil},
		{422, "AMOUNT_MISMATCH", one(step("replace", "amount", parts("9.00", "item_total", "1.00"))), nil},
		{422, "CANNOT_BE_NEGATIVE", one(step("replace", "amount", parts("9.00", "item_total", "-9.00"))), nil},
		{422, "MULTI_CURRENCY_ORDER", one(step("replace", "amount", strings.Replace(parts("9.00", "item_total", "9.00"),
			`"EUR"`, `"USD"`, 1))), nil},
		{422, "ITEM_TOTAL_REQUIRED", one(step("add", "items",
			`[{"name":"a","quantity":"1","unit_amount":`+eur("10.00")+`}]`)), nil},
		{422, "ITEM_TOTAL_MISMATCH", "[" + step("replace", "amount", parts("9.00", "item_total", "9.00")) + "," +
			step("add", "items", `[{"name":"a","quantity":"1","unit_amount":`+eur("8.00")+`}]`) + "]", nil},
		{422, "TAX_TOTAL_REQUIRED", "[" + step("replace", "amount", parts("9.00", "item_total", "9.00")) + "," +
			step("add", "items", `[{"name":"a","quantity":"1","unit_amount":`+eur("9.00")+`,"tax":`+eur("1.00")+`}]`) + "]",
			nil},
		{422, "TAX_TOTAL_MISMATCH", "[" + step("replace", "amount", `{"currency_code":"EUR","value":"9.00","breakdown":{"item_total":`+eur("8.00")+`,"tax_total":`+eur("1.00")+`}}`) + "," +
			step("add", "items", `[{"name":"a","quantity":"1","unit_amount":`+eur("8.00")+`,"tax":`+eur("0.50")+`}]`) + "]",
			nil},
	}
}

// parts is an amount with one part of its breakdown.
func parts(value, part, ofWhich string) string {
	return `{"currency_code":"EUR","value":"` + value + `","breakdown":{"` + part + `":` + eur(ofWhich) + `}}`
}
