package public

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"readerfund/internal/campaign"
	choosing "readerfund/internal/choice" // choice is one of the form's
	"readerfund/internal/contribution"
	"readerfund/internal/web/page"
)

// Choice answers which appeals may stand on a page, and tells readers what their browser keeps for it.
type Choice struct {
	layout

	appeal  *Appeal // says who may read the answer
	chooser *choosing.Chooser
}

// Offer answers GET /embed/choice with what may stand on a page, in order, as JSON for choose.js. It is the same for all
// readers of the page, so any cache may keep it for a minute; what is known about a reader never comes here.
func (s *Choice) Offer(w http.ResponseWriter, r *http.Request) error {
	s.appeal.openToEmbedders(w.Header(), r, r.URL.Query().Get("origin"))
	offer, err := s.chooser.Offer(r.Context(), VisitFrom(r.URL.Query()))
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

// How much of what a page says about itself is looked at.
const (
	mostWords   = 32
	longestWord = 200 // characters
)

// VisitFrom reads what a page says about itself. What cannot be used is left out: the page then counts as one that says
// nothing about it.
func VisitFrom(q url.Values) choosing.Visit {
	v := choosing.Visit{
		Article: contribution.LinkedArticle(q.Get("article")), Section: word(q.Get("section")), Authors: words(q["author"]),
		Tags: words(q["tags"]), Language: word(q.Get("lang")), Campaign: word(q.Get("campaign")),
	}
	if format := q.Get("format"); campaign.IsFormat(format) {
		v.Format = format
	}
	return v
}

// words are the texts of a list with commas, or of several such lists.
func words(lists []string) []string {
	var all []string
	for _, list := range lists {
		for text := range strings.SplitSeq(list, ",") {
			if text = word(text); text != "" && len(all) < mostWords {
				all = append(all, text)
			}
		}
	}
	return all
}

func word(text string) string {
	if text = strings.TrimSpace(text); utf8.RuneCountInString(text) > longestWord || !utf8.ValidString(text) {
		return ""
	}
	return text
}
