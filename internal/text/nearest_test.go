package text_test

import (
	"strings"
	"testing"

	"readerfund/internal/text"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		word  string
		names string
		want  string
	}{
		{"wintr", "autumn support winter", "winter, autumn, support"},
		{"WINTER", "autumn support winter", "winter, autumn, support"},
		{"summer", "a b c d f summit", "summit, a, b"},
		{"überall", "uberall uber", "uberall, uber"},
		{"", "b a", "a, b"},
		{"x", "", ""},
		{strings.Repeat("x", 1<<20), "a", "a"},
	} {
		if got := text.Nearest(c.word, strings.Fields(c.names), 3); got != c.want {
			t.Errorf("%.20q among %s: %q, want %q", c.word, c.names, got, c.want)
		}
	}
}
