package sandbox_test

import (
	"net/http"
	"testing"
	"time"
)

// driveCaptures captures orders in every way that can come out, and in those that cannot.
func driveCaptures(t *testing.T, s *stage) {
	capture := func(order string) string { return order + "/capture" }
	order := s.order("")
	s.refused(404, "INVALID_RESOURCE_ID", "POST", ordersPath+"/11111111111111111/capture", "{}")
	s.refused(422, "ORDER_NOT_APPROVED", "POST", capture(order), "{}")
	s.approve(order, "")
	s.refused(400, "MALFORMED_REQUEST_JSON", "POST", capture(order), "{")
	s.ok(201, "POST", capture(order), "")
	s.refused(422, "ORDER_ALREADY_CAPTURED", "POST", capture(order), "{}")
	s.refused(404, "INVALID_RESOURCE_ID", "GET", capturesPath+"/11111111111111111", "")

	for outcome, issue := range map[string]string{
		"decline": "INSTRUMENT_DECLINED", "payer_action": "PAYER_ACTION_REQUIRED",
	} {
		order := s.order("")
		s.approve(order, outcome)
		s.refused(422, issue, "POST", capture(order), "{}", "PayPal-Request-Id", outcome)
		s.approve(order, "")
		s.ok(201, "POST", capture(order), "{}", "PayPal-Request-Id", outcome+"-again")
	}
	for outcome, status := range map[string]string{"pending": "PENDING", "declined_capture": "DECLINED"} {
		order, path := s.paid(outcome)
		if got := s.ok(200, "GET", path, ""); got.get("status") != status {
			t.Errorf("%s: %s", outcome, got.text)
		}
		s.ok(200, "GET", order, "")
	}
	for kind, status := range map[string]string{"pending_capture": "PENDING", "decline_capture": "DECLINED"} {
		s.hook("faults", `{"kind":"`+kind+`","times":1}`)
		order := s.order("")
		s.approve(order, "")
		if got := s.ok(201, "POST", capture(order), "{}"); got.get("purchase_units.0.payments.captures.0.status") != status {
			t.Errorf("%s: %s", kind, got.text)
		}
	}
	for _, outcome := range []string{"completed", "declined"} {
		_, path := s.paid("pending")
		s.hook("captures/"+last(path)+"/settle", `{"outcome":"`+outcome+`"}`)
		s.ok(200, "GET", path, "")
	}
	first, second := s.order(`"invoice_id":"2026-1"`), s.order(`"invoice_id":"2026-1"`)
	s.approve(first, "")
	s.approve(second, "")
	s.ok(201, "POST", capture(first), "{}")
	s.refused(422, "DUPLICATE_INVOICE_ID", "POST", capture(second), "{}")
	s.refused(422, "DUPLICATE_INVOICE_ID", "POST", ordersPath, unit(`"invoice_id":"2026-1"`))
}

