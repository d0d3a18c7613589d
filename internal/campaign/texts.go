package campaign

import "readerfund/internal/field"

// textField is one of the texts of a campaign, by its name in the document and in errors.
type textField struct {
	name     string
	longest  int  // characters
	lines    bool // it may have several lines
	required bool // to be shown to readers
	of       func(*Texts) *string
}

// textFields are the texts in the order in which staff fill them in. A heading has to fit a phone, a button one line.
var textFields = []textField{
	{"heading", 120, false, true, func(t *Texts) *string { return &t.Heading }},
	{"greeting", 120, false, false, func(t *Texts) *string { return &t.Greeting }},
	{"why", 800, true, true, func(t *Texts) *string { return &t.Why }},
	{"ask", 400, true, true, func(t *Texts) *string { return &t.Ask }},
	{"button", 40, false, true, func(t *Texts) *string { return &t.Button }},
	{"reassurance", 300, true, true, func(t *Texts) *string { return &t.Reassurance }},
	{"signature", 120, false, false, func(t *Texts) *string { return &t.Signature }},
	{"portrait_alt", 200, false, false, func(t *Texts) *string { return &t.PortraitAlt }},
	{"picture_alt", 200, false, false, func(t *Texts) *string { return &t.PictureAlt }},
	{"thanks", 800, true, false, func(t *Texts) *string { return &t.Thanks }},
	{"next_label", 60, false, false, func(t *Texts) *string { return &t.NextLabel }},
}

const (
	longestName = 80  // of a campaign
	longestDoes = 160 // of what an amount does
	mostDoes    = 6
)

// over is the texts with another's where they have none.
func (t Texts) over(other Texts) Texts {
	for _, f := range textFields {
		if own := f.of(&t); *own == "" {
			*own = *f.of(&other)
		}
	}
	if len(t.Does) == 0 {
		t.Does = other.Does
	}
	return t
}

// normalised is the texts without what shows nothing, and the spaces around.
func (t Texts) normalised() Texts {
	for _, f := range textFields {
		text := f.of(&t)
		*text = field.Normalised(*text)
	}
	var does []Does
	for _, d := range t.Does {
		if d.Text = field.Normalised(d.Text); d != (Does{}) { // a row that was left empty
			does = append(does, d)
		}
	}
	t.Does = does
	return t
}

// normalise does the same to everything that staff typed.
func (k *Campaign) normalise() {
	k.Name, k.Slug, k.Next.Address = field.Normalised(k.Name), field.Normalised(k.Slug), field.Normalised(k.Next.Address)
	all := make(map[string]Texts, len(k.Texts))
	for lang, t := range k.Texts {
		all[lang] = t.normalised()
	}
	k.Texts = all
	variants := make([]Variant, len(k.Variants))
	for n, v := range k.Variants {
		texts := make(map[string]Texts, len(v.Texts))
		for lang, t := range v.Texts {
			texts[lang] = t.normalised()
		}
		v.Name, v.Texts = field.Normalised(v.Name), texts
		variants[n] = v
	}
	k.Variants = variants
}
