// Package web is the only package that speaks HTTP to people: the server's middleware and the whole URL table, which
// routes every request. Readers' pages are in its package public, staff's pages in staff, the interface for programs in
// api; all are built with page, and gift starts a gift.
//
// A handler parses, makes one call into the domain, chooses a view and renders it; it returns an error, and one place
// (page.Renderer.Fail) turns that into a status and a page. The package keeps no state between requests apart from
// rendered bytes, decides nothing about money, and does not listen: internal/app gives its handler to a server with
// timeouts.
package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/language"

	"readerfund/internal/account"
	"readerfund/internal/admission"
	"readerfund/internal/alert"
	"readerfund/internal/appearance"
	"readerfund/internal/audit"
	"readerfund/internal/campaign"
	"readerfund/internal/choice"
	"readerfund/internal/contribution"
	"readerfund/internal/count"
	"readerfund/internal/dashboard"
	"readerfund/internal/experiment"
	"readerfund/internal/health"
	"readerfund/internal/i18n"
	"readerfund/internal/mail"
	changes "readerfund/internal/manage"
	"readerfund/internal/managelink"
	"readerfund/internal/media"
	"readerfund/internal/metrics"
	"readerfund/internal/money"
	"readerfund/internal/monthly"
	"readerfund/internal/queue"
	"readerfund/internal/receipt"
	"readerfund/internal/reconcile"
	"readerfund/internal/refund"
	"readerfund/internal/report"
	"readerfund/internal/session"
	"readerfund/internal/settle"
	"readerfund/internal/supporter"
	"readerfund/internal/throttle"
	"readerfund/internal/web/api"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/manage"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public"
	"readerfund/internal/web/staff"
	"readerfund/internal/web/staff/appeal"
	"readerfund/internal/web/staff/finance"
	"readerfund/internal/web/staff/giving"
	"readerfund/internal/web/staff/operations"
	"readerfund/internal/web/staff/screen"
)

// Deps is what the pages need: values from the settings, and the rooms they call.
type Deps struct {
	BaseURL         string         // where the service is reached, without a slash at the end: "https://give.example.org"
	PublicationName string         // shown on every page
	ContactEmail    string         // where readers can write to; may be empty, like the next two
	PrivacyURL      string         // the privacy notice
	ImprintURL      string         // who the publication is
	DefaultCurrency money.Currency // the publication's own: comes first among several
	EmbedOrigins    []string       // origins that may embed the call to action: "https://news.example.org"
	EmbedConsent    bool           // nothing is kept in readers' browsers there before they agreed
	ApprovalOrigins gift.Approvals // CSP sources of PayPal's approval pages
	TrustedProxies  []netip.Prefix // whose X-Forwarded-For and X-Request-Id are believed
	SecretKey       string         // signs the thanks page's key and the reader's cookie
	SecretKeyOld    string         // still accepted while the key is being changed; may be empty
	TemplatesDir    string         // an operator's own copy of templates/, followed; may be empty
	Timezone        *time.Location // whose days the pages speak of
	DemoArticle     bool           // serves GET /article

	Catalogue *i18n.Catalogue // what the pages say; nil is locales/
	Languages []language.Tag  // that readers are addressed in, the publication's own first; nil is the whole catalogue's

	Contributions   *contribution.Service
	Starter         *settle.Starter
	Settler         *settle.Settler
	Gate            *admission.Gate // nil lets every gift in
	Campaigns       *campaign.Catalog
	CampaignService *campaign.Service // needed with Sessions
	Media           *media.Store
	Appearance      *appearance.Store
	Counter         *count.Counter
	Webhook         func(ctx context.Context, header http.Header, body []byte) error // inbox.Inbox.Receive

	Ready    func(ctx context.Context) error // able to serve; every problem joined, in words
	Impaired func() string                   // what does not work although it serves, in words; may be nil

	// WebhookHeaders reports what is wrong whatever the body says, before one is read: inbox.Inbox.CheckHeaders.
	WebhookHeaders func(ctx context.Context, header http.Header) error

	// Replay and ReplayAll are inbox.Inbox.Replay and ReplayParked; needed with Sessions.
	Replay    func(ctx context.Context, ids []string, by contribution.Actor) (int, error)
	ReplayAll func(ctx context.Context, by contribution.Actor) (int, error)

	Questions   *monthly.Service    // whether readers make a gift monthly; nil leaves the question out
	Receipts    *receipt.Service    // nil leaves receipts out
	ManageLinks *managelink.Service // nil leaves readers' own pages out
	People      *supporter.Service  // needed with ManageLinks

	Accounts *account.Store
	Sessions *session.Manager // nil leaves the staff pages out
	Audit    *audit.Log       // needed with Sessions
	Reports  *report.Reports
	Views    *dashboard.Views
	Health   *health.Monitor
	Alerts   *alert.Board // nil shows none

	Experiments *experiment.Experiments // needed with Sessions

	Books    *reconcile.Reconciler // needed with Sessions
	Disputes *settle.Disputes      // needed with Sessions
	Refunds  *refund.Service       // needed with Sessions
	Changes  *changes.Service      // of recurring gifts; needed with Sessions and ManageLinks
	Queue    *queue.Queue          // needed with Sessions
	Mail     *mail.Service         // likewise

	Metrics *metrics.Metrics // may be nil
	Log     *slog.Logger
	Now     func() time.Time
}

