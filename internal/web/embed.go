package web

import (
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
)

// fixed are header values that are the same for every fragment, made once.
type fixed struct{ policy, nosniff, cache, vary, resource, html []string }

func (s *site) makeFixed() fixed {
	ancestors := "'none'"
	if len(s.EmbedOrigins) > 0 {
		ancestors = strings.Join(s.EmbedOrigins, " ")
	}
	return fixed{
		policy: []string{s.policy(ancestors)}, nosniff: []string{"nosniff"}, cache: []string{"public, max-age=60"},
		vary: []string{"Accept, Origin"}, resource: []string{"cross-origin"}, html: []string{"text/html; charset=utf-8"},
	}
}

const appealRoute = "/embed/{campaign}"

// cachedAppeal answers for an appeal that was rendered already: it stands on every article, so it costs little more than
// its bytes. It needs no request id and no line in the log, there being nothing to tell of it. Everything else goes on
// to next.
func (s *site) cachedAppeal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !s.embedCached(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// embedCached answers with a rendered appeal, if there is one that fits.
func (s *site) embedCached(w http.ResponseWriter, r *http.Request) bool {
	began := s.Now()
	k, err := s.Campaigns.BySlug(r.Context(), r.PathValue("campaign"))
	if err != nil || page.PrefersJSON(r) {
		return false
	}
	copied, known := s.copyFor(r, k)
	if !known {
		return false
	}
	h := w.Header()
	s.openToEmbedders(h, r)
	h["X-Content-Type-Options"] = s.fixed.nosniff
	h["Content-Security-Policy"] = s.fixed.policy
	status := s.sendCopy(w, r, copied)
	s.Metrics.Request(appealRoute, status, s.Now().Sub(began))
	return true
}

// embed answers GET /embed/{campaign}: the call to action as an HTML fragment for other sites' pages, or its parts as
// JSON. It is the same for every reader, so anybody may keep it for a minute; unless the address gives a key, which a
// server does that puts the fragment into a page made for one reader.
func (s *site) embed(w http.ResponseWriter, r *http.Request) error {
	s.openToEmbedders(w.Header(), r) // first, so that the page's script may read what is wrong, too
	k, err := s.Campaigns.BySlug(r.Context(), r.PathValue("campaign"))
	if err != nil {
		w.Header().Set("Cache-Control", "no-store")
		return err
	}
	currency, from, key := askedFor(r)
	if len(s.EmbedOrigins) > 0 {
		w.Header().Del("X-Frame-Options")
	}
	w.Header()["Content-Security-Policy"] = s.fixed.policy
	if page.PrefersJSON(r) {
		page.WriteJSON(w, http.StatusOK, page.JSONType, s.partsOf(k, currency, from))
		return nil
	}
	a, err := s.appealOf(k, currency)
	if err != nil {
		return err
	}
	s.sendCopy(w, r, a.copyWith(from, key))
	return nil
}

// askedFor reads what the embedding page wants; what cannot be used is left out.
func askedFor(r *http.Request) (c money.Currency, from referral, key string) {
	if r.URL.RawQuery == "" {
		return "", referral{}, ""
	}
	q := r.URL.Query()
	from = referral{contribution.LinkedArticle(q.Get("article")), contribution.UTMFrom(q.Get)}
	return money.Code(q.Get("currency")), from, q.Get("key")
}

// sendCopy writes the appeal, or that it has not changed.
func (s *site) sendCopy(w http.ResponseWriter, r *http.Request, c appealCopy) (status int) {
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
	h["Content-Type"], h["Content-Length"] = s.fixed.html, c.length
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(c.text) //nolint:gosec // html/template escaped it; if this fails, the client is gone
	return http.StatusOK
}

// openToEmbedders lets the pages of EMBED_ORIGINS read what is meant for them.
func (s *site) openToEmbedders(h http.Header, r *http.Request) {
	h["Cache-Control"], h["Vary"], h["Cross-Origin-Resource-Policy"] = s.fixed.cache, s.fixed.vary, s.fixed.resource
	if origin := r.Header.Get("Origin"); origin != "" && slices.Contains(s.EmbedOrigins, origin) {
		h.Set("Access-Control-Allow-Origin", origin)
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
	Suggested   []part           `json:"suggested"`
	Action      string           `json:"action"` // where the form posts to
	Page        string           `json:"page"`   // the full donation page
}

type part struct {
	Amount  string `json:"amount"`
	Display string `json:"display"`
}

func (s *site) partsOf(k campaign.Campaign, c money.Currency, from referral) parts {
	f := s.newForm(k, c, from.Article)
	p := parts{
		Campaign: k.Slug, Heading: k.Heading, Why: k.Why, Ask: k.Ask, Button: k.Button, Reassurance: k.Reassurance,
		Currency: f.Currency, Currencies: k.Currencies(), Action: s.BaseURL + "/contributions",
		Page: s.BaseURL + supportAddress(k.Slug, f.Currency, "", from),
	}
	for _, g := range f.Choices {
		p.Suggested = append(p.Suggested, part{Amount: g.Value, Display: money.FormatBrief(g.Amount, language.English)})
	}
	return p
}
