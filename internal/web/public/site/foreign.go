package site

import (
	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/text"
)

// Foreign is the language of a campaign's words on a page of another one: the campaign has none in the page's.
type Foreign struct{ Lang, Dir string }

// ForeignOn is nil where the campaign has words in the page's language. Else they are shown whole in the campaign's
// own, as one piece that says so; what the form around them says is the page's alone.
func ForeignOn(c *campaign.Content, page language.Tag) *Foreign {
	words := c.LanguageFor(page)
	if words == page {
		return nil
	}
	return &Foreign{words.String(), text.Direction(words)}
}
