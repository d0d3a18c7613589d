package subscription

import (
	"flag"
	"testing"

	"readerfund/internal/testkit"
)

var update = flag.Bool("update", false, "write the table in docs/lifecycle.md anew")

// kept lists the states in which a subscription is kept, which are also what an answer can say.
func kept() []State { return States()[1:] }

func machine() testkit.Machine[State, State] {
	return testkit.Machine[State, State]{Name: "subscription table", States: States(), Facts: kept(), Next: next}
}

func TestTransitionTableIsWhole(t *testing.T) {
	t.Parallel()
	if len(transitions) != len(States()) {
		t.Fatalf("%d rows for %d states", len(transitions), len(States()))
	}
	for s, row := range transitions {
		if len(row) != len(kept()) {
			t.Errorf("%q has %d cells for %d answers", s, len(row), len(kept()))
		}
		for _, to := range row {
			if s.Ended() && to != s {
				t.Errorf("%s has ended and becomes %s", s, to)
			}
		}
	}
	machine().Whole(t)
}

// The table in docs/lifecycle.md is made from the code; `go test ./internal/subscription -run Documented -update`
// writes it anew.
func TestTableIsDocumented(t *testing.T) {
	t.Parallel()
	machine().Documented(t, *update)
}
