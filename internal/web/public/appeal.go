package public

import (
	"net/http"
	"slices"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/metrics"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
)

// AppealRoute is the appeal's line in the URL table, and in the metrics.
const AppealRoute = "/embed/{campaign}"

// Appeal is the call to action that other sites put on their articles.
type Appeal struct {
	layout

	forms     forms
	campaigns *campaign.Catalog
	metrics   *metrics.Metrics
	baseURL   string
	header    appealHeader
	cache     appealCache
}

// appealHeader are header values that are the same for every appeal, made once.
type appealHeader struct{ policy, nosniff, cache, vary, resource, html []string }

func newAppeal(c Config, l layout, f forms) *Appeal {
	return &Appeal{
		layout: l, forms: f, campaigns: c.Campaigns, metrics: c.Metrics, baseURL: c.BaseURL,
		header: appealHeader{
			policy: []string{c.AppealPolicy}, nosniff: []string{"nosniff"}, cache: []string{"public, max-age=60"},
			vary: []string{"Accept, Origin"}, resource: []string{"cross-origin"},
			html: []string{"text/html; charset=utf-8"},
		},
	}
}

// Cached answers for an appeal that is already rendered: the appeal stands on every article, so answering costs little
// more than sending its bytes. Such a request gets no request id and no log line, because there is nothing to report
// about it. Every other request is passed to next.
func (s *Appeal) Cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !s.answer(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// answer sends a rendered appeal, if one fits the request.
func (s *Appeal) answer(w http.ResponseWriter, r *http.Request) bool {
	began := s.now()
	k, err := s.campaigns.BySlug(r.Context(), r.PathValue("campaign"))
	if err != nil || page.PrefersJSON(r) {
		return false
	}
	copied, known := s.copyFor(r, k)
	if !known {
		return false
	}
	h := w.Header()
	s.openToEmbedders(h, r)
	h["X-Content-Type-Options"] = s.header.nosniff
	h["Content-Security-Policy"] = s.header.policy
	status := s.send(w, r, copied)
	s.metrics.Request(AppealRoute, status, s.now().Sub(began))
	return true
}

// Show answers GET /embed/{campaign}: the call to action as an HTML fragment for other sites' pages, or its parts as
// JSON. It is the same for every reader, so any cache may keep it for a minute, unless the address carries a key: a
// server adds one when it puts the fragment into a page made for a single reader.
func (s *Appeal) Show(w http.ResponseWriter, r *http.Request) error {
	s.openToEmbedders(w.Header(), r) // first, so that the page's script can also read an error
	k, err := s.campaigns.BySlug(r.Context(), r.PathValue("campaign"))
	if err != nil {
		w.Header().Set("Cache-Control", "no-store")
		return err
	}
	currency, from, key := askedFor(r)
	if len(s.embedOrigins) > 0 {
		w.Header().Del("X-Frame-Options")
	}
	w.Header()["Content-Security-Policy"] = s.header.policy
	if page.PrefersJSON(r) {
		page.WriteJSON(w, http.StatusOK, page.JSONType, s.partsOf(k, currency, from))
		return nil
	}
	a, err := s.appealOf(k, currency)
	if err != nil {
		return err
	}
	s.send(w, r, a.copyWith(from, key))
	return nil
}

// askedFor reads what the embedding page wants; values that cannot be used are left out.
func askedFor(r *http.Request) (c money.Currency, from referral, key string) {
	if r.URL.RawQuery == "" {
		return "", referral{}, ""
	}
	q := r.URL.Query()
	from = referral{contribution.LinkedArticle(q.Get("article")), contribution.SourceFrom(q.Get)}
	return money.Code(q.Get("currency")), from, q.Get("key")
}

// send writes the appeal, or answers that it has not changed.
func (s *Appeal) send(w http.ResponseWriter, r *http.Request, c appealCopy) (status int) {
	h := w.Header()
	if c.private {
		h.Set("Cache-Control", "no-store")
	} else {
		h["Etag"] = c.of.etagHeader
		if page.NotModified(r, c.of.etag) {
			w.WriteHeader(http.StatusNotModified)
			return http.StatusNotModified
		}
	}
	h["Content-Type"], h["Content-Length"] = s.header.html, c.length
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(c.text) // if this fails, the client is gone
	return http.StatusOK
}

// openToEmbedders lets the pages of EMBED_ORIGINS read what is meant for them.
func (s *Appeal) openToEmbedders(h http.Header, r *http.Request) {
	h["Cache-Control"], h["Vary"], h["Cross-Origin-Resource-Policy"] = s.header.cache, s.header.vary, s.header.resource
	if origin := r.Header["Origin"]; len(origin) == 1 && slices.Contains(s.embedOrigins, origin[0]) {
		h.Set("Access-Control-Allow-Origin", origin[0])
	}
}

// parts is the call to action for a page that draws its own.
type parts struct {
	Campaign    string           `json:"campaign"`
	Heading     string           `json:"heading"`
	Why         string           `json:"why"`
	Ask         string           `json:"ask"`
	Button      string           `json:"button"`
	Reassurance string           `json:"reassurance"`
	Currency    money.Currency   `json:"currency"`
	Currencies  []money.Currency `json:"currencies"`
	Suggested   []part           `json:"suggested"` // for one time
	Frequencies []partsBy        `json:"frequencies"`
	Action      string           `json:"action"` // where the form posts to
	Page        string           `json:"page"`   // the full donation page
}

// partsBy are the amounts of one frequency.
type partsBy struct {
	Frequency contribution.Frequency `json:"frequency"`
	Chosen    bool                   `json:"chosen"` // it is chosen first
	Suggested []part                 `json:"suggested"`
}

type part struct {
	Amount  string `json:"amount"`
	Display string `json:"display"`
}

func (s *Appeal) partsOf(k campaign.Campaign, c money.Currency, from referral) parts {
	f := s.forms.newForm(k, c, from.Article)
	texts := f.Texts
	p := parts{
		Campaign: k.Slug, Heading: texts.Heading, Why: texts.Why, Ask: texts.Ask, Button: texts.Button,
		Reassurance: texts.Reassurance,
		Currency:    f.Currency, Currencies: k.Currencies(), Action: s.baseURL + "/contributions",
		Page: s.baseURL + supportAddress(k.Slug, f.Currency, "", contribution.Once, from),
	}
	for _, o := range f.Offers {
		by := partsBy{Frequency: o.Frequency, Chosen: o.Chosen, Suggested: []part{}}
		for _, g := range o.Choices {
			by.Suggested = append(by.Suggested, part{g.Value, money.FormatBrief(g.Amount, language.English)})
		}
		if o.Frequency == contribution.Once {
			p.Suggested = by.Suggested
		}
		p.Frequencies = append(p.Frequencies, by)
	}
	return p
}
