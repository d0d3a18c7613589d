package text_test

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"readerfund/internal/text"
)

func TestVisible(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"plain":                  {"Ada Reader", "Ada Reader"},
		"turned round":           {"Ada \u202Egpj.exe\u202C", "Ada gpj.exe"},
		"isolates":               {"\u2066Ada\u2069 \u2067Reader\u2068", "Ada Reader"},
		"direction marks":        {"\u200EAda\u200F\u061C", "Ada"},
		"zero width":             {"A\u200Bd\u2060a\uFEFF", "Ada"},
		"joiners between Latin":  {"pay\u200Dp\u200Cal", "paypal"},
		"soft hyphen":            {"news\u00ADroom", "newsroom"},
		"tags":                   {"Ada\U000E0041\U000E0064\U000E007F", "Ada"},
		"fillers":                {"\u3164\uFFA0\u115F", ""},
		"selectors after Latin":  {"A\uFE01d\U000E0101a", "Ada"},
		"old format characters":  {"A\u206A\u206Fda", "Ada"},
		"Persian":                {"می\u200Cخواهم", "می\u200Cخواهم"},
		"a vowel sign before":    {"مَ\u200Cخ", "مَ\u200Cخ"},
		"only one joiner":        {"می\u200C\u200C\u200Dخواهم", "می\u200Cخواهم"},
		"Devanagari":             {"क्\u200Dष", "क्\u200Dष"},
		"Malayalam at the end":   {"അവന്\u200D", "അവന്\u200D"},
		"Sinhala":                {"ශ්\u200Dරී", "ශ්\u200Dරී"},
		"Mongolian":              {"ᠬ\u180Bᠠ", "ᠬ\u180Bᠠ"},
		"Arabic number sign":     {"\u0600١٢", "\u0600١٢"},
		"a Japanese name":        {"葛\U000E0100城", "葛\U000E0100城"},
		"family":                 {"👩\u200D👩\u200D👧", "👩\u200D👩\u200D👧"},
		"heart":                  {"❤\uFE0F\u200D🔥", "❤\uFE0F\u200D🔥"},
		"skin":                   {"👩🏽\u200D🌾", "👩🏽\u200D🌾"},
		"keycap":                 {"1\uFE0F\u20E3", "1\uFE0F\u20E3"},
		"joiner after an emoji":  {"👩\u200DA", "👩A"},
		"controls are not ours":  {"a\x00b\nc", "a\x00b\nc"},
		"broken bytes neither":   {"é\xff\u200B\xfe", "é\xff\xfe"},
		"a true U+FFFD":          {"\uFFFD\u200B", "\uFFFD"},
		"no-break space remains": {"1\u00A0000", "1\u00A0000"},
	} {
		if got := text.Visible(c.in); got != c.want {
			t.Errorf("%s: %+q, want %+q", name, got, c.want)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"  Ada \t Reader\r\n": "Ada Reader", "Ada\x00Reader": "Ada Reader", "\x1b[31mAda": "[31mAda", "a\xffb": "a\uFFFDb",
		"a\u2028b": "a b", "a\u00A0\u3000b": "a b", "\u200B \uFEFF": "", "\u0085x": "x",
	} {
		if got := text.Line(in); got != want {
			t.Errorf("%+q: %+q, want %+q", in, got, want)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Two\r\nlines": "Two\nlines", "\n\na\n\n\n\nb\n": "a\n\nb", "a\u2029b\rc": "a\nb\nc",
		"a \n\u200B\n b\x00": "a\n\nb", "": "",
	} {
		if got := text.Lines(in); got != want {
			t.Errorf("%+q: %+q, want %+q", in, got, want)
		}
	}
}

func TestCleanTextStaysAsItIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		once := text.Line(in)
		if twice := text.Line(once); twice != once {
			t.Fatalf("%+q became %+q and then %+q", in, once, twice)
		}
		if !utf8.ValidString(once) {
			t.Fatalf("%+q is no UTF-8", once)
		}
		for _, r := range once {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("%+q holds %U", once, r)
			}
		}
	})
}
