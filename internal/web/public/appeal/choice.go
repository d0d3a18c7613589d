package appeal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	choosing "readerfund/internal/choice" // choice is one of the form's
	"readerfund/internal/contribution"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/site"
)

// Choice answers which appeals may stand on a page, and tells readers what their browser keeps for it.
type Choice struct {
	site.Layout

	appeal  *Appeal // says who may read the answer
	chooser *choosing.Chooser
}

// Show answers GET /embed with the appeal that may stand on a page, chosen here: for servers that put it into their
// pages, and for pages without scripts. Of the reader nothing is known then, so campaigns that ask for something about
// readers are left out, and no variant is drawn. Where there is none, the answer is 204.
func (s *Choice) Show(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	snapshot, err := s.chooser.Snapshot(r.Context())
	if err != nil {
		w.Header().Set("Cache-Control", "no-store")
		return err
	}
	visit := choosing.VisitFrom(contribution.LinkedArticle(q.Get("article")), q)
	chosen := snapshot.Pick(visit, choosing.Reader{}, s.Now())
	if !chosen.Shown() {
		s.appeal.openToEmbedders(w.Header(), r, q.Get("origin"))
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	q.Set("format", chosen.Format)
	r.URL.RawQuery = q.Encode()
	r.SetPathValue("campaign", chosen.Campaign)
	return s.appeal.Show(w, r)
}

// Offer answers GET /embed/choice with what may stand on a page, in order, as JSON for choose.js. It is the same for
// all readers of the page, so any cache may keep it for a minute; what is known about a reader never comes here.
func (s *Choice) Offer(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	s.appeal.openToEmbedders(w.Header(), r, q.Get("origin"))
	offer, err := s.chooser.Offer(r.Context(), choosing.VisitFrom(contribution.LinkedArticle(q.Get("article")), q))
	if err != nil {
		w.Header().Set("Cache-Control", "no-store")
		return err
	}
	body, err := json.Marshal(offer)
	if err != nil {
		return fmt.Errorf("write the offer for a page: %w", err)
	}
	sum := sha256.Sum256(body)
	etag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("ETag", etag)
	if page.NotModified(r, etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	page.Write(w, http.StatusOK, page.JSONType, body)
	return nil
}
