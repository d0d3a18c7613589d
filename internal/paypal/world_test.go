package paypal_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/paypal/sandbox"
	"readerfund/internal/testkit"
)

// world is something that speaks PayPal's wire: the emulator, or PayPal's own sandbox.
type world struct {
	name   string
	client *paypal.Client
	hook   func(t *testing.T, method, path string, in, out any) // the emulator's test hooks; nil at PayPal

	base string
	ca   []byte
}

const paypalSandbox = "https://api-m.sandbox.paypal.com"

// conformance runs a test against the emulator, and unchanged against PayPal's sandbox where the environment has the
// credentials of an account there. The demo's settings name an emulator, and are no such credentials.
func conformance(t *testing.T, test func(*testing.T, world)) {
	t.Helper()
	t.Run("emulator", func(t *testing.T) {
		t.Parallel()
		test(t, newEmulator(t))
	})
	id, key, base := os.Getenv("PAYPAL_CLIENT_ID"), os.Getenv("PAYPAL_CLIENT_SECRET"), os.Getenv("PAYPAL_API_BASE")
	if id == "" || key == "" || base != "" && base != paypalSandbox {
		return
	}
	t.Run("PayPal", func(t *testing.T) {
		t.Parallel()
		test(t, world{name: "PayPal", base: paypalSandbox, client: newClient(t, paypalSandbox, func(c *paypal.Config) {
			c.ClientID, c.ClientSecret, c.Timeout = id, key, 20*time.Second
		})})
	})
}

// needsClick ends a test at the point where somebody has to approve an order, which no API of PayPal's can do.
func (w world) needsClick(t *testing.T) {
	t.Helper()
	if w.hook == nil {
		t.Skipf("left out at %s: approving an order takes a person in a browser; the emulator ran it", w.name)
	}
}

// later is a handler that is not there yet: the emulator must know its address before it is made.
type later struct {
	mu sync.Mutex
	h  http.Handler
}

func (l *later) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	h := l.h
	l.mu.Unlock()
	h.ServeHTTP(w, r)
}

func newEmulator(t *testing.T) world {
	t.Helper()
	keys, err := testkit.Authority()
	if err != nil {
		t.Fatal(err)
	}
	var handler later
	server := httptest.NewServer(&handler)
	emulator, err := sandbox.New(sandbox.Options{
		BaseURL: server.URL, ClientID: "suite-client", ClientSecret: secret, RetryUnit: 50 * time.Millisecond,
		Authority: keys,
	})
	if err != nil {
		t.Fatal(err)
	}
	handler.mu.Lock()
	handler.h = emulator.Handler()
	handler.mu.Unlock()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		if err := emulator.Close(); err != nil {
			t.Error(err)
		}
	})
	return world{name: "emulator", base: server.URL, client: newClient(t,
		server.URL), ca: emulator.CAPEM(), hook: func(t *testing.T, method, path string, in, out any) {
		t.Helper()
		post(t, method, server.URL+path, in, out)
	}}
}

func post(t *testing.T, method, url string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		t.Fatalf("%s %s: %d %s %v", method, url, resp.StatusCode, text, err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			t.Fatal(err)
		}
	}
}

// approve does what the payer's click does.
func (w world) approve(t *testing.T, orderID, outcome string) {
	t.Helper()
	w.hook(t, http.MethodPost, "/sandbox/orders/"+orderID+"/approve", map[string]any{
		"outcome": outcome, "payer": map[string]string{
			"email": payerMail, "given_name": payerName, "surname": "S", "country": "DE",
		},
	}, nil)
}

// fault makes the emulator do something wrong.
func (w world) fault(t *testing.T, f map[string]any) {
	t.Helper()
	w.hook(t, http.MethodPost, "/sandbox/faults", f, nil)
}

// gift is a new order of its own.
func gift(amount money.Amount) paypal.OrderRequest {
	id := uuid.NewString()
	return paypal.OrderRequest{
		RequestID: "create-" + id, CustomID: id, InvoiceID: "RF-" + id, Description: "A gift to The Paper",
		BrandName: "The Paper", Locale: "de-DE",
		ReturnURL: "https://example.org/contributions/1/return", CancelURL: "https://example.org/contributions/1/cancel",
		Amount: amount,
	}
}

// order makes an order and has it approved.
func (w world) approved(t *testing.T, r paypal.OrderRequest, outcome string) paypal.Order {
	t.Helper()
	order, err := w.client.CreateOrder(t.Context(), r)
	if err != nil {
		t.Fatal(tell(err))
	}
	w.needsClick(t)
	w.approve(t, order.ID, outcome)
	return order
}
