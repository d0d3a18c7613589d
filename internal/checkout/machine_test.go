package checkout

import (
	"flag"
	"testing"

	"readerfund/internal/testkit"
)

var update = flag.Bool("update", false, "write the table in docs/lifecycle.md anew")

func machine() testkit.Machine[State, event] {
	return testkit.Machine[State, event]{Name: "checkout table", States: States(), Facts: events(), Next: next}
}

func TestTransitionTableIsWhole(t *testing.T) {
	t.Parallel()
	if len(transitions) != len(States()) {
		t.Fatalf("%d rows for %d states", len(transitions), len(States()))
	}
	for s, row := range transitions {
		if len(row) != len(events()) {
			t.Errorf("%s has %d cells for %d events", s, len(row), len(events()))
		}
	}
	machine().Whole(t)
}

// Events other than those about attempts move forward only, so two of them end the same in either order. Those about
// attempts are numbered: TestFactsInAnyOrder has them.
func TestEventsCommute(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, s := range States() {
		for _, a := range events() {
			for _, b := range events() {
				if numbered(a) || numbered(b) {
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

func numbered(e event) bool { return e == captureUnanswered || e == captureRefused || e == orderGone }

// The table in docs/lifecycle.md is made from the code; `go test ./internal/checkout -run Documented -update` writes it
// anew.
func TestTableIsDocumented(t *testing.T) {
	t.Parallel()
	machine().Documented(t, *update)
}
