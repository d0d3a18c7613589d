package i18n_test

import (
	"testing"
	"time"

	"golang.org/x/text/language"

	"readerfund/internal/i18n"
)

// The days are CLDR's long dates of the Gregorian calendar (CLDR 48, dateFormats long), the Ukrainian year in full.
func TestDaysAreWrittenAsTheLanguageDoes(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 5, 3, 23, 0, 0, 0, time.UTC)
	for lang, want := range map[string]string{
		"en": "3 May 2026", "es": "3 de mayo de 2026", "de": "3. Mai 2026", "fr": "3 mai 2026", "uk": "3 травня 2026 року",
		"ar": "3 مايو 2026", "de-AT": "3. Mai 2026", "ja": "3 May 2026",
	} {
		if got := i18n.Default().Localizer(language.Make(lang), nil).Day(day); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}

func TestRatesSayHowOften(t *testing.T) {
	t.Parallel()
	german := i18n.Default().Localizer(language.German, nil)
	for frequency, want := range map[any]string{
		"once": "10 €", "month": "10 € im Monat", "year": "10 € im Jahr", "": "10 €", "fortnight": "10 €",
	} {
		if got := german.Rate("10 €", frequency); got != want {
			t.Errorf("%v: %q, want %q", frequency, got, want)
		}
	}
}

// What is put into an Arabic sentence and has Latin letters is kept apart, for people; programs get it as it is.
func TestLatinWordsAreIsolatedInArabic(t *testing.T) {
	t.Parallel()
	same := func(arg any) any { return arg }
	arabic, german := i18n.Default().Localizer(language.Arabic, same), i18n.Default().Localizer(language.German, same)
	number := i18n.Args{"number": "2345-ABCD"}
	for _, c := range []struct {
		loc  i18n.Localizer
		want string
	}{
		{arabic, "المساهمة \u20682345-ABCD\u2069"}, {arabic.Plain(), "المساهمة 2345-ABCD"}, {german, "Beitrag 2345-ABCD"},
	} {
		if got := c.loc.Say("letter.number", number); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if got := arabic.Say("letter.number", i18n.Args{"number": "12"}); got != "المساهمة 12" {
		t.Errorf("figures need nothing: %q", got)
	}
}

func TestSentencesOfTemplatesNameTheirArguments(t *testing.T) {
	t.Parallel()
	english := i18n.Localizer{}
	got, err := english.SayIn("public.problems", "count", 2)
	if err != nil || got != "Please check 2 things. Nothing was charged." {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := english.SayIn("public.problems", 2, "count"); err == nil {
		t.Errorf("a number is no name: %q", got)
	}
}
