package paypal_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// ledger counts the emulator's own entries of a kind for one of our ids.
func (w world) ledger(t *testing.T, kind, customID string) int {
	t.Helper()
	var all []struct {
		Kind     string `json:"kind"`
		CustomID string `json:"custom_id"`
	}
	w.hook(t, http.MethodGet, "/sandbox/ledger", nil, &all)
	n := 0
	for _, e := range all {
		if e.Kind == kind && e.CustomID == customID {
			n++
		}
	}
	return n
}

func TestLostAnswersTakeMoneyOnce(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]map[string]any{
		"reset after":       {"kind": "reset_after", "times": 1},
		"reset before":      {"kind": "reset_before", "times": 2},
		"timeout after":     {"kind": "timeout_after", "times": 1},
		"503 after":         {"kind": "status", "status": 503, "when": "after", "times": 2},
		"HTML 502 before":   {"kind": "status", "status": 502, "body": "<html>bad gateway", "times": 1},
		"garbage after":     {"kind": "status", "status": 201, "body": `{"id":`, "when": "after", "times": 1},
		"429 with patience": {"kind": "status", "status": 429, "headers": map[string]string{"Retry-After": "1"}, "times": 1},
		"401 once":          {"kind": "status", "status": 401, "times": 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, r := newEmulator(t), gift(money.New(2500, "EUR"))
			c := newClient(t, w.base, func(cfg *paypal.Config) { cfg.Timeout = 4 * time.Second })
			if err := c.Ping(t.Context()); err != nil {
				t.Fatal(tell(err))
			}
			f["match"] = map[string]string{"method": "POST", "path": "/v2/*"}
			w.fault(t, f)
			order, err := c.CreateOrder(t.Context(), r)
			if err != nil {
				t.Fatal(tell(err))
			}
			w.approve(t, order.ID, "")
			w.fault(t, f)
			done, err := c.CaptureOrder(t.Context(), order.ID, uuid.NewString())
			if err != nil || len(done.Captures) != 1 {
				t.Fatalf("%+v, %v", done, tell(err))
			}
			w.fault(t, f)
			refund, err := c.RefundCapture(t.Context(), done.Captures[0].ID,
				paypal.RefundRequest{RequestID: uuid.NewString(), Amount: money.New(100, "EUR"), CustomID: r.CustomID})
			if err != nil {
				t.Fatalf("%+v, %v", refund, tell(err))
			}
			if n, m := w.ledger(t, "capture", r.CustomID), w.ledger(t, "refund", r.CustomID); n != 1 || m != 1 {
				t.Errorf("%d captures, %d refunds", n, m)
			}
		})
	}
}

func TestALostAnswerThatStaysLostIsUnknown(t *testing.T) {
	t.Parallel()
	w := newEmulator(t)
	r := gift(money.New(2500, "EUR"))
	order := w.approved(t, r, "")
	w.fault(t, map[string]any{
		"kind": "reset_after", "match": map[string]string{"method": "POST", "path": "/v2/*/capture"},
	})
	id := uuid.NewString()
	_, err := w.client.CaptureOrder(t.Context(), order.ID, id)
	if !paypal.OutcomeUnknown(tell(err)) {
		t.Fatalf("got %v", err)
	}
	// Asking settles it.
	read, err := w.client.Order(t.Context(), order.ID)
	if tell(err) != nil || read.Status != paypal.OrderCompleted || len(read.Captures) != 1 ||
		w.ledger(t, "capture", r.CustomID) != 1 {
		t.Errorf("%+v, %v", read, err)
	}
}

func TestRevokedTokenAtTheEmulator(t *testing.T) {
	t.Parallel()
	w := newEmulator(t)
	if err := w.client.Ping(t.Context()); err != nil {
		t.Fatal(tell(err))
	}
	w.hook(t, http.MethodPost, "/sandbox/tokens/revoke", map[string]any{}, nil)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := w.client.CreateOrder(t.Context(), gift(money.New(2500, "EUR"))); err != nil {
				t.Error(tell(err))
			}
		})
	}
	all.Wait()
}

