package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	productsPath = "/v1/catalogs/products"
	plansPath    = "/v1/billing/plans"
)

// The bodies have each member that the emulator reads.
const (
	everyProduct = `{"id":"PAPER-%s","name":"The Paper","description":"Support for the paper","type":"DIGITAL","category":"NONPROFIT",
		"image_url":"https://paper.example/logo.png","home_url":"https://paper.example"}`
	everyPlan = `{"product_id":%q,"name":"Monthly","description":"Each month","status":"ACTIVE","quantity_supported":true,
		"billing_cycles":[
			{"frequency":{"interval_unit":"WEEK","interval_count":2},"tenure_type":"TRIAL","sequence":1,"total_cycles":2},
			{"frequency":{"interval_unit":"MONTH","interval_count":1},"tenure_type":"REGULAR","sequence":2,"total_cycles":12,
				"pricing_scheme":{"fixed_price":{"currency_code":"EUR","value":"10.00"}}}],
		"payment_preferences":{"auto_bill_outstanding":true,"setup_fee":{"currency_code":"EUR","value":"2.00"},
			"setup_fee_failure_action":"CONTINUE","payment_failure_threshold":3},
		"taxes":{"percentage":"10","inclusive":true}}`
	theConsent = `"application_context":{"brand_name":"The Paper","locale":"de-DE","shipping_preference":"NO_SHIPPING","user_action":"SUBSCRIBE_NOW",
		"payment_method":{"payer_selected":"PAYPAL","payee_preferred":"IMMEDIATE_PAYMENT_REQUIRED","standard_entry_class_code":"WEB"},
		"return_url":"https://paper.example/back","cancel_url":"https://paper.example/no"}`
	theOverride = `"plan":{"billing_cycles":[{"sequence":%d,"total_cycles":0,"pricing_scheme":{"fixed_price":{"currency_code":"EUR","value":"12.50"}}}],
		"payment_preferences":{"auto_bill_outstanding":false,"setup_fee":{"currency_code":"EUR","value":"0.00"},"setup_fee_failure_action":"CANCEL",
			"payment_failure_threshold":2},"taxes":{"percentage":"7.5","inclusive":true}}`
	everySubscription = `{"plan_id":%q,"quantity":"2","custom_id":"gift-1","start_time":"2099-01-01T00:00:00Z","auto_renewal":false,
		"shipping_amount":{"currency_code":"EUR","value":"1.00"},
		"subscriber":{"name":{"given_name":"Robin","surname":"Reader"},"email_address":"robin@example.com"},` + theConsent + `,` + theOverride + `}`
)

// product makes a product and gives its id.
func (s *stage) product() string {
	s.t.Helper()
	return s.ok(201, "POST", productsPath, `{"name":"The Paper","type":"DIGITAL"}`).get("id")
}

// plan makes a monthly plan without end, and gives its id.
func (s *stage) plan(product, members string) string {
	s.t.Helper()
	return s.ok(201, "POST", plansPath, planBody(product, regularCycle, members)).get("id")
}

const regularCycle = `{"frequency":{"interval_unit":"MONTH"},"tenure_type":"REGULAR","sequence":1,"total_cycles":0,
	"pricing_scheme":{"fixed_price":{"currency_code":"EUR","value":"1.00"}}}`

// planBody is a plan with these billing cycles, and more members.
func planBody(product, cycles, members string) string {
	return fmt.Sprintf(`{"product_id":%q,"name":"Plan","billing_cycles":[%s],"payment_preferences":{}%s}`, product, cycles, members)
}

// subscription makes a subscription, has the payer agree, and gives its path.
func (s *stage) subscription(plan string) string {
	s.t.Helper()
	id := s.ok(201, "POST", subscriptionsPath, `{"plan_id":"`+plan+`","custom_id":"gift-1",`+theConsent+`,`+fmt.Sprintf(theOverride, 1)+`}`).get("id")
	s.hook("subscriptions/"+id+"/approve", "")
	return subscriptionsPath + "/" + id
}