// server is what the middleware and the handlers of this package share. It never changes.
type server struct {
	Deps
	base    *url.URL
	chooser *choice.Chooser
	pages   *page.Renderer
	public  *public.Pages
	manage  *manage.Pages // nil without ManageLinks
	api     *api.Contributions
	staff   *staff.Screens // nil without Sessions

	deliveries deliveryLimiter
	throttled  *slog.Logger // for entries that a client can cause in any number: at most one a minute each, with a count
}

// New builds the handler. It fails when a view is broken or a setting cannot be used.
func New(d Deps) (http.Handler, error) {
	s, err := newServer(d)
	if err != nil {
		return nil, fmt.Errorf("build web pages: %w", err)
	}
	return s.routes(), nil
}

func newServer(d Deps) (*server, error) {
	d.BaseURL = strings.TrimSuffix(d.BaseURL, "/")
	base, err := url.Parse(d.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("BASE_URL %q is not an http(s) address", d.BaseURL)
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	if d.Timezone == nil {
		d.Timezone = time.UTC
	}
	pages, err := page.New(page.Config{
		Publication: d.PublicationName, Contact: d.ContactEmail, Privacy: d.PrivacyURL, Imprint: d.ImprintURL,
		TemplatesDir: d.TemplatesDir, Catalogue: d.Catalogue, Languages: d.Languages, Look: lookOf(d.Appearance),
		Log: d.Log, Now: d.Now,
	})
	if err != nil {
		return nil, err
	}
	s := &server{Deps: d, base: base, pages: pages}
	s.chooser = choice.NewChooser(d.Campaigns, d.EmbedConsent, d.Now)
	s.throttled = slog.New(throttle.New(d.Log.Handler(), time.Minute, "status"))
	signer := page.NewSigner(d.SecretKey, d.SecretKeyOld)
	s.openToReaders(signer)
	if d.Sessions != nil {
		s.openToStaff(signer)
	}
	return s, nil
}

func (d Deps) check() error {
	if len(d.SecretKey) < page.MinSecret {
		return fmt.Errorf("SECRET_KEY needs at least %d characters", page.MinSecret)
	}
	if d.Log == nil || d.Now == nil || d.Ready == nil || d.Webhook == nil || d.WebhookHeaders == nil ||
		d.Contributions == nil || d.Starter == nil || d.Settler == nil || d.Campaigns == nil || d.Media == nil ||
		d.Counter == nil || d.Appearance == nil {
		return errors.New("contributions, campaigns with their pictures and counter, the appearance, the webhook's " +
			"receiver, readiness, log and clock are needed")
	}
	if d.ManageLinks != nil && (d.People == nil || d.Changes == nil) {
		return errors.New("readers' own pages need what is known of people, and changes of recurring gifts")
	}
	if d.Sessions != nil && (d.Accounts == nil || d.Audit == nil || d.Reports == nil || d.Experiments == nil ||
		d.Views == nil || d.Health == nil || d.Replay == nil || d.ReplayAll == nil || d.Books == nil || d.Disputes == nil ||
		d.Refunds == nil || d.Changes == nil || d.Queue == nil || d.Mail == nil || d.Questions == nil) {
		return errors.New("the staff pages need accounts, the audit log, reports, results, the inbox's replay, disputes, " +
			"refunds, changes of recurring gifts, the books, the queue, mail and the monthly amounts")
	}
	return nil
}

// openToReaders makes the readers' pages and the JSON interface.
func (s *server) openToReaders(signer page.Signer) {
	cookies := gift.NewCookies(signer, s.secure())
	starter := &gift.Starter{
		Gifts: s.Starter, Gate: s.Gate, Cookies: cookies, Approvals: s.ApprovalOrigins, Log: s.Log, Now: s.Now,
	}
	s.api = api.NewContributions(starter, s.pages.Locale)
	var own public.OwnPages
	if s.ManageLinks != nil {
		s.manage = manage.New(manage.Config{
			Pages: s.pages, Secure: s.secure(), Zone: s.Timezone, Links: s.ManageLinks, People: s.People,
			Changes: s.Changes, Approvals: s.ApprovalOrigins, Receipts: s.Receipts,
			Documents: receipt.Links{BaseURL: s.BaseURL, Sign: signer.Sign}, Log: s.Log, Now: s.Now,
		})
		own = s.manage
	}
	s.public = public.New(public.Config{
		Pages: s.pages, Signer: signer, Cookies: cookies, BaseURL: s.BaseURL, Origin: s.origin(),
		EmbedOrigins: s.EmbedOrigins, AppealPolicy: s.policy(cmp.Or(strings.Join(s.EmbedOrigins, " "), "'none'"), ""),
		Zone: s.Timezone, Contributions: s.Contributions, Settler: s.Settler, Starter: starter,
		Campaigns: s.Campaigns, Chooser: s.chooser, Media: s.Media, Counter: s.Counter, Appearance: s.Appearance,
		Receipts: s.Receipts, OwnPages: own,
		Changes:   s.Changes,
		Questions: s.Questions, ManageLinks: managelink.NewLinks(s.BaseURL, signer), Metrics: s.Metrics, Log: s.Log,
		Now: s.Now,
	})
}

// openToStaff makes the pages behind the sign-in.
func (s *server) openToStaff(signer page.Signer) {
	exports := screen.NewExporter(s.pages, s.Audit, s.Log)
	s.staff = staff.New(staff.Config{
		Layout: screen.Layout{Pages: s.pages, Zone: s.Timezone, Currency: s.DefaultCurrency, Log: s.Log, Now: s.Now},
		Signer: signer, Secure: s.secure(), Accounts: s.Accounts, Sessions: s.Sessions, Reports: s.Reports, Views: s.Views,
		Health: s.Health, Alerts: s.Alerts,
		Appeal: appeal.Config{
			BaseURL: s.BaseURL, EmbedOrigins: s.EmbedOrigins, Campaigns: s.CampaignService, Catalog: s.Campaigns,
			Experiments: s.Experiments, Media: s.Media, Look: s.Appearance, Chooser: s.chooser, Reports: s.Reports,
			Views: s.Views, Draw: s.public.Appeal.Preview,
		},
		Giving: giving.Config{
			Contributions: s.Contributions, Settler: s.Settler, Disputes: s.Disputes, Refunds: s.Refunds,
			Changes: s.Changes, Receipts: s.Receipts, Monthly: s.Questions, Campaigns: s.Campaigns, Views: s.Views,
			Audit: s.Audit, Exports: exports,
		},
		Finance: finance.Config{
			Reports: s.Reports, Books: s.Books, Campaigns: s.Campaigns, Views: s.Views, Audit: s.Audit, Exports: exports,
		},
		Operations: operations.Config{
			Views: s.Views, Health: s.Health, Queue: s.Queue, Mail: s.Mail, Audit: s.Audit, Replay: s.Replay,
			ReplayAll: s.ReplayAll,
		},
	})
}

// secure reports whether readers reach us by https.
func (s *server) secure() bool { return s.base.Scheme == "https" }

// origin is the scheme and host of the service, as CSP and CORS write it.
func (s *server) origin() string { return s.base.Scheme + "://" + s.base.Host }
