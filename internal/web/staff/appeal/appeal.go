// Package appeal serves staff's pages about the appeal: campaigns with their preview, history and results, why a reader
// sees which, how the publication looks, and lines to paste into a site. Which campaign readers see is choice's to say.
package appeal

import (
	"readerfund/internal/appearance"
	"readerfund/internal/campaign"
	"readerfund/internal/choice"
	"readerfund/internal/dashboard"
	"readerfund/internal/experiment"
	"readerfund/internal/media"
	"readerfund/internal/report"
	"readerfund/internal/web/staff/screen"
)

// Config is what these screens call.
type Config struct {
	BaseURL      string   // where readers reach us, without a slash at the end
	EmbedOrigins []string // sites that may embed the appeal

	Campaigns   *campaign.Service
	Catalog     *campaign.Catalog
	Experiments *experiment.Experiments
	Media       *media.Store
	Look        *appearance.Store
	Chooser     *choice.Chooser
	Reports     *report.Reports
	Views       *dashboard.Views
	Draw        DrawAppeal
}

// Screens are the pages about the appeal.
type Screens struct {
	Campaigns  *Campaigns
	Campaign   *Campaign
	Edit       *Edit
	Act        *Act
	Duplicate  *Duplicate
	History    *History
	Preview    *Preview
	Results    *Results
	Why        *Why
	Embedding  *Embedding
	Appearance *Appearance
}

// New gives each screen the services it needs.
func New(l screen.Layout, c Config) *Screens {
	preview := &Preview{Layout: l, campaigns: c.Campaigns, draw: c.Draw}
	return &Screens{
		Campaigns:  &Campaigns{Layout: l, campaigns: c.Catalog, reports: c.Reports, views: c.Views},
		Campaign:   &Campaign{Layout: l, campaigns: c.Campaigns, catalog: c.Catalog, reports: c.Reports},
		Edit:       &Edit{Layout: l, campaigns: c.Campaigns, media: c.Media, look: c.Look, preview: preview},
		Act:        &Act{Layout: l, campaigns: c.Campaigns, catalog: c.Catalog, preview: preview},
		Duplicate:  &Duplicate{Layout: l, campaigns: c.Campaigns},
		History:    &History{Layout: l, campaigns: c.Campaigns},
		Preview:    preview,
		Results:    &Results{Layout: l, campaigns: c.Campaigns, experiments: c.Experiments},
		Why:        &Why{Layout: l, chooser: c.Chooser},
		Embedding:  &Embedding{Layout: l, campaigns: c.Catalog, baseURL: c.BaseURL, origins: c.EmbedOrigins},
		Appearance: &Appearance{Layout: l, store: c.Look, media: c.Media},
	}
}
