package supporter_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"

	"readerfund/internal/fault"
)

// A reader with 500 payments and 40 recurring gifts gets all of them in pages, each once and in order.
func TestWhatAReaderGaveComesInPages(t *testing.T) {
	t.Parallel()
	f := open(t)
	c := f.pay("Ada", "ada@example.org")
	f.pay("Bob", "bob@example.org")
	// Several at one moment, so that a page ends among them.
	f.Exec(`INSERT INTO payment (contribution_id, kind, paypal_id, status, receipt, amount_minor, currency, occurred_at,
			recorded_at)
		SELECT $1, 'capture', 'C-' || n, CASE WHEN n = 7 THEN 'declined' ELSE 'completed' END, 'N-' || n, 500, 'EUR',
		       $2::timestamptz - n / 10 * interval '1 day', $2 FROM generate_series(1, 500) n`, c.ID, f.Clock.Now())
	var seen []int64
	var references []string
	pages, after := 0, ""
	for {
		page, older, err := f.Given(t.Context(), "ada@example.org", after)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, p := range page {
			seen, references = append(seen, p.ID), append(references, p.Reference)
		}
		if after = older; after == "" {
			break
		}
	}
	if pages != 10 || len(seen) != 500 || len(slices.Compact(slices.Sorted(slices.Values(seen)))) != 500 {
		t.Errorf("%d payments in %d pages, want 500 in 10", len(seen), pages)
	}
	if slices.Contains(references, "N-7") || !slices.Contains(references, "N-500") ||
		!slices.Contains(references, c.Receipt) {
		t.Errorf("numbers: %v", references)
	}
}

func TestWhatRunsComesBeforeWhatHasEnded(t *testing.T) {
	t.Parallel()
	f := open(t)
	for n := range 42 {
		c := f.pay("Ada", "ada@example.org")
		f.Clock.Advance(1e9)
		f.Exec(`UPDATE contribution SET frequency = 'month' WHERE id = $1`, c.ID)
		state := map[bool]string{true: "active", false: "cancelled"}[n%3 == 0]
		if n == 41 {
			state = "approval_pending" // nothing was begun
		}
		f.Exec(`INSERT INTO subscription (paypal_id, contribution_id, plan_id, state, status_at, seen_at, note, frequency,
				amount_minor, currency, cycles_completed, failed_payments, outstanding_minor, last_failed_reason, recorded_at)
			VALUES ('I-' || $3::text, $1, 'P-1', $2, $4, $4, '', 'month', 500, 'EUR', 1, 0, 0, '', $4)`, c.ID, state,
			fmt.Sprint(n), f.Clock.Now())
	}
	var all []uuid.UUID
	sizes, after := []int{}, ""
	for {
		page, older, err := f.Recurring(t.Context(), "ada@example.org", after)
		if err != nil {
			t.Fatal(err)
		}
		sizes, all = append(sizes, len(page)), append(all, page...)
		if after = older; after == "" {
			break
		}
	}
	if !slices.Equal(sizes, []int{20, 20, 1}) {
		t.Fatalf("pages of %v, want 20, 20 and 1", sizes)
	}
	running, err := f.Running(t.Context(), "ada@example.org")
	if err != nil || len(running) != 14 || !slices.Equal(all[:14], running) {
		t.Errorf("%d run, and the list begins with others: %v", len(running), err)
	}
	var want []uuid.UUID
	if err := f.DB.Select(&want, `
		SELECT c.id FROM contribution c JOIN subscription s ON s.contribution_id = c.id WHERE s.state <> 'approval_pending'
		ORDER BY s.state = 'cancelled', c.created_at DESC`); err != nil || !slices.Equal(all, want) {
		t.Errorf("the order is another: %v", err)
	}
}

func TestCursorsThatNoPageGave(t *testing.T) {
	t.Parallel()
	f := open(t)
	for _, cursor := range []string{"x", "AAAA", "%00"} {
		_, _, err := f.Given(t.Context(), "ada@example.org", cursor)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("payments after %q: %v", cursor, err)
		}
		if _, _, err := f.Recurring(t.Context(), "ada@example.org", cursor); !fault.Is(err, fault.Invalid) {
			t.Errorf("recurring gifts after %q: %v", cursor, err)
		}
	}
}
