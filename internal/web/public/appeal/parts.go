package appeal

import (
	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/money"
	"readerfund/internal/web/public/site"
)

// parts is the call to action for a page that draws its own.
type parts struct {
	Campaign    string           `json:"campaign"`
	Language    string           `json:"language"` // of the texts, BCP 47
	Heading     string           `json:"heading"`
	Why         string           `json:"why"`
	Ask         string           `json:"ask"`
	Button      string           `json:"button"`
	Reassurance string           `json:"reassurance"`
	Currency    money.Currency   `json:"currency"`
	Currencies  []money.Currency `json:"currencies"`
	Suggested   []part           `json:"suggested"` // for one time
	Frequencies []partsBy        `json:"frequencies"`
	Action      string           `json:"action"` // where the form posts to
	Page        string           `json:"page"`   // the full donation page
}

// partsBy are the amounts of one frequency.
type partsBy struct {
	Frequency contribution.Frequency `json:"frequency"`
	Chosen    bool                   `json:"chosen"` // it is chosen first
	Suggested []part                 `json:"suggested"`
}

type part struct {
	Amount  string `json:"amount"`
	Display string `json:"display"`
}

func (s *Appeal) partsOf(k *campaign.Entry, w wanted) parts {
	key := s.keyOf(k, w, false)
	f := s.forms.New(k.Campaign, key.currency, w.from.Article)
	texts := k.Filled(key.language, k.Facts)
	p := parts{
		Campaign: k.Slug, Language: k.LanguageFor(key.language).String(), Heading: texts.Heading, Why: texts.Why,
		Ask: texts.Ask, Button: texts.Button,
		Reassurance: texts.Reassurance,
		Currency:    f.Currency, Currencies: k.Currencies(), Action: s.baseURL + "/contributions",
		Page: s.baseURL + site.SupportAddress(k.Slug, f.Currency, "", contribution.Once, w.from),
	}
	for _, o := range f.Offers {
		by := partsBy{Frequency: o.Frequency, Chosen: o.Chosen, Suggested: []part{}}
		for _, g := range o.Choices {
			by.Suggested = append(by.Suggested, part{g.Value, money.FormatBrief(g.Amount, key.language)})
		}
		if o.Frequency == contribution.Once {
			p.Suggested = by.Suggested
		}
		p.Frequencies = append(p.Frequencies, by)
	}
	return p
}
