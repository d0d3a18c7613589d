package text_test

import (
	"testing"

	"golang.org/x/text/language"

	"readerfund/internal/text"
)

func TestDirectionIsTheScripts(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{
		"en": "ltr", "uk": "ltr", "ar": "rtl", "ar-EG": "rtl", "he": "rtl", "fa": "rtl", "ur": "rtl", "az-Arab": "rtl",
		"ja": "ltr", "und": "ltr",
	} {
		if got := text.Direction(language.Make(lang)); got != want {
			t.Errorf("%s: %s, want %s", lang, got, want)
		}
	}
}
