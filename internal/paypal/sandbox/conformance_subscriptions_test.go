package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
)

// driveSubscriptions takes subscriptions from create to their end.
func driveSubscriptions(_ *testing.T, s *stage) {
	product := s.product()
	finite := s.ok(201, "POST", plansPath, fmt.Sprintf(everyPlan, product)).get("id")
	body := fmt.Sprintf(everySubscription, finite, 2)
	first := s.ok(201, "POST", subscriptionsPath, body, "PayPal-Request-Id", "s1")
	s.ok(200, "POST", subscriptionsPath, body, "PayPal-Request-Id", "s1", "Prefer", whole)
	later := subscriptionsPath + "/" + first.get("id")
	s.ok(200, "GET", later, "")
	for _, action := range []string{"suspend", "cancel", "activate"} {
		s.refused(422, "SUBSCRIPTION_STATUS_INVALID", "POST", later+"/"+action, `{"reason":"x"}`)
	}
	s.refused(422, "SUBSCRIPTION_STATUS_INVALID", "PATCH", later, changes(change("replace", "/custom_id", `"x"`)))
	s.refused(422, "SUBSCRIPTION_STATUS_INVALID", "POST", later+"/revise", `{"plan_id":"`+finite+`","quantity":"1"}`)
	s.hook("subscriptions/"+last(later)+"/approve", "")
	s.ok(200, "GET", later+"?fields=plan", "")

	plan := s.plan(product, "")
	sub := s.subscription(plan)
	s.ok(200, "GET", sub, "")
	s.ok(200, "GET", sub+"?fields=last_failed_payment,plan", "")
	s.ok(204, "POST", sub+"/suspend", `{"reason":"A break"}`)
	s.ok(200, "GET", sub, "")
	s.refused(400, "MISSING_REQUIRED_PARAMETER", "POST", sub+"/activate", `{}`)
	s.ok(204, "POST", sub+"/activate", `{"reason":"Back"}`)
	s.refused(422, "SUBSCRIPTION_STATUS_INVALID", "POST", sub+"/activate", `{"reason":"Back"}`)
	patchSubscription(s, sub, later)
	revise(s, sub, product)
	s.ok(204, "POST", sub+"/cancel", `{"reason":"Enough"}`)
	s.ok(200, "GET", sub, "")
	for _, action := range []string{"suspend", "cancel", "activate"} {
		s.refused(404, "INVALID_RESOURCE_ID", "POST", subscriptionsPath+"/I-NONE/"+action, `{"reason":"x"}`)
		s.refused(400, "MALFORMED_REQUEST_JSON", "POST", sub+"/"+action, `{`)
		s.refused(400, "INVALID_STRING_MAX_LENGTH", "POST", sub+"/"+action, `{"reason":"`+strings.Repeat("x", 129)+`"}`)
	}
	s.refused(404, "INVALID_RESOURCE_ID", "POST", subscriptionsPath+"/I-NONE/revise", `{"plan_id":"`+plan+`"}`)
	s.refused(400, "MALFORMED_REQUEST_JSON", "POST", sub+"/revise", `{`)
	for _, action := range []string{"suspend", "cancel"} {
		s.refused(400, "MISSING_REQUIRED_PARAMETER", "POST", sub+"/"+action, `{}`)
		s.refused(400, "INVALID_STRING_MIN_LENGTH", "POST", sub+"/"+action, `{"reason":""}`)
	}
	s.refused(404, "INVALID_RESOURCE_ID", "GET", subscriptionsPath+"/I-NONE", "")
	s.refused(404, "INVALID_RESOURCE_ID", "PATCH", subscriptionsPath+"/I-NONE", `[]`)
	refuseSubscriptions(s, plan, finite)
	awaited := s.ok(201, "POST", subscriptionsPath,
		`{"plan_id":"`+plan+`",`+strings.Replace(theConsent, "SUBSCRIBE_NOW", "CONTINUE", 1)+`}`).get("id")
	s.hook("subscriptions/"+awaited+"/approve", "")
	s.ok(200, "GET", subscriptionsPath+"/"+awaited, "")
	s.ok(204, "POST", subscriptionsPath+"/"+awaited+"/activate", "")
}

