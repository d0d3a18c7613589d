package form

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// Field is one field, as the templates of fields draw it.
type Field struct {
	Name, Label, Hint, Value, Wrong string
	Lang                            string // of the text in it
}

// Field is a field with a hint, which may be empty.
func (f *Form) Field(name, hint string) Field {
	return Field{Name: name, Label: partInWords(f.loc, name), Hint: hint, Value: f.Get(name), Wrong: f.Wrong(name)}
}

// Words is a field for a text in a language.
func (f *Form) Words(l Language, name, hint string) Field {
	field := f.Field(l.Prefix+"."+name, hint)
	field.Lang = l.Code
	return field
}

// DoesLine is a line on what an amount does.
type DoesLine struct {
	Label       string
	Minor, Text Field
}

// DoesLine is the line whose fields begin with prefix.
func (f *Form) DoesLine(l Language, prefix string) DoesLine {
	d := DoesLine{FieldInWords(f.loc, prefix), f.Field(prefix+".minor", ""), f.Field(prefix+".text", "")}
	d.Text.Lang = l.Code
	return d
}

// Texts are the words of one language, for the template that draws them.
type Texts struct {
	Form     *Form
	Language Language
}

// TextsOf are the words of one language.
func (f *Form) TextsOf(l Language) Texts { return Texts{f, l} }

// Picture is a picture that was chosen, if any, and the field for another.
type Picture struct {
	Field
	Shown  *campaign.Picture
	Action string // of the form
}

// SetPictures has the form show the pictures that it names; nil where there is none.
func (f *Form) SetPictures(portrait, picture *campaign.Picture) {
	f.portrait, f.picture = portrait, picture
}

// Portrait is the picture of the person who signs.
func (f *Form) Portrait(hint string) Picture {
	return Picture{f.Field("portrait", hint), f.portrait, f.Action()}
}

// Picture is the picture above the words.
func (f *Form) Picture(hint string) Picture {
	return Picture{f.Field("picture", hint), f.picture, f.Action()}
}

// Action is the address that the form is sent to.
func (f *Form) Action() string {
	if f.saved == nil {
		return screen.CampaignsAddress + "/new"
	}
	return screen.CampaignAddress(f.saved.Slug) + "/edit"
}

// Get is what stands in a field.
func (f *Form) Get(name string) string { return f.values.Get(name) }

// Is reports whether a field holds this value.
func (f *Form) Is(name, value string) bool { return f.Get(name) == value }

// Holding reports whether one of several boxes is ticked.
func (f *Form) Holding(name, value string) bool {
	return slices.Contains(wordsOf(f.values[name]), value)
}

// Published reports whether readers see what is saved, or will.
func (f *Form) Published() bool { return f.saved != nil && f.saved.State == campaign.Published }

// SlugFixed reports whether the campaign keeps its name in addresses.
func (f *Form) SlugFixed() bool { return f.saved != nil && f.saved.State != campaign.Draft }

// Title is the campaign's name, as it is saved.
func (f *Form) Title() string { return cmp.Or(f.saved.Name, f.saved.Slug) }

// MoreVariants reports whether one more may be added.
func (f *Form) MoreVariants() bool { return len(f.Variants) < campaign.MostVariants }

// OptionsIn offers values, each with its word in a family of keys; an empty value has the word "none".
func OptionsIn(loc i18n.Localizer, family string, values ...string) []screen.Choice {
	all := make([]screen.Choice, len(values))
	for n, value := range values {
		all[n] = screen.Choice{Value: value, Label: words.Of(loc, family, cmp.Or(value, "none"))}
	}
	return all
}

// Steps are what the thanks page may offer.
func (f *Form) Steps() []screen.Choice {
	return OptionsIn(f.loc, "campaigns.next.", "", "read", "newsletter", "share", "monthly")
}

// Often are the frequencies.
func (f *Form) Often() []screen.Choice {
	return OptionsIn(f.loc, "campaigns.frequency.", frequencies()...)
}

// Formats are those that the campaign may have where a page names none.
func (f *Form) Formats() []screen.Choice {
	return OptionsIn(f.loc, "campaigns.format.", campaign.Formats()...)
}

// Kinds are the kinds of rules.
func (f *Form) Kinds() []screen.Choice {
	all := make([]string, len(f.RuleKinds))
	for n, k := range f.RuleKinds {
		all[n] = k.Kind
	}
	return OptionsIn(f.loc, "campaigns.rule.", all...)
}

// RuleLabel names a kind of rule.
func (f *Form) RuleLabel(kind string) string { return words.Of(f.loc, "campaigns.rule.", kind) }

// Allowed are the values that a rule may have.
func (f *Form) Allowed(r Rule) []screen.Choice {
	return OptionsIn(f.loc, "campaigns.rule_value."+r.Kind+"_", r.RuleKind.Allowed...)
}

// GoalCurrencies are those that a goal may be in; one that was typed before is among them, so that it is not lost.
func (f *Form) GoalCurrencies() []money.Currency {
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
			return words.Of(loc, "campaigns.field.", parts[0])
		}
		parts = parts[rest:]
	}
	if last := parts[len(parts)-1]; len(parts) > 1 && money.Currency(last).Known() {
		parts = parts[:len(parts)-1]
	}
	return words.Of(loc, "campaigns.field.", strings.Join(parts, "_"))
}

// FieldInWords names a field whole, for lists of what was changed: "Variant B, German: Heading".
func FieldInWords(loc i18n.Localizer, name string) string {
	var where []string
	parts := strings.Split(name, ".")
	for n := 0; n+1 < len(parts); n++ {
		row, err := strconv.Atoi(parts[n+1])
		switch {
		case parts[n] == "variants" && err == nil:
			where = append(where, loc.Say("campaigns.in_variant", i18n.Args{"letter": VariantLetter(row)}))
		case parts[n] == "rules" && err == nil:
			where = append(where, loc.Say("campaigns.in_rule", i18n.Args{"number": row + 1}))
		case parts[n] == "does" && err == nil:
			where = append(where, loc.Say("campaigns.in_line", i18n.Args{"number": row + 1}))
		case parts[n] == "texts":
			where = append(where, NewLanguage(parts[n+1]).Name)
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
