package ledger

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables in docs/lifecycle.md anew")

// Each cell of both tables: it leads to a state that there is, the same fact again changes nothing, and what is known
// to have happened to money is never undone.
func TestPaymentTable(t *testing.T) {
	t.Parallel()
	cells := 0
	if len(transitions) != len(States()) {
		t.Fatalf("%d rows for %d states", len(transitions), len(States()))
	}
	rank := map[State]int{
		Unknown: 0, Pending: 1, Declined: 2, Completed: 3, Disputed: 3, PartiallyRefunded: 4, Refunded: 5, Reversed: 6,
	}
	for _, s := range States() {
		if len(transitions[s]) != len(facts()) {
			t.Errorf("%s has %d cells for %d facts", s, len(transitions[s]), len(facts()))
		}
		for _, f := range facts() {
			cells++
			to := next(s, f)
			if to == Unknown || !slices.Contains(States(), to) {
				t.Errorf("%s + %s leads to %q, which is no state", s, f, to)
			}
			if again := next(to, f); again != to {
				t.Errorf("%s + %s = %s, and once more = %s: applying twice must change nothing", s, f, to, again)
			}
			if s != Disputed && rank[to] < rank[s] && (s != PartiallyRefunded || to != Disputed) {
				t.Errorf("%s + %s = %s, which takes back what was known", s, f, to)
			}
		}
	}
	t.Logf("%d cells", cells)
}

func TestDisputeTable(t *testing.T) {
	t.Parallel()
	cells := 0
	for _, s := range disputeStates() {
		for at, learned := range disputeStates()[1:] {
			cells++
			to := disputeTransitions[s][learned]
			if to == disputeUnknown || !slices.Contains(disputeStates(), to) {
				t.Errorf("%s + %s leads to %q, which is no state", s, learned, to)
			}
			if again := disputeTransitions[to][learned]; again != to {
				t.Errorf("%s + %s = %s, and once more = %s", s, learned, to, again)
			}
			if slices.Index(disputeStates(), to) < max(slices.Index(disputeStates(), s), at+1) {
				t.Errorf("%s + %s = %s: a dispute only advances", s, learned, to)
			}
			for _, other := range disputeStates()[1:] {
				ab, ba := disputeTransitions[to][other], disputeTransitions[disputeTransitions[s][other]][learned]
				if ab != ba {
					t.Errorf("%s: %s then %s = %s, the other way round = %s", s, learned, other, ab, ba)
				}
			}
		}
	}
	t.Logf("%d cells, each with each fact after it", cells)
}

// What is known of a capture joins in any order: every three looks at one end the same.
func TestStatusesJoin(t *testing.T) {
	t.Parallel()
	all := []Status{"", StatusPending, StatusDeclined, StatusCompleted}
	for _, join := range []func(a, b Status) Status{later, strongest} {
		for _, a := range all {
			for _, b := range all {
				for _, c := range all {
					if join(a, b) != join(b, a) || join(join(a, b), c) != join(a, join(b, c)) || join(a, a) != a {
						t.Errorf("%q, %q and %q do not join", a, b, c)
					}
				}
			}
		}
	}
}

// The tables in docs/lifecycle.md are made from the code; `go test ./internal/ledger -run Documented -update` writes
// them anew.
func TestTablesAreDocumented(t *testing.T) {
	t.Parallel()
	const path = "../../docs/lifecycle.md"
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := replaced(t, string(written), "payment table", paymentText())
	text = replaced(t, text, "dispute table", disputeText())
	if text == string(written) {
		return
	}
	if !*update {
		t.Fatalf("%s does not show the tables as they are; run with -update", path)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func replaced(t *testing.T, text, name, want string) string {
	t.Helper()
	from, to := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	head, rest, ok := strings.Cut(text, from)
	_, tail, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("there is no %s … %s", strings.TrimSpace(from), to)
	}
	return head + from + want + to + tail
}

func paymentText() string {
	return tableText(States(), facts(), next)
}

func disputeText() string {
	return tableText(disputeStates(), disputeStates()[1:], func(s, f disputeState) disputeState {
		return disputeTransitions[s][f]
	})
}

func tableText[S, F ~string](states []S, facts []F, next func(S, F) S) string {
	var b strings.Builder
	b.WriteString("| state |")
	for _, f := range facts {
		fmt.Fprintf(&b, " %s |", f)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(facts)) + "\n")
	for _, s := range states {
		name := "**" + string(s) + "**"
		if s == "" {
			name = "not heard of"
		}
		fmt.Fprintf(&b, "| %s |", name)
		for _, f := range facts {
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
