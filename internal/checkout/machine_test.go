package checkout

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table in docs/lifecycle.md anew")

func TestTransitionTableIsWhole(t *testing.T) {
	t.Parallel()
	if len(transitions) != len(States()) {
		t.Fatalf("%d rows for %d states", len(transitions), len(States()))
	}
	cases := 0
	for _, s := range States() {
		if len(transitions[s]) != len(events()) {
			t.Errorf("%s has %d cells for %d events", s, len(transitions[s]), len(events()))
		}
		for _, e := range events() {
			cases++
			to := next(s, e)
			if !to.Known() {
				t.Errorf("%s + %s leads to %q, which is no state", s, e, to)
			}
			if again := next(to, e); again != to {
				t.Errorf("%s + %s = %s, and once more = %s: the same again must change nothing", s, e, to, again)
			}
		}
	}
	t.Logf("%d cases", cases)
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
	for _, e := range events() {
		fmt.Fprintf(&b, " %s |", strings.ReplaceAll(string(e), "_", " "))
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(events())) + "\n")
	for _, s := range States() {
		fmt.Fprintf(&b, "| **%s** |", s)
		for _, e := range events() {
			if to := next(s, e); to != s {
				fmt.Fprintf(&b, " %s |", to)
			} else {
				b.WriteString(" · |")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
