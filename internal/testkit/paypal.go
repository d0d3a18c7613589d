package testkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/paypal"
	"readerfund/internal/paypal/sandbox"
)

// PayPal is a sandbox of the test's own, on a real listener.
type PayPal struct {
	t         *testing.T
	now       func() time.Time
	URL       string // where tests reach it
	PublicURL string // where it says that it is, and where the service reaches it: the same, but for a proxy in between
	CA        []byte // the certificates that its own chains to, PEM
	CAFile    string // the same, as a file

	Certificate atomic.Pointer[string] // served in place of its own, if there is one
}

// PayPalOptions are a sandbox's own, and how it is reached.
type PayPalOptions struct {
	sandbox.Options
	Behind func(address string) string             // makes the address that it is reached at of its own; nil: the same
	Around func(sandbox http.Handler) http.Handler // stands before its handler; nil: nothing does
}

// PayPalAt is a sandbox that runs already.
func PayPalAt(t *testing.T, url string) *PayPal { return &PayPal{t: t, URL: url, PublicURL: url} }

// NewPayPal opens a sandbox for as long as the test takes. All sandboxes sign with the same keys, which take a while to
// make.
func NewPayPal(t *testing.T, o PayPalOptions) *PayPal {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	p := &PayPal{t: t, URL: "http://" + address, PublicURL: "http://" + address}
	if o.Behind != nil {
		p.PublicURL = "http://" + o.Behind(address)
	}
	o.BaseURL, p.now = p.PublicURL, o.Now
	if o.RetryUnit == 0 {
		o.RetryUnit = 100 * time.Millisecond
	}
	if o.Authority, err = Authority(); err != nil {
		t.Fatalf("the sandbox's keys: %v", err)
	}
	emulator, err := sandbox.New(o.Options)
	if err != nil {
		t.Fatal(err)
	}
	handler := p.withCertificate(emulator.Handler())
	if o.Around != nil {
		handler = o.Around(handler)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // until it is closed
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), emulator.Close()); err != nil {
			t.Error(err)
		}
	})
	p.CA = emulator.CAPEM()
	p.CAFile = filepath.Join(t.TempDir(), "paypal-ca.pem")
	if err := os.WriteFile(p.CAFile, p.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// Authority is the text of the file with the keys that sandboxes sign with. It is made once, for all test processes.
var Authority = sync.OnceValues(func() ([]byte, error) {
	folder, err := dbtest.Folder(os.TempDir())
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "authority.json")
	if text, err := os.ReadFile(file); err == nil {
		return text, nil
	}
	draft, err := os.MkdirTemp(folder, "authority-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(draft) }()
	emulator, err := sandbox.New(sandbox.Options{DataDir: draft})
	if err != nil {
		return nil, err
	}
	if err := emulator.Close(); err != nil {
		return nil, err
	}
	// Two processes may do this at once. What one of them has read must stay what it is, so the first file wins.
	if err := os.Link(filepath.Join(draft, "authority.json"), file); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return os.ReadFile(file)
})

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

// ErrRefused is a test hook that does not fit how things stand.
var ErrRefused = errors.New("409 Conflict")

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
	if resp.StatusCode == http.StatusConflict {
		return fmt.Errorf("%s %s: %w: %s", method, path, ErrRefused, body)
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

// Fields are a JSON object.
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
	c, err := paypal.New(paypal.Config{
		BaseURL: p.URL, ClientID: "sandbox-client", ClientSecret: "sandbox-secret", Now: p.now,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// Movement is one line of what PayPal believes.
type Movement struct {
	ID, Kind, Amount, Currency, Fee, Status, Parent string
	CustomID                                        string `json:"custom_id"`
	SubscriptionID                                  string `json:"subscription_id"` // of a sale
	Stage                                           string // of a dispute, as is Held: what PayPal holds back now
	Held                                            string
}

// Ledger is all that PayPal believes, oldest first.
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

// Refund gives money of a capture back in PayPal's own pages, all that is left without an amount, and gives PayPal's
// id.
func (p *PayPal) Refund(capture, amount string) string {
	p.t.Helper()
	var made struct{ ID string }
	f := Fields{}
	if amount != "" {
		f["amount"] = amount
	}
	p.Must("POST", "/sandbox/captures/"+capture+"/refund", f, &made)
	return made.ID
}

// Dispute opens a dispute about a capture, or moves it on, and gives PayPal's id of it.
func (p *PayPal) Dispute(capture string, f Fields) string {
	p.t.Helper()
	var made struct {
		ID string `json:"dispute_id"`
	}
	p.Must("POST", "/sandbox/captures/"+capture+"/dispute", f, &made)
	return made.ID
}
