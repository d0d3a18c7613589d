package command

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/money"
	"readerfund/internal/testkit"
)

// F12 at its worst: for a whole day not one webhook comes. A third of the readers close the tab after PayPal took their
// money, and there are refunds, reversals and disputes that only PayPal knows of. One run of the command puts the books
// right, and a second one changes nothing. READERFUND_DAY_GIFTS says how many gifts the day has.
func TestADayWithoutWebhooksIsReconciled(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	s.Serve()
	s.PayPal.Fault(testkit.Fields{"kind": "drop_webhook"})
	n := testkit.Many(t, "READERFUND_DAY_GIFTS", 15, 45)
	dayOfGifts(s, n)
	if known := s.Count("refund") + s.Count("dispute"); known != 0 {
		t.Fatalf("%d refunds and disputes are known before anybody told", known)
	}

	began := time.Now()
	out, status := runReconcile(s, t)
	t.Logf("%d gifts in %s:\n%s", n, time.Since(began).Round(time.Millisecond), out)
	if status != 0 || !strings.Contains(out, fmt.Sprintf("%s payments, 0 unexplained, checked to ", thousands(n))) {
		t.Fatalf("exit %d:\n%s", status, out)
	}
	checkSameMoney(s, t)

	testkit.Eventually(t, time.Minute, "events are worked off, receipts given and mails sent", func() (bool, string) {
		due := 0
		for _, waiting := range []string{
			"webhook_event WHERE due_at IS NOT NULL", "payment WHERE receipt_due AND status = 'completed'",
			"refund WHERE notice_due AND status = 'completed'", "mail WHERE due_at IS NOT NULL",
		} {
			due += s.Count(waiting)
		}
		return due == 0, fmt.Sprintf("%d are due", due)
	})
	before := everyRow(s, t)
	if out, status := runReconcile(s, t); status != 0 || strings.Contains(out, "mended") {
		t.Errorf("the second run, exit %d:\n%s", status, out)
	}
	for table, rows := range everyRow(s, t) {
		if rows != before[table] {
			t.Errorf("the second run changed %s:\n%.1000s\nbefore:\n%.1000s", table, rows, before[table])
		}
	}
}

// dayOfGifts has readers give, and PayPal and its payers act.
func dayOfGifts(s *harness.Fixture, n int) {
	s.T.Helper()
	queue := make(chan int)
	var readers sync.WaitGroup
	pp := s.PayPal.Client()
	for range 8 {
		v := s.Client()
		readers.Go(func() {
			for i := range queue {
				err := giftOfTheDay(s, v, i, func(order string) error {
					_, err := pp.CaptureOrder(context.Background(), order, "seen-by-nobody-"+order)
					return err
				})
				if err != nil {
					s.T.Errorf("gift %d: %v", i, err)
				}
			}
		})
	}
	for i := range n {
		queue <- i
	}
	close(queue)
	readers.Wait()
}

// giftOfTheDay is one gift. capture takes its money without us hearing of it.
func giftOfTheDay(s *harness.Fixture, v *harness.Client, i int, capture func(order string) error) error {
	a, err := v.Give("25.00", "EUR", "")
	if err != nil {
		return err
	}
	g, err := a.Started()
	if err != nil {
		return err
	}
	back, err := s.PayPal.Approve(g.Order(), "")
	if err != nil {
		return err
	}
	if i%3 == 0 {
		err = capture(g.Order())
	} else {
		_, err = v.Send("GET", strings.Replace(back, s.BaseURL, "", 1), "")
	}
	if err != nil {
		return err
	}
	what := map[int][2]string{
		2: {"refund", `{"amount":"10.00"}`}, 3: {"refund", `{}`}, 4: {"reverse", `{}`}, 5: {"dispute", `{}`},
		6: {"dispute", `{"outcome":"seller"}`},
		7: {"dispute", `{"outcome":"buyer","fee":"16.00"}`}, 8: {"dispute", `{"stage":"INQUIRY"}`},
	}[i%20]
	if what[0] == "" {
		return nil
	}
	return s.PayPal.Hook("POST", "/sandbox/captures/"+captureOf(s, g.ID)+"/"+what[0], raw(what[1]), nil)
}

// raw is JSON that is sent as it stands.
type raw string

