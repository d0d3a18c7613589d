package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	salesPath         = "/v1/payments/sale"
	saleRefundsPath   = "/v1/payments/refund"
	subscriptionsPath = "/v1/billing/subscriptions"
)

// billed makes a subscription that has paid once, and gives the paths of it and of its sale.
func (s *stage) billed(members string) (subscription, sale string) {
	s.t.Helper()
	got := s.hook("subscriptions", "{"+members+"}")
	return subscriptionsPath + "/" + got.get("subscriptions.0.id"),
		salesPath + "/" + got.get("subscriptions.0.sales.0")
}

// renewed has a subscription pay once more, and gives the path of the sale.
func (s *stage) renewed(subscription, outcome string) string {
	s.t.Helper()
	got := s.hook("subscriptions/"+last(subscription)+"/renew", fmt.Sprintf(`{"outcome":%q}`, outcome))
	return salesPath + "/" + got.get("sale")
}

// driveSales reads sales in every state, as sales and as captures.
func driveSales(t *testing.T, s *stage) {
	subscription, first := s.billed(`"amount":"12.50","custom_id":"gift-1"`)
	s.ok(200, "GET", first, "")
	s.refused(404, "INVALID_RESOURCE_ID", "GET", salesPath+"/11111111111111111", "")
	for outcome, state := range map[string]string{"completed": "completed", "pending": "pending", "held": "completed"} {
		sale := s.renewed(subscription, outcome)
		if got := s.ok(200, "GET", sale, ""); got.get("state") != state || got.get("billing_agreement_id") != last(subscription) {
			t.Errorf("%s: %s", outcome, got.text)
		}
		s.ok(200, "GET", capturesPath+"/"+last(sale), "")
	}
	for _, outcome := range []string{"completed", "declined"} {
		sale := s.renewed(subscription, "pending")
		s.hook("captures/"+last(sale)+"/settle", `{"outcome":"`+outcome+`"}`)
		s.ok(200, "GET", sale, "")
	}
	held := s.renewed(subscription, "held")
	s.hook("captures/"+last(held)+"/release", "")
	s.ok(200, "GET", held, "")

	now := time.Now().UTC()
	span := "?start_time=" + now.Add(-time.Hour).Format(time.RFC3339) + "&end_time=" + now.Add(time.Hour).Format(time.RFC3339)
	if got := s.ok(200, "GET", subscription+"/transactions"+span, ""); got.get("total_items") != "7" {
		t.Error(got.text)
	}
	s.hook("billing", `{"transactions_unknown":true}`)
	s.ok(200, "GET", subscription+"/transactions"+span, "")
	s.refused(400, "MISSING_REQUIRED_PARAMETER", "GET", subscription+"/transactions", "")
	s.refused(400, "INVALID_PARAMETER_SYNTAX", "GET", subscription+"/transactions?start_time=2026-13-01T00:00:00Z&end_time=x", "")
	s.refused(404, "INVALID_RESOURCE_ID", "GET", subscriptionsPath+"/I-1/transactions"+span, "")
}

