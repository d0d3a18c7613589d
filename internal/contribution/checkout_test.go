package contribution

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/ledger"
)

var update = flag.Bool("update", false, "write the table in docs/lifecycle.md anew")

func TestCheckoutTable(t *testing.T) {
	t.Parallel()
	cells := 0
	if len(transitions) != len(checkoutStates()) {
		t.Fatalf("%d rows for %d states", len(transitions), len(checkoutStates()))
	}
	for _, s := range checkoutStates() {
		if len(transitions[s]) != len(facts()) {
			t.Errorf("%s has %d cells for %d facts", s, len(transitions[s]), len(facts()))
		}
		for i, to := range transitions[s] {
			cells++
			if _, ok := transitions[to]; !ok {
				t.Errorf("%s + %s leads to %q, which is no state", s, facts()[i], to)
			}
			if again := next(to, facts()[i]); again != to {
				t.Errorf("%s + %s = %s, and once more = %s: applying twice must change nothing", s, facts()[i], to, again)
			}
		}
	}
	t.Logf("%d cells", cells)
}

// Facts move forward only, so two of them end the same in either order. Those about capture attempts are reduced before the
// table is asked: apply_test.go permutes them whole.
func TestOrderFactsCommute(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, s := range checkoutStates() {
		for _, a := range facts() {
			for _, b := range facts() {
				if callFact(a) || callFact(b) {
					continue
				}
				tried++
				if ab, ba := next(next(s, a), b), next(next(s, b), a); ab != ba {
					t.Errorf("%s: %s then %s = %s, the other way round = %s", s, a, b, ab, ba)
				}
			}
		}
	}
	t.Logf("%d pairs tried", tried)
}

// Whatever the checkout says, and whatever it learns then: once there is a payment, the ledger alone decides.
func TestStatusIsTheLedgersOnceThereIsAPayment(t *testing.T) {
	t.Parallel()
	standings := map[State]ledger.Standing{
		Declined:          {Payments: 1, Strongest: ledger.StatusDeclined},
		Pending:           {Payments: 2, Strongest: ledger.StatusPending},
		Completed:         {Payments: 1, Strongest: ledger.StatusCompleted, Gross: 2500},
		Disputed:          {Payments: 1, Strongest: ledger.StatusCompleted, Gross: 2500, Back: 100, Disputed: true},
		PartiallyRefunded: {Payments: 3, Strongest: ledger.StatusCompleted, Gross: 7500, Back: 2500},
		Refunded:          {Payments: 1, Strongest: ledger.StatusCompleted, Gross: 2500, Back: 2500, Disputed: true},
		Reversed:          {Payments: 1, Strongest: ledger.StatusCompleted, Gross: 2500, Back: 2500, Reversed: true},
	}
	for _, checkout := range States() {
		if got := Status(checkout, ledger.Standing{}); got != checkout {
			t.Errorf("%s without a payment is %s", checkout, got)
		}
		for want, s := range standings {
			for _, f := range facts() {
				if got := Status(next(checkout, f), s); got != want {
					t.Errorf("%s + %s with %+v is %s, want %s", checkout, f, s, got, want)
				}
			}
		}
	}
}

func callFact(f fact) bool { return f == captureUnanswered || f == captureRefused || f == orderGone }

func TestNextCheckGrowsAndEnds(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, s := range []State{Created, Cancelled, Approved, CaptureUnknown, Pending, Disputed, Reversed} {
		var last time.Duration
		for checks := range 40 {
			k := check{
				state: s, hasOrder: true, caseOpen: s == Disputed || s == Reversed, returned: true, done: checks, createdAt: now,
			}
			wait := k.next(now, time.Minute).Sub(now)
			if wait < time.Minute || wait < last || wait > 12*time.Hour {
				t.Fatalf("%s, look %d: wait %s after %s", s, checks, wait, last)
			}
			last = wait
		}
	}
	for _, s := range []State{Failed, Expired, Completed, PartiallyRefunded, Refunded, Reversed} {
		if at := (check{state: s, hasOrder: true, closed: true, createdAt: now}).next(now, time.Minute); !at.IsZero() {
			t.Errorf("%s is looked at again at %s", s, at)
		}
	}
	if at := (check{state: Started, createdAt: now}).next(now, time.Minute); at.Sub(now) < orderLife {
		t.Errorf("an intent without an order is looked at after %s; before its life has passed nothing can be learned",
			at.Sub(now))
	}
	if at := (check{state: Declined, hasOrder: true, closed: true, createdAt: now}).next(now, time.Minute); !at.IsZero() {
		t.Error("a declined capture is final: its order cannot be captured again")
	}
}

// An order that nobody came back for is asked about twice in its life, and once when it is over.
func TestAnAbandonedOrderIsAskedAboutTwice(t *testing.T) {
	t.Parallel()
	begun := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, s := range []State{Created, Cancelled, Declined} {
		k := check{state: s, hasOrder: true, createdAt: begun}
		var asked []time.Duration
		for now := begun; len(asked) < 4; k.done++ {
			now = k.next(now, time.Minute)
			asked = append(asked, now.Sub(begun))
		}
		want := []time.Duration{10 * time.Minute, 170 * time.Minute, 181 * time.Minute}
		if !slices.Equal(asked[:3], want) || asked[3] < 3*time.Hour+30*time.Minute {
			t.Errorf("%s is asked about after %v", s, asked)
		}
	}
}

// The drawing's table in docs/lifecycle.md is made from the code; `go test ./internal/contribution -run Documented -update`
// writes it anew.
func TestTableIsDocumented(t *testing.T) {
	t.Parallel()
	const path, from, to = "../../docs/lifecycle.md", "<!-- checkout table -->\n", "<!-- /checkout table -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), from)
	old, tail, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("%s has no %s … %s", path, strings.TrimSpace(from), to)
	}
	want := tableText()
	if old == want {
		return
	}
	if !*update {
		t.Fatalf("%s does not show the transition table as it is; run with -update", path)
	}
	if err := os.WriteFile(path, []byte(head+from+want+to+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

func tableText() string {
	var b strings.Builder
	b.WriteString("| state |")
	for _, f := range facts() {
		fmt.Fprintf(&b, " %s |", strings.ReplaceAll(string(f), "_", " "))
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(facts())) + "\n")
	for _, s := range checkoutStates() {
		fmt.Fprintf(&b, "| **%s** |", s)
		for _, f := range facts() {
			if to := next(s, f); to != s {
				fmt.Fprintf(&b, " %s |", to)
			} else {
				b.WriteString(" · |")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
