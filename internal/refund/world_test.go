package refund

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/paypal/sandbox"
	"readerfund/internal/queue"
	"readerfund/internal/review"
	"readerfund/internal/settle"
)

var editor = contribution.Actor{Name: "editor@example.org"}

// newsroom is a Service with a PayPal sandbox over real HTTP, and one clock for both.
type newsroom struct {
	*Service
	settle  *settle.Services
	t       *testing.T
	queue   *queue.Queue
	sandbox string // its address
	moved   atomic.Int64
}

func (n *newsroom) clock() time.Time { return time.Now().Add(time.Duration(n.moved.Load())) }

// later moves the clock of both on.
func (n *newsroom) later(d time.Duration) { n.moved.Add(int64(d)) }

func open(t *testing.T) *newsroom {
	t.Helper()
	n := &newsroom{t: t}
	n.openSandbox()
	d, log := dbtest.New(t), slog.New(slog.DiscardHandler)
	if err := campaign.EnsureDefault(t.Context(), d, "The Test Gazette", "EUR", n.clock()); err != nil {
		t.Fatal(err)
	}
	client, err := paypal.New(paypal.Config{
		BaseURL: n.sandbox, ClientID: "sandbox-client", ClientSecret: "sandbox-secret", Timeout: 2 * time.Second,
		Now: n.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	campaigns := campaign.NewCatalog(d, n.clock)
	contributions := contribution.New(contribution.Config{
		DB: d, Campaigns: campaigns, Limits: map[money.Currency]contribution.Limit{"EUR": {Min: 100, Max: 1000000}},
		SweepEvery: time.Minute, Now: n.clock,
	})
	n.settle = settle.New(settle.Config{
		DB: d, PayPal: client, Contributions: contributions, Campaigns: campaigns, BaseURL: "http://127.0.0.1:1",
		Publication: "The Test Gazette", SweepEvery: time.Minute, Listeners: []settle.Listener{OnApplied}, Now: n.clock, Log: log,
	})
	t.Cleanup(n.settle.Close)
	n.Service = New(Config{
		DB: d, PayPal: client, Contributions: contributions, Applier: n.settle.Applier, Payments: n.settle.Payments,
		Now: n.clock, Log: log,
	})
	t.Cleanup(n.Close)
	n.queue = queue.New(queue.Config{
		DB: d, Now: n.clock, Log: log, Kinds: []queue.Kind{{Name: Sending, Places: 8, Run: n.Resume}},
	})
	return n
}

// workOff puts into the queue what the version before asked for, and has the queue do what is due. What fails waits again.
func (n *newsroom) workOff() {
	n.t.Helper()
	if err := n.CatchUp(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
	for range 20 {
		if ended, err := n.queue.RunDue(n.t.Context()); ended == 0 && err == nil {
			return
		}
	}
	n.t.Fatal("the queue does not come to its end")
}

func (n *newsroom) openSandbox() {
	n.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(n.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		n.t.Fatal(err)
	}
	n.sandbox = "http://" + l.Addr().String()
	emulator, err := sandbox.New(sandbox.Options{BaseURL: n.sandbox, Now: n.clock})
	if err != nil {
		n.t.Fatal(err)
	}
	server := &httptest.Server{
		Listener: l, Config: &http.Server{Handler: emulator.Handler(), ReadHeaderTimeout: time.Second},
	}
	server.Start()
	n.t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		if err := emulator.Close(); err != nil {
			n.t.Error(err)
		}
	})
}

// hook calls one of the sandbox's test hooks and reads its answer.
func (n *newsroom) hook(method, path, body string, out any) {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), method, n.sandbox+"/sandbox/"+path, bytes.NewBufferString(body))
	if err != nil {
		n.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		n.t.Fatalf("%s %s: %s %s %v", method, path, resp.Status, text, err)
	}
	_ = resp.Body.Close()
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			n.t.Fatalf("%s: %v in %s", path, err, text)
		}
	}
}

func (n *newsroom) fault(spec string) {
	n.t.Helper()
	n.hook("POST", "faults", spec, nil)
}

func (n *newsroom) heal() { n.hook("DELETE", "faults", "", nil) }

// line is one line of the sandbox's ledger: what PayPal believes.
type line struct{ ID, Kind, Amount, Fee string }

func (n *newsroom) ledger() []line {
	n.t.Helper()
	var all []line
	n.hook("GET", "ledger", "", &all)
	return all
}

