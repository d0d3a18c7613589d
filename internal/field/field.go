// Package field checks what people and programs type into the fields of a form. Its errors are fault.Invalid, with a
// sentence for whoever typed. What a field means is its package's business.
package field

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"readerfund/internal/fault"
	"readerfund/internal/text"
)

// LongestKey is the longest idempotency key, in characters.
const LongestKey = 255

// Line refuses a text of several lines, or one that Text refuses.
func Line(field, written string, longest int) error { return check(field, written, longest, false) }

// Text refuses what has more than the longest number of characters, and what cannot be written on a page or a receipt:
// control characters other than line ends, bad UTF-8.
func Text(field, written string, longest int) error { return check(field, written, longest, true) }

func check(field, written string, longest int, lines bool) error {
	if !utf8.ValidString(written) {
		return fault.Invalidf(field, "This text has characters that cannot be read. Please write it again.")
	}
	if n := utf8.RuneCountInString(written); n > longest {
		return fault.Invalidf(field, "Please shorten this to %d characters; it has %d.", longest, n)
	}
	for _, r := range written {
		if unicode.IsControl(r) && (!lines || r != '\n') {
			return fault.Invalidf(field, "This text has characters that cannot be shown. Please write it again.")
		}
	}
	return nil
}

// Key refuses an idempotency key that is too long or not printable ASCII.
func Key(key string) error {
	if len(key) > LongestKey {
		return fault.Invalidf("idempotency_key", "The idempotency key has more than %d characters.", LongestKey)
	}
	for i := range len(key) {
		if key[i] < 0x20 || key[i] > 0x7e {
			return fault.Invalidf("idempotency_key", "The idempotency key may hold printable ASCII characters only.")
		}
	}
	return nil
}

// Normalised takes out the carriage returns that forms send at the ends of lines, what shows nothing, and the spaces
// around.
func Normalised(written string) string {
	return strings.TrimSpace(strings.ReplaceAll(text.Visible(written), "\r\n", "\n"))
}
