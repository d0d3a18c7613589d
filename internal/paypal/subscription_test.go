package paypal_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// recordedBody is one of the recorded shapes of subscriptions: an answer's body or an event's.
func recordedBody(t *testing.T, name string) string {
	t.Helper()
	var all struct {
		Samples []struct {
			Name string
			Body json.RawMessage
		}
	}
	if err := json.Unmarshal(file(t, filepath.Join(factsDir(t), "subscription-event-samples.json")), &all); err != nil {
		t.Fatal(err)
	}
	for _, s := range all.Samples {
		if s.Name == name {
			return string(s.Body)
		}
	}
	t.Fatalf("there is no sample %s", name)
	return ""
}

// saying is a client of PayPal's sandbox that gives this answer to everything.
func saying(t *testing.T, status int, body string) *paypal.Client {
	t.Helper()
	return newClient(t, paypalSandbox, func(c *paypal.Config) {
		c.Transport = transport(func(r *http.Request) (int, string) {
			if r.URL.Path == "/v1/oauth2/token" {
				return 200, `{"access_token":"` + tokenStart + `1","expires_in":32400}`
			}
			return status, body
		})
	})
}

func eur(minor int64) *money.Amount {
	a := money.New(minor, "EUR")
	return &a
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestRecordedSubscriptions(t *testing.T) {
	t.Parallel()
	approved, err := saying(t, 200, recordedBody(t, "get_approved")).Subscription(t.Context(), "I-EXAMPLE0SUB1")
	want := paypal.Subscription{
		ID: "I-EXAMPLE0SUB1", PlanID: "P-EXAMPLEPLAN0000000000001", CustomID: "plg_000001",
		Status: paypal.SubscriptionApproved, StatusAt: at("2026-11-28T09:15:40Z"), Overridden: true,
		Payer:     paypal.Payer{ID: "EXAMPLEPAYER1", Email: "reader@example.com", GivenName: "Ada", Surname: "Example"},
		CreatedAt: at("2026-11-28T09:14:51Z"), UpdatedAt: at("2026-11-28T09:15:40Z"), StartAt: at("2026-11-28T09:14:50Z"),
	}
	if tell(err) != nil || !reflect.DeepEqual(approved, want) {
		t.Errorf("approved: %+v, %v", approved, err)
	}
	active, err := saying(t, 200, recordedBody(t, "get_active")).Subscription(t.Context(), "I-EXAMPLE0SUB1")
	endless := true
	want.Status, want.Endless, want.CyclesCompleted = paypal.SubscriptionActive, &endless, 1
	want.NextBillingAt, want.LastPayment, want.LastPaymentAt = at("2026-12-28T10:00:00Z"), eur(1250),
		at("2026-11-28T09:15:39Z")
	want.Outstanding = eur(0)
	if tell(err) != nil || !reflect.DeepEqual(active, want) {
		t.Errorf("active: %+v, %v", active, err)
	}
}

// An amount comes as "59.0" and "5.69", a cancelled subscription without the next charge, a time with a month 19: what
// can be read is read, and only money that is none is refused.
func TestTrap31ASubscriptionIsReadLeniently(t *testing.T) {
	t.Parallel()
	ctx, yes, no := t.Context(), true, false
	cycle := func(rest string) string {
		return `{"id":"I-1","status":"ACTIVE","plan":{"billing_cycles":[
			{"tenure_type":"TRIAL","sequence":1,"total_cycles":1,"frequency":{"interval_unit":"DAY"}},
			{"tenure_type":"REGULAR","sequence":2,` + rest + `}]}}`
	}
	for name, c := range map[string]struct {
		body string
		want paypal.Subscription
	}{
		"a price of one decimal": {
			cycle(`"total_cycles":0,"frequency":{"interval_unit":"MONTH","interval_count":1},
				"pricing_scheme":{"version":1,"fixed_price":{"currency_code":"EUR","value":"14.9"}}`),
			paypal.Subscription{Amount: eur(1490), Every: paypal.Monthly, Endless: &yes}},
		"a finite plan, each year, whose count is left out": {
			cycle(`"total_cycles":12,"frequency":{"interval_unit":"YEAR"},
				"pricing_scheme":{"fixed_price":{"currency_code":"EUR","value":"5.69"}}`),
			paypal.Subscription{Amount: eur(569), Every: paypal.Yearly, Endless: &no}},
		"each quarter, without a price": {
			cycle(`"frequency":{"interval_unit":"MONTH","interval_count":3},"pricing_scheme":{"tiers":[]}`),
			paypal.Subscription{Every: "3 MONTH"}},
		"a plan that is none": {`{"id":"I-1","status":"ACTIVE","plan":"P-1","billing_info":[]}`, paypal.Subscription{}},
		"month 19": {`{"id":"I-1","status":"ACTIVE","status_update_time":"2026-19-28T09:15:40Z","create_time":7}`,
			paypal.Subscription{}},
		"cancelled, with a note": {
			`{"id":"I-1","status":"CANCELLED","status_change_note":"a\u0000b\nc","subscriber":{"email_address":"<x>"},
				"billing_info":{"outstanding_balance":{"currency_code":"EUR","value":"0.0"},"failed_payments_count":2,
				"last_failed_payment":{"amount":{"currency_code":"EUR","value":"14.9"},"time":"2026-12-28T14:31:06Z",
				"reason_code":"PAYER_CANNOT_PAY","next_payment_retry_time":"2027-01-02T10:00:00Z"}}}`,
			paypal.Subscription{
				Status: paypal.SubscriptionCancelled, StatusNote: "a b c", Outstanding: eur(0), FailedPayments: 2,
				LastFailed: &paypal.FailedPayment{
					Amount: eur(1490), Reason: "PAYER_CANNOT_PAY", At: at("2026-12-28T14:31:06Z"), RetryAt: at("2027-01-02T10:00:00Z"),
				},
			}},
		"a link that leads to the payer's page": {
			`{"id":"I-1","status":"ACTIVE","links":[{"rel":"self","href":"x"},{"rel":"approve","href":"https://www.sandbox.paypal.com/webapps/billing/subscriptions?ba_token=BA-1"}]}`,
			paypal.Subscription{ApproveURL: "https://www.sandbox.paypal.com/webapps/billing/subscriptions?ba_token=BA-1"}},
		"a link that leads elsewhere": {
			`{"id":"I-1","status":"ACTIVE","links":[{"rel":"approve","href":"https://node-sb-subscriptionmgmtserv-vip.slc.paypal.com:19472/x"}]}`,
			paypal.Subscription{}},
	} {
		c.want.ID = "I-1"
		if c.want.Status == "" {
			c.want.Status = paypal.SubscriptionActive
		}
		got, err := saying(t, 200, c.body).Subscription(ctx, "I-1")
		if tell(err) != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", name, got, err, c.want)
		}
	}
	for name, body := range map[string]string{
		"another one": `{"id":"I-2","status":"ACTIVE"}`, "no status": `{"id":"I-1"}`,
		"an odd id":            `{"id":"../x","status":"ACTIVE"}`,
		"a price that is none": cycle(`"pricing_scheme":{"fixed_price":{"currency_code":"EUR","value":"1e1"}}`),
		"a charge that is none": `{"id":"I-1","status":"ACTIVE","billing_info":{"last_payment":{"amount":{"currency_code":"EUR",
			"value":"5.691"}}}}`,
	} {
		if got, err := saying(t, 200, body).Subscription(ctx, "I-1"); tell(err) == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	yen := strings.ReplaceAll(cycle(`"pricing_scheme":{"fixed_price":{"currency_code":"JPY","value":"59.0"}}`), "\n", "")
	if got, err := saying(t, 200, yen).Subscription(ctx, "I-1"); tell(err) != nil || *got.Amount != money.New(59, "JPY") {
		t.Errorf("yen: %+v, %v", got, err)
	}
}

// monthly is a new subscription.
func monthly() paypal.SubscriptionRequest {
	return paypal.SubscriptionRequest{
		RequestID: "sub-1", PlanID: "P-5ML4271244454362WXNWU5NQ", CustomID: "0d5a1c2e", Amount: eur(1000),
		BrandName: "The Paper",
		Locale:    "de-DE", ReturnURL: "https://example.org/return", CancelURL: "https://example.org/cancel",
	}
}

func TestCreateSubscriptionSays(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(answer(201, `{"id":"I-1","status":"ACTIVE"}`)))
	if sub, err := p.client(t).CreateSubscription(t.Context(), monthly()); tell(err) != nil || sub.ID != "I-1" {
		t.Fatalf("%+v, %v", sub, err)
	}
	got, want := fields(t, p.bodies[0]), fields(t, `{"plan_id":"P-5ML4271244454362WXNWU5NQ","custom_id":"0d5a1c2e",
		"plan":{"billing_cycles":[{"sequence":1,"total_cycles":0,"pricing_scheme":{"fixed_price":{"currency_code":"EUR","value":"10.00"}}}]},
		"application_context":{"brand_name":"The Paper","locale":"de-DE","shipping_preference":"NO_SHIPPING",
		"user_action":"SUBSCRIBE_NOW","return_url":"https://example.org/return","cancel_url":"https://example.org/cancel"}}`)
	if !reflect.DeepEqual(got, want) || p.calls[0].Header.Get("PayPal-Request-Id") != "sub-1" ||
		p.calls[0].Header.Get("Prefer") != "return=representation" {
		t.Errorf("said %v %v", got, p.calls[0].Header)
	}
}

