// Package i18n says sentences to people. Code names a sentence by its key and gives what goes into it; the sentence
// itself stands in locales/, in each language. It lies below fault, so it knows nothing of amounts: a place that shows
// a sentence hands over how it writes them.
package i18n

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Args are what goes into a sentence, by the names that stand in it. They keep their types: an amount stays an amount.
// The whole number "count" chooses between singular and plural.
type Args map[string]any

// Message is a sentence that has not been said yet. The zero Message is empty.
type Message struct {
	Key  string
	Args Args

	verbatim string
}

// New is the sentence of a key of the catalogue, with at most one Args.
func New(key string, args ...Args) Message {
	m := Message{Key: key}
	if len(args) > 0 {
		m.Args = args[0]
	}
	return m
}

// Verbatim is a sentence without a key: PayPal's own words, or what only operators read. It is the same in every
// language.
func Verbatim(sentence string) Message { return Message{verbatim: sentence} }

// String says the message in English, its arguments as fmt prints them: for logs and terminals.
func (m Message) String() string { return Localizer{}.Message(m) }

// unsaid shows a key that the catalogue does not have. Tests find those in the code; one that was stored may be of a
// newer version.
func (m Message) unsaid() string {
	var b strings.Builder
	b.WriteString(m.Key)
	for _, name := range slices.Sorted(maps.Keys(m.Args)) {
		fmt.Fprintf(&b, " %s=%v", name, m.Args[name])
	}
	return b.String()
}
