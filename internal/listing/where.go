package listing

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Where collects a query's conditions, all of which must hold, and their arguments. The zero Where restricts nothing.
type Where struct {
	parts []string
	args  []any
}

// Arg adds an argument and returns its placeholder.
func (w *Where) Arg(value any) string {
	w.args = append(w.args, value)
	return fmt.Sprintf("$%d", len(w.args))
}

// Add adds a condition in SQL.
func (w *Where) Add(condition string) { w.parts = append(w.parts, condition) }

// Addf is Add with a format.
func (w *Where) Addf(format string, args ...any) { w.Add(fmt.Sprintf(format, args...)) }

// Equal asks for one value, or for nothing when it is empty.
func (w *Where) Equal(column, value string) {
	if value != "" {
		w.Addf("%s = %s", column, w.Arg(value))
	}
}

// EqualLong is Equal for a column that may be longer than an index entry.
func (w *Where) EqualLong(column, value string) {
	if value != "" {
		w.Add(w.SameLong(column, value))
	}
}

// indexed is how many characters of a long text an index holds (migration 00009).
const indexed = 300

// SameLong is a condition that compares a column that may be longer than an index entry with a value. It repeats what
// the index holds: that it is not empty, and its first characters. Where those are all there are, nothing else is
// compared: the planner would take two conditions for far rarer than one, and sort all that is found instead of reading
// the index in its order.
func (w *Where) SameLong(column, value string) string {
	arg := w.Arg(value)
	if utf8.RuneCountInString(value) < indexed {
		return fmt.Sprintf("(%[1]s <> '' AND left(%[1]s, %[3]d) = %[2]s)", column, arg, indexed)
	}
	return fmt.Sprintf("(%[1]s <> '' AND left(%[1]s, %[3]d) = left(%[2]s, %[3]d) AND %[1]s = %[2]s)", column, arg, indexed)
}

// SQL writes the clause, with more conditions where there are any, empty without conditions.
func (w *Where) SQL(more ...string) string {
	parts := slices.Concat(w.parts, more)
	if len(parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(parts, " AND ")
}

// Args are the arguments, in the order of their placeholders.
func (w *Where) Args() []any { return w.args }

// clone is a Where that can be added to without changing this one.
func (w *Where) clone() Where { return Where{parts: slices.Clone(w.parts), args: slices.Clone(w.args)} }
