package testkit

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// Machine is a table of transitions: what each fact makes of each state. The state "" is one that nothing leads to.
type Machine[S, F ~string] struct {
	Name   string // as the table's marks in docs/lifecycle.md have it: "payment table"
	States []S
	Facts  []F
	Next   func(S, F) S
}

// Whole fails the test unless each cell leads to a state that there is, and the same fact again changes nothing.
func (m Machine[S, F]) Whole(t *testing.T) {
	t.Helper()
	for _, s := range m.States {
		for _, f := range m.Facts {
			to := m.Next(s, f)
			if to == "" || !slices.Contains(m.States, to) {
				t.Errorf("%q + %s leads to %q, which is no state", s, f, to)
			}
			if again := m.Next(to, f); again != to {
				t.Errorf("%q + %s = %s, and once more = %s: the same again must change nothing", s, f, to, again)
			}
		}
	}
	t.Logf("%s: %d cells", m.Name, len(m.States)*len(m.Facts))
}

// Documented fails the test unless docs/lifecycle.md shows the table as it is, or writes it there anew.
func (m Machine[S, F]) Documented(t *testing.T, update bool) {
	t.Helper()
	path := Root(t, "docs", "lifecycle.md")
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	from, to := "<!-- "+m.Name+" -->\n", "<!-- /"+m.Name+" -->"
	head, rest, begun := strings.Cut(string(written), from)
	_, tail, ended := strings.Cut(rest, to)
	text := head + from + m.text() + to + tail
	switch {
	case !begun || !ended:
		t.Fatalf("%s has no %s … %s", path, strings.TrimSpace(from), to)
	case text == string(written):
	case !update:
		t.Fatalf("%s does not show the %s as it is; run with -update", path, m.Name)
	default:
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// text is the table in Markdown; a dot is a fact that changes nothing.
func (m Machine[S, F]) text() string {
	var b strings.Builder
	b.WriteString("| state |")
	for _, f := range m.Facts {
		fmt.Fprintf(&b, " %s |", strings.ReplaceAll(string(f), "_", " "))
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(m.Facts)) + "\n")
	for _, s := range m.States {
		name := "**" + string(s) + "**"
		if s == "" {
			name = "not heard of"
		}
		fmt.Fprintf(&b, "| %s |", name)
		for _, f := range m.Facts {
			cell := "·"
			if to := m.Next(s, f); to != s {
				cell = string(to)
			}
			fmt.Fprintf(&b, " %s |", cell)
		}
		b.WriteString("\n")
	}
	return b.String()
}
