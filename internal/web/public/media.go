package public

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"readerfund/internal/campaign"
	"readerfund/internal/media"
	"readerfund/internal/web/page"
)

// Media serves the newsroom's pictures.
type Media struct{ store *media.Store }

// immutable is the Cache-Control of what its address names by its content.
const immutable = "public, max-age=31536000, immutable"

var digest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Show answers GET /media/{digest} and /media/{digest}/{width}. The address names the content, so browsers and caches
// keep it for ever, and articles on other sites may show it.
func (m *Media) Show(w http.ResponseWriter, r *http.Request) error {
	name, wanted := r.PathValue("digest"), r.PathValue("width")
	width, _ := strconv.Atoi(wanted) // what is not a number is no width that is kept
	if !digest.MatchString(name) || wanted != "" && !slices.Contains(campaign.Widths, width) {
		return page.NotFound()
	}
	file, err := m.store.File(r.Context(), name, width)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", immutable)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Content-Security-Policy", "default-src 'none'") // for who opens it as a page
	page.Write(w, http.StatusOK, file.Type, file.Bytes)
	return nil
}
