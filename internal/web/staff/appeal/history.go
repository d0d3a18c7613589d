package appeal

import (
	"net/http"
	"net/url"
	"strconv"

	"readerfund/internal/campaign"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/appeal/form"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// History is what was changed about a campaign, when and by whom, with a way back to each version.
type History struct {
	screen.Layout

	campaigns *campaign.Service
}

// versionLine is one version in words.
type versionLine struct {
	Number  int64
	Did     string
	By      string
	At      screen.Stamp
	Changes []form.FieldChange // against the version before
	Latest  bool
}

// historyPage is the list of a campaign's versions.
type historyPage struct {
	campaignLine
	page.FormErrors
	Versions []versionLine
}

// versionLines are versions in words, the latest first. The first version changed nothing.
func versionLines(s screen.Layout, loc i18n.Localizer, history []campaign.Version) []versionLine {
	lines := make([]versionLine, len(history))
	for n, v := range history {
		lines[n] = versionLine{
			Number: v.Version, Did: words.Of(loc, "campaigns.change.", v.Change), By: v.ChangedBy, At: s.Stamp(v.ChangedAt),
			Latest: n == 0,
		}
		if n+1 < len(history) {
			lines[n].Changes = form.Changes(s.Zone, loc, history[n+1].Campaign, v.Campaign, nil)
		}
	}
	return lines
}

// Show answers GET /staff/campaigns/{slug}/history.
func (s *History) Show(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, nil)
}

func (s *History) render(w http.ResponseWriter, r *http.Request, failure error) error {
	slug, loc := r.PathValue("slug"), s.Pages.Localizer(r)
	k, err := s.campaigns.Campaign(r.Context(), slug)
	if err != nil {
		return err
	}
	history, err := s.campaigns.History(r.Context(), slug)
	if err != nil {
		return err
	}
	p, status := historyPage{
		campaignLine: newCampaignLine(s.Layout, loc, k), Versions: versionLines(s.Layout, loc, history),
	}, http.StatusOK
	if failure != nil {
		p.Put(loc, failure)
		status = page.ProblemOf(loc, failure).Status
	}
	return s.Render(w, r, status, "staff/campaign_history.html",
		i18n.New("campaigns.title.history", i18n.Args{"name": k.Name}), "campaigns", p)
}

// Restore answers POST /staff/campaigns/{slug}/history: an earlier version comes back as a new one.
func (s *History) Restore(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	version, _ := strconv.ParseInt(v.Get("version"), 10, 64) // no number is no version
	to, _ := strconv.ParseInt(v.Get("to"), 10, 64)
	k, err := s.campaigns.Restore(r.Context(), campaignActor(r), r.PathValue("slug"), version, to)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return s.render(w, r, err)
	}
	if err != nil {
		return err
	}
	page.Redirect(w, screen.Address(screen.CampaignAddress(k.Slug), url.Values{"did": {"restore"}}))
	return nil
}
