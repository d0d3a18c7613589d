package appeal

import (
	"net/http"
	"strings"

	choosing "readerfund/internal/choice"
	"readerfund/internal/contribution"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
)

// forgetEnding is put at the end of an article's address to remove what is kept: choose.js, which alone can reach it,
// does it and comes back to the page that says what is kept.
const forgetEnding = "#readerfund-forget"

// keptPage says what the appeal keeps in a reader's browser.
type keptPage struct {
	Removed bool
	Consent bool // nothing is kept before the reader agreed
	Rests   []keptRest
	ByHand  [2]string // what stands before the ending, and after it
	Ending  string
	Back    string // the article; empty where it is on no site that we know
}

// keptRest is for how many days readers are not asked after what they did.
type keptRest struct {
	After string
	Days  int
}

// Kept answers GET /embed/kept with what the appeal keeps in a reader's browser, why, and how it is removed. What is
// kept belongs to the publication's own site, so this page cannot reach it: it leads to the article, where choose.js
// can.
func (s *Choice) Kept(w http.ResponseWriter, r *http.Request) error {
	loc, q := s.Pages.Localizer(r), r.URL.Query()
	p := keptPage{
		Removed: q.Has("removed"), Consent: s.chooser.Consent(), Rests: rests(loc), Ending: forgetEnding,
		Back: s.BackTo(contribution.LinkedArticle(q.Get("back"))),
	}
	const mark = "\x00"
	before, after, _ := strings.Cut(loc.Say("kept.remove_by_hand", i18n.Args{"ending": mark}), mark)
	p.ByHand = [2]string{before, after}
	return s.Pages.Render(w, r, http.StatusOK, "public/kept.html",
		page.Page{Title: loc.Say("cta.kept"), NoIndex: true, Data: p})
}

// rests are said in the words of the appeal's own buttons.
func rests(loc i18n.Localizer) []keptRest {
	days := choosing.Rests()
	after := func(answer string) string { return loc.Say("kept.after.answer", i18n.Args{"answer": answer}) }
	return []keptRest{
		{loc.Say("kept.after.gave"), days[choosing.Gave]},
		{after(loc.Say("cta.said")), days[choosing.Said]},
		{loc.Say("kept.after.start"), days[choosing.Start]},
		{after(loc.Say("cta.close")), days[choosing.Close]},
		{after(loc.Say("cta.later")), days[choosing.Later]},
		{after(loc.Say("cta.optout")), 0},
	}
}
