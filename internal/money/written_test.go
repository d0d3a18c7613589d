package money_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/language"
	"pgregory.net/rapid"

	"readerfund/internal/fault"
	"readerfund/internal/money"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// spellings are what readers write, in the languages a newsroom meets. Each language's own way to write an amount, as
// CLDR has it, is added to them.
func spellings() []struct {
	tag      string
	currency money.Currency
	written  []string
} {
	return []struct {
		tag      string
		currency money.Currency
		written  []string
	}{
		{"en", "USD", []string{
			"25", "7.50", "7.5", "$25", "$ 25", "US$25.00", "25 USD", "usd 25", "25 dollars", "$25 USD",
			"1,234.50", "1,234,567", "1234.5",
			".50", "25.", " 25 ", "007.10", "12,34,567.89", "7,50", "1,000", "1,234", "1.000", "12,345",
			"1,000.00", "C$25", "€25", "25 CAD", "25 kr",
			"£5", "₹500", "-5", "+5", "25-30", "25 or 30", "1.2.3", "1,23", "1,234.567", "0,123", "12,3456",
			"1e3", "5k", "25¢", "ten", "",
		}},
		{"en-IN", "USD", []string{"1,00,000", "12,34,567", "1,00,000.50", "12,345", "10,00", "1,0,000"}},
		{"de", "EUR", []string{
			"7,50", "7,5", "12 €", "12€", "€ 12", "EUR 12", "12 Euro", "12,50 EUR", "1.234,50 €", "1.234.567",
			"1 000", "1 000,50", "50,-", "50,– €", "50,--",
			"1.234,-", "12,50,-", "12,", "1.000", "1.234 €", "25,000", "12.345,6", "1.2345", "1.234,567",
			"0,999", "20 $", "zwölf",
		}},
		{"de-CH", "CHF", []string{
			"Fr. 50.-", "50.— Fr.", "SFr. 7.50", "CHF 1'234.50", "1’234.50", "1'000", "1'000'000.05", "1'00",
			"50 Franken", "20 €",
		}},
		{"fr", "EUR", []string{
			"7,50 €", "12\u00A0€", "1\u202F234,50\u00A0€", "1\u2009000", "1 000 €", "12€50", "12 € 50", "12€5",
			"10 000,00", "1 00", "12 50", "1 234 567,89",
			"1 234.567", "7 ,50", "20 $US",
		}},
		{"fr-CA", "CAD", []string{"25,00 $", "25 $", "1 234,50 $", "25 $ CA", "25 $CA", "20 $US"}},
		{"es", "EUR", []string{"7,50 €", "1.234,50", "1234,50 €", "12'50", "12.500", "1.000.000", "20 pesos"}},
		{"es-MX", "MXN", []string{"$100.00", "100 pesos", "MX$1,500.50", "1,500", "US$20"}},
		{"pt-BR", "BRL", []string{"R$ 25,00", "R$25", "25 reais", "1.234,50", "R$ 1.234", "US$ 5"}},
		{"it", "EUR", []string{"7,50 €", "€ 1.234,50", "1.234", "7,50 euro"}},
		{"hu", "HUF", []string{"5000 Ft", "5 000 Ft", "5.000", "5 000,00 Ft", "5000,5", "ft. 5000", "12 €"}},
		{"sv", "SEK", []string{"25,00 kr", "25 kr.", "50:-", "1 234,50 kr", "kr 100", "25 kronor", "25 NOK"}},
		{"pl", "PLN", []string{"25,50 zł", "25 zl", "1 234,50 zł", "100 PLN"}},
		{"ja", "JPY", []string{
			"１０００", "1,000", "1.000", "1，０００円", "￥1,000", "¥1000",
			"1000円", "1000.00", "1000.5", "1,00", "1万円",
			"千円", "1.234.567", "0.500", "5 USD",
		}},
		{"zh", "TWD", []string{"NT$300", "300元", "1,000", "３００", "HK$300"}},
		{"ar-EG", "USD", []string{"٢٥", "٧٫٥٠", "١٬٢٣٤٫٥٠", "١٬٢٣٤",
			"\u200F٢٥ $", "١٫٢٣٤", "٧،٥٠"}},
		{"fa", "EUR", []string{"۲۵", "۷٫۵۰", "\u200E€۲۵"}},
		{"hi", "USD", []string{"२५", "७.५०", "१,००,०००.५०", "१,०००"}},
		{"bn", "GBP", []string{"২৫", "£৭.৫০"}},
	}
}

func TestParseWrittenByLanguage(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, s := range spellings() {
		fmt.Fprintf(&b, "%s, a form in %s\n", s.tag, s.currency)
		tag := language.MustParse(s.tag)
		for _, minor := range []int64{2500, 123456, 123456789} {
			a := money.New(minor, s.currency)
			s.written = append(s.written, money.Format(a, tag), money.FormatBrief(a, tag))
		}
		for _, written := range s.written {
			fmt.Fprintf(&b, "  %-24s %s\n", showing(written), reading(money.ParseWritten(written, s.currency)))
		}
	}
	file := filepath.Join("testdata", "written.golden")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run with -update to write it", err)
	}
	if b.String() != string(want) {
		t.Errorf("%s differs; look at it, and run with -update if it is right\n%s", file, b.String())
	}
}

