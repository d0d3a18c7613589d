package staff

import (
	"cmp"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"readerfund/internal/campaign"
	"readerfund/internal/fault"
	"readerfund/internal/field"
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

// campaignValues are the fields of a campaign's form.
func campaignValues(k campaign.Campaign, zone *time.Location) url.Values {
	b := &binding{values: url.Values{}, zone: zone}
	b.campaign(&k)
	return b.values
}

// readCampaign reads the form of a campaign. The error joins a fault for each field that cannot be read; whether a
// campaign may have what was read is for package campaign to say.
func readCampaign(v url.Values, zone *time.Location) (campaign.Campaign, error) {
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

// put puts a value into a map that may not be there yet.
func put[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = value
}

// grown is the place of row n, which is made where it is the next one.
func grown[T any](rows *[]T, n int) *T {
	if n == len(*rows) {
		*rows = append(*rows, *new(T))
	}
	return &(*rows)[n]
}

// rows is how many rows there are under a prefix: in the form, every one of them has the field named by its end.
func (b *binding) rows(prefix, end string, of int) int {
	if !b.reading {
		return of
	}
	return rowsIn(b.values, prefix, end)
}

func rowsIn(v url.Values, prefix, end string) (n int) {
	for v.Has(prefix + "." + strconv.Itoa(n) + end) {
		n++
	}
	return n
}

// listed are the codes that a form repeats: its languages, or its currencies.
func (b *binding) listed(name string, of []string) []string {
	if !b.reading {
		b.values[name] = of
		return of
	}
	var all []string
	for _, code := range b.values[name] {
		if !slices.Contains(all, code) {
			all = append(all, code)
		}
	}
	return all
}

func (b *binding) written(name string) bool { return strings.TrimSpace(b.values.Get(name)) != "" }

func (b *binding) text(name string, to *string) {
	switch {
	case b.reading:
		*to = field.Normalised(b.values.Get(name))
	case *to != "":
		b.values.Set(name, *to)
	}
}

func (b *binding) check(name string, to *bool) {
	switch {
	case b.reading:
		*to = b.values.Get(name) == "yes"
	case *to:
		b.values.Set(name, "yes")
	}
}

// words are separated by commas or lines, or stand in several fields of the name, as ticked boxes do.
func (b *binding) words(name string, to *[]string) {
	if !b.reading {
		if len(*to) > 0 {
			b.values.Set(name, strings.Join(*to, ", "))
		}
		return
	}
	*to = wordsOf(b.values[name])
}

func wordsOf(written []string) (all []string) {
	isMark := func(r rune) bool { return r == ',' || r == '،' || r == '\n' }
	for _, word := range strings.FieldsFunc(field.Normalised(strings.Join(written, ",")), isMark) {
		if word = strings.TrimSpace(word); word != "" {
			all = append(all, word)
		}
	}
	return all
}

// whole is a whole number; an empty field is 0.
func (b *binding) whole(name string, to *int) {
	if !b.reading {
		if *to != 0 {
			b.values.Set(name, strconv.Itoa(*to))
		}
		return
	}
	if !b.written(name) {
		return
	}
	n, err := strconv.Atoi(strings.TrimSpace(b.values.Get(name)))
	if err != nil {
		b.wrong(fault.Input(name, "campaigns.not_whole"))
		return
	}
	*to = n
}

// typedTime is how browsers send the date and time of a field, without a zone (HTML, "local date and time").
const typedTime = "2006-01-02T15:04"

func (b *binding) moment(name string, to *time.Time) {
	if !b.reading {
		if !to.IsZero() {
			b.values.Set(name, to.In(b.zone).Format(typedTime))
		}
		return
	}
	if !b.written(name) {
		return
	}
	at, err := time.ParseInLocation(typedTime, strings.TrimSpace(b.values.Get(name)), b.zone)
	if err != nil {
		b.wrong(fault.Input(name, "campaigns.not_a_time"))
		return
	}
	*to = at.UTC()
}

func (b *binding) amount(name string, c money.Currency, to *int64) {
	if !b.reading {
		if *to != 0 {
			b.values.Set(name, typedAmount(*to, c))
		}
		return
	}
	if b.written(name) {
		*to = b.parse(name, b.values.Get(name), c)
	}
}

// parse reads one amount; what is wrong with it is said beside the field.
func (b *binding) parse(name, written string, c money.Currency) int64 {
	a, err := money.ParseWritten(written, c)
	if err != nil {
		f := *fault.All(err)[0]
		f.Field = name
		b.wrong(&f)
	}
	return a.Minor
}

func (b *binding) wrong(err error) { b.problems = append(b.problems, err) }

// amounts are one amount for each currency; a currency whose field is empty has none.
func (b *binding) amounts(prefix string, currencies []string, to *campaign.Amounts) {
	for _, code := range currencies {
		c, name := money.Currency(code), prefix+"."+code
		minor := (*to)[c]
		b.amount(name, c, &minor)
		if b.reading && b.written(name) {
			put((*map[money.Currency]int64)(to), c, minor)
		}
	}
}

// offers are several amounts for each currency, with spaces or semicolons between them.
func (b *binding) offers(prefix string, currencies []string, to *map[money.Currency][]int64, always bool) {
	for _, code := range currencies {
		c, name := money.Currency(code), prefix+"."+code
		if !b.reading {
			if all := (*to)[c]; len(all) > 0 {
				b.values.Set(name, typedAmounts(all, c))
			}
			continue
		}
		var all []int64
		isMark := func(r rune) bool { return r == ';' || unicode.IsSpace(r) }
		for _, one := range strings.FieldsFunc(b.values.Get(name), isMark) {
			all = append(all, b.parse(name, strings.Trim(one, ",،"), c))
		}
		if always || len(all) > 0 {
			put(to, c, all)
		}
	}
}

func typedAmounts(all []int64, c money.Currency) string {
	written := make([]string, len(all))
	for n, minor := range all {
		written[n] = typedAmount(minor, c)
	}
	return strings.Join(written, " ")
}

// typedAmount writes an amount as people type it: without decimals where there are none.
func typedAmount(minor int64, c money.Currency) string {
	whole, cents, _ := strings.Cut(money.New(minor, c).Decimal(), ".")
	if strings.Trim(cents, "0") == "" {
		return whole
	}
	return whole + "." + cents
}

// dropRow takes a row out of a form's fields and moves the rows after it up.
func dropRow(v url.Values, prefix string, row int) {
	moved := url.Values{}
	for _, name := range slices.Collect(maps.Keys(v)) {
		rest, in := strings.CutPrefix(name, prefix+".")
		number, end, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(number)
		if !in || err != nil || n < row {
			continue
		}
		if n > row {
			moved[prefix+"."+strconv.Itoa(n-1)+"."+end] = v[name]
		}
		delete(v, name)
	}
	maps.Copy(v, moved)
}
