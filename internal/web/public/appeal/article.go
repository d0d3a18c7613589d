package appeal

import (
	"crypto/rand"
	"html/template"
	"net/http"

	"readerfund/internal/contribution"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/site"
)

// Article answers GET /article in the demo: a sample story with the call to action at its end, put there by the server
// as a newsroom's own system would.
func (s *Appeal) Article(w http.ResponseWriter, r *http.Request) error {
	byDefault, err := s.campaigns.Default(r.Context())
	if err != nil {
		return err
	}
	k, err := s.campaigns.Find(r.Context(), byDefault.Slug)
	if err != nil {
		return err
	}
	from := site.Referral{Article: s.baseURL + "/article", Source: contribution.SourceFrom(r.URL.Query().Get)}
	key := s.keyOf(k, wanted{from: from, language: r.URL.Query().Get("lang")}, false)
	a, err := s.appealOf(k, key)
	if err != nil {
		return err
	}
	text := a.splice(shownAs(key, from), rand.Text())
	cta := template.HTML(text) //nolint:gosec // our own template made it, and it escaped what went in
	return s.Pages.Render(w, r, http.StatusOK, "public/article.html",
		page.Page{Title: "The river that nobody measured", Data: cta})
}