func TestCreateSubscriptionSendsThePayerNowhereElse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		links   string
		foreign bool
	}{
		"no link":      {`[]`, false},
		"another host": {`[{"rel":"approve","href":"https://paypal.example.com/webapps/billing/subscriptions?ba_token=BA-1"}]`, true},
		"live":         {`[{"rel":"approve","href":"https://www.paypal.com/webapps/billing/subscriptions?ba_token=BA-1"}]`, true},
	} {
		body := `{"id":"I-1","status":"APPROVAL_PENDING","links":` + c.links + `}`
		_, err := saying(t, 201, body).CreateSubscription(t.Context(), monthly())
		_, revised := saying(t, 200, body).ReviseSubscription(t.Context(),
			paypal.ReviseRequest{ID: "I-1", PlanID: "P-1", ReturnURL: "https://example.org/r",
				CancelURL: "https://example.org/c"})
		for _, err := range []error{err, revised} {
			if tell(err) == nil || errors.Is(err, paypal.ErrForeignLink) != c.foreign {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// The documents of orders and of subscriptions differ about locales: only the first has regions in numbers.
func TestTheLanguageOfPayPalsPages(t *testing.T) {
	t.Parallel()
	for given, want := range map[string][2]string{
		"es-419": {"es-419", "es"}, "es-MX": {"es-MX", "es-MX"}, "zh-Hant-419": {"zh-Hant-419", "zh-Hant"},
		"ar": {"ar", "ar"}, "tlh": {"", ""}, "": {"", ""},
	} {
		order, sub := paypal.OrderRequest{RequestID: "r", Amount: money.New(1, "JPY"), Locale: given}, monthly()
		sub.Locale = given
		change := paypal.ReviseRequest{ID: "I-1", PlanID: "P-1", Locale: given, ReturnURL: "https://example.org/r",
			CancelURL: "https://example.org/c"}
		for i, send := range []func(*paypal.Client){
			func(c *paypal.Client) { _, _ = c.CreateOrder(t.Context(), order) },
			func(c *paypal.Client) { _, _ = c.CreateSubscription(t.Context(), sub) },
			func(c *paypal.Client) { _, _ = c.ReviseSubscription(t.Context(), change) },
		} {
			p := newPeer(t, answers(answer(400, `{}`)))
			send(p.client(t))
			wanted := want[min(i, 1)]
			if said := strings.Contains(p.bodies[0], `"locale"`); said != (wanted != "") ||
				said && !strings.Contains(p.bodies[0], `"locale":"`+wanted+`"`) {
				t.Errorf("%q: want %q in %s", given, wanted, p.bodies[0])
			}
		}
	}
}

func TestCreateSubscriptionWithoutARefusedText(t *testing.T) {
	t.Parallel()
	p := newPeer(t, answers(
		answer(400, `{"name":"INVALID_REQUEST","details":[{"issue":"INVALID_PARAMETER_VALUE","field":"/application_context/locale"}]}`),
		answer(201, `{"id":"I-1","status":"ACTIVE"}`)))
	if sub, err := p.client(t).CreateSubscription(t.Context(), monthly()); tell(err) != nil || sub.ID != "I-1" {
		t.Fatalf("%+v, %v", sub, err)
	}
	if strings.Contains(p.bodies[1], "locale") || !strings.Contains(p.bodies[1], "The Paper") ||
		p.calls[1].Header.Get("PayPal-Request-Id") != "sub-1-plain" {
		t.Errorf("asked again with %s %v", p.bodies[1], p.calls[1].Header)
	}
	price := newPeer(t, answers(answer(400,
		`{"name":"INVALID_REQUEST","details":[{"issue":"INVALID_PARAMETER_VALUE","field":"/plan/billing_cycles/0/pricing_scheme"}]}`)))
	if _, err := price.client(t).CreateSubscription(t.Context(), monthly()); !paypal.Refused(tell(err)) ||
		len(price.calls) != 1 {
		t.Errorf("a price that is refused: %v after %d calls", err, len(price.calls))
	}
}

// A change whose answer is lost is asked again, although PayPal knows no request id for it: it is done then, and PayPal
// says 422. That the first one may have done it stays with the error.
func TestChangesOfASubscriptionAreAskedAgain(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for path, change := range map[string]func(*paypal.Client) error{
		"/cancel":   func(c *paypal.Client) error { return c.CancelSubscription(ctx, "I-1", "why\nnot") },
		"/suspend":  func(c *paypal.Client) error { return c.SuspendSubscription(ctx, "I-1", "") },
		"/activate": func(c *paypal.Client) error { return c.ActivateSubscription(ctx, "I-1", strings.Repeat("é", 200)) },
		"":          func(c *paypal.Client) error { return c.ChangeSubscriptionAmount(ctx, "I-1", *eur(500)) },
	} {
		p := newPeer(t, answers(hangUp, answer(204, "")))
		if err := change(p.client(t)); tell(err) != nil || len(p.calls) != 2 ||
			p.calls[1].URL.Path != "/v1/billing/subscriptions/I-1"+path || p.calls[0].Header.Get("PayPal-Request-Id") != "" {
			t.Errorf("%q: %v after %d calls", path, err, len(p.calls))
		}
		if path == "" {
			if p.bodies[1] != `[{"op":"replace","path":"/plan/billing_cycles/@sequence==1/pricing_scheme/fixed_price",`+
				`"value":{"currency_code":"EUR","value":"5.00"}}]` {
				t.Errorf("patched %s", p.bodies[1])
			}
		} else if reason, _ := fields(t, p.bodies[1])["reason"].(string); reason == "" || len([]rune(reason)) > 128 ||
			strings.Contains(reason, "\n") {
			t.Errorf("%q: %q", path, reason)
		}
		p = newPeer(t, answers(hangUp, answer(422, `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"SUBSCRIPTION_STATUS_INVALID"}]}`)))
		if err := change(p.client(t)); !paypal.HasIssue(tell(err), paypal.SubscriptionStatusInvalid) ||
			!paypal.OutcomeUnknown(err) {
			t.Errorf("%q, refused the second time: %v", path, err)
		}
	}
}
