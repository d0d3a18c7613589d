package paypal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// recorded is an answer of PayPal's sandbox as somebody got it.
type recorded struct {
	Request struct{ Method, URI, Body string }
	Status  struct{ Code int }
	Body    string `json:"response_body"`
}

func recording(t *testing.T, name string) recorded {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(factsDir(t), "recorded", name+"*.json"))
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	var r recorded
	if err := json.Unmarshal(file(t, all[0]), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// replaying is a client of PayPal's sandbox whose next answer is the recorded one.
func (r recorded) replaying(t *testing.T) *paypal.Client {
	t.Helper()
	return newClient(t, paypalSandbox, func(c *paypal.Config) {
		c.Transport = transport(func(req *http.Request) (int, string) {
			if req.URL.Path == "/v1/oauth2/token" {
				return 200, `{"access_token":"` + tokenStart + `1","expires_in":32400}`
			}
			uri, err := url.Parse(r.Request.URI)
			if err != nil || uri.Path != req.URL.Path || r.Request.Method != req.Method {
				t.Errorf("%s %s is not what was recorded: %s %s", req.Method, req.URL.Path, r.Request.Method, r.Request.URI)
			}
			return r.Status.Code, r.Body
		})
	})
}

func TestRecordedAnswers(t *testing.T) {
	t.Parallel()
	ctx, ten := t.Context(), money.New(1000, "EUR")
	for name, id := range map[string]string{
		"00": "91V21788MR556192E", "04": "FFFFFFFFFFFFFFFFF", "06": "8UK19239YC952053V",
	} {
		order, err := recording(t, name).replaying(t).CreateOrder(ctx, request())
		if tell(err) != nil || order.ID != id || order.ApproveURL != "https://www.sandbox.paypal.com/checkoutnow?token="+id ||
			order.Status != paypal.OrderCreated {
			t.Errorf("%s: %+v, %v", name, order, err)
		}
	}
	_, err := recording(t, "02").replaying(t).CreateOrder(ctx, request())
	if e, ok := tell(err).(*paypal.Error); !ok || e.Status != 400 || !e.Has("INVALID_PARAMETER_SYNTAX") ||
		e.DebugID != "acdae0b9e083b" || e.Issues[0].Field != "/purchase_units/0/payee/email_address" {
		t.Errorf("02: %v", err)
	}
	for name, c := range map[string]struct{ id, country string }{"05": {"FFFFFFFFFFFFFFFFF", "FI"},
		"07": {"8UK19239YC952053V", "FR"}} {
		order, err := recording(t, name).replaying(t).Order(ctx, c.id)
		if tell(err) != nil || order.Status != paypal.OrderApproved || order.Amount != ten || order.CustomID != "1" ||
			order.Payer.ID != "6C9EQBCEQY4MA" || order.Payer.Country != c.country || len(order.Captures) != 0 {
			t.Errorf("%s: %+v, %v", name, order, err)
		}
	}
	first, err := recording(t, "01").replaying(t).CaptureOrder(ctx, "91V21788MR556192E", "r")
	checkPending(t, "01", first, err, "17C68461PR5228043")
	read, err := recording(t, "03").replaying(t).Order(ctx, "91V21788MR556192E")
	checkPending(t, "03", read, err, "17C68461PR5228043")
	second, err := recording(t, "08").replaying(t).CaptureOrder(ctx, "8UK19239YC952053V", "r")
	checkPending(t, "08", second, err, "6RP19274J6003302M")
}

// checkPending is for orders that are COMPLETED with a capture that is not.
func checkPending(t *testing.T, name string, o paypal.Order, err error, captureID string) {
	t.Helper()
	if tell(err) != nil || o.Status != paypal.OrderCompleted || o.PayeeMerchantID != "JHLE5TP6LL2XG" ||
		len(o.Captures) != 1 {
		t.Fatalf("%s: %+v, %v", name, o, err)
	}
	c := o.Captures[0]
	if c.ID != captureID || c.Status != paypal.CapturePending ||
		c.Reason != "RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION" || c.Fee != nil ||
		c.Amount != money.New(1000, "EUR") || c.CustomID != "1" || c.OrderID != o.ID || c.CreatedAt.IsZero() {
		t.Errorf("%s: %+v", name, c)
	}
}

// TestRequestsFitPayPalsDocuments holds what we send to PayPal's own OpenAPI documents.
func TestRequestsFitPayPalsDocuments(t *testing.T) {
	t.Parallel()
	documents := map[string]routers.Router{}
	for prefix, name := range map[string]string{"/v2/checkout/": "checkout_orders_v2",
		"/v2/payments/": "payments_payment_v2", "/v1/notifications/": "notifications_webhooks_v1",
		"/v1/customer/": "customer_disputes_v1", "/v1/reporting/": "reporting_transactions_v1",
		"/v1/catalogs/": "catalogs_products_v1", "/v1/billing/": "billing_subscriptions_v1",
		"/v1/payments/": "payments_payment_v1"} {
		documents[prefix] = document(t, name)
	}
	seen := map[string]bool{}
	checked := transport(func(r *http.Request) (int, string) {
		if r.URL.Path == "/v1/oauth2/token" { // PayPal has no document for it
			return 200, `{"access_token":"` + tokenStart + `1","expires_in":32400}`
		}
		for prefix, router := range documents {
			if strings.HasPrefix(r.URL.Path, prefix) {
				operation, err := fits(router, r)
				// The document knows only the upload of a file here; what is sent is its integration guide's.
				if err != nil && (!strings.HasSuffix(operation, "/accept-claim") ||
					!strings.Contains(err.Error(), `header Content-Type has unexpected value "application/json"`)) {
					t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
				}
				seen[operation] = true
			}
		}
		if strings.Contains(r.URL.Path, "17S") {
			return 404, `{"name":"RESOURCE_NOT_FOUND"}`
		}
		return 422, `{"name":"X"}`
	})
	c, ctx := newClient(t, paypalSandbox, func(c *paypal.Config) { c.Transport = checked }), t.Context()
	bare := paypal.OrderRequest{RequestID: "r", Amount: money.New(1, "JPY"), Locale: "not a locale"}
	for _, r := range []paypal.OrderRequest{request(), bare, gift(money.New(99999999999999999, "USD"))} {
		_, _ = c.CreateOrder(ctx, r)
	}
	_, _ = c.Order(ctx, "91V21788MR556192E")
	_, _ = c.CaptureOrder(ctx, "91V21788MR556192E", "r")
	_, _ = c.Capture(ctx, "17C68461PR5228043")
	_, _ = c.Refund(ctx, "1JU08902781691411")
	_, _ = c.RefundCapture(ctx, "17C68461PR5228043", paypal.RefundRequest{RequestID: "r", Amount: money.New(1, "EUR")})
	_, _ = c.RefundCapture(ctx, "17C68461PR5228043",
		paypal.RefundRequest{
			RequestID: "r", Amount: money.New(100, "HUF"), InvoiceID: "i", CustomID: "c", Note: "two\nlines\u2028or three",
		})
	_, _ = c.Webhooks(ctx)
	_, _ = c.CreateWebhook(ctx, "https://example.org/webhooks/paypal", []string{"*"})
	_, _ = c.UpdateWebhook(ctx, "40Y916089Y8324740", "https://example.org/w", []string{"PAYMENT.CAPTURE.COMPLETED"})
	_ = c.DeleteWebhook(ctx, "40Y916089Y8324740")
	askForRecords(ctx, c)
	askForSubscriptions(ctx, c)
	if len(seen) != 30 {
		t.Errorf("looked at %d operations: %v", len(seen), seen)
	}
}

// askForRecords makes every request about disputes, past events and transactions.
func askForRecords(ctx context.Context, c *paypal.Client) {
	now := time.Now()
	_ = c.WebhookEvents(ctx, now.Add(-time.Hour), now, func(paypal.ListedEvent) error { return nil })
	_, _ = c.Dispute(ctx, "PP-D-27803")
	_, _ = c.DisputesOf(ctx, "17C68461PR5228043")
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("IST", 19800)} {
		from := now.Add(-time.Hour).In(zone)
		_ = c.DisputesSince(ctx, from, func(string, time.Time) error { return nil })
		_, _ = c.Transactions(ctx, paypal.TransactionQuery{From: from.Truncate(time.Second), To: now})
	}
	_ = c.DisputesSince(ctx, time.Time{}, func(string, time.Time) error { return nil })
	_, _ = c.Transactions(ctx, paypal.TransactionQuery{
		From: now.Add(-paypal.MaxWindow), To: now, Page: 20, PageSize: paypal.MaxPage, ID: "17C68461PR5228043", All: true,
	})
	_ = c.AcceptClaim(ctx, "PP-D-27803", "r", "We are sorry.\nTruly.")
}

