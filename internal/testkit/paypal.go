package testkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/paypal"
	"readerfund/internal/paypal/sandbox"
)

// PayPal is a sandbox of the test's own, on a real listener.
type PayPal struct {
	t         *testing.T
	URL       string // where tests reach it
	PublicURL string // where it says that it is, and where the service reaches it: the same, but for a proxy in between
	CAFile    string

	Certificate atomic.Pointer[string] // served in place of its own, if there is one
}

// PayPalAt is a sandbox that runs already.
func PayPalAt(t *testing.T, url string) *PayPal { return &PayPal{t: t, URL: url} }

func NewPayPal(t *testing.T) *PayPal {
	t.Helper()
	return NewPayPalBehind(t, func(address string) string { return address }, sandbox.Options{})
}

// NewPayPalBehind opens a bank whose own idea of its address is what behind makes of the real one.
func NewPayPalBehind(t *testing.T, behind func(address string) string, options sandbox.Options) *PayPal {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	p := &PayPal{
		t:         t,
		URL:       "http://" + address,
		PublicURL: "http://" + behind(address),
		CAFile:    filepath.Join(t.TempDir(), "paypal-ca.pem"),
	}
	options.BaseURL, options.RetryUnit = p.PublicURL, 100*time.Millisecond
	server, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	window := &http.Server{Handler: p.withCertificate(server.Handler()), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = window.Serve(l) }() // until it is closed
	t.Cleanup(func() {
		if err := window.Close(); err != nil {
			t.Error(err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(p.CAFile, server.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// withCertificate serves another certificate than the bank's own while there is one.
func (p *PayPal) withCertificate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if other := p.Certificate.Load(); other != nil && strings.HasPrefix(r.URL.Path, "/v1/notifications/certs/") {
			_, _ = io.WriteString(w, *other) // who has gone asks again
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Hook calls a test hook and reads its answer into out, which may be nil.
func (p *PayPal) Hook(method, path string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, p.URL+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}

// Must is hook for the test's own goroutine.
func (p *PayPal) Must(method, path string, in, out any) {
	p.t.Helper()
	if err := p.Hook(method, path, in, out); err != nil {
		p.t.Fatal(err)
	}
}

type Fields map[string]any

// Approve is the payer's click; it gives the address PayPal sends them back to.
func (p *PayPal) Approve(order string, outcome string) (string, error) {
	var said struct {
		ReturnURL string `json:"return_url"`
	}
	err := p.Hook("POST", "/sandbox/orders/"+order+"/approve", Fields{"outcome": outcome}, &said)
	return said.ReturnURL, err
}

// Fault has something go wrong.
func (p *PayPal) Fault(f Fields) { p.t.Helper(); p.Must("POST", "/sandbox/faults", f, nil) }

// Client speaks PayPal's own API to the sandbox.
func (p *PayPal) Client() *paypal.Client {
	p.t.Helper()
	c, err := paypal.New(paypal.Config{BaseURL: p.URL, ClientID: "sandbox-client", ClientSecret: "sandbox-secret"})
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// Movement is one line of what PayPal believes.
type Movement struct {
	ID, Kind, Amount, Currency, Fee, Status, Parent string
	CustomID                                        string `json:"custom_id"`
	Held                                            string // of a dispute: what PayPal holds back now
}

func (p *PayPal) Ledger() ([]Movement, error) {
	var all []Movement
	return all, p.Hook("GET", "/sandbox/ledger", nil, &all)
}

// CapturesOf are the captures for one contribution.
func (p *PayPal) CapturesOf(id string) []Movement {
	p.t.Helper()
	all, err := p.Ledger()
	if err != nil {
		p.t.Fatal(err)
	}
	var found []Movement
	for _, m := range all {
		if m.Kind == "capture" && m.CustomID == id {
			found = append(found, m)
		}
	}
	return found
}

// Delivery is one webhook request that was sent.
type Delivery struct {
	URL, Body string
	Headers   map[string]string
	Status    int
	EventType string `json:"event_type"`
	EventID   string `json:"event_id"`
}

// Deliveries are those of an event type, oldest first.
func (p *PayPal) Deliveries(eventType string) []Delivery {
	p.t.Helper()
	var all []Delivery
	p.Must("GET", "/sandbox/deliveries?event_type="+eventType, nil, &all)
	return all
}

// Orders are the ids of all orders that were ever made, oldest first.
func (p *PayPal) Orders() []string {
	p.t.Helper()
	var rows []struct{ ID string }
	p.Must("GET", "/sandbox/orders", nil, &rows)
	var ids []string
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	return ids
}