// driveProducts makes, lists, changes and refuses products.
func driveProducts(_ *testing.T, s *stage) {
	s.ok(200, "GET", productsPath+"?total_required=true", "") // before there is one
	body := fmt.Sprintf(everyProduct, "1")
	first := s.ok(201, "POST", productsPath, body, "PayPal-Request-Id", "p1", "Prefer", whole)
	s.ok(200, "POST", productsPath, body, "PayPal-Request-Id", "p1")
	s.refused(422, "DUPLICATE_RESOURCE_IDENTIFIER", "POST", productsPath, body)
	product := productsPath + "/" + first.get("id")
	s.ok(200, "GET", product, "")
	s.refused(404, "INVALID_RESOURCE_ID", "GET", productsPath+"/PROD-1", "")
	for range 3 {
		s.product()
	}
	s.ok(200, "GET", productsPath+"?page_size=2&page=2&total_required=true", "")
	for _, query := range []string{"page=0", "page_size=21", "page_size=x", "total_required=perhaps"} {
		s.refused(400, "INVALID_PARAMETER_VALUE", "GET", productsPath+"?"+query, "")
	}
	for _, c := range []refusal{
		{400, "MALFORMED_REQUEST_JSON", `{`, nil}, {400, "MISSING_REQUIRED_PARAMETER", `{"type":"DIGITAL"}`, nil},
		{400, "INVALID_STRING_MIN_LENGTH", `{"name":"x","type":"DIGITAL","id":"short"}`, nil},
		{400, "INVALID_STRING_MAX_LENGTH", `{"name":"` + strings.Repeat("x", 128) + `","type":"DIGITAL"}`, nil},
		{400, "INVALID_PARAMETER_VALUE", `{"name":"x","type":"LOVE"}`, nil},
		{400, "INVALID_PARAMETER_SYNTAX", `{"name":7,"type":"DIGITAL"}`, nil},
		{400, "INVALID_PARAMETER_VALUE", `{"name":"x","type":"DIGITAL","home_url":"http://127.0.0.1:8080"}`, nil},
		{400, "INVALID_PARAMETER_VALUE", `{"name":"x","type":"DIGITAL","image_url":"http://localhost/x"}`, nil},
	} {
		s.refused(c.status, c.issue, "POST", productsPath, c.body)
	}
	s.ok(204, "PATCH", product, `[`+change("replace", "/description", `"Another"`)+`,`+change("add", "/category", `"CHARITY"`)+`,`+
		change("remove", "/image_url", `""`)+`]`)
	for patch, issue := range map[string]string{
		`[` + change("replace", "/name", `"Other"`) + `]`: "INVALID_PATCH_PATH", `[{"op":"replace"}]`: "INVALID_PATCH_PATH",
		`[` + change("test", "/description", `"x"`) + `]`: "UNSUPPORTED_PATCH_OPERATION", `{}`: "MALFORMED_REQUEST_JSON",
		`[` + change("love", "/description", `"x"`) + `]`: "INVALID_PARAMETER_VALUE", `[7]`: "MALFORMED_REQUEST_JSON",
		`[{"path":"/description"}]`: "MISSING_REQUIRED_PARAMETER",
	} {
		s.refused(400, issue, "PATCH", product, patch)
	}
	s.refused(404, "INVALID_RESOURCE_ID", "PATCH", productsPath+"/PROD-1", `[]`)
	s.hook("faults", `{"kind":"no_subscriptions","times":1}`)
	s.refused(403, "PERMISSION_DENIED", "GET", product, "")
}

