package e2e

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

// bank is a PayPal sandbox of the test's own, on a real listener.
type bank struct {
	t      *testing.T
	url    string // where tests reach it
	public string // where it says that it is, and where the service reaches it: the same, but for a proxy in between
	caFile string

	certificate atomic.Pointer[string] // served in place of its own, if there is one
}

func openBank(t *testing.T) *bank {
	t.Helper()
	return openBankBehind(t, func(address string) string { return address }, sandbox.Options{})
}

// openBankBehind opens a bank whose own idea of its address is what behind makes of the real one.
func openBankBehind(t *testing.T, behind func(address string) string, options sandbox.Options) *bank {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	b := &bank{t: t, url: "http://" + address, public: "http://" + behind(address), caFile: filepath.Join(t.TempDir(), "paypal-ca.pem")}
	options.BaseURL, options.RetryUnit = b.public, 100*time.Millisecond
	server, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	window := &http.Server{Handler: b.swapping(server.Handler()), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = window.Serve(l) }() // until it is closed
	t.Cleanup(func() {
		if err := window.Close(); err != nil {
			t.Error(err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(b.caFile, server.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

// swapping serves another certificate than the bank's own while there is one.
func (b *bank) swapping(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if other := b.certificate.Load(); other != nil && strings.HasPrefix(r.URL.Path, "/v1/notifications/certs/") {
			_, _ = io.WriteString(w, *other) // who has gone asks again
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hook calls a test hook and reads its answer into out, which may be nil.
func (b *bank) hook(method, path string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, b.url+path, bytes.NewReader(text))
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

// must is hook for the test's own goroutine.
func (b *bank) must(method, path string, in, out any) {
	b.t.Helper()
	if err := b.hook(method, path, in, out); err != nil {
		b.t.Fatal(err)
	}
}

type fields map[string]any

// approve is the payer's click; it gives the address PayPal sends them back to.
func (b *bank) approve(order string, outcome string) (string, error) {
	var said struct {
		ReturnURL string `json:"return_url"`
	}
	err := b.hook("POST", "/sandbox/orders/"+order+"/approve", fields{"outcome": outcome}, &said)
	return said.ReturnURL, err
}

// fault has something go wrong.
func (b *bank) fault(f fields) { b.t.Helper(); b.must("POST", "/sandbox/faults", f, nil) }

// client speaks PayPal's own API to the sandbox.
func (b *bank) client() *paypal.Client {
	b.t.Helper()
	c, err := paypal.New(paypal.Config{BaseURL: b.url, ClientID: "sandbox-client", ClientSecret: "sandbox-secret"})
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// movement is one line of what PayPal believes.
type movement struct {
	ID, Kind, Amount, Currency, Fee, Status, Parent string
	CustomID                                        string `json:"custom_id"`
	Held                                            string // of a dispute: what PayPal holds back now
}

func (b *bank) ledger() ([]movement, error) {
	var all []movement
	return all, b.hook("GET", "/sandbox/ledger", nil, &all)
}

// capturesOf are the captures for one contribution.
func (b *bank) capturesOf(id string) []movement {
	b.t.Helper()
	all, err := b.ledger()
	if err != nil {
		b.t.Fatal(err)
	}
	var found []movement
	for _, m := range all {
		if m.Kind == "capture" && m.CustomID == id {
			found = append(found, m)
		}
	}
	return found
}

// delivery is one webhook request that was sent.
type delivery struct {
	URL, Body string
	Headers   map[string]string
	Status    int
	EventType string `json:"event_type"`
	EventID   string `json:"event_id"`
}

// deliveries are those of an event type, oldest first.
func (b *bank) deliveries(eventType string) []delivery {
	b.t.Helper()
	var all []delivery
	b.must("GET", "/sandbox/deliveries?event_type="+eventType, nil, &all)
	return all
}

// orders are the ids of all orders that were ever made, oldest first.
func (b *bank) orders() []string {
	b.t.Helper()
	var rows []struct{ ID string }
	b.must("GET", "/sandbox/orders", nil, &rows)
	var ids []string
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	return ids
}