// askForSubscriptions makes every request about products, plans, subscriptions and their sales.
func askForSubscriptions(ctx context.Context, c *paypal.Client) {
	const id, plan, product = "I-BW452GLLEP1G", "P-5ML4271244454362WXNWU5NQ", "RF-THE-PAPER"
	_ = c.EnsureProduct(ctx, paypal.ProductRequest{ID: product, Name: "The Paper", Type: "SERVICE", Category: "NONPROFIT"})
	_ = c.EnsureProduct(ctx, paypal.ProductRequest{
		ID: product, Name: strings.Repeat("é", 300), Description: strings.Repeat("é", 300), Type: "DIGITAL",
		HomeURL: "https://example.org",
	})
	for every, price := range map[paypal.Interval]money.Amount{
		paypal.Monthly: money.New(1, "EUR"), paypal.Yearly: money.New(100, "HUF"),
	} {
		_, _ = c.CreatePlan(ctx, paypal.PlanRequest{
			RequestID: "r", ProductID: product, Name: strings.Repeat("é", 300), Description: "A gift", Every: every,
			Price: price,
		})
	}
	_, _ = c.Plan(ctx, plan)
	_, _ = c.Plans(ctx, product)
	bare := monthly()
	bare.Amount, bare.Locale, bare.BrandName, bare.CustomID = nil, "not a locale", "", ""
	for _, r := range []paypal.SubscriptionRequest{monthly(), bare} {
		_, _ = c.CreateSubscription(ctx, r)
		_, _ = c.ReviseSubscription(ctx, paypal.ReviseRequest{
			ID: id, PlanID: plan, Amount: r.Amount, BrandName: r.BrandName, Locale: r.Locale, ReturnURL: r.ReturnURL,
			CancelURL: r.CancelURL,
		})
	}
	_, _ = c.Subscription(ctx, id)
	_ = c.CancelSubscription(ctx, id, "")
	_ = c.SuspendSubscription(ctx, id, strings.Repeat("é", 300))
	_ = c.ActivateSubscription(ctx, id, "two\nlines")
	_ = c.ChangeSubscriptionAmount(ctx, id, money.New(99999999999999999, "USD"))
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("IST", 19800)} {
		from := time.Now().In(zone)
		_, _, _ = c.SubscriptionPayments(ctx, id, from, from.Add(time.Hour).Truncate(time.Second))
	}
	_, _ = c.Sale(ctx, "36C38912MN9658832")
	_, _ = c.Refund(ctx, "17S38912MN9658832")
	_, _ = c.RefundCapture(ctx, "17S38912MN9658832", paypal.RefundRequest{
		RequestID: "r", Amount: money.New(100, "HUF"), InvoiceID: "i", CustomID: "c", Note: strings.Repeat("e", 300),
	})
}

// document loads one of PayPal's documents. They are not validated themselves: PayPal's own patterns do not all
// compile.
func document(t *testing.T, name string) routers.Router {
	t.Helper()
	loaded, err := openapi3.NewLoader().LoadFromFile(filepath.Join(factsDir(t), "specs", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	loaded.Servers = nil // one names its path's beginning there a second time
	router, err := gorillamux.NewRouter(loaded)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// fits checks method, path, parameters, headers and body, and names the operation.
func fits(router routers.Router, r *http.Request) (string, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, parameters, err := router.FindRoute(r)
	if err != nil {
		return "", err
	}
	err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true, SkipSettingDefaults: true,
		},
	})
	return fmt.Sprint(route.Method, " ", route.Path), err
}