func TestFiftyAtOnceWithOneRequestID(t *testing.T) {
	t.Parallel()
	w := newEmulator(t)
	r := gift(money.New(2500, "EUR"))
	var mu sync.Mutex
	ids := map[string]bool{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			order, err := w.client.CreateOrder(t.Context(), r)
			if err != nil {
				t.Error(tell(err))
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ids[order.ID] = true
		})
	}
	all.Wait()
	if len(ids) != 1 {
		t.Errorf("%d orders", len(ids))
	}
}

// delivered is a webhook as it arrived.
type delivered struct {
	headers http.Header
	body    []byte
}

// receiver listens for webhooks.
func receiver(t *testing.T) (url string, got <-chan delivered) {
	t.Helper()
	c := make(chan delivered, 100)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c <- delivered{r.Header, body}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/webhooks/paypal", c
}

func TestDeliveriesOfTheEmulatorVerify(t *testing.T) {
	t.Parallel()
	w := newEmulator(t)
	url, got := receiver(t)
	hook, err := w.client.CreateWebhook(t.Context(), url, []string{"*"})
	if err != nil {
		t.Fatal(tell(err))
	}
	verify := func(id string, d delivered) error {
		v := verifier(t, func(c *paypal.VerifierConfig) {
			c.BaseURL, c.ExtraRoots, c.WebhookID = w.base, w.ca, func() string { return id }
		})
		delivery, err := v.Verify(t.Context(), d.headers, d.body)
		if err == nil && (delivery.TransmissionID == "" || time.Since(delivery.TransmissionTime).Abs() > time.Minute ||
			delivery.Simulated) {
			t.Errorf("got %+v", delivery)
		}
		return tell(err)
	}
	order := w.approved(t, gift(money.New(2500, "EUR")), "")
	done, err := w.client.CaptureOrder(t.Context(), order.ID, uuid.NewString())
	if err != nil {
		t.Fatal(tell(err))
	}
	capture := done.Captures[0].ID
	refund, err := w.client.RefundCapture(t.Context(), capture,
		paypal.RefundRequest{RequestID: uuid.NewString(), Amount: money.New(500, "EUR")})
	if err != nil {
		t.Fatal(tell(err))
	}
	want := map[string]paypal.Event{
		"CHECKOUT.ORDER.APPROVED":   {OrderID: order.ID},
		"PAYMENT.CAPTURE.COMPLETED": {OrderID: order.ID, CaptureID: capture},
		"PAYMENT.CAPTURE.REFUNDED":  {CaptureID: capture, RefundID: refund.ID},
	}
	for limit := time.After(20 * time.Second); len(want) > 0; {
		select {
		case <-limit:
			t.Fatalf("never came: %v", want)
		case d := <-got:
			if err := verify(hook.ID, d); err != nil {
				t.Fatal(err)
			}
			if err := verify("1OTHER", d); !errors.Is(err, paypal.ErrForged) {
				t.Errorf("for another webhook: %v", err)
			}
			if err := verify(hook.ID, delivered{d.headers, bytes.Replace(d.body, []byte("25.00"), []byte("95.00"), 1)}); bytes.Contains(d.body, []byte("25.00")) && !errors.Is(err, paypal.ErrForged) {
				t.Errorf("another amount: %v", err)
			}
			e, err := paypal.ParseEvent(d.body)
			if tell(err) != nil {
				t.Fatal(err)
			}
			if w, ok := want[e.Type]; ok {
				if e.CaptureID != w.CaptureID || e.RefundID != w.RefundID || w.OrderID != "" && e.OrderID != w.OrderID ||
					e.CreateTime.IsZero() {
					t.Errorf("read %+v", e)
				}
				delete(want, e.Type)
			}
		}
	}
}
