// Package public is what readers see: the donation page, the way back from PayPal, and the thanks page. The appeal that
// stands on articles is in its room appeal; the form is in form, and site is what all of them stand on.
//
// A handler parses, makes one call into the domain, chooses a view and renders it. The package decides nothing about
// money, and keeps no state between requests.
package public

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/appearance"
	"readerfund/internal/campaign"
	choosing "readerfund/internal/choice"
	"readerfund/internal/contribution"
	"readerfund/internal/count"
	"readerfund/internal/manage"
	"readerfund/internal/managelink"
	"readerfund/internal/media"
	"readerfund/internal/metrics"
	"readerfund/internal/monthly"
	"readerfund/internal/receipt"
	"readerfund/internal/settle"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/appeal"
	"readerfund/internal/web/public/form"
	"readerfund/internal/web/public/site"
)

// Config is what the pages are made with.
type Config struct {
	Pages        *page.Renderer
	Signer       page.Signer
	Cookies      *gift.Cookies
	BaseURL      string         // where the service is reached, without a slash at the end
	Origin       string         // its scheme and host
	EmbedOrigins []string       // origins that may embed the appeal
	AppealPolicy string         // the Content-Security-Policy of what they embed
	Zone         *time.Location // whose days the pages speak of

	Contributions *contribution.Service
	Settler       *settle.Settler
	Starter       *gift.Starter
	Campaigns     *campaign.Catalog
	Chooser       *choosing.Chooser
	Changes       *manage.Service // reads how recurring gifts stand
	ManageLinks   managelink.Links
	Questions     *monthly.Service // may be nil
	Receipts      *receipt.Service // nil leaves the documents out
	OwnPages      OwnPages         // nil where there are none
	Media         *media.Store
	Counter       *count.Counter
	Appearance    *appearance.Store

	Metrics *metrics.Metrics // may be nil
	Log     *slog.Logger
	Now     func() time.Time
}

// OwnPages are readers' own pages: manage.Pages.
type OwnPages interface {
	// Manages reports whether the request is by the contribution's reader, on their own page.
	Manages(r *http.Request, contribution uuid.UUID) bool
	// Receives reports whether it is by the reader of the address to which the contribution's receipts are mailed.
	Receives(r *http.Request, contribution uuid.UUID) bool
}

// Pages are all of the readers' pages.
type Pages struct {
	*appeal.Pages

	Donate *Donate
	Give   *Give
	Return *Return
	Thanks *Thanks

	Say      *Say
	Monthly  *Monthly
	Receipts *Receipts
	Media    *Media

	Appearance *Appearance
}

// New gives each page the services it needs.
func New(c Config) *Pages {
	l := site.Layout{
		Pages: c.Pages, Signer: c.Signer, Origin: c.Origin, EmbedOrigins: c.EmbedOrigins, Zone: c.Zone, Log: c.Log,
		Now: c.Now,
	}
	f := form.NewMaker(l, c.Campaigns, c.Contributions, c.Cookies)
	thanks := &Thanks{
		Layout: l, contributions: c.Contributions, cookies: c.Cookies, approvals: c.Starter.Approvals,
		subscriptions: c.Changes, links: c.ManageLinks, questions: c.Questions, campaigns: c.Campaigns,
	}
	return &Pages{
		Pages: appeal.New(appeal.Config{
			Layout: l, Forms: f, BaseURL: c.BaseURL, Policy: c.AppealPolicy, Campaigns: c.Campaigns, Chooser: c.Chooser,
			Counter: c.Counter, Metrics: c.Metrics,
		}),

		Donate: &Donate{forms: f, campaigns: c.Campaigns},
		Give:   &Give{Layout: l, forms: f, starter: c.Starter, cookies: c.Cookies},
		Return: &Return{Layout: l, contributions: c.Contributions, settler: c.Settler, forms: f, cookies: c.Cookies},
		Thanks: thanks,

		Say: &Say{Layout: l, contributions: c.Contributions, cookies: c.Cookies, thanks: thanks},
		Monthly: &Monthly{
			Layout: l, contributions: c.Contributions, questions: c.Questions, starter: c.Starter, cookies: c.Cookies,
			thanks: thanks,
		},
		Receipts: &Receipts{Layout: l, receipts: c.Receipts, cookies: c.Cookies, own: c.OwnPages, links: c.ManageLinks},
		Media:    &Media{store: c.Media},

		Appearance: &Appearance{store: c.Appearance},
	}
}
