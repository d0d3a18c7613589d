package dashboard

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"readerfund/internal/db"
	"readerfund/internal/listing"
	texts "readerfund/internal/text"
)

// longestName is the longest text that is searched for in names: no name is longer.
const longestName = 120

// search finds contributions c by whatever a person has at hand.
//
// The number of a contribution, a payment or a receipt, which may have been read out and typed in lower case, and an id
// from PayPal are looked up in unique indexes; so is an email address or its beginning. Any other text is also searched
// for in names, with its words in any order, and with mail in addresses: that reads contributions one by one, the
// newest first, so a range of days bounds it. mail is only for accounts that may see addresses: a search for an address
// reveals whether it exists.
func search(w *listing.Where, text string, mail bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	switch {
	case isNumber(text) || utf8.RuneCountInString(text) > longestName:
		w.Add(numbered(w, text))
	case mail && strings.Index(text, "@") > 0 && !strings.ContainsFunc(text, unicode.IsSpace):
		beginning := w.Arg(likeEscape.Replace(strings.ToLower(text)) + "%")
		w.Addf(`c.id = ANY (ARRAY(
			SELECT id FROM contribution WHERE email <> '' AND lower(email) LIKE %[1]s
			UNION SELECT x.id FROM supporter s JOIN contribution x ON x.supporter_id = s.id
			WHERE s.email LIKE %[1]s))`, beginning)
	default:
		var words []string
		for word := range strings.FieldsSeq(text) {
			words = append(words, reader(w, word, mail))
		}
		w.Add("(" + numbered(w, text) + " OR " + strings.Join(words, " AND ") + ")")
	}
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// numbered is the condition for contributions with that number or id. The numbers are looked up once, before anything
// else.
func numbered(w *listing.Where, text string) string {
	what := w.Arg(db.Array(texts.Spellings(text)))
	return strings.ReplaceAll(`c.id = ANY (ARRAY(
		SELECT id FROM contribution WHERE receipt = ANY ($what)
		UNION SELECT id FROM contribution WHERE order_id = ANY ($what)
		UNION SELECT contribution_id FROM subscription WHERE paypal_id = ANY ($what)
		UNION SELECT contribution_id FROM receipt WHERE serial = ANY ($what)
		UNION SELECT contribution_id FROM payment WHERE receipt = ANY ($what)
		UNION SELECT contribution_id FROM payment WHERE paypal_id = ANY ($what)
		UNION SELECT p.contribution_id FROM refund f JOIN payment p ON p.id = f.payment_id WHERE f.paypal_id = ANY ($what)
		UNION SELECT p.contribution_id FROM dispute d JOIN payment p ON p.id = d.payment_id
		WHERE d.paypal_id = ANY ($what)))`, "$what", what)
}

// reader is the condition that a word occurs in what the reader typed or in what PayPal has.
func reader(w *listing.Where, word string, mail bool) string {
	p := w.Arg(pattern(word))
	given, paypal := "c.name ~ "+p, "name ~ "+p
	if mail {
		given, paypal = given+" OR c.email ~ "+p, paypal+" OR email ~ "+p
	}
	return "(" + given + " OR c.supporter_id IN (SELECT id FROM supporter WHERE " + paypal + "))"
}

// isNumber reports whether a text can only be a number or an id: one word with a digit in it, or the two halves of a
// receipt number.
func isNumber(text string) bool {
	halves := strings.Fields(text)
	split := len(halves) == 2 && len(halves[0]) == 4 && len(halves[1]) == 4
	return (len(halves) == 1 || split) && strings.ContainsAny(text, "0123456789") && !strings.Contains(text, "@")
}

// pattern is a PostgreSQL regular expression that finds a word in upper and lower case, and with or without its
// accents, independently of the database's locale: it spells out every variant of each letter.
func pattern(word string) string {
	var b strings.Builder
	letters := []rune(strings.ToLower(norm.NFC.String(word)))
	for i := 0; i < len(letters); i++ {
		if i+1 < len(letters) {
			if one, ok := pairs[string(letters[i:i+2])]; ok {
				b.WriteString("(?:" + anyCase(letters[i]) + anyCase(letters[i+1]) + "|[" + one + "])")
				i++
				continue
			}
		}
		if two, ok := doubles[letters[i]]; ok {
			b.WriteString("(?:" + anyCase(letters[i]) + "|" + anyCase(rune(two[0])) + anyCase(rune(two[1])) + ")")
			continue
		}
		b.WriteString(anyCase(letters[i]))
	}
	return b.String()
}

// pairs are two letters that are also written as one, and doubles one letter that is also written as two.
var (
	pairs   = map[string]string{"ae": "äÄæÆ", "oe": "öÖœŒøØ", "ue": "üÜ", "ss": "ßẞ", "aa": "åÅ"}
	doubles = map[rune]string{'ä': "ae", 'æ': "ae", 'ö': "oe", 'œ': "oe", 'ø': "oe", 'ü': "ue", 'ß': "ss", 'å': "aa"}
)

// undecomposed are letters that Unicode does not decompose into another one with an accent, though people do.
var undecomposed = map[rune]string{'o': "øØ", 'l': "łŁ", 'd': "đĐðÐ", 'i': "ıİ", 'h': "ħĦ", 't': "ŧŦ"}

// anyCase is a character class of a letter's variants, followed by optional combining accents; any other character
// stands for itself.
func anyCase(r rune) string {
	base, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
	if !unicode.IsLetter(base) {
		if r < utf8.RuneSelf && !unicode.IsDigit(r) {
			return `\` + string(r)
		}
		return string(r)
	}
	for plain, others := range undecomposed {
		if strings.ContainsRune(others, r) {
			base = plain
		}
	}
	class := undecomposed[base]
	for _, script := range [][2]rune{{'A', 0x24F}, {0x370, 0x52F}, {0x1E00, 0x1FFF}} {
		for other := script[0]; other <= script[1]; other++ {
			first, _ := utf8.DecodeRuneInString(norm.NFD.String(string(other)))
			if unicode.IsLetter(first) && unicode.ToLower(first) == unicode.ToLower(base) {
				class += string(other)
			}
		}
	}
	if class == "" {
		class = string(r)
	}
	return "[" + class + "][\u0300-\u036f]*"
}
