package page

import (
	"net/http"

	"golang.org/x/text/language"
)

// regions are the Englishes we write amounts and dates in. The pages' text is English, so numbers are English too: a
// page that mixes "Give once" with "1.000,00" would be misread. The first is for everyone else.
func regions() []language.Tag {
	return []language.Tag{
		language.English, language.AmericanEnglish, language.BritishEnglish, language.MustParse("en-IE"),
		language.MustParse("en-AU"), language.MustParse("en-CA"), language.MustParse("en-NZ"), language.MustParse("en-ZA"),
		language.MustParse("en-IN"), language.MustParse("en-SG"),
	}
}

// Locale is the English region that fits the reader best.
func Locale(r *http.Request) language.Tag {
	header := r.Header.Get("Accept-Language")
	if header == "" {
		return language.English
	}
	wanted, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return language.English
	}
	for _, w := range wanted {
		for _, region := range regions() {
			if w == region {
				return region
			}
		}
	}
	return language.English
}

// Language is the reader's first language with its region ("de-DE"), for PayPal's own pages, or empty.
// PayPal's pattern for locale: Orders v2, paypal_wallet_experience_context.
func Language(r *http.Request) string {
	wanted, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(wanted) == 0 {
		return ""
	}
	tag := wanted[0].String()
	if len(tag) != 5 || tag[2] != '-' { // two letters, two capitals: the parser has put the case right
		return ""
	}
	return tag
}
