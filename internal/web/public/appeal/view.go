package appeal

import (
	"net/url"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/money"
	"readerfund/internal/text"
	"readerfund/internal/web/public/form"
	"readerfund/internal/web/public/site"
)

// ctaView is what templates/cta and the partial "appeal" show.
type ctaView struct {
	Campaign campaign.Campaign
	Texts    campaign.Texts // in the appeal's language, with their numbers
	Foreign  *site.Foreign  // the language of Texts, where that is not the appeal's
	Format   string
	Tag      language.Tag // the appeal's language
	Dir      string       // ltr or rtl
	Lang     string       // the same language, for addresses
	Base     string       // our address, without a slash at the end
	Look     string       // the address of the publication's own stylesheet; empty where there is none
	ID       string       // tells its elements from those of another appeal on the page
	Currency money.Currency
	Offers   []form.Offer
	Page     string     // the donation page's address, with a query that more can be added to
	Frame    string     // likewise, the form's for a frame
	Goal     *site.Goal // nil without a goal, or while nobody knows how much was given
	Picture  *pictureView
	Portrait *pictureView
	Form     bool   // it holds a form
	Fields   string // the place of the hidden fields, and
	Query    string // of what is added to addresses
}

// pictureView is an image of ours on another site's page.
type pictureView struct {
	Src, Srcset   string
	Width, Height int
}

func (s *Appeal) view(k *campaign.Entry, key appealKey) ctaView {
	varied := k.Campaign
	varied.Content = k.As(key.variant)
	f := s.forms.New(varied, key.currency, "")
	f.Texts, f.Foreign = varied.Filled(key.language, k.Facts), site.ForeignOn(&varied.Content, key.language)
	f.SpeakOffers(s.Pages.Speaking(key.language))
	lang := key.language.String()
	address := "?" + url.Values{"currency": {string(f.Currency)}, "lang": {lang}}.Encode()
	v := ctaView{
		Campaign: varied, Texts: f.Texts, Format: key.format, Foreign: f.Foreign,
		Tag: key.language, Dir: text.Direction(key.language), Lang: lang, Base: s.baseURL, ID: k.Slug + "-" + key.format,
		Currency: f.Currency, Offers: f.Offers,
		Page:  s.baseURL + "/support/" + url.PathEscape(k.Slug) + address,
		Frame: s.baseURL + "/embed/" + url.PathEscape(k.Slug) + "/frame" + address,
		Form:  key.format == campaign.FormatInline, Fields: fieldsMark, Query: queryMark,
		Picture: s.picture(k.Picture, widestPicture), Portrait: s.picture(k.Portrait, portraitWidth),
	}
	if sheet := s.Pages.Look().Appeal; sheet != "" {
		v.Look = s.baseURL + sheet
	}
	if site.HasBar(k) {
		v.Goal = s.Goal(k.Facts, key.language)
	}
	return v
}

// The widths in which pictures are asked for, in pixels: double the ones they are shown in.
const (
	widestPicture = 1280
	portraitWidth = 112
)

func (s *Appeal) picture(p *campaign.Picture, width int) *pictureView {
	if p == nil {
		return nil
	}
	return &pictureView{
		Src: s.baseURL + p.Path(width), Srcset: p.Srcset(s.baseURL), Width: p.Width, Height: p.Height,
	}
}
