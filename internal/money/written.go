package money

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/currency"
	"golang.org/x/text/width"

	"readerfund/internal/fault"
	"readerfund/internal/text"
)

// AmbiguousError is an amount that is read differently from country to country: "1.234". It unwraps to a fault.Invalid
// on "amount" that asks which of the two is meant.
type AmbiguousError struct {
	Written string
	Larger  Amount // the separator groups thousands
	Smaller Amount // the separator is the decimal one; a digit too many is left away
}

// Error gives the question.
func (e *AmbiguousError) Error() string { return e.Unwrap().Error() }

// Unwrap gives the question as a fault.
func (e *AmbiguousError) Unwrap() error {
	return fault.Input("amount", "money.ambiguous", fault.Args{
		"written": e.Written, "larger": e.Larger, "smaller": e.Smaller,
	})
}

// longestWritten is the longest amount that is looked at, in bytes.
const longestWritten = 100

// ParseWritten reads an amount as a person writes it into a form: with any script's digits, with spaces, apostrophes,
// points or commas between them, with the currency's own sign or code. What has two readings is an *AmbiguousError, and
// what names another currency is refused. Other errors are fault.Invalid on "amount". Programs are held to Parse.
func ParseWritten(written string, c Currency) (Amount, error) {
	if !c.Known() {
		return Parse(written, c)
	}
	number := plainNumber(written)
	if number == "" || len(written) > longestWritten || !utf8.ValidString(written) {
		return Amount{}, unreadable(c)
	}
	number = trimMarks(number, c)
	number, whole := trimDash(number)
	if before, cents, found := cutSign(number, c); found { // "12€50"
		number = before + string(decimalMark) + cents
	}
	groups, separators, ok := split(number)
	if !ok {
		if namesOther(number, c) {
			return Amount{}, fault.Input("amount", "money.other_currency", fault.Args{"currency": c})
		}
		return Amount{}, unreadable(c)
	}
	a, err := read(groups, separators, whole, c)
	if ambiguous, ok := err.(*AmbiguousError); ok { //nolint:errorlint // read returns it bare
		ambiguous.Written = strings.TrimSpace(text.Visible(written))
	}
	return a, err
}

// The separators of a number that plainNumber leaves.
const (
	decimalMark = '٫' // the Arabic decimal separator, which is never anything else
	groupMark   = '٬' // the Arabic thousands separator: the same
	apart       = ' '
	quote       = '\''
)

// plainNumber writes digits, separators and letters of all scripts and widths in one way.
func plainNumber(written string) string {
	folded := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Nd, r):
			return Digit(r)
		case unicode.IsSpace(r):
			return apart
		case strings.ContainsRune("’‘ʼ′`´", r):
			return quote
		case r == '。':
			return '.'
		case strings.ContainsRune("、،", r):
			return ','
		case unicode.Is(unicode.Pd, r) || r == '−':
			return '-'
		}
		return unicode.ToLower(r)
	}, width.Fold.String(text.Visible(written)))
	return strings.Join(strings.Fields(folded), string(apart))
}

// Digit is a decimal digit of any script as an ASCII one. Unicode keeps the ten of a script together and in order.
func Digit(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if lo, hi := rune(t.Lo), rune(t.Hi); lo <= r && r <= hi {
			return '0' + (r-lo)%10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if lo, hi := rune(t.Lo), rune(t.Hi); lo <= r && r <= hi { //nolint:gosec // Unicode ends at 0x10FFFF
			return '0' + (r-lo)%10
		}
	}
	return r
}

// trimMarks takes the currency's own sign, code or name off both ends.
func trimMarks(number string, c Currency) string {
	own := append([]string{strings.ToLower(string(c))}, marks[c]...)
	slices.SortFunc(own, func(a, b string) int { return len(b) - len(a) }) // "euro" before "eur"
	for _, mark := range slices.Concat(own, own) {                         // a sign and a code: "$25 CAD"
		if rest, found := strings.CutPrefix(number, mark); found {
			if next, _ := utf8.DecodeRuneInString(rest); !unicode.IsLetter(next) {
				number = strings.TrimPrefix(rest, string(apart))
			}
		}
		if rest, found := strings.CutSuffix(number, mark); found {
			if last, _ := utf8.DecodeLastRuneInString(rest); !unicode.IsLetter(last) {
				number = strings.TrimSuffix(rest, string(apart))
			}
		}
	}
	return number
}

// trimDash takes off what says "and nothing more": "50,-", "50.--", "50:-". What is left is a whole number then. A
// separator with nothing behind it says nothing.
func trimDash(number string) (rest string, whole bool) {
	rest = strings.TrimRight(number, "-")
	if whole = rest != number; whole {
		if end := strings.TrimRight(rest, ".,:"); len(end) == len(rest)-1 {
			return end, true
		}
		return number, false
	}
	if end := strings.TrimRight(number, ".,"); len(end) == len(number)-1 {
		return end, false
	}
	return number, false
}

// cutSign takes the currency's sign for the decimal separator, as it stands in "12€50".
func cutSign(number string, c Currency) (before, cents string, found bool) {
	for _, mark := range marks[c] {
		if sign, _ := utf8.DecodeRuneInString(mark); !unicode.Is(unicode.Sc, sign) {
			continue
		}
		before, cents, found = strings.Cut(number, mark)
		before, cents = strings.TrimSpace(before), strings.TrimSpace(cents)
		if _, _, ok := split(before); found && ok && len(cents) == 2 && allDigits(cents) {
			return before, cents, true
		}
	}
	return "", "", false
}