// start is a gift of 25.00 EUR whose reader has not approved it yet.
func (n *newsroom) start() contribution.Contribution {
	n.t.Helper()
	c, err := n.settle.Starter.Start(n.t.Context(), contribution.Intent{
		Campaign: campaign.DefaultSlug, Amount: "25.00", Currency: "EUR", Frequency: "once",
	}, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	return c
}

// approved is start, approved at PayPal with that outcome, and settled.
func (n *newsroom) approved(outcome string) contribution.Contribution {
	n.t.Helper()
	c := n.start()
	n.hook("POST", "orders/"+c.Checkout.PayPalID+"/approve", `{"outcome":"`+outcome+`"}`, nil)
	c, err := n.settle.Settler.Settle(n.t.Context(), c.ID, settle.Source{Way: contribution.ByReader})
	if err != nil {
		n.t.Fatal(err)
	}
	return c
}

// paid is a gift that came in, and the id of its capture.
func (n *newsroom) paid() (contribution.Contribution, string) {
	n.t.Helper()
	c := n.approved("approve")
	var capture string
	if err := n.db.Get(&capture, `SELECT paypal_id FROM payment WHERE contribution_id = $1`, c.ID); err != nil {
		n.t.Fatal(err)
	}
	return c, capture
}

// disputed is a gift that came in and about which a dispute is open.
func (n *newsroom) disputed(stage string) contribution.Contribution {
	n.t.Helper()
	c, capture := n.paid()
	var seen struct {
		ID string `json:"dispute_id"`
	}
	n.hook("POST", "captures/"+capture+"/dispute", stage, &seen)
	src := settle.Source{Way: contribution.ByWebhook}
	if _, err := n.settle.Disputes.Settle(n.t.Context(), seen.ID, src); err != nil {
		n.t.Fatal(err)
	}
	n.wants(c, contribution.Disputed)
	return c
}

func (n *newsroom) refund(c contribution.Contribution, amount, key string) (Request, error) {
	return n.Request(n.t.Context(), Intent{
		Contribution: c.ID, Amount: amount, Reason: "Given twice.", Note: "With\nthanks", Key: key, By: editor,
	})
}

// told is PayPal's news of a refund.
func (n *newsroom) told(refundID string) error {
	src := settle.Source{Way: contribution.ByWebhook}
	_, err := n.settle.Payments.SettleRefund(n.t.Context(), refundID, false, src)
	return err
}

// refunds counts PayPal's refunds.
func (n *newsroom) refunds() (count int) {
	n.t.Helper()
	for _, l := range n.ledger() {
		if l.Kind == "refund" {
			count++
		}
	}
	return count
}

func (n *newsroom) wants(c contribution.Contribution, want contribution.State) {
	n.t.Helper()
	now, err := n.contributions.Get(n.t.Context(), c.ID)
	if err != nil || now.State != want {
		n.t.Fatalf("state %s (%s), want %s; %v", now.State, now.Reason, want, err)
	}
}

// booksEqual is the ledger invariant: our captures and refunds are PayPal's.
func (n *newsroom) booksEqual() {
	n.t.Helper()
	want := map[string]string{}
	for _, l := range n.ledger() {
		switch l.Kind {
		case "capture":
			want["charge "+l.ID], want["fee "+l.ID] = l.Amount, "-"+l.Fee
		case "refund":
			want["refund "+l.ID] = "-" + l.Amount
		}
	}
	var ours []struct {
		Kind, Ref, Currency string
		Minor               int64
	}
	err := n.db.Select(&ours, `SELECT kind, paypal_ref AS ref, currency, amount_minor AS minor FROM ledger_entry`)
	if err != nil {
		n.t.Fatal(err)
	}
	if len(ours) != len(want) {
		n.t.Errorf("we have %d entries, PayPal %d", len(ours), len(want))
	}
	for _, e := range ours {
		if got := money.New(e.Minor, money.Currency(e.Currency)).Decimal(); got != want[e.Kind+" "+e.Ref] {
			n.t.Errorf("%s of %s is %s, PayPal's %q", e.Kind, e.Ref, got, want[e.Kind+" "+e.Ref])
		}
	}
}

// audited gives the actions noted about a contribution, oldest first.
func (n *newsroom) audited(c contribution.Contribution) string {
	n.t.Helper()
	var all []string
	err := n.db.Select(&all, `
		SELECT action || coalesce(' ' || (detail->>'outcome'), '') FROM audit_entry
		WHERE subject = $1 AND actor = $2 ORDER BY id`, c.Receipt, editor.Name)
	if err != nil {
		n.t.Fatal(err)
	}
	return strings.Join(all, ", ")
}

// reviews is what a person has to look at, in words.
func (n *newsroom) reviews(c contribution.Contribution) string {
	n.t.Helper()
	all, err := review.Of(n.t.Context(), n.db, c.ID)
	if err != nil {
		n.t.Fatal(err)
	}
	var texts []string
	for _, r := range all {
		if r.Open() {
			texts = append(texts, r.Text())
		}
	}
	return strings.Join(texts, " ")
}
