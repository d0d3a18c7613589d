// Package text cleans words that came from outside before they are kept: readers', staff's, a link's, PayPal's. It
// takes out what shows nothing and can change how the words around it read, and it makes any bytes fit for PostgreSQL
// and a page. It escapes nothing (the templates do) and judges no meaning. Beside that it knows the direction in which
// a language is written.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible takes out every character that shows nothing by itself: marks that turn the direction of what follows (so
// that "gpj.exe" reads "exe.jpg"), zero-width spaces, byte order marks, tags and fillers. Unicode's list is
// Default_Ignorable_Code_Point (UAX #44). Scotland's flag, which is made of tags, becomes a black one. Joiners and
// variation selectors stay where a script or an emoji needs them. Control characters and broken UTF-8 stay too: whether
// to refuse or replace those is the caller's to decide.
func Visible(s string) string {
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	last := rune(-1) // the last character kept, accents left aside
	for i, r := range s {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		silent := ignorable(r)
		if silent && !needed(last, r, s[i+size:]) {
			continue
		}
		b.WriteString(s[i : i+size])
		if silent || !unicode.Is(unicode.Inherited, r) {
			last = r
		}
	}
	return b.String()
}

// Line makes any bytes one clean line: broken UTF-8 becomes U+FFFD, and line breaks, control characters and runs of
// spaces become one space.
func Line(s string) string {
	return strings.Join(strings.FieldsFunc(Visible(strings.ToValidUTF8(s, "\uFFFD")), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}

// Lines is Line for each line by itself; the breaks between them stay, at most one empty line at a time.
func Lines(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s)
	var kept []string
	for line := range strings.SplitSeq(s, "\n") {
		line = Line(line)
		if line == "" && (len(kept) == 0 || kept[len(kept)-1] == "") {
			continue
		}
		kept = append(kept, line)
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

// isASCII reports whether s has nothing to look at, as most texts.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// ignorable reports whether r is a Default_Ignorable_Code_Point. Go has its parts only: format characters, fillers and
// variation selectors, without the few format characters that do show something.
func ignorable(r rune) bool {
	if r < 0xAD {
		return false
	}
	if unicode.Is(unicode.Cf, r) {
		return !unicode.In(r, unicode.Prepended_Concatenation_Mark, unicode.Egyptian_Hieroglyphs)
	}
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

const (
	nonJoiner = '\u200C'
	joiner    = '\u200D'
)

// needed reports whether an ignorable character does something for the one before it: a joiner between or after letters
// of a script that joins (RFC 5892, appendix A.1 and A.2), the joiner inside an emoji, a selector that picks a form.
func needed(before, r rune, rest string) bool {
	switch {
	case r == nonJoiner:
		return unicode.In(before, joining...)
	case r == joiner:
		after, _ := utf8.DecodeRuneInString(rest)
		return unicode.In(before, joining...) || isEmoji(before) && unicode.Is(unicode.So, after)
	case unicode.Is(unicode.Mongolian, r):
		return unicode.Is(unicode.Mongolian, before)
	case r >= 0xFE00 && r <= 0xFE0F: // emoji or plain, and forms of a few letters
		return unicode.In(before, unicode.S, unicode.P, unicode.Nd, unicode.Han, unicode.Myanmar)
	case r >= 0xE0100 && r <= 0xE01EF: // forms of a character as they stand in Japanese names
		return unicode.Is(unicode.Han, before)
	default:
		return false
	}
}

// isEmoji reports whether an emoji may end in r: a picture, its colour of skin, or the selector that makes it one.
func isEmoji(r rune) bool {
	return unicode.Is(unicode.So, r) || r == 0xFE0F || r >= 0x1F3FB && r <= 0x1F3FF
}

// joining are the scripts whose letters change where they touch.
var joining = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Mandaic, unicode.Mongolian, unicode.Nko, unicode.Phags_Pa,
	unicode.Adlam, unicode.Hanifi_Rohingya, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi,
	unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam,
	unicode.Sinhala, unicode.Tibetan, unicode.Myanmar, unicode.Khmer, unicode.Balinese, unicode.Javanese,
	unicode.Grantha, unicode.Brahmi, unicode.Chakma, unicode.Newa, unicode.Tirhuta,
}
