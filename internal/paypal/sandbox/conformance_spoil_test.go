package sandbox_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// driveSpoiltRequests takes valid requests and spoils one member at a time: another type, empty, too long, absent. What
// is to come of each is the document's to say; the inspector compares its verdict with the emulator's.
func driveSpoiltRequests(t *testing.T, s *stage) {
	_, capture := s.paid("")
	s.spoilt(t, map[string]spoilt{
		"older way": {ordersPath, `{"intent":"CAPTURE",` + theOlderWay + `,"purchase_units":[` + fmt.Sprintf(everyMember,
			"INV") + `]}`},
		"wallet": {ordersPath, `{"intent":"CAPTURE",` + theWallet + `,"purchase_units":[` + fmt.Sprintf(everyMember,
			"INV") + `]}`},
		"refund": {capture + "/refund", `{"amount":` + eur("0.01") +
			`,"invoice_id":"R-1","custom_id":"refund-1","note_to_payer":"Sorry"}`},
	})
}

// driveSpoiltBilling spoils the requests about products, plans and subscriptions, one member at a time.
func driveSpoiltBilling(t *testing.T, s *stage) {
	product := s.product()
	finite := s.ok(201, "POST", plansPath, fmt.Sprintf(everyPlan, product)).get("id")
	sub := s.subscription(s.plan(product, ""))
	revision := `{"plan_id":"` + finite + `","quantity":"1","shipping_amount":` + eur("2.00") + `,` + theConsent + `,` +
		fmt.Sprintf(theOverride, 2) + `}`
	s.spoilt(t, map[string]spoilt{
		"product":      {productsPath, fmt.Sprintf(everyProduct, "X")},
		"plan":         {plansPath, fmt.Sprintf(everyPlan, product)},
		"subscription": {subscriptionsPath, fmt.Sprintf(everySubscription, finite, 2)},
		"revision":     {sub + "/revise", revision},
		"suspension":   {sub + "/suspend", `{"reason":"x"}`},
		"prices": {plansPath + "/" + finite + "/update-pricing-schemes",
			`{"pricing_schemes":[{"billing_cycle_sequence":2,"pricing_scheme":{"fixed_price":` + eur("3.00") + `}}]}`},
	})
}

// spoilt is a request that is to be spoilt.
type spoilt struct{ path, body string }

func (s *stage) spoilt(t *testing.T, requests map[string]spoilt) {
	t.Helper()
	for name, c := range requests {
		var whole any
		if err := json.Unmarshal([]byte(c.body), &whole); err != nil {
			t.Fatal(name, err)
		}
		n := 0
		spoil(whole, func(what string) {
			body, err := json.Marshal(whole)
			if err != nil {
				t.Fatal(err)
			}
			n++
			got := s.api("POST", c.path, string(body), "PayPal-Request-Id", fmt.Sprintf("%s-%d", name, n))
			if got.status >= 500 {
				t.Errorf("%s, %s: %d %s", name, what, got.status, got.text)
			}
		})
	}
}

// spoil changes each member of a value in turn, calls try, and puts it back.
func spoil(value any, try func(what string)) {
	object, isObject := value.(map[string]any)
	if !isObject {
		if list, isList := value.([]any); isList {
			for _, inner := range list {
				spoil(inner, try)
			}
		}
		return
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		member := object[name]
		instead := []any{7.0, []any{}, map[string]any{}}
		if _, isText := member.(string); isText {
			instead = []any{7.0, "", strings.Repeat("x", 400), "a b\n"}
		}
		for _, wrong := range instead {
			object[name] = wrong
			try(fmt.Sprintf("%s as %.20q", name, fmt.Sprint(wrong)))
		}
		delete(object, name)
		try(name + " absent")
		object[name] = member
		spoil(member, try)
	}
}
