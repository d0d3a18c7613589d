package paypal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// refusedRefund is the error of a refund that PayPal answers like this.
func refusedRefund(t *testing.T, status int, body string) error {
	t.Helper()
	c := newPeer(t, answers(answer(status, body))).client(t)
	_, err := c.RefundCapture(t.Context(), "17C",
		paypal.RefundRequest{RequestID: "refund-1", Amount: money.New(400, "EUR")})
	if tell(err) == nil {
		t.Fatal("it was refunded")
	}
	return err
}

// Every issue that PayPal's document has for a refund has advice of its own.
func TestAdviceForEveryRefundIssue(t *testing.T) {
	t.Parallel()
	var all map[string]map[string]map[int]map[string]any
	if err := json.Unmarshal(file(t, filepath.Join(factsDir(t), "specs", "issues-by-operation.json")), &all); err != nil {
		t.Fatal(err)
	}
	n := map[int]int{}
	for status, issues := range all["payments_payment_v2"]["POST /v2/payments/captures/{capture_id}/refund"] {
		for issue := range issues {
			n[status]++
			err := refusedRefund(t, status, `{"name":"X","message":"m","debug_id":"f1","details":[{"issue":"`+issue+
				`","description":"PayPal's own words"}]}`)
			code, sentence := paypal.Advice(fmt.Errorf("refund: %w", err))
			if says := sentence.String(); code != issue || strings.Contains(says, "PayPal's own words") ||
				strings.Contains(says, "_") || !strings.HasSuffix(says, ".") {
				t.Errorf("%d %s: %q %q", status, issue, code, sentence)
			}
		}
	}
	if n[422] != 25 || n[400]+n[401]+n[403]+n[404]+n[409] != 7 {
		t.Errorf("looked at %v", n)
	}
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status         int
		body           string
		code, contains string
	}{
		"the time limit": {422, `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"REFUND_TIME_LIMIT_EXCEEDED"}]}`,
			"REFUND_TIME_LIMIT_EXCEEDED", "180 days"},
		"the second is known":      {422, `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"NEW_ONE"},{"issue":"PENDING_CAPTURE"}]}`, "PENDING_CAPTURE", "pending"},
		"a dispute that is closed": {422, `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE"}]}`, "ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE", "has ended"},
		"only a name":              {403, `{"name":"PERMISSION_DENIED"}`, "PERMISSION_DENIED", "not allowed"},
		"unknown": {422, `{"name":"UNPROCESSABLE_ENTITY","message":"m","debug_id":"f1a2",
			"details":[{"issue":"NEW_ONE","description":"Something \u0000new."}]}`,
			"NEW_ONE", "“Something new.” PayPal's support finds it by the debug ID f1a2."},
		"unknown, no issue": {422, `{"name":"NEW_NAME","message":"Something else.","debug_id":"f1"}`, "NEW_NAME",
			"“Something else.”"},
		"no words":         {418, `<html>`, "", "418 I'm a teapot"},
		"markup in a code": {422, `{"name":"<b>","details":[{"issue":"<i>"}]}`, "i", "422 Unprocessable Entity"},
		"the first still runs": {409, `{"name":"RESOURCE_CONFLICT","details":[{"issue":"PREVIOUS_REQUEST_IN_PROGRESS"}]}`,
			"PREVIOUS_REQUEST_IN_PROGRESS", "still working"},
		"PayPal is broken":      {503, `{"name":"SERVICE_UNAVAILABLE"}`, "SERVICE_UNAVAILABLE", "do not start another"},
		"an answer of nonsense": {201, `<html>`, "", "do not start another"},
	} {
		if code, sentence := paypal.Advice(refusedRefund(t, c.status, c.body)); code != c.code ||
			!strings.Contains(sentence.String(), c.contains) {
			t.Errorf("%s: %q %q", name, code, sentence)
		}
	}
	p := newPeer(t, answers(answer(200, `{}`)))
	c := p.client(t)
	p.Close()
	_, err := c.RefundCapture(t.Context(), "17C",
		paypal.RefundRequest{RequestID: "refund-1", Amount: money.New(400, "EUR")})
	if code, sentence := paypal.Advice(tell(err)); code != "" || !strings.Contains(sentence.String(), "nothing was done") {
		t.Errorf("out of reach: %q %q", code, sentence)
	}
	for _, err := range []error{nil, errors.New("ours")} {
		if code, sentence := paypal.Advice(err); code != "" || sentence.String() != "" {
			t.Errorf("%v: %q %q", err, code, sentence)
		}
	}
}

