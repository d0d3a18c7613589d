package public

import (
	"net/http"
	"strings"

	"readerfund/internal/appearance"
	"readerfund/internal/web/page"
)

// Appearance serves the newsroom's own colours and typefaces.
type Appearance struct{ store *appearance.Store }

// Show answers GET /appearance/{file}: the stylesheet, or a typeface. Both addresses name their content. A stylesheet
// of before is answered with the one of now, for a little while: a page in somebody's cache may still ask for it.
func (a *Appearance) Show(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Allow-Origin", "*") // browsers want it of typefaces on other sites' pages
	file := r.PathValue("file")
	if name, isFont := strings.CutSuffix(file, ".woff2"); isFont && digest.MatchString(name) {
		body, err := a.store.FontFile(r.Context(), name)
		if err != nil {
			return err
		}
		h.Set("Cache-Control", immutable)
		page.Write(w, http.StatusOK, "font/woff2", body)
		return nil
	}
	now := a.store.Current()
	if now.Stylesheet() == "" || !strings.HasSuffix(file, ".css") {
		return page.NotFound()
	}
	h.Set("Cache-Control", "public, max-age=60")
	if now.Stylesheet() == r.URL.Path {
		h.Set("Cache-Control", immutable)
	}
	page.Write(w, http.StatusOK, "text/css; charset=utf-8", now.CSS())
	return nil
}
