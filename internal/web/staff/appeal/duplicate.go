package appeal

import (
	"net/http"
	"net/url"

	"readerfund/internal/campaign"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
)

// Duplicate is the form that makes a draft like a campaign.
type Duplicate struct {
	screen.Layout

	campaigns *campaign.Service
}

// duplicatePage is that form.
type duplicatePage struct {
	campaignLine
	page.FormErrors
	NewName, NewSlug string
}

// Show answers GET /staff/campaigns/{slug}/duplicate.
func (s *Duplicate) Show(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, url.Values{}, nil)
}

func (s *Duplicate) render(w http.ResponseWriter, r *http.Request, v url.Values, failure error) error {
	k, err := s.campaigns.Campaign(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	loc, status := s.Pages.Localizer(r), http.StatusOK
	p := duplicatePage{campaignLine: newCampaignLine(s.Layout, loc, k), NewName: v.Get("name"), NewSlug: v.Get("slug")}
	if failure != nil {
		p.Put(loc, failure, "name", "slug")
		status = page.ProblemOf(loc, failure).Status
	}
	return s.Render(w, r, status, "staff/campaign_duplicate.html",
		i18n.New("campaigns.title.duplicate", i18n.Args{"name": k.Name}), "campaigns", p)
}

// Do answers POST /staff/campaigns/{slug}/duplicate.
func (s *Duplicate) Do(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	k, err := s.campaigns.Duplicate(r.Context(), campaignActor(r), r.PathValue("slug"), v.Get("slug"), v.Get("name"))
	if fault.Is(err, fault.Invalid) {
		return s.render(w, r, v, err)
	}
	if err != nil {
		return err
	}
	page.Redirect(w, screen.CampaignAddress(k.Slug)+"/edit")
	return nil
}
