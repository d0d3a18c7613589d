package subscription

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table in docs/lifecycle.md anew")

// kept lists the states in which a subscription is kept, which are also what an answer can say.
func kept() []State { return States()[1:] }

func TestTransitionTableIsWhole(t *testing.T) {
	t.Parallel()
	if len(transitions) != len(States()) {
		t.Fatalf("%d rows for %d states", len(transitions), len(States()))
	}
	for _, s := range States() {
		if len(transitions[s]) != len(kept()) {
			t.Errorf("%q has %d cells for %d answers", s, len(transitions[s]), len(kept()))
		}
		for _, seen := range kept() {
			to := next(s, seen)
			if !slices.Contains(kept(), to) {
				t.Errorf("%q + %s leads to %q, which is no state", s, seen, to)
			}
			if again := next(to, seen); again != to {
				t.Errorf("%q + %s = %s, and once more = %s: the same again must change nothing", s, seen, to, again)
			}
			if s.Ended() && to != s {
				t.Errorf("%s has ended and becomes %s", s, to)
			}
		}
	}
}

// The table in docs/lifecycle.md is made from the code; `go test ./internal/subscription -run Documented -update`
// writes it anew.
func TestTableIsDocumented(t *testing.T) {
	t.Parallel()
	const path, from, to = "../../docs/lifecycle.md", "<!-- subscription table -->\n", "<!-- /subscription table -->"
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
	for _, seen := range kept() {
		fmt.Fprintf(&b, " %s |", strings.ReplaceAll(string(seen), "_", " "))
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(kept())) + "\n")
	for _, s := range States() {
		name := "**" + string(s) + "**"
		if s == Unknown {
			name = "not heard of"
		}
		fmt.Fprintf(&b, "| %s |", name)
		for _, seen := range kept() {
			if to := next(s, seen); to != s {
				fmt.Fprintf(&b, " %s |", to)
			} else {
				b.WriteString(" · |")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