// drivePlans makes, lists, changes, offers and refuses plans.
func drivePlans(_ *testing.T, s *stage) {
	s.ok(200, "GET", plansPath+"?total_required=true", "")
	product := s.product()
	body := fmt.Sprintf(everyPlan, product)
	first := s.ok(201, "POST", plansPath, body, "PayPal-Request-Id", "p1")
	s.ok(200, "POST", plansPath, body, "PayPal-Request-Id", "p1", "Prefer", whole)
	plan := plansPath + "/" + first.get("id")
	s.ok(200, "GET", plan, "")
	s.refused(404, "INVALID_RESOURCE_ID", "GET", plansPath+"/P-1", "")
	for range 3 {
		s.plan(product, "")
	}
	s.ok(200, "GET", plansPath+"?product_id="+product+"&page_size=2&page=2&total_required=true", "")
	s.ok(200, "GET", plansPath+"?plan_ids="+last(plan)+",P-1", "", "Prefer", whole)
	for _, query := range []string{"page=0", "page_size=21", "product_id=x", "plan_ids=" + strings.Repeat("P-1,", 11)} {
		s.refused(400, "INVALID_PARAMETER_VALUE", "GET", plansPath+"?"+query, "")
	}
	s.refused(422, "PLAN_STATUS_INVALID", "POST", plan+"/activate", "")
	s.ok(204, "PATCH", plan, `[`+change("replace", "/name", `"Other"`)+`,`+change("replace", "/description", `"x"`)+`,`+
		change("replace", "/taxes/percentage", `"7"`)+`,`+change("replace", "/payment_preferences/auto_bill_outstanding", `false`)+`,`+
		change("replace", "/payment_preferences/payment_failure_threshold", `2`)+`,`+
		change("replace", "/payment_preferences/setup_fee", eur("0.00"))+`,`+
		change("replace", "/payment_preferences/setup_fee_failure_action", `"CANCEL"`)+`]`)
	for patch, issue := range map[string]string{
		`[` + change("replace", "/product_id", `"x"`) + `]`: "UNSUPPORTED_PATCH_OPERATION", `7`: "MALFORMED_REQUEST_JSON",
		`[` + change("remove", "/name", `"x"`) + `]`:                                            "UNSUPPORTED_PATCH_OPERATION",
		`[` + change("replace", "/name", `"x"`) + `,` + change("replace", "/name", `"y"`) + `]`: "INVALID_PATCH_PATH",
		`[` + change("replace", "/payment_preferences/payment_failure_threshold", `-1`) + `]`:   "INVALID_PARAMETER_SYNTAX",
		`[` + change("love", "/name", `"x"`) + `]`:                                              "INVALID_PARAMETER_VALUE",
	} {
		s.refused(400, issue, "PATCH", plan, patch)
	}
	s.ok(204, "POST", plan+"/deactivate", "")
	s.refused(422, "PLAN_STATUS_INVALID", "POST", plan+"/deactivate", "{}")
	s.refused(422, "PLAN_STATUS_INACTIVE", "PATCH", plan, `[`+change("replace", "/name", `"x"`)+`]`)
	s.refused(422, "PLAN_STATUS_INVALID", "POST", subscriptionsPath, `{"plan_id":"`+last(plan)+`"}`)
	s.ok(204, "POST", plan+"/activate", "{}")
	for _, action := range []string{"activate", "deactivate"} {
		s.refused(404, "INVALID_RESOURCE_ID", "POST", plansPath+"/P-1/"+action, "{}")
	}
	s.refused(404, "INVALID_RESOURCE_ID", "PATCH", plansPath+"/P-1", `[]`)
	repricePlan(s, plan)
	refusePlans(s, product)
}

// repricePlan changes what a plan costs.
func repricePlan(s *stage, plan string) {
	scheme := func(sequence, scheme string) string {
		return `{"pricing_schemes":[{"billing_cycle_sequence":` + sequence + `,"pricing_scheme":` + scheme + `}]}`
	}
	price := func(currency string) string { return `{"fixed_price":` + amount(currency, "11.00") + `}` }
	s.ok(204, "POST", plan+"/update-pricing-schemes", scheme("2", price("EUR")))
	s.ok(204, "POST", plan+"/update-pricing-schemes", scheme("1", `{"fixed_price":`+eur("5.00")+`}`))
	s.ok(200, "GET", plan, "")
	s.refused(404, "INVALID_RESOURCE_ID", "POST", plansPath+"/P-1/update-pricing-schemes", scheme("2", price("EUR")))
	s.refused(422, "INVALID_BILLING_CYCLE_SEQUENCE", "POST", plan+"/update-pricing-schemes", scheme("3", price("EUR")))
	s.refused(422, "CURRENCY_MISMATCH", "POST", plan+"/update-pricing-schemes", scheme("2", price("USD")))
	s.refused(422, "INVALID_PRICING_SCHEME", "POST", plan+"/update-pricing-schemes", scheme("2", tiers))
	s.refused(400, "INVALID_PARAMETER_VALUE", "POST", plan+"/update-pricing-schemes", scheme("0", price("EUR")))
	s.refused(400, "MISSING_REQUIRED_PARAMETER", "POST", plan+"/update-pricing-schemes", "{}")
	s.refused(400, "MALFORMED_REQUEST_JSON", "POST", plan+"/update-pricing-schemes", "{")
}

const tiers = `{"pricing_model":"TIERED","tiers":[{"starting_quantity":"1","amount":{"currency_code":"EUR","value":"1.00"}}]}`

