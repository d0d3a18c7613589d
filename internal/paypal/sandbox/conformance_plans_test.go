package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
)

const (
	productsPath = "/v1/catalogs/products"
	plansPath    = "/v1/billing/plans"
)

// The bodies have each member that the emulator reads.
const (
	everyProduct = `{"id":"PAPER-%s","name":"The Paper","description":"Support for the paper","type":"DIGITAL",
		"category":"NONPROFIT","image_url":"https://paper.example/logo.png","home_url":"https://paper.example"}`
	everyPlan = `{"product_id":%q,"name":"Monthly","description":"Each month","status":"ACTIVE",
		"quantity_supported":true,
		"billing_cycles":[
			{"frequency":{"interval_unit":"WEEK","interval_count":2},"tenure_type":"TRIAL","sequence":1,"total_cycles":2},
			{"frequency":{"interval_unit":"MONTH","interval_count":1},"tenure_type":"REGULAR","sequence":2,"total_cycles":12,
				"pricing_scheme":{"fixed_price":{"currency_code":"EUR","value":"10.00"}}}],
		"payment_preferences":{"auto_bill_outstanding":true,"setup_fee":{"currency_code":"EUR","value":"2.00"},
			"setup_fee_failure_action":"CONTINUE","payment_failure_threshold":3},
		"taxes":{"percentage":"10","inclusive":true}}`
	theConsent = `"application_context":{"brand_name":"The Paper","locale":"de-DE","shipping_preference":"NO_SHIPPING",
		"user_action":"SUBSCRIBE_NOW","payment_method":{"payer_selected":"PAYPAL",
			"payee_preferred":"IMMEDIATE_PAYMENT_REQUIRED","standard_entry_class_code":"WEB"},
		"return_url":"https://paper.example/back","cancel_url":"https://paper.example/no"}`
	theOverride = `"plan":{"billing_cycles":[{"sequence":%d,"total_cycles":0,
			"pricing_scheme":{"fixed_price":{"currency_code":"EUR","value":"12.50"}}}],
		"payment_preferences":{"auto_bill_outstanding":false,"setup_fee":{"currency_code":"EUR","value":"0.00"},
			"setup_fee_failure_action":"CANCEL","payment_failure_threshold":2},
		"taxes":{"percentage":"7.5","inclusive":true}}`
	everySubscription = `{"plan_id":%q,"quantity":"2","custom_id":"gift-1","start_time":"2099-01-01T00:00:00Z",
		"auto_renewal":false,"shipping_amount":{"currency_code":"EUR","value":"1.00"},
		"subscriber":{"name":{"given_name":"Robin","surname":"Reader"},"email_address":"robin@example.com"},` + theConsent +
		`,` + theOverride + `}`
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

// cycle is the regular cycle in this place of the order, with some of its text replaced.
func cycle(place string, replaced ...string) string {
	return strings.NewReplacer(append(replaced, `"sequence":1`, `"sequence":`+place)...).Replace(regularCycle)
}

// planBody is a plan with these billing cycles, and more members.
func planBody(product, cycles, members string) string {
	return fmt.Sprintf(`{"product_id":%q,"name":"Plan","billing_cycles":[%s],"payment_preferences":{}%s}`, product, cycles,
		members)
}

// subscription makes a subscription, has the payer agree, and gives its path.
func (s *stage) subscription(plan string) string {
	s.t.Helper()
	body := `{"plan_id":"` + plan + `","custom_id":"gift-1",` + theConsent + `,` + fmt.Sprintf(theOverride, 1) + `}`
	id := s.ok(201, "POST", subscriptionsPath, body).get("id")
	s.hook("subscriptions/"+id+"/approve", "")
	return subscriptionsPath + "/" + id
}

// change is one step of a patch.
func change(op, path, value string) string {
	return fmt.Sprintf(`{"op":%q,"path":%q,"value":%s}`, op, path, value)
}

// changes is a patch of these steps.
func changes(steps ...string) string { return "[" + strings.Join(steps, ",") + "]" }

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
	s.ok(204, "PATCH", product, changes(change("replace", "/description", `"Another"`),
		change("add", "/category", `"CHARITY"`), change("remove", "/image_url", `""`)))
	for patch, issue := range map[string]string{
		changes(change("replace", "/name", `"Other"`)): "INVALID_PATCH_PATH", `[{"op":"replace"}]`: "INVALID_PATCH_PATH",
		changes(change("test", "/description", `"x"`)): "UNSUPPORTED_PATCH_OPERATION", `{}`: "MALFORMED_REQUEST_JSON",
		changes(change("love", "/description", `"x"`)): "INVALID_PARAMETER_VALUE", `[7]`: "MALFORMED_REQUEST_JSON",
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
	s.ok(204, "PATCH", plan, changes(
		change("replace", "/name", `"Other"`), change("replace", "/description", `"x"`),
		change("replace", "/taxes/percentage", `"7"`),
		change("replace", "/payment_preferences/auto_bill_outstanding", `false`),
		change("replace", "/payment_preferences/payment_failure_threshold", `2`),
		change("replace", "/payment_preferences/setup_fee", eur("0.00")),
		change("replace", "/payment_preferences/setup_fee_failure_action", `"CANCEL"`)))
	for patch, issue := range map[string]string{
		changes(change("replace", "/product_id", `"x"`)): "UNSUPPORTED_PATCH_OPERATION", `7`: "MALFORMED_REQUEST_JSON",
		changes(change("remove", "/name", `"x"`)):                                          "UNSUPPORTED_PATCH_OPERATION",
		changes(change("replace", "/name", `"x"`), change("replace", "/name", `"y"`)):      "INVALID_PATCH_PATH",
		changes(change("replace", "/payment_preferences/payment_failure_threshold", `-1`)): "INVALID_PARAMETER_SYNTAX",
		changes(change("love", "/name", `"x"`)):                                            "INVALID_PARAMETER_VALUE",
	} {
		s.refused(400, issue, "PATCH", plan, patch)
	}
	s.ok(204, "POST", plan+"/deactivate", "")
	s.refused(422, "PLAN_STATUS_INVALID", "POST", plan+"/deactivate", "{}")
	s.refused(422, "PLAN_STATUS_INACTIVE", "PATCH", plan, changes(change("replace", "/name", `"x"`)))
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

const tiers = `{"pricing_model":"TIERED",
	"tiers":[{"starting_quantity":"1","amount":{"currency_code":"EUR","value":"1.00"}}]}`

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
		{422, "MULTIPLE_REGULAR_BILLING_CYCLES_NOT_SUPPORTED", cycle("1") + "," + cycle("2")},
		{422, "MORE_THAN_TWO_TRIAL_BILLING_CYCLE_NOT_SUPPORTED",
			trial(1, paid) + "," + trial(2, paid) + "," + trial(3, paid) + "," + cycle("4")},
		{422, "MULTIPLE_FREE_TRIAL_BILLING_CYCLES_NOT_SUPPORTED", trial(1, "") + "," + trial(2, "") + "," + cycle("3")},
		{422, "INVALID_BILLING_CYCLE_SEQUENCE", cycle("1") + "," + trial(2, "")},
		{422, "INVALID_TRIAL_BILLING_TOTAL_CYCLES", trial(1, `,"total_cycles":0`) + "," + cycle("2")},
		{422, "CURRENCY_MISMATCH", trial(1, strings.Replace(paid, "EUR", "USD", 1)) + "," + cycle("2")},
		{422, "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER", cycle("1", "EUR", "XAU")},
		{422, "INVALID_PRICING_MODEL", cycle("1", `{"fixed_price":`+eur("1.00")+`}`, tiers)},
		{422, "FIXED_PRICE_NOT_SUPPORTED", cycle("1", `{"fixed_price":`, `{"pricing_model":"VOLUME","fixed_price":`)},
		{400, "INVALID_PARAMETER_VALUE", cycle("1", "1.00", "1.001")},
		{400, "INVALID_PARAMETER_VALUE", cycle("1", "1.00", "-1.00")},
		{400, "INVALID_INTEGER_MAX_VALUE", cycle("1", `"total_cycles":0`, `"total_cycles":1000`)},
		{400, "INVALID_INTEGER_MIN_VALUE", cycle("0")},
		{400, "INVALID_INTEGER_MAX_VALUE", cycle("1", `"MONTH"`, `"YEAR","interval_count":2`)},
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
	s.refused(422, "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER", "POST", plansPath, planBody(product, regularCycle, ""),
		"PayPal-Request-Id", "f1")
}
