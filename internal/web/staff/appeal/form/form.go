// Package form is the form of a campaign: fields drawn from what was typed, read into a campaign, and merged with what
// another person saved meanwhile. Whether a campaign may have what was read is package campaign's to say.
package form

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/words"
)

// Form is the form of a campaign. It is drawn from what was typed and from nothing else, so that what was typed
// comes back as it was, whatever is wrong with it.
type Form struct {
	page.FormErrors
	values url.Values
	loc    i18n.Localizer
	saved  *campaign.Campaign // as it is; nil for a new one

	Languages  []Language // that the campaign has texts in
	More       []Language // that could be added
	Currencies []money.Currency
	Offers     []Offer
	MoreMoney  []money.Currency // likewise
	Rules      []Rule
	RuleKinds  []campaign.RuleKind
	Variants   []Variant
	Holds      []placeholder

	portrait, picture *campaign.Picture
}

// Language is a language that the campaign has, or could have, texts in.
type Language struct {
	Code, Name, Own string // "de", "German", "Deutsch"
	First           bool   // it is the campaign's own
	Prefix          string // of the fields of its texts: "texts.de"
	Open            bool
	Filled, Of      int      // how many of its texts are there
	Does            []string // prefixes of its lines on what an amount does
}

// Offer is what is offered in one currency.
type Offer struct {
	Currency  money.Currency
	Own, Open bool // it is the campaign's own; it is shown with its fields
}

// Rule is one rule; its kind says which of its fields there are.
type Rule struct {
	campaign.RuleKind
	Prefix string
	Row    int
}

// Variant is one wording of a test.
type Variant struct {
	Prefix    string
	Row       int
	Letter    string // what staff call it: A, B, C
	First     bool   // it is the campaign as it stands, and has nothing of its own
	Open      bool   // the part with its amounts
	Languages []Language
}

// placeholder is a name in braces that stands for a number in a text.
type placeholder struct{ Name, Meaning string }

// spareDoes is how many empty lines on what an amount does the form offers.
const spareDoes = 2

// New is the form of a campaign with what is typed into it: of one that is saved, or of a new one where that is nil.
// Texts can be in any of the languages.
func New(loc i18n.Localizer, languages []language.Tag, saved *campaign.Campaign, v url.Values) *Form {
	if saved != nil && !v.Has("version") {
		v.Set("version", strconv.FormatInt(saved.Version, 10))
	}
	f := &Form{values: v, loc: loc, saved: saved, RuleKinds: campaign.RuleKinds()}
	for _, code := range v["offered"] {
		f.Currencies = append(f.Currencies, money.Currency(code))
		own := code == v.Get("currency")
		f.Offers = append(f.Offers, Offer{money.Currency(code), own, own || !v.Has("suggested."+code)})
	}
	for _, c := range money.Currencies() {
		if !slices.Contains(f.Currencies, c) {
			f.MoreMoney = append(f.MoreMoney, c)
		}
	}
	for _, code := range v["lang"] {
		f.Languages = append(f.Languages, f.language(code, "texts."+code))
	}
	for _, tag := range languages {
		if code := tag.String(); !slices.Contains(v["lang"], code) {
			f.More = append(f.More, NewLanguage(code))
		}
	}
	for n := range rowsIn(v, "rules", ".kind") {
		f.Rules = append(f.Rules, f.rule(n))
	}
	for n := range rowsIn(v, "variants", ".weight") {
		f.Variants = append(f.Variants, f.variant(n))
	}
	for _, name := range campaign.Placeholders() {
		f.Holds = append(f.Holds, placeholder{name, words.Of(loc, "campaigns.placeholder.", name)})
	}
	return f
}

// NewLanguage names a language in English and in itself. A code that is none is its own name.
func NewLanguage(code string) Language {
	l := Language{Code: code, Name: code}
	if tag, err := language.Parse(code); err == nil {
		l.Name, l.Own = display.English.Tags().Name(tag), display.Self.Name(tag)
	}
	return l
}

