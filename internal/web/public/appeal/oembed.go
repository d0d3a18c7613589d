package appeal

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"readerfund/internal/campaign"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/site"
)

// OEmbed answers GET /oembed: what a CMS puts where somebody pastes a donation page's address (https://oembed.com).
type OEmbed struct{ appeal *Appeal }

// embedded is an answer of the type "rich".
type embedded struct {
	Version      string `json:"version"`
	Type         string `json:"type"`
	Title        string `json:"title"`
	ProviderName string `json:"provider_name"`
	ProviderURL  string `json:"provider_url"`
	CacheAge     int    `json:"cache_age"` // seconds
	HTML         string `json:"html"`
	Width        int    `json:"width"` // pixels
	Height       int    `json:"height"`
}

// heights are those of the frames, in pixels: measured in Chromium, 390 wide, the tallest of the six languages. Frames
// shrink to a phone's width and keep their height. A page with cta.js on it has them as high as they are.
var heights = map[string]struct{ plain, full int }{ // full: with a goal or a portrait
	campaign.FormatInline: {680, 870}, campaign.FormatBanner: {150, 215}, campaign.FormatButton: {64, 64},
	campaign.FormatGoal: {132, 132}, campaign.FormatForm: {530, 570},
}

// heightOf is how high a frame has to be for what is in it.
func heightOf(k *campaign.Entry, format string) int {
	high := heights[format].plain
	if site.HasBar(k) || k.Portrait != nil {
		high = heights[format].full
	}
	if p := k.Picture; p != nil && format == campaign.FormatInline {
		const phone, highest = 390, 320 // max-height of .rf-picture
		high += min(p.Height*phone/max(p.Width, 1), highest)
	}
	return high
}

// widest is a frame's width where the page allows any.
const widest = 640

// Show answers for the address of a campaign's donation page, or of the home page. Its query may ask for a format, a
// language and a currency, as the appeal's own.
func (s *OEmbed) Show(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if format := q.Get("format"); format != "" && format != "json" { // section 2.2
		return page.NewError(http.StatusNotImplemented, "cta.only_json")
	}
	slug, query, ours := s.pasted(q.Get("url"))
	if !ours {
		return page.NotFound()
	}
	k, err := s.find(r, slug)
	if err != nil {
		return err
	}
	wants := wantedBy(query.Encode())
	key := s.appeal.keyOf(k, wants, true)
	title := k.Filled(key.language, k.Facts).Heading
	a := embedded{
		Version: "1.0", Type: "rich", Title: title, ProviderName: s.appeal.Pages.Publication(),
		ProviderURL: s.appeal.baseURL, CacheAge: 300,
		Width: within(q.Get("maxwidth"), widest), Height: within(q.Get("maxheight"), heightOf(k, key.format)),
	}
	// The frame learns the article's address from its referrer: nothing else tells it.
	a.HTML = fmt.Sprintf(`<iframe src="%s" title="%s" width="%d" height="%d" loading="lazy" `+
		`referrerpolicy="no-referrer-when-downgrade"></iframe>`,
		html.EscapeString(s.appeal.frameAddress(k.Slug, key)+cameWith(wants.from)), html.EscapeString(title), a.Width,
		a.Height)
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	page.WriteJSON(w, http.StatusOK, page.JSONType, a)
	return nil
}

// pasted reads the address of a page of ours: a campaign's name, empty for the home page's, and the query.
func (s *OEmbed) pasted(address string) (slug string, query url.Values, ours bool) {
	rest, ours := strings.CutPrefix(address, s.appeal.baseURL)
	u, err := url.Parse(rest)
	if !ours || err != nil || u.Host != "" {
		return "", nil, false
	}
	if u.Path == "" || u.Path == "/" {
		return "", u.Query(), true
	}
	slug, ours = strings.CutPrefix(u.Path, "/support/")
	return slug, u.Query(), ours && slug != ""
}

// find is the campaign of that name; the default one for no name.
func (s *OEmbed) find(r *http.Request, slug string) (*campaign.Entry, error) {
	if slug == "" {
		k, err := s.appeal.campaigns.Default(r.Context())
		if err != nil {
			return nil, err
		}
		slug = k.Slug
	}
	return s.appeal.campaigns.Find(r.Context(), slug)
}

// frameAddress is where the document of an appeal is.
func (s *Appeal) frameAddress(slug string, key appealKey) string {
	q := url.Values{"format": {key.format}, "lang": {key.language.String()}, "currency": {string(key.currency)}}
	return s.baseURL + "/embed/" + url.PathEscape(slug) + "/frame?" + q.Encode()
}

// cameWith is what the pasted address says of where its readers come from, as the end of a query.
func cameWith(from site.Referral) string {
	var q strings.Builder
	if from.Article != "" {
		q.WriteString("&article=" + url.QueryEscape(from.Article))
	}
	for _, p := range from.Source.Params() {
		if p.Name != "format" { // the frame's own, which its address has
			q.WriteString("&" + p.Name + "=" + url.QueryEscape(p.Value))
		}
	}
	return q.String()
}

// within is a bound that the other side names, if it is one and less than ours.
func within(bound string, ours int) int {
	if n, err := strconv.Atoi(bound); err == nil && n > 0 && n < ours {
		return n
	}
	return ours
}
