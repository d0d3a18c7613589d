package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/app"
	"readerfund/internal/inbox"
	"readerfund/internal/paypal"
)

// PayPal refuses a webhook with an event type that it does not have, and its pages do not agree on which it has:
// its own list decides, and a webhook that lacks one is mended.
func TestTheWebhookIsRegisteredForWhatPayPalHas(t *testing.T) {
	t.Parallel()
	base, _, _ := payPal(t)
	client, err := paypal.New(paypal.Config{
		BaseURL: base, ClientID: "sandbox-client", ClientSecret: "sandbox-secret", Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	fault := func(method, spec string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, base+"/sandbox/faults", strings.NewReader(spec))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode >= 300 {
			t.Fatal(resp, err)
		}
		_ = resp.Body.Close()
	}
	fault("POST", `{"kind":"status","status":200,"match":{"path":"/v1/notifications/webhooks-event-types"},
		"body":{"event_types":[{"name":"PAYMENT.CAPTURE.REFUNDED"},{"name":"BILLING.PLAN.CREATED"}]}}`)
	hook, done, err := app.RegisterWebhook(t.Context(), client, "https://example.org")
	if err != nil || done != "registered" || !slices.Equal(hook.EventTypes, []string{"PAYMENT.CAPTURE.REFUNDED"}) {
		t.Fatalf("%s %+v, %v", done, hook, err)
	}
	if _, done, err = app.RegisterWebhook(t.Context(), client, "https://example.org"); err != nil || done != "unchanged" {
		t.Errorf("again: %s, %v", done, err)
	}
	fault("DELETE", "")
	hook, done, err = app.RegisterWebhook(t.Context(), client, "https://example.org")
	slices.Sort(hook.EventTypes)
	if err != nil || done != "mended" || !slices.Equal(hook.EventTypes,
		slices.Sorted(slices.Values(inbox.EventTypes()))) {
		t.Errorf("once PayPal has them all: %s %+v, %v", done, hook, err)
	}
	fault("POST", `{"kind":"status","status":200,"match":{"path":"/v1/notifications/webhooks-event-types"},"body":{}}`)
	if _, _, err = app.RegisterWebhook(t.Context(), client, "https://example.org"); err == nil {
		t.Error("no list is taken for an empty one")
	}
}
