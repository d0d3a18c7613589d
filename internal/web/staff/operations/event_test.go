package operations

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// A body is indented out only where that makes it readable: it may not grow beyond measure, and not break the page.
func TestBodiesAreShownWithinBounds(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	for name, c := range map[string]struct {
		body     string
		indented bool
		most     int // bytes
	}{
		"an event":             {`{"id":"WH-1","resource":{"id":"C1"}}`, true, 100},
		"as deep as is shown":  {nested(99), true, 30 << 10},
		"too deep":             {nested(9990), false, 20 << 10},
		"1 MiB of nesting":     {strings.Repeat("[", 1<<20), false, 1 << 20},
		"closed before opened": {strings.Repeat("]", 5000) + nested(9990), false, 30 << 10},
		"bad UTF-8 and NUL":    {"{\"a\":\"\xff\x00\"}", false, 100},
		"nothing":              {"", false, 0},
	} {
		text, indented := readable([]byte(c.body))
		if indented != c.indented || len(text) > c.most || strings.Contains(text, "\x00") || !utf8.ValidString(text) {
			t.Errorf("%s: indented out %v, %d bytes", name, indented, len(text))
		}
	}
}
