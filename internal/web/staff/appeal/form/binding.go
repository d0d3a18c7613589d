package form

import (
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
