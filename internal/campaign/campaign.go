// Package campaign holds campaigns: the appeal a reader meets, as data. It takes no money and draws no page.
package campaign

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/language"

	"readerfund/internal/money"
)

// Campaign is one appeal: what staff wrote, and when it is shown.
type Campaign struct {
	ID   uuid.UUID
	Slug string // names it in addresses: "support"
	Content
	State     State
	StartsAt  time.Time // UTC; zero where it begins when it is published
	EndsAt    time.Time // UTC, exclusive; zero where it has no end
	FundDrive bool      // while it runs, it is shown in place of the other campaigns
	IsDefault bool      // shown at the home page, and to readers whose link names no campaign
	Version   int64     // counts what was saved, from 1
	CreatedAt time.Time
	UpdatedAt time.Time
}

// State is what staff decided about a campaign. Status adds the clock.
type State string

// The states.
const (
	Draft     State = "draft"
	Published State = "published"
	Paused    State = "paused"
	Ended     State = "ended"
)

// Status is how a campaign stands at a moment.
type Status string

// The statuses.
const (
	StatusDraft     Status = "draft"
	StatusScheduled Status = "scheduled"
	StatusLive      Status = "live"
	StatusPaused    Status = "paused"
	StatusEnded     Status = "ended"
)

// Status is how the campaign stands now. A campaign that is not live is not shown on articles; its donation page goes
// on taking gifts, because its address is in mails and on paper.
func (c *Campaign) Status(now time.Time) Status {
	switch {
	case c.State == Draft:
		return StatusDraft
	case c.State == Ended, !c.EndsAt.IsZero() && !now.Before(c.EndsAt):
		return StatusEnded
	case c.State == Paused:
		return StatusPaused
	case now.Before(c.StartsAt):
		return StatusScheduled
	default:
		return StatusLive
	}
}

// Content is what staff write about a campaign. It is kept as one JSON document, in each version.
type Content struct {
	Name     string           `json:"name"`     // what staff call it
	Language string           `json:"language"` // BCP 47; its texts stand in for languages that have none
	Texts    map[string]Texts `json:"texts"`    // by BCP 47 language

	Currency  money.Currency             `json:"currency"`
	Suggested map[money.Currency][]int64 `json:"suggested"` // in minor units; its keys are the currencies offered
	Monthly   map[money.Currency][]int64 `json:"monthly"`   // gifts offered by month; see Offered
	Yearly    map[money.Currency][]int64 `json:"yearly"`
	Frequency string                     `json:"frequency"`         // chosen first in the form: "once", "month" or "year"
	Chosen    map[string]Amounts         `json:"chosen,omitempty"`  // the amount chosen first, by frequency
	Minimum   Amounts                    `json:"minimum,omitempty"` // smallest gift; where absent, the publication's

	Goal     *Goal    `json:"goal,omitempty"`
	Portrait *Picture `json:"portrait,omitempty"` // beside the signature
	Picture  *Picture `json:"picture,omitempty"`
	Next     Next     `json:"next"` // the one step offered after thanks

	Rules    []Rule    `json:"rules,omitempty"` // all have to hold for it to be shown
	Caps     Caps      `json:"caps"`
	Format   string    `json:"format,omitempty"` // where the page names none: "inline" if empty
	Variants []Variant `json:"variants,omitempty"`
	Holdout  int       `json:"holdout,omitempty"` // percent of readers who are shown nothing, to compare with
}

// Amounts are minor units by currency.
type Amounts map[money.Currency]int64

// Texts are a campaign's words in one language: plain text with placeholders such as {raised}; see Facts.
type Texts struct {
	Heading     string `json:"heading"`              // the line that catches the eye
	Why         string `json:"why"`                  // why the newsroom needs readers
	Ask         string `json:"ask"`                  // what it asks them to do
	Button      string `json:"button"`               // says that it goes to PayPal
	Reassurance string `json:"reassurance"`          // what happens after the click
	Greeting    string `json:"greeting,omitempty"`   // in place of Heading for someone who comes from no story
	Signature   string `json:"signature,omitempty"`  // who asks: "Ada Moreau, editor"
	Does        []Does `json:"does,omitempty"`       // what an amount does
	Thanks      string `json:"thanks,omitempty"`     // on the thanks page
	NextLabel   string `json:"next_label,omitempty"` // what the link of Next says
	PictureAlt  string `json:"picture_alt,omitempty"`
	PortraitAlt string `json:"portrait_alt,omitempty"`
}

// Does says what a gift does: "€10 pays for an hour of court reporting". Minor is in the campaign's currency.
type Does struct {
	Minor int64  `json:"minor"`
	Text  string `json:"text"`
}

// Goal is what the campaign is to reach. Its progress is counted from verified money alone; see Facts.
type Goal struct {
	Kind     string         `json:"kind"` // "amount" or "supporters"
	Minor    int64          `json:"minor,omitempty"`
	Currency money.Currency `json:"currency,omitempty"` // one that the campaign takes
	Count    int64          `json:"count,omitempty"`
}

