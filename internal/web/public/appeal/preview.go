package appeal

import (
	"net/url"

	"readerfund/internal/campaign"
)

// Preview draws the document that a frame on an article gets, for staff: of any campaign, whether readers see it or
// not. wants is the query that a page would ask with. Nothing of it is kept. A goal's bar is drawn even where no money
// was counted yet, because it will be once the campaign is live.
func (s *Appeal) Preview(k campaign.Campaign, wants url.Values) ([]byte, error) {
	e := *s.campaigns.Unsaved(k)
	e.Facts.Known = true
	w := wantedBy(wants.Encode())
	key := s.keyOf(&e, w, true)
	w.from = shownAs(key, w.from)
	draw := func() (*rendered, error) { return s.render(s.Pages.Templates(), &e, key) }
	if key.format == campaign.FormatForm {
		draw = func() (*rendered, error) { return s.formOf(&e, key, w) }
	}
	a, err := draw()
	if err != nil {
		return nil, err
	}
	return a.splice(w.from, ""), nil
}