// driveSaleRefunds gives sales back, by both versions of the API and in each of the shapes in which PayPal tells of it.
func driveSaleRefunds(t *testing.T, s *stage) {
	subscription, sale := s.billed(`"amount":"12.50"`)
	part := `{"amount":{"total":"3.00","currency":"EUR"},"description":"Mit Dank zurueck","reason":"asked","invoice_number":"R-1"}`
	first := s.ok(201, "POST", sale+"/refund", part, "PayPal-Request-Id", "r1")
	again := s.ok(200, "POST", sale+"/refund", part, "PayPal-Request-Id", "r1")
	if first.get("id") != again.get("id") || again.get("total_refunded_amount.value") != "3.00" {
		t.Errorf("refunded %s, then %s", first.text, again.text)
	}
	s.ok(200, "GET", saleRefundsPath+"/"+first.get("id"), "")
	s.ok(200, "GET", refundsPath+"/"+first.get("id"), "")
	if got := s.ok(200, "GET", sale, ""); got.get("state") != "partially_refunded" {
		t.Error(got.text)
	}
	s.hook("billing", `{"refund_event":"simulated"}`)
	s.ok(201, "POST", capturesPath+"/"+last(sale)+"/refund", `{"amount":`+eur("2.00")+`}`, "Prefer", whole)
	s.refused(400, "REFUND_EXCEEDED_TRANSACTION_AMOUNT", "POST", sale+"/refund",
		`{"amount":{"total":"7.51","currency":"EUR"}}`)
	s.refused(400, "TRANSACTION_REFUSED", "POST", sale+"/refund", `{"amount":{"total":"1.00","currency":"USD"}}`)
	for _, body := range []string{
		`{"amount":{}}`, `{"amount":{"total":"1.001","currency":"EUR"}}`, `{"amount":{"total":"0","currency":"EUR"}}`,
		`{"description":"` + strings.Repeat("x", 256) + `"}`, `{"reason":"` + strings.Repeat("x", 31) + `"}`,
	} {
		s.refused(400, "VALIDATION_ERROR", "POST", sale+"/refund", body)
	}
	s.refused(400, "MALFORMED_REQUEST", "POST", sale+"/refund", "{")
	s.hook("billing", `{"refund_event":"bare"}`)
	s.ok(201, "POST", sale+"/refund", "{}")
	s.refused(400, "TRANSACTION_ALREADY_REFUNDED", "POST", sale+"/refund", "{}")
	s.refused(404, "INVALID_RESOURCE_ID", "POST", salesPath+"/11111111111111111/refund", "{}")
	s.refused(404, "INVALID_RESOURCE_ID", "GET", saleRefundsPath+"/11111111111111111", "")

	for _, shape := range []string{"refund", "sale"} {
		s.hook("billing", `{"reversal_event":"`+shape+`"}`)
		reversed := s.renewed(subscription, "completed")
		s.hook("captures/"+last(reversed)+"/reverse", "")
		s.ok(200, "GET", reversed, "")
	}
	slow := s.renewed(subscription, "completed")
	s.hook("faults", `{"kind":"pending_refund","times":1}`)
	made := s.ok(201, "POST", slow+"/refund", "{}")
	s.ok(200, "GET", saleRefundsPath+"/"+made.get("id"), "")
	s.hook("refunds/"+made.get("id")+"/settle", "")
	s.hook("captures/"+last(s.renewed(subscription, "completed"))+"/dispute", "")
	// It is over before half a year passes: how many renewals fall into that depends on the day and hour of the test.
	s.hook("subscriptions/"+last(subscription)+"/cancel", "")
	s.advance(181 * 24 * time.Hour)
	s.login()
	s.refused(400, "REFUND_TIME_LIMIT_EXCEEDED", "POST", s.early(subscription)+"/refund", "{}")
}

// early is the path of a subscription's oldest sale that has not been given back.
func (s *stage) early(subscription string) string {
	s.t.Helper()
	got := s.send("GET", "/sandbox/ledger", "")
	for i := range got.body.([]any) {
		at := fmt.Sprintf("%d.", i)
		if got.get(at+"subscription_id") == last(subscription) && got.get(at+"status") == "COMPLETED" {
			return salesPath + "/" + got.get(at+"id")
		}
	}
	s.t.Fatal("there is none")
	return ""
}

// driveFailures has payments fail until the subscription is suspended, mends it, and captures what is outstanding.
func driveFailures(t *testing.T, s *stage) {
	subscription, _ := s.billed(`"amount":"10.00","payment_failure_threshold":2`)
	hook := "subscriptions/" + last(subscription)
	s.hook(hook+"/fail", `{"times":6,"reason_code":"PAYER_CANNOT_PAY"}`)
	for range 6 {
		s.hook(hook+"/renew", "")
	}
	s.noteEvents()
	outstanding := func(currency, value string) string {
		return `{"note":"Overdue","capture_type":"OUTSTANDING_BALANCE","amount":` + amount(currency, value) + `}`
	}
	path := subscription + "/capture"
	s.refused(400, "MISSING_REQUIRED_PARAMETER", "POST", path, `{"note":"x"}`)
	s.refused(400, "INVALID_PARAMETER_VALUE", "POST", path, strings.Replace(outstanding("EUR", "1"),
		"OUTSTANDING_BALANCE", "ALL", 1))
	s.refused(404, "INVALID_RESOURCE_ID", "POST", subscriptionsPath+"/I-1/capture", outstanding("EUR", "1"))
	s.refused(422, "CURRENCY_MISMATCH", "POST", path, outstanding("USD", "1"))
	s.refused(422, "AMOUNT_GREATER_THAN_OUTSTANDING_BALANCE", "POST", path, outstanding("EUR", "20.01"))
	s.hook(hook+"/fail", "")
	s.refused(422, "SUBSCRIBER_ACCOUNT_RESTRICTED", "POST", path, outstanding("EUR", "1"))
	first := s.ok(200, "POST", path, outstanding("EUR", "4.00"), "PayPal-Request-Id", "c1")
	if again := s.ok(200, "POST", path, outstanding("EUR", "4.00"), "PayPal-Request-Id", "c1"); again.get("id") != first.get("id") {
		t.Error(first.text, again.text)
	}
	s.hook("billing", `{"capture_accepted":true}`)
	s.ok(202, "POST", path, outstanding("EUR", "6.00"))
	s.hook(hook+"/mend", `{"charge":true}`)
	s.refused(422, "ZERO_OUTSTANDING_BALANCE", "POST", path, outstanding("EUR", "1"))
}