// What PayPal answers to a change of a subscription has advice of its own wherever somebody can do something about it.
// The others are of prices in steps, cards and finite plans, which we never ask for.
func TestAdviceForChangesOfASubscription(t *testing.T) {
	t.Parallel()
	var all map[string]map[string]map[int]map[string]any
	if err := json.Unmarshal(file(t, filepath.Join(factsDir(t), "specs", "issues-by-operation.json")), &all); err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{"cancel", "suspend", "activate"} {
		for status, issues := range all["billing_subscriptions_v1"]["POST /v1/billing/subscriptions/{id}/"+action] {
			for issue := range issues {
				c := newPeer(t, answers(answer(status, `{"name":"X","details":[{"issue":"`+issue+`"}]}`))).client(t)
				code, sentence := paypal.Advice(tell(c.CancelSubscription(t.Context(), "I-1", "why")))
				if says := sentence.String(); code != issue || strings.Contains(says, "PayPal refused it and says") {
					t.Errorf("%s, %d %s: %q %q", action, status, issue, code, says)
				}
			}
		}
	}
	for name, c := range map[string]struct {
		status               int
		body, code, contains string
		override, plan       bool
	}{
		"the override": {403, `{"name":"NOT_AUTHORIZED","details":[{"issue":"PERMISSION_DENIED",
			"description":"Billing Plan Override is not allowed due to insufficient permissions"}]}`, "PERMISSION_DENIED", "not allowed", true, false},
		"no subscriptions at all": {403, `{"name":"NOT_AUTHORIZED","details":[{"issue":"REQUIRED_SCOPE_MISSING"}]}`,
			"REQUIRED_SCOPE_MISSING", "Switch on “Subscriptions”", false, false},
		"the currency": {422, `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"CURRENCY_NOT_SUPPORTED_FOR_RECEIVER"}]}`,
			"CURRENCY_NOT_SUPPORTED_FOR_RECEIVER", "takes no subscriptions in this currency", false, false},
		"another kind of price": {422, `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"INVALID_PRICING_SCHEME"}]}`,
			"INVALID_PRICING_SCHEME", "", true, false},
		"a price that is none": {422, `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"NEW_ONE","field":"/plan/billing_cycles/0"}]}`,
			"NEW_ONE", "", true, false},
		"a plan that was deactivated": {422, `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"PLAN_STATUS_INVALID"}]}`,
			"PLAN_STATUS_INVALID", "", false, true},
		"a plan that is not there": {404, `{"name":"RESOURCE_NOT_FOUND","details":[{"issue":"INVALID_RESOURCE_ID"}]}`,
			"INVALID_RESOURCE_ID", "", false, true},
		"an id that is none": {400, `{"name":"INVALID_REQUEST","details":[{"issue":"INVALID_PARAMETER_VALUE","field":"/plan_id"}]}`,
			"INVALID_PARAMETER_VALUE", "", false, true},
	} {
		_, err := newPeer(t, answers(answer(c.status, c.body))).client(t).CreateSubscription(t.Context(), monthly())
		code, sentence := paypal.Advice(tell(err))
		if code != c.code || !strings.Contains(sentence.String(), c.contains) || paypal.OverrideRefused(err) != c.override ||
			paypal.PlanUnusable(err) != c.plan {
			t.Errorf("%s: %q %q, override %v, plan %v", name, code, sentence, paypal.OverrideRefused(err),
				paypal.PlanUnusable(err))
		}
	}
	_, err := newPeer(t, answers(answer(503, `{}`))).client(t, func(c *paypal.Config) { c.Timeout = 300 * time.Millisecond }).
		CreateSubscription(t.Context(), monthly())
	if paypal.OverrideRefused(tell(err)) || paypal.PlanUnusable(err) {
		t.Error("PayPal's trouble is none of the plan's")
	}
}