func (f *Form) language(code, prefix string) Language {
	l := NewLanguage(code)
	l.First, l.Prefix = prefix == "texts."+f.Get("language"), prefix
	for _, part := range textFields(&campaign.Texts{}) {
		l.Of++
		if strings.TrimSpace(f.Get(prefix+"."+part.name)) != "" {
			l.Filled++
		}
	}
	for n := range rowsIn(f.values, prefix+".does", ".text") + spareDoes {
		l.Does = append(l.Does, prefix+".does."+strconv.Itoa(n))
	}
	return l
}

func (f *Form) rule(n int) Rule {
	r := Rule{Prefix: "rules." + strconv.Itoa(n), Row: n}
	kind := f.Get(r.Prefix + ".kind")
	for _, known := range f.RuleKinds {
		if known.Kind == kind {
			r.RuleKind = known
		}
	}
	r.Kind = kind
	return r
}

func (f *Form) variant(n int) Variant {
	v := Variant{Prefix: "variants." + strconv.Itoa(n), Row: n, Letter: VariantLetter(n), First: n == 0}
	if !v.First {
		for _, l := range f.Languages {
			v.Languages = append(v.Languages, f.language(l.Code, v.Prefix+".texts."+l.Code))
		}
	}
	return v
}

// VariantLetter is what staff call the variant of a row: A, B, C.
func VariantLetter(n int) string { return string(rune('A' + n%26)) }

// fields are the names of the form's fields, in its order, for the summary of what is wrong.
func (f *Form) fields() []string {
	all := []string{"name", "slug", "starts_at", "ends_at", "fund_drive", "language"}
	for _, l := range f.Languages {
		all = append(all, l.fields()...)
	}
	all = append(all, "currency", "frequency")
	for _, o := range f.Offers {
		all = append(all, o.fields()...)
	}
	all = append(all, "goal.kind", "goal.minor", "goal.currency", "goal.count", "portrait", "picture", "next.kind",
		"next.address")
	for _, r := range f.Rules {
		for _, end := range []string{"kind", "values", "least", "most", "from", "until"} {
			all = append(all, r.Prefix+"."+end)
		}
	}
	all = append(all, "caps.per_day", "caps.per_week", "caps.in_all", "format")
	for _, v := range f.Variants {
		all = append(all, v.Prefix+".name", v.Prefix+".weight")
		all = append(all, f.amountsOf(v)...)
		for _, l := range v.Languages {
			all = append(all, l.fields()...)
		}
	}
	return append(all, "holdout")
}

// amountsOf are the fields of a variant about what is chosen first.
func (f *Form) amountsOf(v Variant) []string {
	all := []string{v.Prefix + ".frequency"}
	for _, c := range f.Currencies {
		all = append(all, v.Prefix+".chosen."+string(c))
	}
	return all
}

func (o Offer) fields() (all []string) {
	for _, name := range []string{
		"suggested", "chosen.once", "monthly", "chosen.month", "yearly", "chosen.year", "minimum",
	} {
		all = append(all, name+"."+string(o.Currency))
	}
	return all
}

func (l Language) fields() (all []string) {
	for _, part := range textFields(&campaign.Texts{}) {
		all = append(all, l.Prefix+"."+part.name)
	}
	for _, line := range l.Does {
		all = append(all, line+".minor", line+".text")
	}
	return all
}

// Refuse notes what is wrong, and opens the parts in which it stands.
func (f *Form) Refuse(err error) {
	f.Put(f.loc, err, f.fields()...)
	for n, e := range f.Errors {
		if e.Anchor != "" { // on a form of this length, what is wrong is said with its field
			f.Errors[n].Message = FieldInWords(f.loc, e.Anchor) + ": " + e.Message
		}
	}
	for n := range f.Languages {
		f.Languages[n].Open = f.anyWrong(f.Languages[n].fields())
	}
	for n := range f.Offers {
		f.Offers[n].Open = f.Offers[n].Open || f.anyWrong(f.Offers[n].fields())
	}
	for n := range f.Variants {
		v := &f.Variants[n]
		v.Open = f.anyWrong(f.amountsOf(*v))
		for m := range v.Languages {
			v.Languages[m].Open = f.anyWrong(v.Languages[m].fields())
		}
	}
}

func (f *Form) anyWrong(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return f.Wrong(name) != "" })
}
