package plan_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/paypal/sandbox"
	"readerfund/internal/plan"
	"readerfund/internal/testkit"
)

const product = "RF-THE-PAPER"

// world is a database, and a sandbox that sees every request of a test.
type world struct {
	t      *testing.T
	db     *db.DB
	clock  *testkit.Clock
	paypal *testkit.PayPal

	mu       sync.Mutex
	calls    int
	requests map[string]bool // the PayPal-Request-Ids that plans were asked for with
	before   func()          // comes before a plan is made
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: dbtest.New(t), clock: testkit.NewClock(), requests: map[string]bool{}, before: func() {}}
	w.paypal = testkit.NewPayPal(t, testkit.PayPalOptions{
		Options: sandbox.Options{Now: w.clock.Now}, Around: w.watch,
	})
	return w
}

func (w *world) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/") && r.URL.Path != "/v1/oauth2/token" {
			w.mu.Lock()
			w.calls++
			before := func() {}
			if r.Method == http.MethodPost && r.URL.Path == "/v1/billing/plans" {
				w.requests[r.Header.Get("PayPal-Request-Id")], before = true, w.before
			}
			w.mu.Unlock()
			before()
		}
		next.ServeHTTP(rw, r)
	})
}

// process is another process of the service, with nothing in memory.
func (w *world) process() *plan.Plans {
	plans := plan.New(plan.Config{
		DB: w.db, PayPal: w.paypal.Client(), Publication: "The\n Paper", ProductID: product, Now: w.clock.Now,
		Log: slog.New(slog.DiscardHandler),
	})
	w.t.Cleanup(plans.Close)
	return plans
}

func (w *world) asked() (calls, requests int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls, len(w.requests)
}

// made is every plan at PayPal in words, by its id.
func (w *world) made() map[string]string {
	w.t.Helper()
	all, err := w.paypal.Client().Plans(w.t.Context(), product)
	if err != nil {
		w.t.Fatal(err)
	}
	said := map[string]string{}
	for _, p := range all {
		said[p.ID] = fmt.Sprintf("%s, %s, %s", p.Name, p.Every, p.Price)
	}
	return said
}

// fault has calls about plans go wrong.
func (w *world) fault(method string, f testkit.Fields) {
	w.t.Helper()
	f["match"] = testkit.Fields{"method": method, "path": "/v1/billing/plans"}
	w.paypal.Fault(f)
}

// subscribe asks PayPal for a subscription of a plan, as settle does.
func (w *world) subscribe(plan string, amount *money.Amount) (paypal.Subscription, error) {
	id := uuid.NewString()
	return w.paypal.Client().CreateSubscription(w.t.Context(), paypal.SubscriptionRequest{
		RequestID: id, PlanID: plan, CustomID: id, Amount: amount,
		ReturnURL: "https://example.org/return", CancelURL: "https://example.org/cancel",
	})
}

func (w *world) clearFaults() { w.t.Helper(); w.paypal.Must("DELETE", "/sandbox/faults", nil, nil) }

// deactivate does what somebody does at PayPal: no call of ours does it.
func (w *world) deactivate(id string) {
	w.t.Helper()
	var token struct {
		Value string `json:"access_token"`
	}
	if err := json.Unmarshal(w.post("/v1/oauth2/token", "grant_type=client_credentials", func(h *http.Request) {
		h.SetBasicAuth("sandbox-client", "sandbox-secret")
		h.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}), &token); err != nil {
		w.t.Fatal(err)
	}
	w.post("/v1/billing/plans/"+id+"/deactivate", "", func(h *http.Request) {
		h.Header.Set("Authorization", "Bearer "+token.Value)
		h.Header.Set("Content-Type", "application/json")
	})
}

func (w *world) post(path, body string, with func(*http.Request)) []byte {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.paypal.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	with(req)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		w.t.Fatalf("%s: %d %s %v", path, resp.StatusCode, text, err)
	}
	return text
}

func give(t *testing.T, p *plan.Plans, every paypal.Interval, amount money.Amount) (string, *money.Amount) {
	t.Helper()
	id, override, err := p.For(t.Context(), every, amount)
	if err != nil || id == "" {
		t.Fatalf("%q, %v", id, err)
	}
	return id, override
}
