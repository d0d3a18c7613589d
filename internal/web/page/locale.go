package page

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/text"
)

// regions are the variants of English in which we write amounts and dates: a page that mixes "Give once" with
// "1.000,00" would be misread.
var regions = []language.Tag{
	language.English, language.AmericanEnglish, language.BritishEnglish, language.MustParse("en-IE"),
	language.MustParse("en-AU"), language.MustParse("en-CA"), language.MustParse("en-NZ"), language.MustParse("en-ZA"),
	language.MustParse("en-IN"), language.MustParse("en-SG"),
}

// Localizer writes sentences in the page's language. For readers that is the language that the address asks for
// ("?lang=de"), else the one that their gift was made in (InLanguage), else what Accept-Language prefers, of those that
// the publication offers. For staff it is English, because everything kept for them, from the audit log to the reviews,
// is in English.
func (p *Renderer) Localizer(r *http.Request) i18n.Localizer { return p.localizer(p.language(r)) }

// Locale is the page's language with the reader's region where their browser names one ("de-AT"), as a BCP 47 tag: for
// PayPal's own pages, and for mail that is written later.
func (p *Renderer) Locale(r *http.Request) string {
	tag := p.language(r)
	for _, w := range accepted(r) {
		if region, confidence := w.Region(); confidence == language.Exact && bareOf(w) == bareOf(tag) {
			tag, _ = language.Compose(bareOf(w), region) // a language and a region always compose
			break
		}
	}
	return tag.String()
}

// Speaks reports whether the publication offers its pages in a language without a region.
func (p *Renderer) Speaks(lang language.Tag) bool { return slices.Contains(p.languages, lang) }

// Speaking is the localizer of a language, for what is kept for all readers.
func (p *Renderer) Speaking(lang language.Tag) i18n.Localizer { return p.localizer(lang) }

// localizer writes amounts as a form does.
func (p *Renderer) localizer(tag language.Tag) i18n.Localizer {
	return p.catalogue.Localizer(tag, func(arg any) any {
		if a, ok := arg.(money.Amount); ok {
			return money.FormatBrief(a, tag)
		}
		return arg
	})
}

// language is the page's language, with the reader's region where amounts and dates are written differently there.
func (p *Renderer) language(r *http.Request) language.Tag {
	if isStaff(r) {
		return preferred(accepted(r), []language.Tag{language.English})
	}
	if chosen, ok := p.chosen(r); ok {
		return preferred(accepted(r), []language.Tag{chosen})
	}
	return preferred(accepted(r), p.languages)
}

// chosen is the language that does not come from the browser: that of the address, or of the gift.
func (p *Renderer) chosen(r *http.Request) (language.Tag, bool) {
	kept, _ := r.Context().Value(localeKey{}).(string)
	for _, name := range []string{r.URL.Query().Get("lang"), kept} {
		if tag, err := language.Parse(name); err == nil && slices.Contains(p.languages, bareOf(tag)) {
			return bareOf(tag), true
		}
	}
	return language.Und, false
}

type localeKey struct{}

// InLanguage is a request whose pages are in the language of a gift, unless the address asks for another one. locale is
// a BCP 47 tag, as Locale gives it; it may be empty.
func InLanguage(r *http.Request, locale string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), localeKey{}, locale))
}

// To is one of our own addresses with the language of the request, where that is not simply the browser's. Links and
// redirects between readers' pages go through it, so that a reader stays in the language they chose.
func (p *Renderer) To(r *http.Request, address string) string {
	chosen, ok := p.chosen(r)
	if !ok || bareOf(preferred(accepted(r), p.languages)) == chosen {
		return address
	}
	return withLanguage(address, chosen.String())
}

// LanguageLink is the same page in one of the languages offered.
type LanguageLink struct {
	Lang, Dir, Name string // the name as its speakers say it
	Address         string
	Current         bool
}

// languageLinks are the page in each language that readers may choose. A page that answers a form has none: its address
// alone does not show it again.
func (p *Renderer) languageLinks(r *http.Request, loc i18n.Localizer) []LanguageLink {
	if isStaff(r) || len(p.languages) < 2 || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil
	}
	all := make([]LanguageLink, len(p.languages))
	for i, tag := range p.languages {
		query := r.URL.Query()
		query.Set("lang", tag.String())
		all[i] = LanguageLink{
			Lang: tag.String(), Dir: text.Direction(tag), Name: p.catalogue.Localizer(tag, nil).Say("public.language_name"),
			Address: "?" + query.Encode(), Current: tag == loc.Language(),
		}
	}
	return all
}

// withLanguage puts the language into an address that may have a query and a fragment.
func withLanguage(address, lang string) string {
	u, err := url.Parse(address)
	if err != nil || u.Query().Has("lang") {
		return address
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += "lang=" + lang
	return u.String()
}

func isStaff(r *http.Request) bool { return below(r, "/staff") }

// below reports whether a request is for a path or one below it.
func below(r *http.Request, path string) bool {
	return r.URL.Path == path || strings.HasPrefix(r.URL.Path, path+"/")
}

// accepted are the languages of Accept-Language, the most wanted first; none where it is missing or garbled.
func accepted(r *http.Request) []language.Tag {
	wanted, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return nil
	}
	return wanted
}

// bareOf is a tag's language alone.
func bareOf(tag language.Tag) language.Tag {
	base, _ := tag.Base()
	return language.Make(base.String())
}

// preferred is the offered language that is wanted most, with its region; where none is wanted, the first one offered.
func preferred(wanted, offered []language.Tag) language.Tag {
	english := false // English is wanted, but in a region whose numbers we do not have
	for _, w := range wanted {
		lang := bareOf(w)
		if !slices.Contains(offered, lang) {
			continue
		}
		region, confidence := w.Region()
		switch {
		case slices.Contains(regions, w):
			return w
		case lang == language.English:
			english = true
		case english:
		case confidence == language.Exact:
			if tag, err := language.Compose(lang, region); err == nil { // without the header's other subtags
				return tag
			}
		default:
			return lang
		}
	}
	if english {
		return language.English
	}
	return offered[0]
}
