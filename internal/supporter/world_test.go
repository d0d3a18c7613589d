package supporter_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/paypal/sandbox"
	"readerfund/internal/refund"
	"readerfund/internal/supporter"
)

// world is a newsroom with a PayPal sandbox over real HTTP, on one clock.
type world struct {
	t       *testing.T
	base    string
	db      *db.DB
	desk    *contribution.Desk
	refunds *refund.Service
	moved   atomic.Int64
	*supporter.Service
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.moved.Load())) }

// later moves the clock on.
func (w *world) later(d time.Duration) { w.moved.Add(int64(d)) }

func open(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: dbtest.New(t)}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.base = "http://" + l.Addr().String()
	emulator, err := sandbox.New(sandbox.Options{BaseURL: w.base, Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: emulator.Handler(), ReadHeaderTimeout: time.Second}}
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		if err := emulator.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := campaign.EnsureDefault(t.Context(), w.db, "The Test Gazette", "EUR", w.now()); err != nil {
		t.Fatal(err)
	}
	client, err := paypal.New(paypal.Config{
		BaseURL: w.base, ClientID: "sandbox-client", ClientSecret: "sandbox-secret", Now: w.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.desk = contribution.NewDesk(contribution.Config{
		DB: w.db, PayPal: client, Campaigns: campaign.NewCatalog(w.db, w.now), BaseURL: "http://127.0.0.1:1",
		Publication: "The Test Gazette", Limits: map[money.Currency]contribution.Limit{"EUR": {Min: 100, Max: 1000000}},
		SweepEvery: time.Minute, Listeners: []contribution.Listener{refund.OnApplied}, Now: w.now,
		Log: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(w.desk.Close)
	w.refunds = refund.New(refund.Config{
		DB: w.db, PayPal: client, Contributions: w.desk, Now: w.now, Log: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(w.refunds.Close)
	w.Service = supporter.New(supporter.Config{
		DB: w.db, Now: w.now, Log: slog.New(slog.DiscardHandler),
		Retention: supporter.Retention{Deliveries: 90 * 24 * time.Hour, Unpaid: 30 * 24 * time.Hour},
	})
	return w
}

func (w *world) hook(path string, in any) {
	w.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.base+"/sandbox/"+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode >= 300 {
		w.t.Fatalf("%s: %s %s %v", path, resp.Status, text, err)
	}
}

// start is a reader who sends the form with words of their own.
func (w *world) start(name, email string) contribution.Contribution {
	w.t.Helper()
	c, err := w.desk.Start(w.t.Context(), contribution.Intent{
		Campaign: campaign.DefaultSlug, Amount: "25.00", Currency: "EUR", Frequency: "once",
		Name: name, Email: email, Message: "Keep going, says " + name,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// pay is the reader's approval, and our taking the money.
func (w *world) pay(c contribution.Contribution) contribution.Contribution {
	w.t.Helper()
	w.hook("orders/"+c.OrderID+"/approve", map[string]any{})
	c, err := w.desk.Settle(w.t.Context(), c.ID, contribution.Source{Way: contribution.ByWebhook})
	if err != nil || c.State != contribution.Completed {
		w.t.Fatalf("%s, %v", c.State, err)
	}
	return c
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := w.db.ExecContext(w.t.Context(), query, args...); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
}

func (w *world) count(what string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.GetContext(w.t.Context(), &n, `SELECT count(*) FROM `+what, args...); err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
	return n
}

// delivered keeps a webhook event as the inbox does.
func (w *world) delivered(id, body, state string, due any, of any) {
	w.t.Helper()
	w.exec(`
		INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, headers, body, received_at, state,
		                           due_at, contribution_id)
		VALUES ($1, 'T-' || $1, $2, 'CHECKOUT.ORDER.APPROVED', '{"paypal-transmission-sig": "x"}', $3, $2, $4, $5, $6)`,
		id, w.now(), []byte(body), state, due, of)
}

// apart moves what was delivered out of an event's row, where the inbox keeps it now.
func (w *world) apart(id string) {
	w.t.Helper()
	w.exec(`INSERT INTO webhook_body (event_id, headers, body) SELECT id, headers, body FROM webhook_event WHERE event_id = $1`, id)
	w.exec(`UPDATE webhook_event SET body_digest = sha256(body), headers = '{}', body = '{}' WHERE event_id = $1`, id)
}

// names counts the rows of all tables in which a text stands, in whatever column, also inside a webhook's body.
func (w *world) names(text string) map[string]int {
	w.t.Helper()
	var tables []string
	err := w.db.SelectContext(w.t.Context(), &tables, `
		SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`)
	if err != nil {
		w.t.Fatal(err)
	}
	found := map[string]int{}
	for _, table := range tables {
		if n := w.count(`"`+table+`" x WHERE x::text ILIKE '%' || $1 || '%'`, text); n > 0 {
			found[table] = n
		}
	}
	for _, table := range []string{"webhook_event", "webhook_body", "suspect_delivery"} {
		if n := w.count(table+` WHERE encode(body, 'escape') ILIKE '%' || $1 || '%'`, text); n > 0 {
			found[table+".body"] = n
		}
	}
	return found
}
