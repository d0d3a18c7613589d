package i18n_test

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nicksnyder/go-i18n/v2/i18n"

	"readerfund/locales"
)

// sameInEnglish are the sentences of a language that are right although they read as in English.
var sameInEnglish = map[string][]string{
	"ar": {"date.day"},
	"de": {"date.month.4", "date.month.8", "date.month.9", "date.month.11", "donate.currency.EUR", "thanks.name"},
	"es": {"public.error"},
	"fr": {"date.day", "manage.line.active", "thanks.date", "thanks.message"},
}

// convention is how a language is typeset, as a rule that finds what breaks it.
type convention struct {
	says   string
	breaks *regexp.Regexp
}

// everywhere holds in every language.
var everywhere = []convention{
	{"an apostrophe is ’", regexp.MustCompile(`'`)},
	{"quotation marks are the language’s own", regexp.MustCompile(`"`)},
	{"an ellipsis is …", regexp.MustCompile(`\.\.\.`)},
	{"a dash is –, or — in Ukrainian", regexp.MustCompile(` - `)},
	{"one space is enough", regexp.MustCompile(` {2}|^ | $`)},
}

// conventions are each language's own. Sources: Imprimerie nationale, Lexique des règles typographiques (a no-break
// space before a colon and within guillemets, a narrow one before ; ! ?); Duden (a space before an ellipsis that stands
// for a word); RAE, Ortografía (opening ¿ and ¡); Unicode CLDR, quotation marks.
var conventions = map[string][]convention{
	"ar": {
		{"a comma is ، and a semicolon ؛", regexp.MustCompile(`\p{Arabic}[,;]`)},
		{"a question mark is ؟", regexp.MustCompile(`\?`)},
		{"quotation marks are «»", regexp.MustCompile(`[“”„]`)},
		{"digits are Western", regexp.MustCompile(`[٠-٩]`)},
	},
	"de": {
		{"quotation marks are „“", regexp.MustCompile(`[”«»]|“[\p{L}{]`)},
		{"a space stands before an ellipsis", regexp.MustCompile(`\p{L}…`)},
	},
	"es": {
		{"a question begins with ¿", regexp.MustCompile(`^[^¿]*\?`)},
		{"an exclamation begins with ¡", regexp.MustCompile(`^[^¡]*!`)},
		{"quotation marks are «»", regexp.MustCompile(`[“”„]`)},
	},
	"fr": {
		{"a narrow no-break space stands before ; ! ?", regexp.MustCompile(`[^\x{202f}][;!?]`)},
		{"a no-break space stands before a colon", regexp.MustCompile(`[^\x{a0}]:(?: |$)`)},
		{"no-break spaces stand within «»", regexp.MustCompile(`«[^\x{a0}]|[^\x{a0}]»`)},
		{"quotation marks are «»", regexp.MustCompile(`[“”„]`)},
	},
	"uk": {
		{"a dash is —", regexp.MustCompile(` – `)},
		{"quotation marks are «»", regexp.MustCompile(`[“”„]`)},
		{"вам and ваш have small letters", regexp.MustCompile(`[\p{L},] (?:Ваш|Вам|Вас|Ви )`)},
	},
}

func TestTranslationsKeepTheirConventions(t *testing.T) {
	t.Parallel()
	wrong, err := unconventional(locales.Files)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
}

// unconventional finds what was left in English, and what is not typeset as its language is.
func unconventional(files fs.FS) (wrong []string, err error) {
	err = eachLanguage(files, func(lang string, own, english map[string]*i18n.Message) {
		for _, key := range slices.Sorted(maps.Keys(own)) {
			listed := slices.Contains(sameInEnglish[lang], key)
			if asInEnglish(lang, own[key], english[key]) != listed {
				wrong = append(wrong, lang+": "+key+" reads as in English, or is listed and does not: "+own[key].Other)
			}
			for _, c := range slices.Concat(everywhere, conventions[lang]) {
				for _, form := range forms(own[key]) {
					if c.breaks.MatchString(form) {
						wrong = append(wrong, lang+": "+key+": "+c.says+": "+form)
					}
				}
			}
		}
	})
	return wrong, err
}

// asInEnglish reports whether a form of a sentence is one of English.
func asInEnglish(lang string, own, english *i18n.Message) bool {
	return lang != "en" && english != nil && slices.ContainsFunc(forms(own), func(form string) bool {
		return slices.Contains(forms(english), form)
	})
}

func TestTheConventionsFindWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lang, sentence, want string }{
		{"de", "A gift", "reads as in English"}, {"fr", "L'appel", "an apostrophe"},
		{"fr", "Vraiment ?", "a narrow no-break"},
		{"fr", "Ici : là", "a no-break space stands before"}, {"fr", "« a »", "within «»"}, {"es", "Seguro?", "¿"},
		{"de", "Das ist “gut”", "„“"}, {"de", "Weiter…", "before an ellipsis"}, {"uk", "Це Ваш внесок", "small letters"},
		{"ar", "هل هذا?", "؟"}, {"ar", "نعم, لا", "،"}, {"uk", "Внесок – це", "a dash is —"}, {"en", "A  gift", "one space"},
	} {
		files := fstest.MapFS{"en/x.toml": {Data: []byte(`x.a = "A gift"`)}}
		files[c.lang+"/x.toml"] = &fstest.MapFile{Data: []byte(`x.a = "` + c.sentence + `"`)}
		wrong, err := unconventional(files)
		if err != nil || !slices.ContainsFunc(wrong, func(w string) bool { return strings.Contains(w, c.want) }) {
			t.Errorf("%s: %q: want %q, got %q, %v", c.lang, c.sentence, c.want, wrong, err)
		}
	}
}