// refusePlans sends what a plan may not be.
func refusePlans(s *stage, product string) {
	trial := func(sequence int, price string) string {
		return fmt.Sprintf(`{"frequency":{"interval_unit":"WEEK"},"tenure_type":"TRIAL","sequence":%d%s}`, sequence, price)
	}
	paid := `,"pricing_scheme":{"fixed_price":` + eur("1.00") + `}`
	for _, c := range []struct {
		status        int
		issue, cycles string
	}{
		{422, "MISSING_REGULAR_BILLING_CYCLE", trial(1, "")},
		{422, "MULTIPLE_REGULAR_BILLING_CYCLES_NOT_SUPPORTED", regularCycle + "," + strings.Replace(regularCycle, `"sequence":1`, `"sequence":2`, 1)},
		{422, "MORE_THAN_TWO_TRIAL_BILLING_CYCLE_NOT_SUPPORTED", trial(1, paid) + "," + trial(2, paid) + "," + trial(3, paid) + "," + strings.Replace(regularCycle, `"sequence":1`, `"sequence":4`, 1)},
		{422, "MULTIPLE_FREE_TRIAL_BILLING_CYCLES_NOT_SUPPORTED", trial(1, "") + "," + trial(2, "") + "," + strings.Replace(regularCycle, `"sequence":1`, `"sequence":3`, 1)},
		{422, "INVALID_BILLING_CYCLE_SEQUENCE", regularCycle + "," + trial(2, "")},
		{422, "INVALID_TRIAL_BILLING_TOTAL_CYCLES", trial(1, `,"total_cycles":0`) + "," + strings.Replace(regularCycle, `"sequence":1`, `"sequence":2`, 1)},
		{422, "CURRENCY_MISMATCH", trial(1, `,"pricing_scheme":{"fixed_price":`+amount("USD", "1.00")+`}`) + "," + strings.Replace(regularCycle, `"sequence":1`, `"sequence":2`, 1)},
		{422, "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER", strings.Replace(regularCycle, "EUR", "XAU", 1)},
		{422, "INVALID_PRICING_MODEL", strings.Replace(regularCycle, `{"fixed_price":{"currency_code":"EUR","value":"1.00"}}`, tiers, 1)},
		{422, "FIXED_PRICE_NOT_SUPPORTED", strings.Replace(regularCycle, `{"fixed_price":`, `{"pricing_model":"VOLUME","fixed_price":`, 1)},
		{400, "INVALID_PARAMETER_VALUE", strings.Replace(regularCycle, "1.00", "1.001", 1)},
		{400, "INVALID_PARAMETER_VALUE", strings.Replace(regularCycle, "1.00", "-1.00", 1)},
		{400, "INVALID_INTEGER_MAX_VALUE", strings.Replace(regularCycle, `"total_cycles":0`, `"total_cycles":1000`, 1)},
		{400, "INVALID_INTEGER_MIN_VALUE", strings.Replace(regularCycle, `"sequence":1`, `"sequence":0`, 1)},
		{400, "INVALID_INTEGER_MAX_VALUE", strings.Replace(regularCycle, `"interval_unit":"MONTH"`, `"interval_unit":"YEAR","interval_count":2`, 1)},
		{400, "MISSING_REQUIRED_PARAMETER", `{"frequency":{"interval_unit":"MONTH"},"tenure_type":"REGULAR","sequence":1}`},
		{400, "INVALID_PARAMETER_SYNTAX", ""}, {400, "INVALID_PARAMETER_SYNTAX", "7"},
		{400, "INVALID_PARAMETER_SYNTAX", strings.Repeat("{},", 12) + "{}"},
	} {
		s.refused(c.status, c.issue, "POST", plansPath, planBody(product, c.cycles, ""))
	}
	s.refused(400, "INVALID_PARAMETER_VALUE", "POST", plansPath, planBody(product, regularCycle, `,"status":"INACTIVE"`))
	s.refused(400, "MISSING_REQUIRED_PARAMETER", "POST", plansPath, "{}")
	s.refused(404, "INVALID_RESOURCE_ID", "POST", plansPath, planBody("PROD-12345", regularCycle, ""))
	s.hook("faults", `{"kind":"issue","issue":"CURRENCY_NOT_SUPPORTED_FOR_RECEIVER","times":1}`)
	s.refused(422, "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER", "POST", plansPath, planBody(product, regularCycle, ""), "PayPal-Request-Id", "f1")
}

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
	s.refused(422, "SUBSCRIPTION_STATUS_INVALID", "PATCH", later, `[`+change("replace", "/custom_id", `"x"`)+`]`)
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
	cycle := func(sequence, field string) string {
		return "/plan/billing_cycles/@sequence==" + sequence + "/" + field
	}
	s.ok(204, "PATCH", sub, `[`+strings.Join([]string{
		change("replace", "/custom_id", `"gift-2"`), change("add", "/shipping_amount", eur("0.50")),
		change("replace", cycle("1", "pricing_scheme/fixed_price"), eur("9.00")), change("replace", cycle("1", "total_cycles"), "24"),
		change("replace", "/plan/payment_preferences/auto_bill_outstanding", "true"),
		change("replace", "/plan/payment_preferences/payment_failure_threshold", "4"),
		change("add", "/plan/taxes/percentage", `"5"`), change("replace", "/plan/taxes/inclusive", "true"),
		change("replace", "/billing_info/outstanding_balance", eur("0.00")),
		change("replace", "/subscriber/shipping_address", `{"name":{"full_name":"Robin Reader"}}`),
	}, ",")+`]`)
	s.ok(200, "GET", sub+"?fields=plan", "")
	patchCycles(s)
	s.ok(204, "PATCH", later, `[`+change("replace", "/start_time", `"2099-02-01T00:00:00Z"`)+`]`)
	for _, c := range []refusal{
		{400, "MISSING_REQUEST_BODY", ``, nil}, {400, "MALFORMED_REQUEST_JSON", `{`, nil},
		{400, "MISSING_REQUIRED_PARAMETER", `[{"path":"/custom_id"}]`, nil},
		{400, "MISSING_REQUIRED_PARAMETER", `[{"op":"replace","path":"/custom_id"}]`, nil},
		{400, "UNSUPPORTED_PATCH_OPERATION", `[` + change("remove", "/custom_id", `""`) + `]`, nil},
		{400, "UNSUPPORTED_PATCH_OPERATION", `[` + change("replace", "/plan_id", `"P-1"`) + `]`, nil},
		{400, "UNSUPPORTED_PATCH_OPERATION", `[` + change("replace", cycle("7", "total_cycles"), `1`) + `]`, nil},
		{400, "INVALID_PATCH_PATH", `[` + change("replace", "/custom_id", `"x"`) + `,` + change("replace", "/custom_id", `"y"`) + `]`, nil},
		{400, "INVALID_STRING_MIN_LENGTH", `[` + change("replace", "/custom_id", `""`) + `]`, nil},
		{400, "INVALID_STRING_MAX_LENGTH", `[` + change("replace", "/custom_id", `"`+strings.Repeat("x", 128)+`"`) + `]`, nil},
		{400, "INVALID_INTEGER_MAX_VALUE", `[` + change("replace", cycle("1", "total_cycles"), `1000`) + `]`, nil},
		{400, "INVALID_INTEGER_MIN_VALUE", `[` + change("replace", cycle("1", "total_cycles"), `-1`) + `]`, nil},
		{400, "INVALID_PARAMETER_SYNTAX", `[` + change("replace", cycle("1", "total_cycles"), `"x"`) + `]`, nil},
		{400, "INVALID_PARAMETER_VALUE", `[` + change("replace", cycle("1", "pricing_scheme/fixed_price"), eur("1.234")) + `]`, nil},
		{422, "CURRENCY_MISMATCH", `[` + change("replace", cycle("1", "pricing_scheme/fixed_price"), amount("USD", "1.00")) + `]`, nil},
		{422, "AMOUNT_GREATER_THAN_OUTSTANDING_BALANCE", `[` + change("replace", "/billing_info/outstanding_balance", eur("5.00")) + `]`, nil},
		{422, "INVALID_START_TIME", `[` + change("replace", "/start_time", `"2099-02-01T00:00:00Z"`) + `]`, nil},
	} {
		s.refused(c.status, c.issue, "PATCH", sub, c.body)
	}
}

