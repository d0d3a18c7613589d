// Package field checks what people and programs type into the fields of a form. Its errors are fault.Invalid, with a
// sentence for whoever typed. What a field means is its package's business.
package field

import (
	"net/mail"
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
		return fault.Input(field, "field.text_unreadable")
	}
	if n := utf8.RuneCountInString(written); n > longest {
		return fault.Input(field, "field.text_too_long", fault.Args{"max": longest, "length": n})
	}
	for _, r := range written {
		if unicode.IsControl(r) && (!lines || r != '\n') {
			return fault.Input(field, "field.text_not_shown")
		}
	}
	return nil
}

// longestAddress is the longest that mail can reach, in bytes (RFC 5321, erratum 1690).
const longestAddress = 254

// Email reads a mail address as it is kept and looked up: bare, in lower case.
func Email(field, written string) (string, error) {
	address := strings.ToLower(strings.TrimSpace(written))
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > longestAddress {
		return "", fault.Input(field, "field.email_malformed")
	}
	return address, nil
}

// Key refuses an idempotency key that is too long or not printable ASCII.
func Key(key string) error {
	if len(key) > LongestKey {
		return fault.Input("idempotency_key", "api.key_too_long", fault.Args{"max": LongestKey})
	}
	for i := range len(key) {
		if key[i] < 0x20 || key[i] > 0x7e {
			return fault.Input("idempotency_key", "api.key_not_ascii")
		}
	}
	return nil
}

// Normalised takes out the carriage returns that forms send at the ends of lines, what shows nothing, and the spaces
// around.
func Normalised(written string) string {
	return strings.TrimSpace(strings.ReplaceAll(text.Visible(written), "\r\n", "\n"))
}
