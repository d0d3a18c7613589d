package form

import (
	"regexp"

	"golang.org/x/text/language"
	"golang.org/x/text/number"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/web/public/site"
)

// inWords are what a form says in the reader's language, beside the catalogue's sentences.
type inWords struct {
	Texts   campaign.Texts // the campaign's
	Foreign *site.Foreign  // the language of Texts, where that is not the page's
	Goal    *site.Goal     // nil without one, or while nobody knows how far it is
	Named   []currencyName // the currencies, as a reader looks for them
	Schema  amountSchema
}

// currencyName is a currency with its sign and its name: "€", "Euro".
type currencyName struct {
	Code       money.Currency
	Sign, Name string
	Chosen     bool
}

// amountSchema is how give.js writes amounts that readers type, and adds up the fee.
type amountSchema struct {
	Pattern  string // "€{n}" or "{n} €"
	Exponent int    // decimals of the currency
	FeeShare string // of the fee, for people: "2.9%"
	FeeFixed money.Amount
}

// Speak puts the page's language into a form.
func (f Maker) Speak(loc i18n.Localizer, n *Form) {
	tag, facts := loc.Tag(), f.campaigns.Facts(n.Campaign.ID)
	n.Texts, n.Foreign = n.Campaign.Filled(tag, facts), site.ForeignOn(&n.Campaign.Content, tag)
	if site.HasBar(&campaign.Entry{Campaign: n.Campaign, Facts: facts}) {
		n.Goal = f.Goal(facts, loc.Language())
	}
	for _, c := range n.Currencies {
		n.Named = append(n.Named, currencyName{c, money.Sign(c, tag), nameOf(loc, c), c == n.Currency})
	}
	n.Schema = amountSchema{Pattern: pattern(n.Currency, tag), Exponent: n.Currency.Exponent()}
	if n.Fee != nil {
		n.Schema.FeeShare = money.Printer(tag).Sprint(
			number.Percent(float64(n.Fee.Rate)/10000, number.MaxFractionDigits(2)))
		n.Schema.FeeFixed = money.New(n.Fee.Fixed, n.Currency)
	}
	n.SpeakOffers(loc)
}

// SpeakOffers puts into words what is offered for each frequency. The form's texts are those for the same language.
func (n *Form) SpeakOffers(loc i18n.Localizer) {
	if n.Currency == n.Campaign.Currency && n.Foreign == nil { // nothing in another language amid the form
		n.Offers[0].tell(n.Texts.Does)
	}
	for i := range n.Offers {
		n.Offers[i].speak(loc, nameOf(loc, n.Currency))
	}
}

// speak puts into words what the button does for each amount, and for one that is typed: with places for the amount
// and for the sum, which give.js fills in.
func (o *Offer) speak(loc i18n.Localizer, currency string) {
	give := func(amount any) string {
		return loc.Say("donate.give."+string(o.Frequency), i18n.Args{"amount": amount})
	}
	o.Legend = loc.Say("donate.legend."+string(o.Frequency), i18n.Args{"currency": currency})
	o.GiveAny = loc.Say("donate.give_any." + string(o.Frequency))
	o.GiveTyped, o.GiveTypedTotal = give("{amount}"), give("{total}")
	for i := range o.Choices {
		c := &o.Choices[i]
		c.Give = give(c.Amount)
		if c.Fee.Minor != 0 {
			c.GiveTotal = give(c.Total)
		}
		if o.Frequency != contribution.Once {
			year := money.New(c.Amount.Minor*12, c.Amount.Currency)
			c.Does = &effect{c.Amount, loc.Say("donate.does."+string(o.Frequency), i18n.Args{"year": year})}
		}
	}
}

// tell puts what staff wrote about amounts, which is about gifts made once and in the campaign's own currency, beside
// the choices. An amount of which they wrote nothing does at least what the next smaller one does.
func (o *Offer) tell(does []campaign.Does) {
	for i := range o.Choices {
		c := &o.Choices[i]
		for _, d := range does {
			if d.Minor <= c.Amount.Minor && (c.Does == nil || d.Minor > c.Does.Amount.Minor) {
				c.Does = &effect{money.New(d.Minor, c.Amount.Currency), d.Text}
			}
		}
	}
}

// Tells reports whether anything is said about one of the amounts.
func (o Offer) Tells() bool {
	for _, c := range o.Choices {
		if c.Does != nil {
			return true
		}
	}
	return false
}

// nameOf is a currency's name, as CLDR has it; its code where there is none.
func nameOf(loc i18n.Localizer, c money.Currency) string {
	if name, ok := loc.Lookup("donate.currency." + string(c)); ok {
		return name
	}
	return string(c)
}

// pattern is where the number stands in an amount of the currency.
func pattern(c money.Currency, tag language.Tag) string {
	return digits.ReplaceAllString(money.FormatBrief(money.New(c.Unit(), c), tag), "{n}")
}

var digits = regexp.MustCompile(`\p{Nd}+`)
