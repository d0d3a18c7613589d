package choice

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"readerfund/internal/campaign"
)

// Visit is a page on which an appeal may stand, as the page describes itself. What it does not say is empty.
type Visit struct {
	Article  string // its address
	Section  string
	Authors  []string
	Tags     []string
	Language string // BCP 47
	Campaign string // the slug of the campaign that the page names
	Format   string // one of campaign.Formats
}

// How much of what a page says about itself is looked at.
const (
	mostWords   = 32
	longestWord = 200 // characters
)

// VisitFrom reads what a page with that address says about itself: section, author, tags, lang, campaign and format.
// What cannot be used is left out; the page then counts as one that says nothing about it.
func VisitFrom(article string, q url.Values) Visit {
	v := Visit{
		Article: article, Section: word(q.Get("section")), Authors: words(q["author"]), Tags: words(q["tags"]),
		Language: word(q.Get("lang")), Campaign: word(q.Get("campaign")),
	}
	if format := q.Get("format"); campaign.IsFormat(format) {
		v.Format = format
	}
	return v
}

// words are the texts of a list with commas, or of several such lists.
func words(lists []string) []string {
	var all []string
	for _, list := range lists {
		for text := range strings.SplitSeq(list, ",") {
			if text = word(text); text != "" && len(all) < mostWords {
				all = append(all, text)
			}
		}
	}
	return all
}

func word(text string) string {
	if text = strings.TrimSpace(text); utf8.RuneCountInString(text) > longestWord || !utf8.ValidString(text) {
		return ""
	}
	return text
}
