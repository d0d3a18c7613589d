package campaign

import (
	"strings"
	"testing"

	"golang.org/x/text/language"
	"pgregory.net/rapid"

	"readerfund/internal/money"
)

// Whatever staff type, nothing breaks: a text is cut into sentences that are the text, it is judged in every language,
// and no placeholder is left in what readers see.
func TestAnyText(t *testing.T) {
	t.Parallel()
	part := rapid.OneOf(
		rapid.String(), rapid.SampledFrom([]string{
			" ", ". ", "! ", "\n", "{raised}", "{goal}", "{supporters:a|#}", "{days_left:|||}", "{", "}", "{}", "{:}", "31. ",
			"€20,000", "٢٠", "20 ", "%", "٪", "until ", "bis ", "до ", "حتى ", "Dezember", "كانون ", "days ", "left ", "Mrs. ",
			"999999999999999999999", "1.234", "00/00/0000", "2026-13-45", "’", "\u00a0", "\xff", "\u0301",
		}))
	langs := []string{"en", "es", "de", "fr", "uk", "ar", "pl", "", "x"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(part, 0, 12).Draw(t, "text"), "")
		lang := rapid.SampledFrom(langs).Draw(t, "language")
		if got := strings.Join(sentences(text), ""); got != text {
			t.Fatalf("%q is cut into %q", text, sentences(text))
		}
		k := Campaign{Slug: "k", Content: Content{
			Language: lang, Currency: "EUR", Texts: map[string]Texts{lang: {Why: text}},
			Goal: &Goal{Kind: GoalAmount, Minor: 2_000_000, Currency: "EUR"},
		}}
		_ = Validate(k, Options{Complete: true})
		f := Facts{Known: true, Goal: money.New(2_000_000, "EUR"), Supporters: rapid.Int64Min(0).Draw(t,
			"supporters"), DaysLeft: 3}
		filled := (Texts{Why: text}).Fill(f, language.Make(lang)).Why
		for _, name := range Placeholders() {
			if strings.Contains(filled, "{"+name+"}") {
				t.Fatalf("%q: {%s} is left in %q", text, name, filled)
			}
		}
	})
}
