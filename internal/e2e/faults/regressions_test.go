package faults

import (
	"fmt"
	"testing"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// regressions are rounds of TestFaults that failed once: its table prints such a line for each. What was wrong is told
// in a comment beside it.
func regressions() []round {
	return []round{
		// A refused card's second try got no answer, and nobody asked about it before the order was gone.
		{"F3", 3, 16560139353211974837},
		// The dump was made between a gift and its order, and the reader turned back: the test took a gift that was only
		// waiting for its time to run out for one that was left standing.
		{"F29", 1, 13715187975041116411},
	}
}

// TestRegressions plays every round that failed once; in CI all, and else one that is drawn.
func TestRegressions(t *testing.T) {
	t.Parallel()
	if len(regressions()) == 0 {
		t.Log("no seed was found that made a round fail")
		return
	}
	harness.Program(t, "readerfund") // so that no round waits for it
	g := startCluster(t)
	for _, r := range testkit.Some(t, 1, regressions()) {
		t.Run(fmt.Sprintf("%s with %d, seed %d", r.fault, r.processes, r.seed), func(t *testing.T) {
			var o outcome
			r.play(t, g, &o)
			o.failOn(t)
		})
	}
}
