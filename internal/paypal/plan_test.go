package paypal_test

import (
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

func TestProductIsMadeOnce(t *testing.T) {
	t.Parallel()
	r := paypal.ProductRequest{ID: "RF-THE-PAPER", Name: "The Paper", Type: "SERVICE"}
	p := newPeer(t, answers(
		answer(201, `{"id":"RF-THE-PAPER","name":"The Paper"}`),
		answer(422, `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"DUPLICATE_RESOURCE_IDENTIFIER"}]}`),
		hangUp,
		answer(422, `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"DUPLICATE_RESOURCE_IDENTIFIER"}]}`),
		answer(201, `{"id":"PROD-1"}`)))
	c := p.client(t)
	for _, which := range []string{"new", "there", "its answer was lost"} {
		if err := c.EnsureProduct(t.Context(), r); tell(err) != nil {
			t.Errorf("%s: %v", which, err)
		}
	}
	if p.bodies[0] != `{"id":"RF-THE-PAPER","name":"The Paper","type":"SERVICE"}` || len(p.calls) != 4 {
		t.Errorf("said %v", p.bodies)
	}
	if err := c.EnsureProduct(t.Context(), r); tell(err) == nil {
		t.Error("another product was taken")
	}
}

// Traps 4, 5 and 6: a plan that leaves them out ends after one charge, is tried for ever, and collects months at once.
func TestTrap05APlanLeavesNothingToPayPalsDefaults(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(answer(201, `{"id":"P-1","product_id":"RF-THE-PAPER","name":"Yearly contribution to The Paper",
		"status":"ACTIVE","create_time":"2026-11-28T09:14:51Z","billing_cycles":[{"tenure_type":"REGULAR","sequence":1,"total_cycles":0,
		"frequency":{"interval_unit":"YEAR","interval_count":1},"pricing_scheme":{"fixed_price":{"currency_code":"JPY","value":"1.0"}}}]}`)))
	price, endless := money.New(1, "JPY"), true
	got, err := p.client(t).CreatePlan(t.Context(), paypal.PlanRequest{
		RequestID: "plan-1", ProductID: "RF-THE-PAPER", Name: "Yearly contribution to The Paper", Every: paypal.Yearly,
		Price: price,
	})
	want := paypal.Plan{
		ID: "P-1", ProductID: "RF-THE-PAPER", Name: "Yearly contribution to The Paper", Status: paypal.PlanActive,
		Every: paypal.Yearly, Price: &price, Endless: &endless, CreatedAt: at("2026-11-28T09:14:51Z"),
	}
	if tell(err) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("made %+v, %v", got, err)
	}
	said := fields(t, `{"product_id":"RF-THE-PAPER","name":"Yearly contribution to The Paper","billing_cycles":[{
		"frequency":{"interval_unit":"YEAR","interval_count":1},"tenure_type":"REGULAR","sequence":1,"total_cycles":0,
		"pricing_scheme":{"fixed_price":{"currency_code":"JPY","value":"1"}}}],
		"payment_preferences":{"auto_bill_outstanding":false,"payment_failure_threshold":3}}`)
	if !reflect.DeepEqual(fields(t, p.bodies[0]), said) || p.calls[0].Header.Get("PayPal-Request-Id") != "plan-1" {
		t.Errorf("said %s", p.bodies[0])
	}
}

func TestPlansAreListedToTheEnd(t *testing.T) {
	t.Parallel()
	var p *peer
	p = newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		page := r.URL.Query().Get("page")
		next := fmt.Sprintf(`{"rel":"next","href":"%s/v1/billing/plans?product_id=RF-THE-PAPER&page=2&page_size=20"}`, p.URL)
		if page == "2" {
			next = ""
		}
		answer(200, `{"plans":[{"id":"P-`+page+`","status":"ACTIVE"},{"id":"../x"},
			{"id":"P-9","billing_cycles":[{"tenure_type":"REGULAR","pricing_scheme":{"fixed_price":{"currency_code":"XAU","value":"1"}}}]}],
			"links":[`+next+`]}`)(w)
	})
	got, err := p.client(t).Plans(t.Context(), "RF-THE-PAPER")
	want := []paypal.Plan{{ID: "P-1", Status: paypal.PlanActive}, {ID: "P-2", Status: paypal.PlanActive}}
	if tell(err) != nil || !reflect.DeepEqual(got, want) || p.calls[0].Header.Get("Prefer") != "return=representation" {
		t.Errorf("got %+v, %v", got, err)
	}
	if one, err := saying(t, 200, `{"id":"P-2"}`).Plan(t.Context(), "P-1"); tell(err) == nil {
		t.Errorf("another plan was taken: %+v", one)
	}
}
