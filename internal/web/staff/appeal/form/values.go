package form

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/money"
)

// binding ties a campaign to the fields of its form. One walk through the campaign serves both directions, so that
// nothing is shown that is not read back. Fields are named as the faults of package campaign name them.
type binding struct {
	values   url.Values
	zone     *time.Location // of the times that people type
	reading  bool           // from the form into the campaign; else the other way
	currency money.Currency // the campaign's own, for amounts that name none
	problems []error        // what cannot be read, each in its field
}

// Values are the fields of a campaign's form.
func Values(k campaign.Campaign, zone *time.Location) url.Values {
	b := &binding{values: url.Values{}, zone: zone}
	b.campaign(&k)
	return b.values
}

// Read reads the form of a campaign. The error joins a fault for each field that cannot be read; whether a
// campaign may have what was read is for package campaign to say.
func Read(v url.Values, zone *time.Location) (campaign.Campaign, error) {
	b := &binding{values: v, zone: zone, reading: true}
	k := campaign.Campaign{}
	b.campaign(&k)
	return k, errors.Join(b.problems...)
}

func (b *binding) campaign(k *campaign.Campaign) {
	b.text("slug", &k.Slug)
	b.moment("starts_at", &k.StartsAt)
	b.moment("ends_at", &k.EndsAt)
	b.check("fund_drive", &k.FundDrive)
	b.content(&k.Content)
}

func (b *binding) content(c *campaign.Content) {
	b.text("name", &c.Name)
	b.text("language", &c.Language)
	b.text("currency", (*string)(&c.Currency))
	b.currency = c.Currency
	currencies := b.listed("offered", currenciesOf(c))
	languages := b.listed("lang", c.Languages())
	b.texts("texts", languages, &c.Texts, true)
	b.gifts(currencies, c)
	b.goal(&c.Goal)
	b.picture("portrait", &c.Portrait)
	b.picture("picture", &c.Picture)
	b.text("next.kind", &c.Next.Kind)
	b.text("next.address", &c.Next.Address)
	for n := range b.rows("rules", ".kind", len(c.Rules)) {
		b.rule("rules."+strconv.Itoa(n), grown(&c.Rules, n))
	}
	b.whole("caps.per_day", &c.Caps.PerDay)
	b.whole("caps.per_week", &c.Caps.PerWeek)
	b.whole("caps.in_all", &c.Caps.InAll)
	b.text("format", &c.Format)
	for n := range b.rows("variants", ".weight", len(c.Variants)) {
		b.variant("variants."+strconv.Itoa(n), languages, currencies, grown(&c.Variants, n))
	}
	b.whole("holdout", &c.Holdout)
}

// gifts are what the form of the campaign offers.
func (b *binding) gifts(currencies []string, c *campaign.Content) {
	b.text("frequency", &c.Frequency)
	b.offers("suggested", currencies, &c.Suggested, true)
	b.offers("monthly", currencies, &c.Monthly, false)
	b.offers("yearly", currencies, &c.Yearly, false)
	for _, often := range frequencies() {
		chosen := c.Chosen[often]
		b.amounts("chosen."+often, currencies, &chosen)
		if len(chosen) > 0 && b.reading {
			put(&c.Chosen, often, chosen)
		}
	}
	b.amounts("minimum", currencies, &c.Minimum)
}

func frequencies() []string { return []string{"once", "month", "year"} }

// currenciesOf are those that the campaign has amounts in, its own first.
func currenciesOf(c *campaign.Content) []string {
	var all []string
	for _, one := range c.Currencies() {
		all = append(all, string(one))
	}
	return all
}

// texts are a campaign's words by language. A variant has them only where it has words of its own.
func (b *binding) texts(prefix string, languages []string, to *map[string]campaign.Texts, always bool) {
	for _, lang := range languages {
		t := (*to)[lang]
		name := prefix + "." + lang
		for _, part := range textFields(&t) {
			b.text(name+"."+part.name, part.text)
		}
		b.does(name+".does", &t.Does)
		if b.reading && (always || hasWords(t)) {
			put(to, lang, t)
		}
	}
}

func hasWords(t campaign.Texts) bool {
	return len(t.Does) > 0 || slices.ContainsFunc(textFields(&t), func(f textField) bool { return *f.text != "" })
}

type textField struct {
	name string
	text *string
}

// textFields are the single texts of one language, in the form's order.
func textFields(t *campaign.Texts) []textField {
	return []textField{
		{"heading", &t.Heading}, {"greeting", &t.Greeting}, {"why", &t.Why}, {"ask", &t.Ask}, {"button", &t.Button},
		{"reassurance", &t.Reassurance}, {"signature", &t.Signature}, {"portrait_alt", &t.PortraitAlt},
		{"picture_alt", &t.PictureAlt}, {"thanks", &t.Thanks}, {"next_label", &t.NextLabel},
	}
}

// does are the lines on what an amount does. Lines that were left empty are taken out of the form, too, so that the
// others have the numbers that errors name.
func (b *binding) does(prefix string, to *[]campaign.Does) {
	for n := 0; b.reading && n < b.rows(prefix, ".text", 0); {
		name := prefix + "." + strconv.Itoa(n)
		if b.written(name+".text") || b.written(name+".minor") {
			n++
		} else {
			dropRow(b.values, prefix, n)
		}
	}
	for n := range b.rows(prefix, ".text", len(*to)) {
		name, line := prefix+"."+strconv.Itoa(n), grown(to, n)
		b.amount(name+".minor", b.currency, &line.Minor)
		b.text(name+".text", &line.Text)
	}
}

func (b *binding) goal(to **campaign.Goal) {
	g := campaign.Goal{}
	if *to != nil {
		g = **to
	}
	b.text("goal.kind", &g.Kind)
	if g.Kind == "" {
		return
	}
	if g.Kind == "amount" {
		b.text("goal.currency", (*string)(&g.Currency))
		b.amount("goal.minor", cmp.Or(g.Currency, b.currency), &g.Minor)
	} else {
		count := int(g.Count)
		b.whole("goal.count", &count)
		g.Count = int64(count)
	}
	*to = &g
}

// picture is one of ours by its digest; its size is the store's to say.
func (b *binding) picture(name string, to **campaign.Picture) {
	p := campaign.Picture{}
	if *to != nil {
		p = **to
	}
	b.text(name, &p.Digest)
	if p.Digest != "" {
		*to = &p
	}
}

func (b *binding) rule(name string, r *campaign.Rule) {
	b.text(name+".kind", &r.Kind)
	b.check(name+".not", &r.Not)
	b.words(name+".values", &r.Values)
	b.whole(name+".least", &r.Least)
	b.whole(name+".most", &r.Most)
	b.moment(name+".from", &r.From)
	b.moment(name+".until", &r.Until)
}

func (b *binding) variant(name string, languages, currencies []string, v *campaign.Variant) {
	b.text(name+".name", &v.Name)
	b.whole(name+".weight", &v.Weight)
	b.text(name+".frequency", &v.Frequency)
	b.amounts(name+".chosen", currencies, &v.Suggested)
	b.texts(name+".texts", languages, &v.Texts, false)
}