// patchSubscription changes what a seller may change alone; later is a subscription that has not begun to be billed.
func patchSubscription(s *stage, sub, later string) {
	of := func(sequence, field string) string {
		return "/plan/billing_cycles/@sequence==" + sequence + "/" + field
	}
	s.ok(204, "PATCH", sub, changes(
		change("replace", "/custom_id", `"gift-2"`), change("add", "/shipping_amount", eur("0.50")),
		change("replace", of("1", "pricing_scheme/fixed_price"), eur("9.00")),
		change("replace", of("1", "total_cycles"), "24"),
		change("replace", "/plan/payment_preferences/auto_bill_outstanding", "true"),
		change("replace", "/plan/payment_preferences/payment_failure_threshold", "4"),
		change("add", "/plan/taxes/percentage", `"5"`), change("replace", "/plan/taxes/inclusive", "true"),
		change("replace", "/billing_info/outstanding_balance", eur("0.00")),
		change("replace", "/subscriber/shipping_address", `{"name":{"full_name":"Robin Reader"}}`),
	))
	s.ok(200, "GET", sub+"?fields=plan", "")
	patchCycles(s)
	put := func(path, value string) string { return changes(change("replace", path, value)) }
	s.ok(204, "PATCH", later, changes(change("replace", "/start_time", `"2099-02-01T00:00:00Z"`)))
	for _, c := range []refusal{
		{400, "MISSING_REQUEST_BODY", ``, nil}, {400, "MALFORMED_REQUEST_JSON", `{`, nil},
		{400, "MISSING_REQUIRED_PARAMETER", `[{"path":"/custom_id"}]`, nil},
		{400, "MISSING_REQUIRED_PARAMETER", `[{"op":"replace","path":"/custom_id"}]`, nil},
		{400, "UNSUPPORTED_PATCH_OPERATION", changes(change("remove", "/custom_id", `""`)), nil},
		{400, "UNSUPPORTED_PATCH_OPERATION", put("/plan_id", `"P-1"`), nil},
		{400, "UNSUPPORTED_PATCH_OPERATION", put(of("7", "total_cycles"), `1`), nil},
		{400, "INVALID_PATCH_PATH",
			changes(change("replace", "/custom_id", `"x"`), change("add", "/custom_id", `"y"`)), nil},
		{400, "INVALID_STRING_MIN_LENGTH", put("/custom_id", `""`), nil},
		{400, "INVALID_STRING_MAX_LENGTH", put("/custom_id", `"`+strings.Repeat("x", 128)+`"`), nil},
		{400, "INVALID_INTEGER_MAX_VALUE", put(of("1", "total_cycles"), `1000`), nil},
		{400, "INVALID_INTEGER_MIN_VALUE", put(of("1", "total_cycles"), `-1`), nil},
		{400, "INVALID_PARAMETER_SYNTAX", put(of("1", "total_cycles"), `"x"`), nil},
		{400, "INVALID_PARAMETER_VALUE", put(of("1", "pricing_scheme/fixed_price"), eur("1.234")), nil},
		{422, "CURRENCY_MISMATCH", put(of("1", "pricing_scheme/fixed_price"), amount("USD", "1.00")), nil},
		{422, "AMOUNT_GREATER_THAN_OUTSTANDING_BALANCE", put("/billing_info/outstanding_balance", eur("5.00")), nil},
		{422, "INVALID_START_TIME", put("/start_time", `"2099-02-01T00:00:00Z"`), nil},
	} {
		s.refused(c.status, c.issue, "PATCH", sub, c.body)
	}
}

// patchCycles changes billing cycles of which some are over already.
func patchCycles(s *stage) {
	trial := cycle("1", "REGULAR", "TRIAL", `"total_cycles":0`, `"total_cycles":1`)
	regular := cycle("2", `"total_cycles":0`, `"total_cycles":12`)
	plan := s.ok(201, "POST", plansPath, planBody(s.product(), trial+","+regular, "")).get("id")
	id := s.ok(201, "POST", subscriptionsPath, `{"plan_id":"`+plan+`"}`).get("id")
	s.hook("subscriptions/"+id+"/approve", "")
	for range 3 {
		s.hook("subscriptions/"+id+"/renew", "")
	}
	total := func(sequence, total string) string {
		return changes(change("replace", "/plan/billing_cycles/@sequence=="+sequence+"/total_cycles", total))
	}
	s.refused(422, "BILLING_CYCLE_EXECUTION_COMPLETED", "PATCH", subscriptionsPath+"/"+id, total("1", "2"))
	s.refused(422, "INVALID_BILLING_TOTAL_CYCLES", "PATCH", subscriptionsPath+"/"+id, total("2", "1"))
	s.ok(200, "GET", subscriptionsPath+"/"+id+"?fields=plan", "")
}

