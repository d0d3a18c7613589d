package page

import (
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"readerfund/internal/i18n"
	"readerfund/internal/money"
)

// regions are the variants of English in which we write amounts and dates: a page that mixes "Give once" with
// "1.000,00" would be misread.
var regions = []language.Tag{
	language.English, language.AmericanEnglish, language.BritishEnglish, language.MustParse("en-IE"),
	language.MustParse("en-AU"), language.MustParse("en-CA"), language.MustParse("en-NZ"), language.MustParse("en-ZA"),
	language.MustParse("en-IN"), language.MustParse("en-SG"),
}

// Localizer writes sentences in the page's language. For readers that is the language of the catalogue that
// Accept-Language prefers. For staff it is English, because everything kept for them, from the audit log to the
// reviews, is in English.
func (p *Renderer) Localizer(r *http.Request) i18n.Localizer {
	offered := p.catalogue.Languages()
	if isStaff(r) {
		offered = offered[:1]
	}
	return p.localizer(preferred(r.Header.Get("Accept-Language"), offered))
}

// localizer writes amounts as a form does.
func (p *Renderer) localizer(tag language.Tag) i18n.Localizer {
	return p.catalogue.Localizer(tag, func(arg any) any {
		if a, ok := arg.(money.Amount); ok {
			return money.FormatBrief(a, tag)
		}
		return arg
	})
}

func isStaff(r *http.Request) bool { return below(r, "/staff") }

// below reports whether a request is for a path or one below it.
func below(r *http.Request, path string) bool {
	return r.URL.Path == path || strings.HasPrefix(r.URL.Path, path+"/")
}

// preferred is the offered language that a header prefers, with its region, or English.
func preferred(header string, offered []language.Tag) language.Tag {
	if header == "" {
		return language.English
	}
	wanted, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return language.English
	}
	english := false // English is wanted, but in a region whose numbers we do not have
	for _, w := range wanted {
		base, _ := w.Base()
		region, confidence := w.Region()
		switch lang := language.Make(base.String()); {
		case slices.Contains(regions, w):
			return w
		case lang == language.English:
			english = true
		case english || !slices.Contains(offered, lang):
		case confidence == language.Exact:
			if tag, err := language.Compose(lang, region); err == nil { // without the header's other subtags
				return tag
			}
		default:
			return lang
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
	if len(tag) != 5 || tag[2] != '-' { // two letters, two capitals: the parser has normalized the case
		return ""
	}
	return tag
}
