package faults

// regressions are rounds that failed once: the table of TestFaults prints such a line for each, and the test plays them
// again beside the faults. What was wrong is told in a comment beside each.
func regressions() []round {
	return []round{
		// A refused card's second try got no answer, and nobody asked about it before the order was gone.
		{"F3", 3, 16560139353211974837},
		// The dump was made between a gift and its order, and the reader turned back: the test took a gift that was only
		// waiting for its time to run out for one that was left standing.
		{"F29", 1, 13715187975041116411},
	}
}
