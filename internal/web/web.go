// Package web is the only room that speaks HTTP to people: the reader's pages, the call to action, the staff pages, and
// the door PayPal's webhooks come in by.
//
// A handler parses, makes one call into the domain, chooses a view and renders it; it returns an error, and one place
// (answer.go) turns that into a status and a page. The package keeps no state between requests apart from rendered
// bytes, decides nothing about money, and does not listen: internal/app gives its handler to a server with timeouts.
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

	"readerfund/internal/account"
	"readerfund/internal/admission"
	"readerfund/internal/alert"
	"readerfund/internal/audit"
	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/metrics"
	"readerfund/internal/money"
	"readerfund/internal/reconcile"
	"readerfund/internal/refund"
	"readerfund/internal/report"
	"readerfund/internal/session"
	"readerfund/internal/throttle"
	"readerfund/internal/web/api"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public"
	"readerfund/internal/web/staff"
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
	ApprovalOrigins gift.Approvals // CSP sources of PayPal's approval pages
	TrustedProxies  []netip.Prefix // whose X-Forwarded-For and X-Request-Id are believed
	SecretKey       string         // signs the thanks page's key and the reader's cookie
	SecretKeyOld    string         // still accepted while the key is being changed; may be empty
	TemplatesDir    string         // an operator's own copy of templates/, followed; may be empty
	Timezone        *time.Location // whose days the pages speak of
	DemoArticle     bool           // serves GET /article

	Desk      *contribution.Desk
	Gate      *admission.Gate // nil lets every gift in
	Campaigns *campaign.Catalog
	Webhook   func(ctx context.Context, header http.Header, body []byte) error // inbox.Inbox.Receive

	Ready    func(ctx context.Context) error // able to serve; every problem joined, in words
	Impaired func() string                   // what does not work although it serves, in words; may be nil

	// WebhookHeaders reports what no body can mend, before one is read: inbox.Inbox.CheckHeaders.
	WebhookHeaders func(ctx context.Context, header http.Header) error

	Replay    func(ctx context.Context, ids []string, by contribution.Actor) (int, error) // inbox.Inbox.Replay; needed with Sessions
	ReplayAll func(ctx context.Context, by contribution.Actor) (int, error)               // inbox.Inbox.ReplayParked; needed with Sessions

	Accounts *account.Store
	Sessions *session.Manager // nil leaves the staff pages out
	Audit    *audit.Log       // needed with Sessions
	Reports  *report.Reports
	Alerts   *alert.Board // nil shows none

	Books   *reconcile.Reconciler // needed with Sessions
	Refunds *refund.Service       // needed with Sessions

	Metrics *metrics.Metrics // may be nil
	Log     *slog.Logger
	Now     func() time.Time
}

// site is the handlers' shared, read-only ground.
type site struct {
	Deps
	base   *url.URL
	pages  *page.Renderer
	public *public.Pages
	api    *api.Contributions
	staff  *staff.Screens // nil without Sessions

	deliveries deliveries
	floods     *slog.Logger // for what anybody can send many of: the same once a minute, with a count
}

// New builds the handler. It fails when a view is broken or a setting cannot be used.
func New(d Deps) (http.Handler, error) {
	s, err := newSite(d)
	if err != nil {
		return nil, fmt.Errorf("build web pages: %w", err)
	}
	return s.routes(), nil
}

func newSite(d Deps) (*site, error) {
	d.BaseURL = strings.TrimSuffix(d.BaseURL, "/")
	base, err := url.Parse(d.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("BASE_URL %q is not an http(s) address", d.BaseURL)
	}
	if len(d.SecretKey) < page.MinSecret {
		return nil, fmt.Errorf("SECRET_KEY needs at least %d characters", page.MinSecret)
	}
	if d.Log == nil || d.Now == nil || d.Ready == nil || d.Webhook == nil || d.WebhookHeaders == nil ||
		d.Desk == nil || d.Campaigns == nil {
		return nil, errors.New("desk, campaigns, webhook door, readiness, log and clock are needed")
	}
	if d.Sessions != nil && (d.Accounts == nil || d.Audit == nil || d.Reports == nil || d.Replay == nil || d.ReplayAll == nil ||
		d.Books == nil || d.Refunds == nil) {
		return nil, errors.New("the staff pages need accounts, the audit log, reports, the inbox's replay, refunds and the books")
	}
	if d.Timezone == nil {
		d.Timezone = time.UTC
	}
	pages, err := page.New(page.Config{
		Publication: d.PublicationName, Contact: d.ContactEmail, Privacy: d.PrivacyURL, Imprint: d.ImprintURL,
		TemplatesDir: d.TemplatesDir, Log: d.Log, Now: d.Now,
	})
	if err != nil {
		return nil, err
	}
	s := &site{Deps: d, base: base, pages: pages, floods: slog.New(throttle.New(d.Log.Handler(), time.Minute, "status"))}
	signer := page.NewSigner(d.SecretKey, d.SecretKeyOld)
	cookies := gift.NewCookies(signer, s.secure())
	starter := &gift.Starter{
		Desk: d.Desk, Gate: d.Gate, Cookies: cookies, Approvals: d.ApprovalOrigins, Log: d.Log, Now: d.Now,
	}
	s.api = api.NewContributions(starter)
	s.public = public.New(public.Config{
		Pages: pages, Signer: signer, Cookies: cookies, BaseURL: d.BaseURL, Origin: s.origin(), EmbedOrigins: d.EmbedOrigins,
		AppealPolicy: s.policy(cmp.Or(strings.Join(d.EmbedOrigins, " "), "'none'")), Zone: d.Timezone,
		Desk: d.Desk, Starter: starter, Campaigns: d.Campaigns, Metrics: d.Metrics, Log: d.Log, Now: d.Now,
	})
	if d.Sessions != nil {
		s.staff = staff.New(staff.Config{
			Pages: pages, Signer: signer, Secure: s.secure(), Zone: d.Timezone, Currency: d.DefaultCurrency,
			Desk: d.Desk, Refunds: d.Refunds, Books: d.Books, Campaigns: d.Campaigns, Reports: d.Reports, Alerts: d.Alerts,
			Accounts: d.Accounts, Sessions: d.Sessions, Audit: d.Audit, Replay: d.Replay, ReplayAll: d.ReplayAll,
			Log: d.Log, Now: d.Now,
		})
	}
	return s, nil
}

// secure tells whether readers reach us by https.
func (s *site) secure() bool { return s.base.Scheme == "https" }

// origin is the scheme and host of the service, as CSP and CORS write it.
func (s *site) origin() string { return s.base.Scheme + "://" + s.base.Host }
