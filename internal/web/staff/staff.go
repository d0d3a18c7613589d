// Package staff serves the pages behind the sign-in: what they show of contributions, money and PayPal's events, and
// what staff do about them. Each file holds one screen, with its texts.
//
// A screen parses, makes one call into the domain, chooses a view and renders it. The URL table of internal/web says
// which role may open which screen; the services decide which actions are allowed.
package staff

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/alert"
	"readerfund/internal/appearance"
	"readerfund/internal/audit"
	"readerfund/internal/campaign"
	"readerfund/internal/choice"
	"readerfund/internal/contribution"
	"readerfund/internal/dashboard"
	"readerfund/internal/experiment"
	"readerfund/internal/health"
	"readerfund/internal/i18n"
	"readerfund/internal/mail"
	"readerfund/internal/manage"
	"readerfund/internal/media"
	"readerfund/internal/money"
	"readerfund/internal/monthly"
	"readerfund/internal/queue"
	"readerfund/internal/receipt"
	"readerfund/internal/reconcile"
	"readerfund/internal/refund"
	"readerfund/internal/report"
	"readerfund/internal/session"
	"readerfund/internal/settle"
	"readerfund/internal/web/page"
)

// Config is what the screens are made with.
type Config struct {
	Pages    *page.Renderer
	Signer   page.Signer
	Secure   bool           // staff reach us by https
	Zone     *time.Location // whose days the pages speak of
	Currency money.Currency // the publication's own: listed first among several

	BaseURL      string   // where readers reach us, without a slash at the end
	EmbedOrigins []string // sites that may embed the appeal

	Contributions *contribution.Service
	Settler       *settle.Settler
	Disputes      *settle.Disputes
	Refunds       *refund.Service
	Manage        *manage.Service
	Books         *reconcile.Reconciler
	Campaigns     *campaign.Catalog
	Experiments   *experiment.Experiments
	Media         *media.Store
	Appearance    *appearance.Store
	Chooser       *choice.Chooser
	Reports       *report.Reports
	Views         *dashboard.Views
	Health        *health.Monitor
	Queue         *queue.Queue
	Mail          *mail.Service
	Receipts      *receipt.Service
	Monthly       *monthly.Service
	Alerts        *alert.Board // nil shows none
	Accounts      *account.Store
	Sessions      *session.Manager
	Audit         *audit.Log

	CampaignService *campaign.Service
	DrawAppeal      DrawAppeal

	Replay    func(ctx context.Context, ids []string, by contribution.Actor) (int, error) // inbox.Inbox.Replay
	ReplayAll func(ctx context.Context, by contribution.Actor) (int, error)               // inbox.Inbox.ReplayParked

	Log *slog.Logger
	Now func() time.Time
}

// Screens are all of the staff's pages.
type Screens struct {
	*Guard

	SignIn         *SignIn
	Password       *Password
	Overview       *Overview
	Contributions  *Contributions
	Contribution   *Contribution
	Campaigns      *Campaigns
	Results        *Results
	Appearance     *Appearance
	Why            *Why
	Messages       *Messages
	Document       *Document
	Refund         *Refund
	Subscription   *Subscription
	Dispute        *Dispute
	Reports        *Reports
	Recurring      *Recurring
	Monthly        *Monthly
	Ledger         *Ledger
	Reconciliation *Reconciliation
	Difference     *Difference
	Inbox          *Inbox
	Event          *Event
	Work           *Work
	Mail           *Mail
	AuditLog       *AuditLog

	Campaign          *Campaign
	CampaignEdit      *CampaignEdit
	CampaignAct       *CampaignAct
	CampaignDuplicate *CampaignDuplicate
	CampaignHistory   *CampaignHistory
	CampaignPreview   *CampaignPreview
	Embedding         *Embedding
}

