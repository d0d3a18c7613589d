package reconcile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/inbox"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/paypal/sandbox"
	"readerfund/internal/reconcile"
)

// world is a newsroom with a PayPal sandbox over real HTTP, on one clock. No webhook reaches it.
type world struct {
	t      *testing.T
	base   string // the sandbox's address
	db     *db.DB
	desk   *contribution.Desk
	inbox  *inbox.Inbox
	paypal *paypal.Client
	*reconcile.Reconciler

	moved  atomic.Int64
	seed   uint64
	calls  atomic.Int64                     // of transaction search
	looks  atomic.Int64                     // at single captures
	meddle atomic.Pointer[func(call int64)] // before each of them is answered
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.moved.Load())) }

// later moves the clock of both sides on.
func (w *world) later(d time.Duration) { w.moved.Add(int64(d)) }

type options struct{ searchLimit int }

func open(t *testing.T, o options) *world {
	t.Helper()
	w := &world{t: t}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.base = "http://" + l.Addr().String()
	emulator, err := sandbox.New(sandbox.Options{BaseURL: w.base, Now: w.now, SearchLimit: o.searchLimit})
	if err != nil {
		t.Fatal(err)
	}
	handler := emulator.Handler()
	counted := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v2/payments/captures/") {
			w.looks.Add(1)
		}
		if r.URL.Path == "/v1/reporting/transactions" {
			n := w.calls.Add(1)
			if meddle := w.meddle.Load(); meddle != nil {
				(*meddle)(n)
			}
		}
		handler.ServeHTTP(rw, r)
	})
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: counted, ReadHeaderTimeout: time.Second}}
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		if err := emulator.Close(); err != nil {
			t.Error(err)
		}
	})
	w.db = dbtest.New(t)
	if err := campaign.EnsureDefault(t.Context(), w.db, "The Test Gazette", "EUR", w.now()); err != nil {
		t.Fatal(err)
	}
	w.paypal, err = paypal.New(paypal.Config{BaseURL: w.base, ClientID: "sandbox-client", ClientSecret: "sandbox-secret", Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	w.desk = contribution.NewDesk(contribution.Config{
		DB: w.db, PayPal: w.paypal, Campaigns: campaign.NewCatalog(w.db, w.now), BaseURL: "http://127.0.0.1:1", Publication: "The Test Gazette",
		Limits: map[money.Currency]contribution.Limit{"EUR": {Min: 100, Max: 1000000}, "USD": {Min: 100, Max: 1000000}}, SweepEvery: time.Minute,
		Now: w.now, Log: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(w.desk.Close)
	w.inbox = inbox.New(inbox.Config{DB: w.db, Desk: w.desk, Now: w.now, Log: slog.New(slog.DiscardHandler)})
	w.Reconciler = reconcile.New(reconcile.Config{
		DB: w.db, PayPal: w.paypal, Desk: w.desk, Inbox: w.inbox, Zone: time.UTC, Now: w.now, Log: slog.New(slog.DiscardHandler),
	})
	return w
}

func (w *world) hook(method, path string, in, out any) {
	w.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequest(method, w.base+"/sandbox/"+path, bytes.NewReader(body))
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
		w.t.Fatalf("%s %s: %s %s %v", method, path, resp.Status, text, err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			w.t.Fatalf("%s: %v in %s", path, err, text)
		}
	}
}

type fields map[string]any

// past is a payment of the sandbox's history.
type past struct{ Order, Capture, Amount, Fee, At string }

// gifts writes contributions down and lets each be paid at PayPal between two moments; nothing of that reaches us.
func (w *world) gifts(n int, from, to time.Time) []past {
	w.t.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = uuid.NewString()
	}
	w.exec(`
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state, created_at, updated_at)
		SELECT id::uuid, 'T' || substr(id, 1, 8) || substr(id, 10, 4), '', (SELECT id FROM campaign LIMIT 1), 'once', 2500, 'EUR', 'created', $2, $2
		FROM unnest($1::text[]) AS id`, db.Array(ids), from.Add(-time.Minute))
	w.seed++
	var made struct{ List []past }
	w.hook("POST", "history", fields{"payments": n, "from": from, "to": to, "custom_ids": ids, "amount": "25.00", "seed": w.seed, "list": true}, &made)
	return made.List
}

func (w *world) exec(query string, args ...any) int64 {
	w.t.Helper()
	done, err := w.db.ExecContext(w.t.Context(), query, args...)
	if err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	n, err := done.RowsAffected()
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) count(what string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.GetContext(w.t.Context(), &n, `SELECT count(*) FROM `+what, args...); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// run reconciles and fails the test where that fails.
func (w *world) run(o reconcile.Order) reconcile.Result {
	w.t.Helper()
	res, err := w.Run(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

// clean reconciles, and fails the test where anything is left.
func (w *world) clean(o reconcile.Order) reconcile.Result {
	w.t.Helper()
	res := w.run(o)
	if res.Unexplained() != 0 {
		w.t.Fatalf("%d unexplained: %v", res.Unexplained(), res.Open)
	}
	return res
}

// movement is a line of what PayPal believes, or of what we do.
type movement struct {
	ID, Kind, Amount, Currency, Fee, Status, Parent, Held string
}

// theirs writes the sandbox's ledger, one line each, in an order that does not depend on time.
func (w *world) theirs() []string {
	w.t.Helper()
	var all []movement
	w.hook("GET", "ledger", nil, &all)
	var lines []string
	for _, m := range all {
		switch {
		case m.Status == "DECLINED" || m.Status == "PENDING":
		case m.Kind == "dispute":
			if m.Held != "0.00" || m.Fee != "0.00" {
				lines = append(lines, fmt.Sprintf("dispute %s held %s fee %s %s", m.ID, m.Held, m.Fee, m.Currency))
			}
		case m.Kind == "capture" || m.Kind == "sale":
			lines = append(lines, fmt.Sprintf("charge %s %s fee %s %s", m.ID, m.Amount, m.Fee, m.Currency))
		default:
			lines = append(lines, fmt.Sprintf("%s %s %s %s", m.Kind, m.ID, m.Amount, m.Currency))
		}
	}
	slices.Sort(lines)
	return lines
}

// ours writes our ledger the same way.
func (w *world) ours() []string {
	w.t.Helper()
	var rows []struct {
		Kind     string `db:"kind"`
		Ref      string `db:"paypal_ref"`
		Amount   int64  `db:"amount"`
		Fee      int64  `db:"fee"`
		Currency string `db:"currency"`
	}
	err := w.db.SelectContext(w.t.Context(), &rows, `
		SELECT CASE WHEN kind IN ('charge', 'fee') THEN 'charge' WHEN kind LIKE 'dispute%' OR kind LIKE 'chargeback%' THEN 'dispute' ELSE kind END AS kind,
		       paypal_ref, currency,
		       coalesce(sum(amount_minor) FILTER (WHERE kind IN ('charge', 'refund', 'reversal', 'dispute_hold', 'dispute_release')), 0)::bigint AS amount,
		       coalesce(sum(amount_minor) FILTER (WHERE kind IN ('fee', 'chargeback_fee', 'chargeback_fee_refund')), 0)::bigint AS fee
		FROM ledger_entry GROUP BY 1, 2, 3`)
	if err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for _, r := range rows {
		amount, fee := money.New(r.Amount, money.Currency(r.Currency)), money.New(r.Fee, money.Currency(r.Currency))
		switch r.Kind {
		case "charge":
			lines = append(lines, fmt.Sprintf("charge %s %s fee %s %s", r.Ref, amount.Decimal(), fee.Neg().Decimal(), r.Currency))
		case "dispute":
			if r.Amount != 0 || r.Fee != 0 {
				lines = append(lines, fmt.Sprintf("dispute %s held %s fee %s %s", r.Ref, amount.Neg().Decimal(), fee.Neg().Decimal(), r.Currency))
			}
		default:
			lines = append(lines, fmt.Sprintf("%s %s %s %s", r.Kind, r.Ref, amount.Neg().Decimal(), r.Currency))
		}
	}
	slices.Sort(lines)
	return lines
}

// agree holds the two ledgers against each other, line by line.
func (w *world) agree() {
	w.t.Helper()
	theirs, ours := w.theirs(), w.ours()
	if slices.Equal(theirs, ours) {
		return
	}
	for _, line := range theirs {
		if !slices.Contains(ours, line) {
			w.t.Errorf("only at PayPal: %s", line)
		}
	}
	for _, line := range ours {
		if !slices.Contains(theirs, line) {
			w.t.Errorf("only here: %s", line)
		}
	}
}

// dump is every row of every table but some, as text.
func (w *world) dump(but ...string) map[string]string {
	w.t.Helper()
	var tables []string
	err := w.db.SelectContext(w.t.Context(), &tables, `
		SELECT table_name FROM information_schema.tables
		WHERE table_schema = 'public' AND NOT table_name = ANY(coalesce($1::text[], '{}')) ORDER BY 1`, db.Array(but))
	if err != nil {
		w.t.Fatal(err)
	}
	all := map[string]string{}
	for _, table := range tables {
		var rows []string
		if err := w.db.SelectContext(w.t.Context(), &rows, `SELECT x::text FROM "`+table+`" x ORDER BY 1`); err != nil {
			w.t.Fatal(err)
		}
		all[table] = strings.Join(rows, "\n")
	}
	return all
}

// unchanged fails the test where a table is another than it was.
func (w *world) unchanged(before map[string]string) {
	w.t.Helper()
	after := w.dump()
	for table, rows := range before {
		if rows != after[table] {
			w.t.Errorf("table %s changed:\n%.2000s\nbefore:\n%.2000s", table, after[table], rows)
		}
	}
}

// editor is a person of the newsroom.
var editor = contribution.Actor{Name: "editor@example.org"}

// settled are gifts whose payments reached us, as usual.
func (w *world) settled(n int, from, to time.Time) []past {
	w.t.Helper()
	all := w.gifts(n, from, to)
	for _, p := range all {
		if _, err := w.desk.SettleCapture(w.t.Context(), p.Capture, contribution.Source{Way: contribution.ByWebhook}); err != nil {
			w.t.Fatal(err)
		}
	}
	return all
}

// only gives the one difference there is.
func only(t *testing.T, res reconcile.Result) reconcile.Difference {
	t.Helper()
	if len(res.Open) != 1 {
		t.Fatalf("%d open, want one: %v", len(res.Open), res.Open)
	}
	return res.Open[0]
}

// kinds counts differences by kind.
func kinds(all []reconcile.Difference) map[reconcile.Kind]int {
	n := map[reconcile.Kind]int{}
	for _, d := range all {
		n[d.Kind]++
	}
	return n
}
