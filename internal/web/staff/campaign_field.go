package staff

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
)

// formField is one field, as the templates of fields draw it.
type formField struct {
	Name, Label, Hint, Value, Wrong string
	Lang                            string // of the text in it
}

// Field is a field with a hint, which may be empty.
func (f *campaignForm) Field(name, hint string) formField {
	return formField{Name: name, Label: partInWords(f.loc, name), Hint: hint, Value: f.Get(name), Wrong: f.Wrong(name)}
}

// Words is a field for a text in a language.
func (f *campaignForm) Words(l formLanguage, name, hint string) formField {
	field := f.Field(l.Prefix+"."+name, hint)
	field.Lang = l.Code
	return field
}

// doesLine is a line on what an amount does.
type doesLine struct {
	Label       string
	Minor, Text formField
}

// DoesLine is the line whose fields begin with prefix.
func (f *campaignForm) DoesLine(l formLanguage, prefix string) doesLine {
	d := doesLine{fieldInWords(f.loc, prefix), f.Field(prefix+".minor", ""), f.Field(prefix+".text", "")}
	d.Text.Lang = l.Code
	return d
}

// formTexts are the words of one language, for the template that draws them.
type formTexts struct {
	Form     *campaignForm
	Language formLanguage
}

// TextsOf are the words of one language.
func (f *campaignForm) TextsOf(l formLanguage) formTexts { return formTexts{f, l} }

// formPicture is a picture that was chosen, if any, and the field for another.
type formPicture struct {
	formField
	Shown  *campaign.Picture
	Action string // of the form
}

// Portrait and Picture are the pictures of the campaign.
func (f *campaignForm) Portrait(hint string) formPicture {
	return formPicture{f.Field("portrait", hint), f.portrait, f.Action()}
}

// Picture is the picture above the words.
func (f *campaignForm) Picture(hint string) formPicture {
	return formPicture{f.Field("picture", hint), f.picture, f.Action()}
}

// Action is the address that the form is sent to.
func (f *campaignForm) Action() string {
	if f.Saved == nil {
		return campaignsAddress + "/new"
	}
	return f.Saved.Address + "/edit"
}

// Get is what stands in a field.
func (f *campaignForm) Get(name string) string { return f.values.Get(name) }

// Is reports whether a field holds this value.
func (f *campaignForm) Is(name, value string) bool { return f.Get(name) == value }

// Holding reports whether one of several boxes is ticked.
func (f *campaignForm) Holding(name, value string) bool {
	return slices.Contains(wordsOf(f.values[name]), value)
}

// Published reports whether readers see what is saved, or will.
func (f *campaignForm) Published() bool { return f.Saved != nil && f.Saved.State == campaign.Published }

// SlugFixed reports whether the campaign keeps its name in addresses.
func (f *campaignForm) SlugFixed() bool { return f.Saved != nil && f.Saved.State != campaign.Draft }

// Title is the campaign's name, as it is saved.
func (f *campaignForm) Title() string { return cmp.Or(f.Saved.Name, f.Saved.Slug) }

// MoreVariants reports whether one more may be added.
func (f *campaignForm) MoreVariants() bool { return len(f.Variants) < campaign.MostVariants }

// formOption is one choice among several.
type formOption struct{ Value, Label string }

func optionsIn(loc i18n.Localizer, family string, values ...string) []formOption {
	all := make([]formOption, len(values))
	for n, value := range values {
		all[n] = formOption{value, wordIn(loc, family, cmp.Or(value, "none"))}
	}
	return all
}

// Steps are what the thanks page may offer.
func (f *campaignForm) Steps() []formOption {
	return optionsIn(f.loc, "campaigns.next.", "", "read", "newsletter", "share", "monthly")
}

// Often are the frequencies.
func (f *campaignForm) Often() []formOption {
	return optionsIn(f.loc, "campaigns.frequency.", frequencies()...)
}

// Formats are those that the campaign may have where a page names none.
func (f *campaignForm) Formats() []formOption {
	return optionsIn(f.loc, "campaigns.format.", campaign.Formats()...)
}

// Kinds are the kinds of rules.
func (f *campaignForm) Kinds() []formOption {
	all := make([]string, len(f.RuleKinds))
	for n, k := range f.RuleKinds {
		all[n] = k.Kind
	}
	return optionsIn(f.loc, "campaigns.rule.", all...)
}

// RuleLabel names a kind of rule.
func (f *campaignForm) RuleLabel(kind string) string { return wordIn(f.loc, "campaigns.rule.", kind) }

// Allowed are the values that a rule may have.
func (f *campaignForm) Allowed(r formRule) []formOption {
	return optionsIn(f.loc, "campaigns.rule_value."+r.Kind+"_", r.RuleKind.Allowed...)
}

// GoalCurrencies are those that a goal may be in; one that was typed before is among them, so that it is not lost.
func (f *campaignForm) GoalCurrencies() []money.Currency {
	all := f.Currencies
	if typed := money.Currency(f.Get("goal.currency")); typed != "" && !slices.Contains(all, typed) {
		all = append(slices.Clone(all), typed)
	}
	return all
}

// partInWords names a field without saying which language, currency or row it belongs to: "Heading".
func partInWords(loc i18n.Localizer, name string) string {
	parts := strings.Split(name, ".")
	for len(parts) > 1 && (parts[0] == "variants" || parts[0] == "texts" || parts[0] == "rules" || parts[0] == "does") {
		rest := 2
		if parts[0] == "variants" && len(parts) > 3 && parts[2] == "chosen" {
			return loc.Say("campaigns.chosen_in", i18n.Args{"currency": parts[3]})
		}
		if len(parts) == rest { // the row itself
			return wordIn(loc, "campaigns.field.", parts[0])
		}
		parts = parts[rest:]
	}
	if last := parts[len(parts)-1]; len(parts) > 1 && money.Currency(last).Known() {
		parts = parts[:len(parts)-1]
	}
	return wordIn(loc, "campaigns.field.", strings.Join(parts, "_"))
}

// fieldInWords names a field whole, for lists of what was changed: "Variant B, German: Heading".
func fieldInWords(loc i18n.Localizer, name string) string {
	var where []string
	parts := strings.Split(name, ".")
	for n := 0; n+1 < len(parts); n++ {
		row, err := strconv.Atoi(parts[n+1])
		switch {
		case parts[n] == "variants" && err == nil:
			where = append(where, loc.Say("campaigns.in_variant", i18n.Args{"letter": variantLetter(row)}))
		case parts[n] == "rules" && err == nil:
			where = append(where, loc.Say("campaigns.in_rule", i18n.Args{"number": row + 1}))
		case parts[n] == "does" && err == nil:
			where = append(where, loc.Say("campaigns.in_line", i18n.Args{"number": row + 1}))
		case parts[n] == "texts":
			where = append(where, newFormLanguage(parts[n+1]).Name)
		case n+2 == len(parts) && money.Currency(parts[n+1]).Known() && parts[0] != "variants":
			where = append(where, parts[n+1])
		}
	}
	label := partInWords(loc, name)
	if len(where) == 0 {
		return label
	}
	return strings.Join(where, ", ") + ": " + label
}
