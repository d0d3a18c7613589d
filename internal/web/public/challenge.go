package public

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"readerfund/internal/admission"
	"readerfund/internal/altcha"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/site"
)

// challengePage is the page between the form and PayPal.
type challengePage struct {
	Action    string // where the form goes
	Fields    []hiddenField
	Challenge *altcha.Challenge // nil: only waiting helps
	Turn      string
	TurnIn    int // in seconds
	Wait      string
}

type hiddenField struct{ Name, Value string }

// showChallenge keeps the form that the reader sent, and asks for a proof of work or to come back later.
func showChallenge(
	s site.Layout, w http.ResponseWriter, r *http.Request, action string, sent url.Values, n *admission.NotYetError,
) error {
	loc := s.Pages.Localizer(r)
	m := challengePage{
		Action: action, Challenge: n.Challenge, Turn: n.Turn, TurnIn: int((n.TurnIn + time.Second - 1) / time.Second),
		Wait: loc.Message(page.Wait(n.Wait)),
	}
	for name, values := range sent {
		if name == gift.SolutionField || name == gift.TurnField {
			continue
		}
		for _, value := range values {
			m.Fields = append(m.Fields, hiddenField{name, value})
		}
	}
	slices.SortStableFunc(m.Fields, func(a, b hiddenField) int { return cmp.Compare(a.Name, b.Name) })
	title := loc.Say("web.one_moment")
	if n.Challenge == nil {
		title = loc.Say("public.try_in_minutes")
	}
	w.Header().Set("Retry-After", page.Seconds(n.Wait))
	return s.Pages.Render(w, r, http.StatusTooManyRequests, "public/moment.html",
		page.Page{Title: title, NoIndex: true, Data: m})
}