// driveRefunds gives money back in parts and whole, by the API and by the seller at PayPal, and by PayPal itself.
func driveRefunds(t *testing.T, s *stage) {
	order, capture := s.paid("")
	part := `{"amount":` + eur("3.00") + `,"invoice_id":"R-1","custom_id":"refund-1","note_to_payer":"Mit Dank zurück"}`
	first := s.ok(201, "POST", capture+"/refund", part, "PayPal-Request-Id", "r1")
	again := s.ok(200, "POST", capture+"/refund", part, "PayPal-Request-Id", "r1", "Prefer", whole)
	if first.get("id") != again.get("id") || first.get("amount") != "" ||
		again.get("seller_payable_breakdown.total_refunded_amount.value") != "3.00" {
		t.Errorf("refunded %s, then %s", first.text, again.text)
	}
	s.ok(200, "GET", refundsPath+"/"+first.get("id"), "")
	s.ok(200, "GET", capture, "")
	s.ok(200, "GET", order, "")
	s.ok(201, "POST", capture+"/refund", `{"amount":`+eur("2.00")+`}`, "Prefer", whole)
	s.ok(201, "POST", capture+"/refund", "", "Prefer", "return=minimal")
	s.ok(200, "GET", order, "")
	s.refused(422, "CAPTURE_FULLY_REFUNDED", "POST", capture+"/refund", "{}")
	s.refused(404, "INVALID_RESOURCE_ID", "GET", refundsPath+"/11111111111111111", "")

	odd := s.order(`"custom_id":"Geschenk Nr. 1 / März"`) // which an order's may be, and a refund's may not
	s.approve(odd, "")
	oddCapture := s.ok(201, "POST", odd+"/capture", "{}").get("purchase_units.0.payments.captures.0.id")
	s.ok(201, "POST", capturesPath+"/"+oddCapture+"/refund", "", "Prefer", whole)

	_, bySeller := s.paid("")
	s.hook("captures/"+last(bySeller)+"/refund", `{"amount":"1.00"}`)
	for _, outcome := range []string{"completed", "failed"} {
		_, slow := s.paid("")
		s.hook("faults", `{"kind":"pending_refund","times":1}`)
		made := s.ok(201, "POST", slow+"/refund", "{}", "Prefer", whole)
		s.ok(200, "GET", slow, "")
		s.hook("refunds/"+made.get("id")+"/settle", `{"outcome":"`+outcome+`"}`)
		s.ok(200, "GET", refundsPath+"/"+made.get("id"), "")
		s.ok(200, "GET", slow, "")
	}
	_, cheaper := s.paid("")
	back := s.hook("captures/"+last(cheaper)+"/refund", `{"fee_returned":"0.30"}`)
	s.ok(200, "GET", refundsPath+"/"+back.get("id"), "")
	_, reversed := s.paid("")
	s.hook("captures/"+last(reversed)+"/reverse", "")
	s.ok(200, "GET", reversed, "")
	s.refused(422, "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK", "POST", reversed+"/refund", "{}")
}

// driveRefundRefusals sends what a refund has to refuse.
func driveRefundRefusals(t *testing.T, s *stage) {
	_, capture := s.paid("")
	s.ok(201, "POST", capture+"/refund", `{"amount":`+eur("3.00")+`,"invoice_id":"R-1"}`)
	for _, c := range []refusal{
		{400, "MALFORMED_REQUEST_JSON", `{`, nil},
		{422, "REFUND_AMOUNT_EXCEEDED", `{"amount":` + eur("7.01") + `}`, nil},
		{422, "DUPLICATE_INVOICE_ID", `{"amount":` + eur("1.00") + `,"invoice_id":"R-1"}`, nil},
		{422, "CANNOT_BE_ZERO_OR_NEGATIVE", `{"amount":` + eur("0.00") + `}`, nil},
		{422, "DECIMAL_PRECISION", `{"amount":` + eur("1.001") + `}`, nil},
		{422, "DECIMALS_NOT_SUPPORTED", `{"amount":` + amount("JPY", "1.5") + `}`, nil},
		{422, "INVALID_CURRENCY_CODE", `{"amount":` + amount("TND", "1") + `}`, nil},
		{422, "REFUND_CAPTURE_CURRENCY_MISMATCH", `{"amount":` + amount("USD", "1.00") + `}`, nil},
		{400, "INVALID_PARAMETER_SYNTAX", `{"amount":` + eur("x") + `}`, nil},
		{400, "MISSING_REQUIRED_PARAMETER", `{"amount":{"currency_code":"EUR"}}`, nil},
		{400, "INVALID_STRING_LENGTH", `{"note_to_payer":""}`, nil},
		{422, "REFUND_AMOUNT_EXCEEDED", `{"amount":` + eur("10000000000000000") + `}`, nil},
	} {
		s.refused(c.status, c.issue, "POST", capture+"/refund", c.body)
	}
	s.refused(404, "INVALID_RESOURCE_ID", "POST", capturesPath+"/11111111111111111/refund", "{}")
	_, pending := s.paid("pending")
	s.refused(422, "PENDING_CAPTURE", "POST", pending+"/refund", "{}")
	_, declined := s.paid("declined_capture")
	s.refused(422, "REFUND_NOT_ALLOWED", "POST", declined+"/refund", "{}")

	_, old := s.paid("")
	s.advance(181 * 24 * time.Hour)
	s.login()
	s.refused(422, "REFUND_TIME_LIMIT_EXCEEDED", "POST", old+"/refund", "{}")
	if t.Failed() {
		return
	}
	_, late := s.paid("")
	body := `{"amount":` + eur("1.00") + `}`
	first := s.ok(201, "POST", late+"/refund", body, "PayPal-Request-Id", "45-days")
	s.advance(44 * 24 * time.Hour)
	s.login()
	again := s.ok(200, "POST", late+"/refund", body, "PayPal-Request-Id", "45-days")
	s.advance(2 * 24 * time.Hour)
	s.login()
	if lapsed := s.ok(201, "POST", late+"/refund", body, "PayPal-Request-Id", "45-days"); first.get("id") != again.get("id") || lapsed.get("id") == first.get("id") {
		t.Errorf("request id: %s, %s, %s", first.text, again.text, lapsed.text)
	}
}

