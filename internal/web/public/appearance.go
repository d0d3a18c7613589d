package public

import (
	"net/http"
	"strings"

	"readerfund/internal/appearance"
	"readerfund/internal/web/page"
)

// Appearance serves the newsroom's own colours and typefaces.
type Appearance struct{ store *appearance.Store }

const cssType = "text/css; charset=utf-8"

// Show answers GET /appearance/{file}: a stylesheet, or a typeface. Both addresses name their content. A stylesheet of
// before, for which a page in somebody's cache may still ask, is empty for a little while: that page shows our own
// colours then.
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
	for _, sheet := range []appearance.Sheet{now.Stylesheet(), now.AppealStylesheet()} {
		if sheet.Path == r.URL.Path {
			h.Set("Cache-Control", immutable)
			page.Write(w, http.StatusOK, cssType, sheet.CSS)
			return nil
		}
	}
	if !strings.HasSuffix(file, ".css") {
		return page.NotFound()
	}
	h.Set("Cache-Control", "public, max-age=60")
	page.Write(w, http.StatusOK, cssType, nil)
	return nil
}
