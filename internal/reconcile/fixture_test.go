package reconcile_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/paypal/sandbox"
	"readerfund/internal/reconcile"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// fixture is a newsroom whose books are compared.
type fixture struct {
	*newsroom.Newsroom
	*reconcile.Reconciler

	seed   uint64
	calls  atomic.Int64                     // of transaction search
	looks  atomic.Int64                     // at single captures
	meddle atomic.Pointer[func(call int64)] // before each of them is answered

	changes []func() // to what is read of PayPal's record: see list
}

type options struct{ searchLimit int }

func open(t *testing.T, o options) *fixture {
	t.Helper()
	f := &fixture{}
	f.Newsroom = newsroom.New(t, newsroom.Options{PayPal: testkit.PayPalOptions{
		Options: sandbox.Options{SearchLimit: o.searchLimit}, Around: f.counted,
	}})
	f.Reconciler = f.Newsroom.Reconciler
	return f
}

// counted counts what PayPal is asked.
func (f *fixture) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v2/payments/captures/") {
			f.looks.Add(1)
		}
		if r.URL.Path == "/v1/reporting/transactions" {
			n := f.calls.Add(1)
			if meddle := f.meddle.Load(); meddle != nil {
				(*meddle)(n)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// past is a payment of the sandbox's history.
type past struct{ Order, Capture, Amount, Fee, At string }

// gifts writes contributions down and lets each be paid at PayPal between two moments; nothing of that reaches us.
func (f *fixture) gifts(n int, from, to time.Time) []past {
	f.T.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = uuid.NewString()
	}
	f.Exec(`
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state,
			created_at, updated_at)
		SELECT id::uuid, 'T' || substr(id, 1, 8) || substr(id, 10, 4), '', (SELECT id FROM campaign
			LIMIT 1), 'once', 2500, 'EUR', 'created', $2, $2
		FROM unnest($1::text[]) AS id`, db.Array(ids), from.Add(-time.Minute))
	f.seed++
	var made struct{ List []past }
	f.PayPal.Must("POST", "/sandbox/history",
		testkit.Fields{
			"payments": n, "from": from, "to": to, "custom_ids": ids, "amount": "25.00", "seed": f.seed, "list": true,
		}, &made)
	return made.List
}

// run reconciles and fails the test where that fails.
func (f *fixture) run(o reconcile.Order) reconcile.Result {
	f.T.Helper()
	res, err := f.Run(f.T.Context(), o)
	if err != nil {
		f.T.Fatal(err)
	}
	return res
}

// clean reconciles, and fails the test where anything is left.
func (f *fixture) clean(o reconcile.Order) reconcile.Result {
	f.T.Helper()
	res := f.run(o)
	if res.Unexplained() != 0 {
		f.T.Fatalf("%d unexplained: %v", res.Unexplained(), res.Open)
	}
	return res
}

// movement is a line of what PayPal believes, or of what we do.
type movement struct {
	ID, Kind, Amount, Currency, Fee, Status, Parent, Held string
}

// theirs writes the sandbox's ledger, one line each, in an order that does not depend on time.
func (f *fixture) theirs() []string {
	f.T.Helper()
	var all []movement
	f.PayPal.Must("GET", "/sandbox/ledger", nil, &all)
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
func (f *fixture) ours() []string {
	f.T.Helper()
	var rows []struct {
		Kind     string `db:"kind"`
		Ref      string `db:"paypal_ref"`
		Amount   int64  `db:"amount"`
		Fee      int64  `db:"fee"`
		Currency string `db:"currency"`
	}
	err := f.DB.SelectContext(f.T.Context(), &rows, `
		SELECT CASE WHEN kind IN ('charge', 'fee') THEN 'charge' WHEN kind LIKE 'dispute%'
			OR kind LIKE 'chargeback%' THEN 'dispute' ELSE kind END AS kind,
		       paypal_ref, currency,
		       coalesce(sum(amount_minor) FILTER (WHERE kind IN ('charge', 'refund', 'reversal', 'dispute_hold',
			'dispute_release')), 0)::bigint AS amount,
		       coalesce(sum(amount_minor) FILTER (WHERE kind IN ('fee', 'chargeback_fee', 'chargeback_fee_refund')),
			0)::bigint AS fee
		FROM ledger_entry GROUP BY 1, 2, 3`)
	if err != nil {
		f.T.Fatal(err)
	}
	var lines []string
	for _, r := range rows {
		amount, fee := money.New(r.Amount, money.Currency(r.Currency)), money.New(r.Fee, money.Currency(r.Currency))
		switch r.Kind {
		case "charge":
			lines = append(lines, fmt.Sprintf("charge %s %s fee %s %s", r.Ref, amount.Decimal(), fee.Neg().Decimal(),
				r.Currency))
		case "dispute":
			if r.Amount != 0 || r.Fee != 0 {
				lines = append(lines, fmt.Sprintf("dispute %s held %s fee %s %s", r.Ref, amount.Neg().Decimal(),
					fee.Neg().Decimal(), r.Currency))
			}
		default:
			lines = append(lines, fmt.Sprintf("%s %s %s %s", r.Kind, r.Ref, amount.Neg().Decimal(), r.Currency))
		}
	}
	slices.Sort(lines)
	return lines
}

// agree holds the two ledgers against each other, line by line.
func (f *fixture) agree() {
	f.T.Helper()
	theirs, ours := f.theirs(), f.ours()
	if slices.Equal(theirs, ours) {
		return
	}
	for _, line := range theirs {
		if !slices.Contains(ours, line) {
			f.T.Errorf("only at PayPal: %s", line)
		}
	}
	for _, line := range ours {
		if !slices.Contains(theirs, line) {
			f.T.Errorf("only here: %s", line)
		}
	}
}

// dump is every row of every table but some, as text.
func (f *fixture) dump(but ...string) map[string]string {
	f.T.Helper()
	var tables []string
	err := f.DB.SelectContext(f.T.Context(), &tables, `
		SELECT table_name FROM information_schema.tables
		WHERE table_schema = 'public' AND NOT table_name = ANY(coalesce($1::text[], '{}')) ORDER BY 1`, db.Array(but))
	if err != nil {
		f.T.Fatal(err)
	}
	all := map[string]string{}
	for _, table := range tables {
		var rows []string
		if err := f.DB.SelectContext(f.T.Context(), &rows, `SELECT x::text FROM "`+table+`" x ORDER BY 1`); err != nil {
			f.T.Fatal(err)
		}
		all[table] = strings.Join(rows, "\n")
	}
	return all
}

// unchanged fails the test where a table is another than it was.
func (f *fixture) unchanged(before map[string]string) {
	f.T.Helper()
	after := f.dump()
	for table, rows := range before {
		if rows != after[table] {
			f.T.Errorf("table %s changed:\n%.2000s\nbefore:\n%.2000s", table, after[table], rows)
		}
	}
}

// settled are gifts whose payments reached us, as usual.
func (f *fixture) settled(n int, from, to time.Time) []past {
	f.T.Helper()
	all := f.gifts(n, from, to)
	for _, p := range all {
		if _, err := f.Payments.SettleCapture(f.T.Context(), p.Capture, settle.Source{Way: contribution.ByWebhook}); err != nil {
			f.T.Fatal(err)
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