// split takes a number apart: "1.234,50" into 1, 234 and 50, and ".,". Only the first group may be empty.
func split(number string) (groups []string, separators []rune, ok bool) {
	groups = []string{""}
	for _, r := range number {
		switch {
		case r >= '0' && r <= '9':
			groups[len(groups)-1] += string(r)
		case strings.ContainsRune(".,'", r) || r == apart || r == decimalMark || r == groupMark:
			groups, separators = append(groups, ""), append(separators, r)
		default:
			return nil, nil, false
		}
	}
	return groups, separators, !slices.Contains(groups[1:], "") && (groups[0] != "" || len(groups) == 2)
}

// read decides what the separators mean. whole says that they can only group.
func read(groups []string, separators []rune, whole bool, c Currency) (Amount, error) {
	n := len(separators)
	if n == 0 {
		return fromDigits(groups[0], "", c)
	}
	last, before := separators[n-1], separators[:n-1]
	thousands := last != decimalMark && same(separators) && grouped(groups)
	decimal := !whole && strings.ContainsRune(".,٫", last) && !slices.Contains(before, last) && same(before) &&
		(n == 1 || grouped(groups[:n]))
	switch {
	case thousands && decimal && c.Exponent() > 0: // one separator, three digits after it
		larger, err := fromDigits(strings.Join(groups, ""), "", c)
		if err != nil {
			return Amount{}, err
		}
		smaller, err := fromDigits(groups[0], groups[1][:c.Exponent()], c)
		if err != nil {
			return Amount{}, err
		}
		return Amount{}, &AmbiguousError{Larger: larger, Smaller: smaller}
	case thousands:
		return fromDigits(strings.Join(groups, ""), "", c)
	case decimal:
		cents := groups[n]
		if len(cents) <= 2 && strings.Trim(cents, "0") == "" {
			cents = "" // "1000,00" is a whole number, also of yen
		}
		return fromDigits(strings.Join(groups[:n], ""), cents, c)
	default:
		return Amount{}, unreadable(c)
	}
}

// grouped reports whether the groups are those of a large number, by thousands or as in India: 12,34,567.
func grouped(groups []string) bool {
	first, n := groups[0], len(groups)
	if first == "" || first[0] == '0' || len(first) > 3 || n > 1 && len(groups[n-1]) != 3 {
		return false
	}
	western, indian := true, len(first) <= 2
	for _, g := range groups[1:max(1, n-1)] {
		western, indian = western && len(g) == 3, indian && len(g) == 2
	}
	return western || indian
}

func same(separators []rune) bool {
	return !slices.ContainsFunc(separators, func(r rune) bool { return r != separators[0] })
}

// namesOther reports whether something in the text is another currency's sign, code or name.
func namesOther(number string, c Currency) bool {
	words := strings.FieldsFunc(number, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.Sc, r) })
	return slices.ContainsFunc(words, func(word string) bool {
		if IsMark(word, c) {
			return false
		}
		if strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Sc, r) }) {
			return true
		}
		_, err := currency.ParseISO(word)
		return err == nil || slices.ContainsFunc(Currencies(), func(other Currency) bool { return IsMark(word, other) })
	})
}

// IsMark reports whether people write a word, which is in small letters, for the currency: "€", "eur", "euros".
func IsMark(word string, c Currency) bool {
	return word == strings.ToLower(string(c)) || slices.Contains(marks[c], word) || slices.Contains(marks[c], word+".")
}

func unreadable(c Currency) error {
	return fault.Input("amount", "money.digits", fault.Args{"example": New(25*c.Unit(), c)})
}

// marks are what people write beside an amount in a currency, in small letters: its signs in any language, and its name
// in the languages of its countries. Codes go without saying. A dollar sign is every dollar's.
var marks = map[Currency][]string{
	"AUD": {"$", "a$", "au$", "$au", "$ au", "dollar", "dollars"},
	"BRL": {"r$", "br$", "real", "reais"},
	"CAD": {"$", "c$", "ca$", "$ca", "$ ca", "dollar", "dollars"},
	"CHF": {"fr.", "fr", "sfr.", "sfr", "franken", "francs", "franchi"},
	"CNY": {"¥", "cn¥", "¥cn", "元", "rmb", "yuan"},
	"CZK": {"kč", "korun"},
	"DKK": {"kr.", "kr", "dkr", "kroner"},
	"EUR": {"€", "euro", "euros", "євро", "يورو"},
	"GBP": {"£", "gb£", "£gb", "pound", "pounds", "фунт", "фунти", "фунтів", "جنيه"},
	"HKD": {"$", "hk$", "$hk", "$ hk", "dollar", "dollars"},
	"HUF": {"ft.", "ft", "forint"},
	"ILS": {"₪", "nis"},
	"JPY": {"¥", "jp¥", "円", "yen"},
	"MXN": {"$", "mx$", "$mx", "pesos"},
	"MYR": {"rm", "ringgit"},
	"NOK": {"kr.", "kr", "nkr", "kroner"},
	"NZD": {"$", "nz$", "$nz", "$ nz", "dollar", "dollars"},
	"PHP": {"₱", "pesos"},
	"PLN": {"zł", "zl", "złotych"},
	"SEK": {"kr.", "kr", "skr", "kronor"},
	"SGD": {"$", "s$", "$sg", "$ sg", "dollar", "dollars"},
	"THB": {"฿", "บาท", "baht"},
	"TWD": {"nt$", "$", "元"},
	"USD": {
		"$", "us$", "$us", "$ us", "dollar", "dollars", "dólares", "долар", "долари", "доларів", "دولار", "دولارا", "دولارات",
	},
}
