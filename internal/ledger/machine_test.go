package ledger

import (
	"flag"
	"slices"
	"testing"

	"readerfund/internal/testkit"
)

var update = flag.Bool("update", false, "write the tables in docs/lifecycle.md anew")

func paymentMachine() testkit.Machine[State, fact] {
	return testkit.Machine[State, fact]{Name: "payment table", States: States(), Facts: facts(), Next: next}
}

func disputeMachine() testkit.Machine[disputeState, disputeState] {
	return testkit.Machine[disputeState, disputeState]{
		Name: "dispute table", States: disputeStates(), Facts: disputeStates()[1:],
		Next: func(s, learned disputeState) disputeState { return disputeTransitions[s][learned] },
	}
}

// What is known to have happened to money is never undone.
func TestPaymentTable(t *testing.T) {
	t.Parallel()
	if len(transitions) != len(States()) {
		t.Fatalf("%d rows for %d states", len(transitions), len(States()))
	}
	rank := map[State]int{
		Unknown: 0, Pending: 1, Declined: 2, Completed: 3, Disputed: 3, PartiallyRefunded: 4, Refunded: 5, Reversed: 6,
	}
	for s, row := range transitions {
		if len(row) != len(facts()) {
			t.Errorf("%s has %d cells for %d facts", s, len(row), len(facts()))
		}
		for at, to := range row {
			if s != Disputed && rank[to] < rank[s] && (s != PartiallyRefunded || to != Disputed) {
				t.Errorf("%s + %s = %s, which takes back what was known", s, facts()[at], to)
			}
		}
	}
	paymentMachine().Whole(t)
}

func TestDisputeTable(t *testing.T) {
	t.Parallel()
	disputeMachine().Whole(t)
	for _, s := range disputeStates() {
		for at, learned := range disputeStates()[1:] {
			to := disputeTransitions[s][learned]
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
	paymentMachine().Documented(t, *update)
	disputeMachine().Documented(t, *update)
}