// patchCycles changes billing cycles of which some are over already.
func patchCycles(s *stage) {
	trial := strings.Replace(strings.Replace(regularCycle, "REGULAR", "TRIAL", 1), `"total_cycles":0`, `"total_cycles":1`, 1)
	regular := strings.Replace(strings.Replace(regularCycle, `"sequence":1`, `"sequence":2`, 1), `"total_cycles":0`, `"total_cycles":12`, 1)
	plan := s.ok(201, "POST", plansPath, planBody(s.product(), trial+","+regular, "")).get("id")
	id := s.ok(201, "POST", subscriptionsPath, `{"plan_id":"`+plan+`"}`).get("id")
	s.hook("subscriptions/"+id+"/approve", "")
	for range 3 {
		s.hook("subscriptions/"+id+"/renew", "")
	}
	total := func(sequence, total string) string {
		return "[" + change("replace", "/plan/billing_cycles/@sequence=="+sequence+"/total_cycles", total) + "]"
	}
	s.refused(422, "BILLING_CYCLE_EXECUTION_COMPLETED", "PATCH", subscriptionsPath+"/"+id, total("1", "2"))
	s.refused(422, "INVALID_BILLING_TOTAL_CYCLES", "PATCH", subscriptionsPath+"/"+id, total("2", "1"))
	s.ok(200, "GET", subscriptionsPath+"/"+id+"?fields=plan", "")
}

