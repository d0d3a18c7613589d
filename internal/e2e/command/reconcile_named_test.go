package command

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// 100 payments are deleted from the books, 100 amounts changed, and 10 payments added that PayPal does not know: the
// command names all 210 and, in a dry run, writes nothing. Outside of CI there are 20 of each.
func TestReconcileNamesEveryTamperedRow(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	n := 20 // how many are deleted, and how many changed
	if testkit.Full() {
		n = 100
	}
	all := 5 * n / 2
	captures := pastGifts(s, all)
	clean := fmt.Sprintf("%d payments, 0 unexplained, checked to ", all)
	if out, status := runReconcile(s, t); status != 0 || !strings.HasPrefix(out, clean) {
		t.Fatalf("before anything was changed: exit %d\n%s", status, out)
	}
	checkSameMoney(s, t)

	slices.Sort(captures) // an order that nobody chose: PayPal's ids are random
	deleted, changed := captures[:n], captures[6*n/5:11*n/5]
	mustExec(s, `DELETE FROM ledger_entry WHERE paypal_ref = ANY($1)`, db.Array(deleted))
	mustExec(s, `DELETE FROM payment WHERE paypal_id = ANY($1)`, db.Array(deleted))
	mustExec(
		s,
		`UPDATE ledger_entry SET amount_minor = amount_minor + 10 WHERE kind = 'charge' AND paypal_ref = ANY($1)`,
		db.Array(changed),
	)
	var added []string
	for n := range 10 {
		added = append(added, fmt.Sprintf("9ZZ%014d", n))
	}
	mustExec(s, `
		WITH one AS (SELECT id FROM contribution LIMIT 1), made AS (
			INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
			SELECT one.id, 'capture', ref, 'completed', 2500, 'EUR', $2, $2 FROM one, unnest($1::text[]) AS ref
			RETURNING id, contribution_id, paypal_id)
		INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at, recorded_at, source)
		SELECT contribution_id, id, 'charge', 2500, 'EUR', paypal_id, $2, $2, 'test' FROM made`, db.Array(added), time.Now().Add(-72*time.Hour))

	before := everyRow(s, t)
	out, status := runReconcile(s, t, "--dry-run", "--from", time.Now().AddDate(0, 0, -50).Format(time.DateOnly))
	if status != 1 || !strings.Contains(out, fmt.Sprintf("%d payments, %d unexplained", all, 2*n+10)) ||
		!strings.Contains(out, fmt.Sprintf("%d of the differences would be fixed", n)) {
		t.Errorf("exit %d\n%.2000s", status, out)
	}
	for kind, ids := range map[string][]string{"missing_here": deleted, "amount": changed, "missing_there": added} {
		for _, id := range ids {
			if !slices.ContainsFunc(strings.Split(out, "\n"), func(line string) bool {
				words := strings.Fields(line)
				return len(words) > 2 && words[0] == kind && words[1] == id
			}) {
				t.Errorf("%s %s is not named", kind, id)
			}
		}
	}
	for table, rows := range everyRow(s, t) {
		if rows != before[table] {
			t.Errorf("the dry run changed %s", table)
		}
	}
	if n := s.Count("reconcile_run WHERE dry"); n != 0 {
		t.Errorf("the dry run left %d rows", n)
	}
}

// pastGifts are gifts of the last weeks that PayPal has and nobody told us of. It gives PayPal's ids of their payments.
func pastGifts(s *harness.Fixture, n int) []string {
	s.T.Helper()
	if err := campaign.EnsureDefault(s.T.Context(), s.DB, "The Alder Lantern", "EUR", time.Now()); err != nil {
		s.T.Fatal(err)
	}
	ids := make([]string, n)
	for i := range ids {
		ids[i] = uuid.NewString()
	}
	from := time.Now().AddDate(0, 0, -45)
	mustExec(s, `
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state, created_at, updated_at)
		SELECT id::uuid, 'T-' || id, '', (SELECT id FROM campaign LIMIT 1), 'once', 2500, 'EUR', 'created', $2, $2
		FROM unnest($1::text[]) AS id`, db.Array(ids), from)
	var made struct{ List []struct{ Capture string } }
	s.PayPal.Must(
		"POST",
		"/sandbox/history",
		testkit.Fields{"from": from, "to": time.Now().Add(-time.Hour), "custom_ids": ids, "amount": "25.00", "list": true},
		&made,
	)
	captures := make([]string, 0, n)
	for _, one := range made.List {
		captures = append(captures, one.Capture)
	}
	return captures
}

func mustExec(s *harness.Fixture, query string, args ...any) {
	s.T.Helper()
	if _, err := s.DB.ExecContext(s.T.Context(), query, args...); err != nil {
		s.T.Fatalf("%s: %v", query, err)
	}
}
