package appeal

import (
	"net/url"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/money"
	"readerfund/internal/web/public/site"
)

// wanted is what an embedding page asks for in the appeal's address. Values that cannot be used are left out: the
// reader did not write them, and an appeal with defaults is better than none.
type wanted struct {
	format   string // empty where the page names none
	language string // as the page writes it: "de-AT"
	currency money.Currency
	from     site.Referral // its Source.Variant is empty where none was drawn
	key      string        // makes one reader's clicks one gift; only a page made for one reader has it
	origin   string        // the embedding page's, where it says so
}

func wantedBy(query string) wanted {
	if query == "" {
		return wanted{}
	}
	q, _ := url.ParseQuery(query) // what of it cannot be read is left out
	w := wanted{
		language: q.Get("lang"), currency: money.Code(q.Get("currency")), key: q.Get("key"), origin: q.Get("origin"),
		from: site.Referral{Article: contribution.LinkedArticle(q.Get("article")), Source: contribution.SourceFrom(q.Get)},
	}
	w.format = w.from.Source.Format
	return w
}

// appealKey tells rendered appeals apart, within a campaign.
type appealKey struct {
	slug     string
	variant  string
	format   string
	language language.Tag
	currency money.Currency
	framed   bool // a document of its own and not a fragment
}

// keyOf is the appeal that a page gets for what it wants: of variants, formats, languages and currencies only those
// that there are, so that no address makes another one.
func (s *Appeal) keyOf(k *campaign.Entry, w wanted, framed bool) appealKey {
	key := appealKey{
		slug: k.Slug, format: w.format, language: s.languageOf(k, w.language), currency: w.currency, framed: framed,
	}
	if _, offered := k.Suggested[key.currency]; !offered {
		key.currency = k.Currency
	}
	if key.format == "" {
		key.format = campaign.FormatInline
		if campaign.IsFormat(k.Format) {
			key.format = k.Format
		}
	}
	if key.format == campaign.FormatGoal && !site.HasBar(k) {
		key.format = campaign.FormatButton
	}
	if k.HasVariant(w.from.Source.Variant) {
		key.variant = w.from.Source.Variant
	}
	return key
}

// languageOf is the language of the whole appeal, ours and the campaign's words: the one asked for where we speak it
// and the campaign has texts in it, else the campaign's own. Half an appeal in another language helps nobody. Where we
// do not speak the campaign's own either, our words beside it are in the language asked for, or in the publication's.
func (s *Appeal) languageOf(k *campaign.Entry, asked string) language.Tag {
	for _, written := range []string{asked, k.Language} {
		if ours, spoken := s.spoken(written); spoken {
			if _, translated := k.Texts[ours.String()]; translated {
				return ours
			}
		}
	}
	if ours, spoken := s.spoken(asked); spoken {
		return ours
	}
	return s.Pages.Languages()[0]
}

// spoken is a language as a page writes it, without its region, if we speak it.
func (s *Appeal) spoken(written string) (ours language.Tag, spoken bool) {
	tag, err := language.Parse(written)
	if err != nil {
		return language.Und, false
	}
	base, _ := tag.Base()
	ours = language.Make(base.String())
	return ours, s.Pages.Speaks(ours)
}