// revise changes a subscription with the payer's consent.
func revise(s *stage, sub, product string) {
	other := s.ok(201, "POST", plansPath, planBody(product, strings.Replace(regularCycle, "MONTH", "YEAR", 1), `,"quantity_supported":true`)).get("id")
	s.ok(200, "POST", sub+"/revise", `{"plan_id":"`+other+`","quantity":"1","shipping_amount":`+eur("2.00")+`,`+theConsent+`,`+fmt.Sprintf(theOverride, 1)+`}`)
	s.hook("subscriptions/"+last(sub)+"/approve", "")
	s.ok(200, "GET", sub+"?fields=plan", "")
	foreign := s.plan(s.product(), "")
	dollars := s.ok(201, "POST", plansPath, planBody(product, strings.Replace(regularCycle, "EUR", "USD", 1), "")).get("id")
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
		{422, "CARD_SUBSCRIPTIONS_NOT_ENABLED", with(`"subscriber":{"payment_source":{"card":{"number":"4005519200000004","expiry":"2099-01"}}}`), nil},
		{422, "INVALID_BILLING_CYCLE_SEQUENCE", with(fmt.Sprintf(theOverride, 2)), nil},
		{422, "INVALID_PRICING_SCHEME", with(`"plan":{"billing_cycles":[{"sequence":1,"pricing_scheme":` + tiers + `}]}`), nil},
		{422, "CURRENCY_MISMATCH", with(`"plan":{"billing_cycles":[{"sequence":1,"pricing_scheme":{"fixed_price":` + amount("USD", "1.00") + `}}]}`), nil},
		{403, "PERMISSION_DENIED", `{"plan_id":"ERRSUB033"}`, nil},
	} {
		s.refused(c.status, c.issue, "POST", subscriptionsPath, c.body)
	}
}

// driveSpoiltBilling spoils the requests about products, plans and subscriptions, one member at a time.
func driveSpoiltBilling(t *testing.T, s *stage) {
	product := s.product()
	finite := s.ok(201, "POST", plansPath, fmt.Sprintf(everyPlan, product)).get("id")
	sub := s.subscription(s.plan(product, ""))
	revision := `{"plan_id":"` + finite + `","quantity":"1","shipping_amount":` + eur("2.00") + `,` + theConsent + `,` + fmt.Sprintf(theOverride, 2) + `}`
	s.spoilt(t, map[string]spoilt{
		"product":      {productsPath, fmt.Sprintf(everyProduct, "X")},
		"plan":         {plansPath, fmt.Sprintf(everyPlan, product)},
		"subscription": {subscriptionsPath, fmt.Sprintf(everySubscription, finite, 2)},
		"revision":     {sub + "/revise", revision},
		"suspension":   {sub + "/suspend", `{"reason":"x"}`},
		"prices": {plansPath + "/" + finite + "/update-pricing-schemes",
			`{"pricing_schemes":[{"billing_cycle_sequence":2,"pricing_scheme":{"fixed_price":` + eur("3.00") + `}}]}`},
	})
	s.advance(time.Hour)
}

// change is one step of a patch.
func change(op, path, value string) string {
	return fmt.Sprintf(`{"op":%q,"path":%q,"value":%s}`, op, path, value)
}
