package contribution

import (
	"slices"
	"strings"
	"unicode/utf8"

	"readerfund/internal/campaign"
	"readerfund/internal/text"
)

// Source is what led a reader to give, beside the campaign and the article's address. Nothing depends on it: a bad
// value is left out, and costs no gift.
type Source struct {
	UTM

	Variant    string   `db:"variant"`     // of the campaign's variants, the one the reader saw
	Format     string   `db:"format"`      // one of campaign.Formats; empty where a link led to the donation page
	Section    string   `db:"section"`     // of the newsroom, the article's
	Author     string   `db:"author"`      // the article's
	ArticleRef string   `db:"article_ref"` // the newsroom's own id of the article
	Referrer   Referrer `db:"referrer"`    // what led to the page with the appeal
	Shared     bool     `db:"shared"`      // a reader's share link led here
}

// UTM is what a link says about where its readers come from, in the words of the person who made the link.
type UTM struct {
	Source   string `db:"utm_source"`
	Medium   string `db:"utm_medium"`
	Campaign string `db:"utm_campaign"`
	Term     string `db:"utm_term"`
	Content  string `db:"utm_content"`
}

// SourceFrom reads the values under the names that links and forms give them.
func SourceFrom(get func(name string) string) Source {
	var s Source
	for _, f := range s.fields() {
		*f.value = get(f.name)
	}
	s.Referrer = Referrer(get("referrer"))
	s.Shared = get("shared") == "1" || get("shared") == "true"
	return s.Cleaned()
}

// Param is one value with the name that links and forms give it.
type Param struct{ Name, Value string }

// Params lists the values that are not empty.
func (s Source) Params() []Param {
	var all []Param
	for _, f := range s.fields() {
		if *f.value != "" {
			all = append(all, Param{f.name, *f.value})
		}
	}
	if s.Referrer != "" {
		all = append(all, Param{"referrer", string(s.Referrer)})
	}
	if s.Shared {
		all = append(all, Param{"shared", "1"})
	}
	return all
}

// longestSource is the longest value kept, in characters. A longer one would be another value if it were cut.
const longestSource = 200

// Cleaned drops values that cannot be stored, or that mean nothing.
func (s Source) Cleaned() Source {
	for _, f := range s.fields() {
		if *f.value = text.Line(*f.value); utf8.RuneCountInString(*f.value) > longestSource {
			*f.value = ""
		}
	}
	if !campaign.IsVariantName(s.Variant) {
		s.Variant = ""
	}
	if !campaign.IsFormat(s.Format) {
		s.Format = ""
	}
	s.Referrer = s.Referrer.class()
	if (s.Referrer == "" || s.Referrer == FromNowhere) && slices.Contains(mailMediums, strings.ToLower(s.Medium)) {
		s.Referrer = FromNewsletter // mail programs do not say where a reader comes from
	}
	return s
}

// mailMediums are what makers of newsletters write as utm_medium.
var mailMediums = []string{"email", "e-mail", "mail", "newsletter"}

type sourceField struct {
	name  string
	value *string
}

// fields lists the texts by the names that links and forms give them.
func (s *Source) fields() []sourceField {
	return []sourceField{
		{"utm_source", &s.UTM.Source}, {"utm_medium", &s.Medium}, {"utm_campaign", &s.Campaign}, {"utm_term", &s.Term},
		{"utm_content", &s.Content}, {"variant", &s.Variant}, {"format", &s.Format}, {"section", &s.Section},
		{"author", &s.Author}, {"aid", &s.ArticleRef},
	}
}
