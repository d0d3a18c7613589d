package contribution

import (
	"unicode/utf8"

	"readerfund/internal/text"
)

// UTM is what a link says about where its readers come from, in the words of the person who made the link. Nothing
// depends on it: a bad value is left out, and costs no gift.
type UTM struct {
	Source   string `db:"utm_source"`
	Medium   string `db:"utm_medium"`
	Campaign string `db:"utm_campaign"`
	Term     string `db:"utm_term"`
	Content  string `db:"utm_content"`
}

// UTMFrom reads the values under the names that links give them.
func UTMFrom(get func(name string) string) UTM {
	return UTM{
		Source: get("utm_source"), Medium: get("utm_medium"), Campaign: get("utm_campaign"), Term: get("utm_term"),
		Content: get("utm_content"),
	}.Cleaned()
}

// Param is one value with the name that links give it.
type Param struct{ Name, Value string }

// Params lists the values that are not empty.
func (u UTM) Params() []Param {
	var all []Param
	for _, p := range []Param{
		{"utm_source", u.Source}, {"utm_medium", u.Medium}, {"utm_campaign", u.Campaign}, {"utm_term", u.Term},
		{"utm_content", u.Content},
	} {
		if p.Value != "" {
			all = append(all, p)
		}
	}
	return all
}

// longestUTM is the longest value kept, in characters. A longer one would be another value if it were cut.
const longestUTM = 200

// Cleaned drops values that cannot be stored.
func (u UTM) Cleaned() UTM {
	for _, value := range []*string{&u.Source, &u.Medium, &u.Campaign, &u.Term, &u.Content} {
		if *value = text.Line(*value); utf8.RuneCountInString(*value) > longestUTM {
			*value = ""
		}
	}
	return u
}
