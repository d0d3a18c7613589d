// Package public is what readers see: the appeal that stands on articles, the donation page, and the way back from
// PayPal to the thanks page.
//
// A handler parses, makes one call into the domain, chooses a view and renders it. The package decides nothing about
// money, and keeps no state between requests but rendered appeals.
package public

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
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
	Donate *Donate
	Give   *Give
	Return *Return
	Thanks *Thanks
	Appeal *Appeal
	Choice *Choice
	Counts *Counts
	OEmbed *OEmbed

	Say      *Say
	Monthly  *Monthly
	Receipts *Receipts
	Media    *Media

	Appearance *Appearance
}

// New gives each page the services it needs.
func New(c Config) *Pages {
	l := layout{
		pages: c.Pages, signer: c.Signer, origin: c.Origin, embedOrigins: c.EmbedOrigins, zone: c.Zone, log: c.Log,
		now: c.Now,
	}
	f := forms{layout: l, campaigns: c.Campaigns, limits: c.Contributions.Limits, fees: c.Contributions.Fee,
		cookies: c.Cookies}
	thanks := &Thanks{
		layout: l, contributions: c.Contributions, cookies: c.Cookies, approvals: c.Starter.Approvals,
		subscriptions: c.Changes, links: c.ManageLinks, questions: c.Questions, campaigns: c.Campaigns,
	}
	appeal := newAppeal(c, l, f)
	return &Pages{
		Donate: &Donate{forms: f, campaigns: c.Campaigns},
		Give:   &Give{layout: l, forms: f, starter: c.Starter, cookies: c.Cookies},
		Return: &Return{layout: l, contributions: c.Contributions, settler: c.Settler, forms: f, cookies: c.Cookies},
		Thanks: thanks,
		Appeal: appeal,
		Choice: &Choice{layout: l, appeal: appeal, chooser: c.Chooser},
		Counts: &Counts{layout: l, counter: c.Counter, metrics: c.Metrics},
		OEmbed: &OEmbed{appeal: appeal},

		Say: &Say{layout: l, contributions: c.Contributions, cookies: c.Cookies, thanks: thanks},
		Monthly: &Monthly{
			layout: l, contributions: c.Contributions, questions: c.Questions, starter: c.Starter, cookies: c.Cookies,
			thanks: thanks,
		},
		Receipts: &Receipts{layout: l, receipts: c.Receipts, cookies: c.Cookies, own: c.OwnPages, links: c.ManageLinks},
		Media:    &Media{store: c.Media},

		Appearance: &Appearance{store: c.Appearance},
	}
}

// layout is what every page is drawn with.
type layout struct {
	pages        *page.Renderer
	signer       page.Signer
	origin       string
	embedOrigins []string
	zone         *time.Location
	log          *slog.Logger
	now          func() time.Time
}

// thanksPurpose is what the signature in the thanks page's address is for.
const thanksPurpose = "thanks page"

// thanksAddress is a contribution's thanks page with the key that opens it anywhere: it shows nothing private.
func (l layout) thanksAddress(id uuid.UUID) string { return l.addressWithKey(id, "thanks") }

func (l layout) addressWithKey(id uuid.UUID, page string) string {
	return "/contributions/" + id.String() + "/" + page + "?key=" +
		url.QueryEscape(l.signer.Sign(thanksPurpose, id.String()))
}

// mayOpen reports whether the request may see the contribution's thanks page.
func (l layout) mayOpen(cookies *gift.Cookies, r *http.Request, id uuid.UUID) bool {
	return l.signer.Verify(thanksPurpose, id.String(), r.URL.Query().Get("key")) || cookies.Owns(r, id)
}

// knows reports whether an address is on our own site or on one that embeds us. Only such an article is linked: the
// address came in a link or a form, which can be forged.
func (l layout) knows(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	origin := u.Scheme + "://" + u.Host
	return origin == l.origin || slices.Contains(l.embedOrigins, origin)
}

// backTo is the article's address where a page may link it, and nothing otherwise.
func (l layout) backTo(article string) string {
	if !l.knows(article) {
		return ""
	}
	return article
}

// referrer is the kind of page that led to the request.
func (l layout) referrer(r *http.Request) contribution.Referrer {
	switch from := r.Referer(); {
	case from == "":
		return contribution.FromNowhere
	case l.knows(from):
		return contribution.FromInternal
	default:
		return contribution.ReferrerOf(from)
	}
}

// day writes a day of the publication's, in words that no region reads the other way round.
func (l layout) day(r *http.Request, t time.Time) string {
	return l.pages.Localizer(r).Day(t.In(l.zone))
}