// revise changes a subscription with the payer's consent.
func revise(s *stage, sub, product string) {
	yearly := planBody(product, cycle("1", "MONTH", "YEAR"), `,"quantity_supported":true`)
	other := s.ok(201, "POST", plansPath, yearly).get("id")
	s.ok(200, "POST", sub+"/revise", `{"plan_id":"`+other+`","quantity":"1","shipping_amount":`+eur("2.00")+`,`+theConsent+
		`,`+fmt.Sprintf(theOverride, 1)+`}`)
	s.hook("subscriptions/"+last(sub)+"/approve", "")
	s.ok(200, "GET", sub+"?fields=plan", "")
	foreign := s.plan(s.product(), "")
	dollars := s.ok(201, "POST", plansPath, planBody(product, cycle("1", "EUR", "USD"), "")).get("id")
	for _, c := range []refusal{
		{400, "MISSING_REQUEST_BODY", ``, nil}, {400, "INVALID_PARAMETER_SYNTAX", `{"plan_id":"P"}`, nil},
		{400, "MISSING_REQUIRED_PARAMETER", `{"application_context":{}}`, nil},
		{404, "INVALID_RESOURCE_ID", `{"plan_id":"P-1"}`, nil},
		{422, "PLAN_PRODUCT_NOT_COMPATIBLE", `{"plan_id":"` + foreign + `"}`, nil},
		{422, "CURRENCY_MISMATCH", `{"plan_id":"` + dollars + `"}`, nil},
		{422, "INVALID_BILLING_CYCLE_SEQUENCE", `{"plan_id":"` + other + `",` + fmt.Sprintf(theOverride, 5) + `}`, nil},
	} {
		s.refused(c.status, c.issue, "POST", sub+"/revise", c.body)
	}
}

// refuseSubscriptions sends what a subscription may not be.
func refuseSubscriptions(s *stage, plan, finite string) {
	with := func(members string) string { return `{"plan_id":"` + plan + `",` + members + `}` }
	for _, c := range []refusal{
		{400, "MISSING_REQUEST_BODY", ``, nil}, {400, "MALFORMED_REQUEST_JSON", `{`, nil},
		{400, "MISSING_REQUIRED_PARAMETER", `{}`, nil}, {404, "INVALID_RESOURCE_ID", `{"plan_id":"P-1"}`, nil},
		{400, "INVALID_PARAMETER_VALUE", with(`"start_time":"2020-01-01T00:00:00Z"`), nil},
		{400, "INVALID_STRING_MAX_LENGTH", with(`"custom_id":"` + strings.Repeat("x", 128) + `"`), nil},
		{400, "INVALID_PARAMETER_SYNTAX", with(`"custom_id":"ärger"`), nil},
		{400, "MISSING_REQUIRED_PARAMETER", with(`"application_context":{"return_url":"https://paper.example/back"}`), nil},
		{400, "INVALID_INTEGER_MAX_VALUE", with(`"plan":{"billing_cycles":[{"sequence":100}]}`), nil},
		{400, "INVALID_INTEGER_MIN_VALUE", with(`"plan":{"billing_cycles":[{"sequence":0}]}`), nil},
		{422, "SUBSCRIPTION_CANNOT_HAVE_QUANTITY", with(`"quantity":"2"`), nil},
		{422, "CARD_SUBSCRIPTIONS_NOT_ENABLED",
			with(`"subscriber":{"payment_source":{"card":{"number":"4005519200000004","expiry":"2099-01"}}}`), nil},
		{422, "INVALID_BILLING_CYCLE_SEQUENCE", with(fmt.Sprintf(theOverride, 2)), nil},
		{422, "INVALID_PRICING_SCHEME",
			with(`"plan":{"billing_cycles":[{"sequence":1,"pricing_scheme":` + tiers + `}]}`), nil},
		{422, "CURRENCY_MISMATCH", with(strings.Replace(fmt.Sprintf(theOverride, 1), "EUR", "USD", 1)), nil},
		{403, "PERMISSION_DENIED", `{"plan_id":"ERRSUB033"}`, nil},
	} {
		s.refused(c.status, c.issue, "POST", subscriptionsPath, c.body)
	}
}