func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// captureOf is PayPal's capture for a contribution. It reads the ledger: for few gifts.
func captureOf(s *harness.Fixture, id string) string {
	all, err := s.PayPal.Ledger()
	if err != nil {
		return err.Error()
	}
	for _, m := range slices.Backward(all) {
		if m.Kind == "capture" && m.CustomID == id {
			return m.ID
		}
	}
	return "none"
}

// runReconcile runs the command and gives what it prints and its exit status.
func runReconcile(s *harness.Fixture, t *testing.T, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, harness.Program(t, "readerfund"), append([]string{"reconcile"}, args...)...)
	cmd.Env = harness.Environment(s.Settings)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// checkSameMoney holds the two ledgers against each other, line by line: payments with their fees, what went back, what
// is held.
func checkSameMoney(s *harness.Fixture, t *testing.T) {
	t.Helper()
	var theirs []struct{ ID, Kind, Amount, Currency, Fee, Status, Held string }
	s.PayPal.Must("GET", "/sandbox/ledger", nil, &theirs)
	want := map[string]bool{}
	for _, m := range theirs {
		switch {
		case m.Status == "DECLINED" || m.Status == "PENDING":
		case m.Kind == "capture" || m.Kind == "sale":
			want[fmt.Sprintf("charge %s %s fee %s %s", m.ID, m.Amount, m.Fee, m.Currency)] = true
		case m.Kind != "dispute":
			want[fmt.Sprintf("%s %s %s %s", m.Kind, m.ID, m.Amount, m.Currency)] = true
		case m.Held != "0.00" || m.Fee != "0.00":
			want[fmt.Sprintf("dispute %s held %s fee %s %s", m.ID, m.Held, m.Fee, m.Currency)] = true
		}
	}
	got := ourMoney(s, t)
	for line := range want {
		if !got[line] {
			t.Errorf("only at PayPal: %s", line)
		}
	}
	for line := range got {
		if !want[line] {
			t.Errorf("only here: %s", line)
		}
	}
}

func ourMoney(s *harness.Fixture, t *testing.T) map[string]bool {
	t.Helper()
	var ours []struct {
		Kind, Ref, Currency string
		Amount, Fee         int64
	}
	err := s.DB.SelectContext(t.Context(), &ours, `
		SELECT CASE WHEN kind IN ('charge', 'fee') THEN 'charge' WHEN kind LIKE 'dispute%'
			OR kind LIKE 'chargeback%' THEN 'dispute' ELSE kind END AS kind,
		       paypal_ref AS ref, currency,
		       coalesce(sum(amount_minor) FILTER (WHERE kind NOT LIKE '%fee%'), 0)::bigint AS amount,
		       coalesce(sum(amount_minor) FILTER (WHERE kind LIKE '%fee%'), 0)::bigint AS fee
		FROM ledger_entry GROUP BY 1, 2, 3`)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, e := range ours {
		amount, fee := money.New(e.Amount, money.Currency(e.Currency)), money.New(-e.Fee, money.Currency(e.Currency))
		switch {
		case e.Kind == "charge":
			got[fmt.Sprintf("charge %s %s fee %s %s", e.Ref, amount.Decimal(), fee.Decimal(), e.Currency)] = true
		case e.Kind != "dispute":
			got[fmt.Sprintf("%s %s %s %s", e.Kind, e.Ref, amount.Neg().Decimal(), e.Currency)] = true
		case e.Amount != 0 || e.Fee != 0:
			got[fmt.Sprintf("dispute %s held %s fee %s %s", e.Ref, amount.Neg().Decimal(), fee.Decimal(), e.Currency)] = true
		}
	}
	return got
}

// everyRow is every table as text, but for the runs themselves and for what the service does by the clock.
func everyRow(s *harness.Fixture, t *testing.T) map[string]string {
	t.Helper()
	var tables []string
	err := s.DB.SelectContext(t.Context(), &tables, `
		SELECT table_name FROM information_schema.tables
		WHERE table_schema = 'public'
		  AND table_name NOT IN ('reconcile_run', 'queue', 'alert', 'rate_limit', 'gift_origin') ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, table := range tables {
		var rows []string
		if err := s.DB.SelectContext(t.Context(), &rows, `SELECT x::text FROM "`+table+`" x ORDER BY 1`); err != nil {
			t.Fatal(err)
		}
		all[table] = strings.Join(rows, "\n")
	}
	return all
}
