package contribution

import (
	"unicode/utf8"

	"readerfund/internal/text"
)

// UTM is what a link says about where its readers come from, in the words of who made the link. It decides nothing: a
// bad value is left out, and costs no gift.
type UTM struct{ Source, Medium, Campaign, Term, Content string }

// longestUTM is the longest value kept, in characters. A longer one would be another value if it were cut.
const longestUTM = 200

// Cleaned leaves out what cannot be kept.
func (u UTM) Cleaned() UTM {
	for _, value := range []*string{&u.Source, &u.Medium, &u.Campaign, &u.Term, &u.Content} {
		if *value = text.Line(*value); utf8.RuneCountInString(*value) > longestUTM {
			*value = ""
		}
	}
	return u
}