// driveStrangers calls each operation without a token, with a wrong one and with a body that is not JSON, and has each
// answer with the errors that only PayPal's own trouble brings.
func driveStrangers(t *testing.T, s *stage) {
	order, capture := s.paid("")
	refund := refundsPath + "/" + s.ok(201, "POST", capture+"/refund", `{"amount":`+eur("1.00")+`}`).get("id")
	event := s.ok(200, "GET", "/v1/notifications/webhooks-events?page_size=1", "").get("events.0.id")
	webhook := "/v1/notifications/webhooks/" + s.hookID
	_, disputed := s.paid("")
	dispute := disputesPath + "/" + s.hook("captures/"+last(disputed)+"/dispute", `{"stage":"INQUIRY"}`).get("dispute_id")
	subscription, sale := s.billed(`"amount":"10.00"`)
	saleRefund := saleRefundsPath + "/" + s.ok(201, "POST", sale+"/refund",
		`{"amount":{"total":"1.00","currency":"EUR"}}`).get("id")
	for _, call := range [][3]string{
		{"GET", sale}, {"POST", sale + "/refund", "{}"}, {"GET", saleRefund},
		{"GET", subscription + "/transactions?start_time=2026-11-01T00:00:00Z&end_time=2026-11-02T00:00:00Z"},
		{"POST", subscription + "/capture", `{"note":"x","capture_type":"OUTSTANDING_BALANCE","amount":` + eur("1.00") + `}`},
		{"POST", ordersPath, unit(`"custom_id":"x"`)}, {"GET", order},
		{"PATCH", order, "[" + step("replace", "custom_id", `"x"`) + "]"},
		{"POST", order + "/capture", "{}"}, {"GET", capture}, {"POST", capture + "/refund", "{}"}, {"GET", refund},
		{"GET", webhook}, {"GET", "/v1/notifications/webhooks-events/" + event}, {"GET", "/v1/customer/disputes"},
		{"GET", dispute},
		{"POST", dispute + "/make-offer", theOffer},
		{"POST", dispute + "/adjudicate", `{"adjudication_outcome":"BUYER_FAVOR"}`},
		{"GET", searchPath + "?start_date=2026-11-01T00:00:00Z&end_date=2026-11-02T00:00:00Z"},
	} {
		method, path, body := call[0], call[1], call[2]
		if got := s.api(method, path, body, "Authorization", ""); got.status != http.StatusUnauthorized ||
			got.get("name") != "AUTHENTICATION_FAILURE" {
			t.Errorf("%s %s without a token: %d %s", method, path, got.status, got.text)
		}
		if got := s.api(method, path, body, "Authorization", "Bearer A21AAstranger"); got.status != http.StatusUnauthorized ||
			got.get("error") != "invalid_token" {
			t.Errorf("%s %s with a wrong token: %d %s", method, path, got.status, got.text)
		}
		if body != "" {
			s.refused(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", method, path, body, "Content-Type",
				"text/plain")
		}
		for status, name := range map[string]string{
			"429": "RATE_LIMIT_REACHED", "500": "INTERNAL_SERVER_ERROR", "503": "SERVICE_UNAVAILABLE",
		} {
			s.hook("faults", `{"kind":"status","times":1,"status":`+status+`}`)
			if got := s.api(method, path, body); got.get("name") != name {
				t.Errorf("%s %s in trouble: %d %s, want %s", method, path, got.status, got.text, name)
			}
		}
	}
}
