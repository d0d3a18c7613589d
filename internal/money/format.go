package money

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"readerfund/internal/text"
)

// noBreak is the no-break space that CLDR puts between a sign and digits, so that an amount never breaks over two
// lines.
const noBreak = "\u00a0"

// Format writes an amount as a reader of that language and region expects it, with all its decimals: "€25.00" in
// Irish English, "25,00 €" in German, "¥2,500" in American English. Digits, grouping, separators and signs are CLDR's;
// the decimals are PayPal's. It is exact for every int64: whole and decimal part are formatted as integers.
func Format(a Amount, tag language.Tag) string { return format(a, tag, false) }

// FormatBrief is Format without the decimals where they are all zero: "€25", but "€25.50". It is meant for amounts to
// choose from, not for receipts.
func FormatBrief(a Amount, tag language.Tag) string { return format(a, tag, true) }

// FormatField writes an amount into a field as its reader would type it: without a sign, with the separators of the
// language, brief where that has one reading. "1.000" has two, so it becomes "1.000,00". ParseWritten reads it back.
func FormatField(a Amount, tag language.Tag) string {
	brief := digits(a, tag, true)
	if read, err := ParseWritten(brief, a.Currency); err == nil && read == a {
		return brief
	}
	return digits(a, tag, false)
}

// Sign is the currency's sign or, where the language has none for it, its code: "€", "US$", "CHF". The euro's is "€" in
// Ukrainian, too, where CLDR has its code: no other currency has that sign.
func Sign(c Currency, tag language.Tag) string {
	if c == "EUR" {
		return "€"
	}
	unit, err := currency.ParseISO(string(c))
	if err != nil {
		return string(c)
	}
	return Printer(tag).Sprint(currency.Symbol(unit))
}

func format(a Amount, tag language.Tag, brief bool) string {
	text := place(digits(a, tag, brief), Sign(a.Currency, tag), tag)
	if a.Minor < 0 {
		return "-" + text
	}
	return text
}

// digits writes an amount without its signs: neither the currency's nor a minus.
func digits(a Amount, tag language.Tag, brief bool) string {
	whole, decimals, _ := strings.Cut(strings.TrimPrefix(a.Decimal(), "-"), ".")
	text := group(whole, tag)
	if decimals != "" && (!brief || strings.Trim(decimals, "0") != "") {
		text += fraction(decimals, tag)
	}
	return text
}

// group writes whole digits with the language's separators. They come from Decimal, so they always fit a uint64.
func group(whole string, tag language.Tag) string {
	var n uint64
	for _, d := range []byte(whole) {
		n = n*10 + uint64(d-'0')
	}
	return Printer(tag).Sprint(number.Decimal(n))
}

// fraction writes the decimals in the language's digits, behind its separator. Both are read off a number: x/text does
// not export the tables.
func fraction(decimals string, tag language.Tag) string {
	half := []rune(Printer(tag).Sprint(number.Decimal(0.5, number.Scale(1))))
	zero := half[0]
	digits := strings.Map(func(d rune) rune { return zero + d - '0' }, decimals)
	return string(half[1:len(half)-1]) + digits
}

// place puts the sign before or after the digits, and a no-break space where CLDR wants one: always when the sign
// follows, and between a letter and a digit when it leads ("CHF 25").
// Source: CLDR, currencyFormats standard and currencySpacing (unicode.org/reports/tr35/tr35-numbers.html).
func place(digits, sign string, tag language.Tag) string {
	if !leads(tag) {
		if text.Direction(tag) == "rtl" && strings.ContainsFunc(sign, unicode.IsLetter) {
			sign = "\u2066" + sign + "\u2069" // isolated, or the dollar of "US$" would come to stand before it
		}
		return digits + noBreak + sign
	}
	if last, _ := utf8.DecodeLastRuneInString(sign); unicode.IsLetter(last) {
		return sign + noBreak + digits
	}
	return sign + digits
}

// Printer writes numbers in the digits of the amount field and of receipt numbers, in Arabic too, for which CLDR has
// two sets (docs/decisions/0047).
func Printer(tag language.Tag) *message.Printer {
	if base, _ := tag.Base(); base.String() == "ar" {
		tag, _ = tag.SetTypeForKey("nu", "latn") // a known key with a known value is never refused
	}
	return message.NewPrinter(tag)
}

// leads reports whether the sign stands before the digits, as in English. x/text knows digits and signs but always puts
// the sign first, so where that is right is listed here. Who adds a language to the pages checks it here: Dutch,
// Brazilian Portuguese, Swiss and Austrian German lead too, with a space, and are not offered.
func leads(tag language.Tag) bool {
	base, _ := tag.Base()
	switch base.String() {
	case "en", "ja", "zh", "ko", "th":
		return true
	default:
		return false
	}
}
