package dashboard

import (
	"encoding/json"
	"strings"

	"readerfund/internal/review"
)

// openReviews is a column with the open reviews of a contribution c, the oldest first, as JSON: one lookup in the index
// of open reviews for each line of a page.
const openReviews = `(
	SELECT coalesce(jsonb_agg(jsonb_build_object('code', v.code, 'args', v.arguments) ORDER BY v.id), '[]')::text
	FROM review v WHERE v.contribution_id = c.id AND v.closed_at IS NULL)`

// reviewsInWords parses that column.
func reviewsInWords(column string) string {
	var open []struct {
		Code review.Code `json:"code"`
		Args review.Args `json:"args"`
	}
	if err := json.Unmarshal([]byte(column), &open); err != nil {
		return column // our own JSON: showing it as it is beats showing nothing
	}
	texts := make([]string, len(open))
	for i, r := range open {
		texts[i] = review.Sentence(r.Code, r.Args).String()
	}
	return strings.Join(texts, " ")
}