// Picture is an image of ours, by its digest; its alternative text is in Texts.
type Picture struct {
	Digest string `json:"digest"` // hex SHA-256, as in /media/{digest}
	Width  int    `json:"width"`  // pixels
	Height int    `json:"height"`
}

// Next is the one step that the thanks page offers.
type Next struct {
	Kind    string `json:"kind,omitempty"` // "", "read", "newsletter", "share" or "monthly"
	Address string `json:"address,omitempty"`
}

// Rule is one condition for a campaign to be shown. Which of the fields counts depends on Kind.
type Rule struct {
	Kind   string    `json:"kind"` // see rule kinds in package choice
	Values []string  `json:"values,omitempty"`
	Not    bool      `json:"not,omitempty"`
	Least  int       `json:"least,omitempty"`
	Most   int       `json:"most,omitempty"`
	From   time.Time `json:"from,omitzero"`
	Until  time.Time `json:"until,omitzero"`
}

// Caps bound how often one reader sees the campaign. Zero is no bound; the publication's rests hold in any case.
type Caps struct {
	PerDay  int `json:"per_day,omitempty"`
	PerWeek int `json:"per_week,omitempty"`
	InAll   int `json:"in_all,omitempty"`
}

// Variant is one wording of a campaign in a test. What it leaves empty is the campaign's own.
type Variant struct {
	Name      string           `json:"name"`   // [a-z0-9-], at most 32 characters; the first is the campaign as it stands
	Weight    int              `json:"weight"` // of readers, relative to the others
	Texts     map[string]Texts `json:"texts,omitempty"`
	Suggested Amounts          `json:"chosen,omitempty"` // another amount chosen first, for one time
	Frequency string           `json:"frequency,omitempty"`
}

// Currencies lists the currencies offered: the campaign's own first, then the others by code.
func (c *Content) Currencies() []money.Currency {
	all := append(slices.Collect(maps.Keys(c.Suggested)), c.Currency)
	slices.SortFunc(all, money.Order(c.Currency))
	return slices.Compact(all)
}

// Languages lists the languages that the campaign has texts in: its own first, then the others by name.
func (c *Content) Languages() []string {
	all := slices.Sorted(maps.Keys(c.Texts))
	slices.SortStableFunc(all, func(a, b string) int {
		switch {
		case a == c.Language:
			return -1
		case b == c.Language:
			return 1
		default:
			return 0
		}
	})
	return all
}

// In is the campaign's texts in a reader's language, or in its own where it has none in that. What a translation leaves
// empty is its own, too.
func (c *Content) In(tag language.Tag) Texts {
	own := c.Texts[c.Language]
	base, _ := tag.Base()
	for _, lang := range []string{tag.String(), base.String()} {
		if t, there := c.Texts[lang]; there {
			return t.over(own)
		}
	}
	return own
}

// LanguageFor is the language of the texts that In gives to a reader of tag: tag where there are texts in it, else the
// campaign's own.
func (c *Content) LanguageFor(tag language.Tag) language.Tag {
	base, _ := tag.Base()
	for _, lang := range []string{tag.String(), base.String()} {
		if _, there := c.Texts[lang]; there {
			return tag
		}
	}
	return c.tag()
}

// Filled is In with the figures in their places, written as the language of the texts writes them.
func (c *Content) Filled(tag language.Tag, f Facts) Texts {
	return c.In(tag).Fill(f, c.LanguageFor(tag))
}

// tag is the campaign's own language; English where it is none.
func (c *Content) tag() language.Tag {
	tag, err := language.Parse(c.Language)
	if err != nil {
		return language.English
	}
	return tag
}

// Holdout is the name under which those are counted who are shown nothing; no variant bears it.
const Holdout = "holdout"

// HasVariant reports whether one of the variants bears the name.
func (c *Content) HasVariant(name string) bool {
	return slices.ContainsFunc(c.Variants, func(v Variant) bool { return v.Name == name })
}

// As is the content as readers of a variant get it: the variant's texts and first choices in place of the campaign's. A
// variant that is not there is the campaign as it stands.
func (c *Content) As(variant string) Content {
	n := slices.IndexFunc(c.Variants, func(v Variant) bool { return v.Name == variant })
	if n < 0 {
		return *c
	}
	v, as := c.Variants[n], *c
	as.Texts = make(map[string]Texts, len(c.Texts))
	for lang, own := range c.Texts {
		as.Texts[lang] = v.Texts[lang].over(own)
	}
	if v.Frequency != "" {
		as.Frequency = v.Frequency
	}
	if len(v.Suggested) > 0 {
		as.Chosen = maps.Clone(c.Chosen)
		if as.Chosen == nil {
			as.Chosen = map[string]Amounts{}
		}
		as.Chosen["once"] = v.Suggested
	}
	return as
}