// New gives each screen the services it needs.
func New(c Config) *Screens {
	l := layout{pages: c.Pages, zone: c.Zone, currency: c.Currency, log: c.Log, now: c.Now}
	b := browsers{signer: c.Signer, secure: c.Secure}
	e := newExporter(c.Pages, c.Audit, c.Log)
	preview := &CampaignPreview{layout: l, campaigns: c.CampaignService, draw: c.DrawAppeal}
	return &Screens{
		Guard:         &Guard{pages: c.Pages, sessions: c.Sessions},
		SignIn:        &SignIn{layout: l, browsers: b, accounts: c.Accounts, sessions: c.Sessions},
		Password:      &Password{layout: l, browsers: b, accounts: c.Accounts, sessions: c.Sessions},
		Overview:      &Overview{layout: l, reports: c.Reports, views: c.Views, health: c.Health, alerts: c.Alerts},
		Contributions: &Contributions{layout: l, views: c.Views, campaigns: c.Campaigns, exports: e},
		Contribution: &Contribution{layout: l, contributions: c.Contributions, settler: c.Settler, refunds: c.Refunds,
			views: c.Views, audit: c.Audit, receipts: c.Receipts},
		Embedding:      &Embedding{layout: l, campaigns: c.Campaigns, baseURL: c.BaseURL, origins: c.EmbedOrigins},
		Why:            &Why{layout: l, chooser: c.Chooser},
		Campaigns:      &Campaigns{layout: l, campaigns: c.Campaigns, reports: c.Reports},
		Results:        &Results{layout: l, campaigns: c.CampaignService, experiments: c.Experiments},
		Appearance:     &Appearance{layout: l, store: c.Appearance, media: c.Media},
		Messages:       &Messages{layout: l, views: c.Views},
		Document:       &Document{layout: l, receipts: c.Receipts, audit: c.Audit},
		Refund:         &Refund{layout: l, refunds: c.Refunds, views: c.Views},
		Subscription:   &Subscription{layout: l, manage: c.Manage, views: c.Views},
		Dispute:        &Dispute{layout: l, disputes: c.Disputes, views: c.Views},
		Reports:        &Reports{layout: l, reports: c.Reports, campaigns: c.Campaigns, exports: e},
		Recurring:      &Recurring{layout: l, reports: c.Reports},
		Monthly:        &Monthly{layout: l, monthly: c.Monthly, campaigns: c.Campaigns, contributions: c.Contributions},
		Ledger:         &Ledger{layout: l, reports: c.Reports, campaigns: c.Campaigns, exports: e},
		Reconciliation: &Reconciliation{layout: l, views: c.Views},
		Difference: &Difference{
			layout: l, books: c.Books, views: c.Views, campaigns: c.Campaigns, audit: c.Audit,
		},
		Inbox:    &Inbox{layout: l, views: c.Views, health: c.Health, replayAll: c.ReplayAll},
		Event:    &Event{layout: l, views: c.Views, replay: c.Replay, audit: c.Audit},
		Work:     &Work{layout: l, views: c.Views, queue: c.Queue},
		Mail:     &Mail{layout: l, mails: c.Mail},
		AuditLog: &AuditLog{layout: l, audit: c.Audit},

		Campaign: &Campaign{layout: l, campaigns: c.CampaignService, catalog: c.Campaigns, reports: c.Reports},
		CampaignEdit: &CampaignEdit{
			layout: l, campaigns: c.CampaignService, media: c.Media, look: c.Appearance, preview: preview,
		},
		CampaignAct:       &CampaignAct{layout: l, campaigns: c.CampaignService, preview: preview},
		CampaignDuplicate: &CampaignDuplicate{layout: l, campaigns: c.CampaignService},
		CampaignHistory:   &CampaignHistory{layout: l, campaigns: c.CampaignService},
		CampaignPreview:   preview,
	}
}

// layout is what every screen is drawn with.
type layout struct {
	pages    *page.Renderer
	zone     *time.Location
	currency money.Currency
	log      *slog.Logger
	now      func() time.Time
}

// staffPage is what every staff page shows around its own part.
type staffPage struct {
	Account  account.Account
	Section  string // the part of the menu we are in
	MayAct   bool   // may open the inbox, refund, ask PayPal, and replay events
	MayAudit bool
	Zone     string // where the days begin: "Europe/Berlin"
	Body     any
}

// show renders a staff page inside the layout with the menu.
func (s layout) show(
	w http.ResponseWriter, r *http.Request, status int, view string, title i18n.Message, section string, body any,
) error {
	who := accountOf(r)
	said := s.pages.Localizer(r).Message(title)
	return s.pages.Render(w, r, status, view, page.Page{Title: said, NoIndex: true, Data: staffPage{
		Account: who, Section: section, MayAct: who.Role.Allows(account.Editor), MayAudit: who.Role.Allows(account.Admin),
		Zone: s.zone.String(), Body: body,
	}})
}