// showing writes unusual spaces and invisible characters so that they can be seen.
func showing(written string) string {
	unseen := strings.NewReplacer("\u00A0", `\u00a0`, "\u202F", `\u202f`, "\u2009", `\u2009`,
		"\u200F", `\u200f`, "\u200E", `\u200e`, "\u2066", `\u2066`, "\u2069", `\u2069`)
	return unseen.Replace(`"` + written + `"`)
}

func reading(a money.Amount, err error) string {
	if twice, ok := errors.AsType[*money.AmbiguousError](err); ok {
		return fmt.Sprintf("asked: %s or %s?", twice.Larger.Decimal(), twice.Smaller.Decimal())
	}
	if err != nil {
		return "refused: " + fault.All(err)[0].Message.String()
	}
	return "read " + a.Decimal()
}

func TestTheFormReadsWhatThePageWrites(t *testing.T) {
	t.Parallel()
	tags := []language.Tag{}
	for _, s := range spellings() {
		tags = append(tags, language.MustParse(s.tag))
	}
	rapid.Check(t, func(t *rapid.T) {
		cur := rapid.SampledFrom(money.Currencies()).Draw(t, "currency")
		want := money.New(rapid.Int64Range(0, 99999999999).Draw(t, "minor"), cur)
		tag := rapid.SampledFrom(tags).Draw(t, "language")
		page := []string{money.Format(want, tag), money.FormatBrief(want, tag)}
		for _, written := range append(page, want.Decimal(), want.String()) {
			got, err := money.ParseWritten(written, cur)
			if twice, ok := errors.AsType[*money.AmbiguousError](err); ok {
				got, err = twice.Larger, nil
			}
			if err != nil || got != want {
				t.Fatalf("%q in %s was read as %v, %v; want %v", written, tag, got, err, want)
			}
		}
	})
}

// What we fill into a field is what comes back from it, without a question.
func TestAFieldIsReadAsItWasFilledIn(t *testing.T) {
	t.Parallel()
	tags := []language.Tag{}
	for _, s := range spellings() {
		tags = append(tags, language.MustParse(s.tag))
	}
	rapid.Check(t, func(t *rapid.T) {
		cur := rapid.SampledFrom(money.Currencies()).Draw(t, "currency")
		units := rapid.Int64Range(0, 99999999).Draw(t, "units") * cur.Unit()
		want := money.New(units+rapid.SampledFrom([]int64{0, 0, 50, 5}).Draw(t, "cents")%cur.Unit(), cur)
		tag := rapid.SampledFrom(tags).Draw(t, "language")
		field := money.FormatField(want, tag)
		if got, err := money.ParseWritten(field, cur); err != nil || got != want {
			t.Fatalf("%q in %s was read as %v, %v; want %v", field, tag, got, err, want)
		}
	})
	for _, c := range []struct {
		tag, want string
		a         money.Amount
	}{
		{"de", "12", money.New(1200, "EUR")}, {"de", "12,50", money.New(1250, "EUR")},
		{"de", "1.000,00", money.New(100000, "EUR")}, {"de", "1.000.000", money.New(100000000, "EUR")},
		{"de", "1.000", money.New(1000, "JPY")}, {"en", "1,000.00", money.New(100000, "USD")},
		{"fr", "1\u00a0000", money.New(100000, "EUR")}, {"uk", "1\u00a0000,50", money.New(100050, "EUR")},
		{"ar", "12.50", money.New(1250, "USD")}, {"fa", "۱٬۰۰۰", money.New(100000, "EUR")},
	} {
		if got := money.FormatField(c.a, language.MustParse(c.tag)); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.a, c.tag, got, c.want)
		}
	}
}

// Whatever is typed: it is read as what its digits say, asked back or refused; never another number.
func TestParseWrittenNeverInventsDigits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		written := rapid.StringMatching(`[0-9]{1,4}([.,' ٫][0-9]{1,4}){0,3}(,-)?`).Draw(t, "written")
		cur := rapid.SampledFrom([]money.Currency{"EUR", "JPY"}).Draw(t, "currency")
		a, err := money.ParseWritten(written, cur)
		if err != nil {
			return
		}
		digits := strings.TrimLeft(strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, written), "0")
		minor := strings.TrimRight(fmt.Sprint(a.Minor), "0")
		if minor != strings.TrimRight(digits, "0") && a.Minor != 0 {
			t.Fatalf("%q in %s was read as %v", written, cur, a)
		}
		strict, err := money.Parse(written, cur)
		if err == nil && strict != a {
			t.Fatalf("%q is %v to a program and %v to a person", written, strict, a)
		}
	})
}

func TestDigitsOfEveryScript(t *testing.T) {
	t.Parallel()
	seen := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.Is(unicode.Nd, r) {
			continue
		}
		got, err := money.ParseWritten(string(r), "JPY")
		if err != nil || got.Minor != int64(seen%10) {
			t.Errorf("%c (%U) was read as %v, %v; want %d", r, r, got, err, seen%10)
		}
		seen++
	}
	if seen < 600 || seen%10 != 0 {
		t.Errorf("%d digits", seen)
	}
}
