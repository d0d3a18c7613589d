// Package app assembles the service: it builds every part from the settings, runs them, and closes them in order. The
// program and the end-to-end tests start it. It decides nothing about contributions.
package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/admission"
	"readerfund/internal/alert"
	"readerfund/internal/appearance"
	"readerfund/internal/audit"
	"readerfund/internal/campaign"
	"readerfund/internal/config"
	"readerfund/internal/contribution"
	"readerfund/internal/count"
	"readerfund/internal/dashboard"
	"readerfund/internal/db"
	"readerfund/internal/experiment"
	"readerfund/internal/fault"
	"readerfund/internal/health"
	"readerfund/internal/inbox"
	"readerfund/internal/mail"
	"readerfund/internal/manage"
	"readerfund/internal/managelink"
	"readerfund/internal/media"
	"readerfund/internal/metrics"
	"readerfund/internal/money"
	"readerfund/internal/monthly"
	"readerfund/internal/notice"
	"readerfund/internal/paypal"
	"readerfund/internal/plan"
	"readerfund/internal/queue"
	"readerfund/internal/ratelimit"
	"readerfund/internal/receipt"
	"readerfund/internal/reconcile"
	"readerfund/internal/refund"
	"readerfund/internal/report"
	"readerfund/internal/session"
	"readerfund/internal/settle"
	"readerfund/internal/supporter"
	"readerfund/internal/web"
	"readerfund/internal/web/gift"
	"readerfund/migrations"
)

// Options are what the caller can set besides the settings.
type Options struct {
	Log         *slog.Logger
	Now         func() time.Time // nil: time.Now
	Migrate     bool             // apply migrations first
	DemoArticle bool             // serve the sample article
}

// App is the service, built and ready to run.
type App struct {
	cfg     config.Config
	log     *slog.Logger
	now     func() time.Time
	db      *db.DB
	readDB  *db.DB // for reports: a separate pool, so that no reader waits for what they hold
	plans   *plan.Plans
	catalog *campaign.Catalog
	counter *count.Counter
	looks   *appearance.Store
	media   *media.Store
	settle  *settle.Services
	inbox   *inbox.Inbox
	metrics *metrics.Metrics

	limits   *ratelimit.Limiter
	gate     *admission.Gate
	accounts *account.Store
	sessions *session.Manager
	reports  *report.Reports
	rollup   *report.Rollup // of recurring gifts
	money    *report.MoneyRollup
	views    *dashboard.Views
	health   *health.Monitor
	alerts   *alert.Board
	queue    *queue.Queue
	books    *reconcile.Reconciler
	refunds  *refund.Service
	changes  *manage.Service // of recurring gifts
	mail     *mail.Service
	receipts *receipt.Service
	notices  *notice.Service

	contributions *contribution.Service
	people        *supporter.Service
	manageLinks   *managelink.Service

	public, admin   *http.Server
	listen, listen2 net.Listener
	stopping        chan struct{}
}

// New opens the database, builds every part and starts to listen, so that an address in use is an error of New. Close
// the App, or Run it, which closes it.
func New(ctx context.Context, cfg config.Config, opts Options) (*App, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	a := &App{cfg: cfg, log: opts.Log, now: opts.Now, metrics: metrics.New(), stopping: make(chan struct{})}
	if err := a.build(ctx, opts); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// reportTimeout is how long one statement of a report may take. It is less than db.Options.AnswerTimeout, after which a
// statement would go on without anybody who reads its answer.
const reportTimeout = 25 * time.Second

func (a *App) build(ctx context.Context, opts Options) error {
	var err error
	if a.db, err = openDatabase(ctx, a.cfg, opts.Migrate); err != nil {
		return err
	}
	reading := db.Options{
		MaxOpen: a.cfg.ReportMaxConns, ReadTimeout: reportTimeout, ApplicationName: "readerfund report",
	}
	if a.readDB, err = db.Open(ctx, string(a.cfg.DatabaseURL), reading); err != nil {
		return err
	}
	err = campaign.EnsureDefault(ctx, a.db, a.cfg.PublicationName, a.cfg.DefaultCurrency, a.now(), a.cfg.Languages...)
	if err != nil {
		return err
	}
	pp, err := NewPayPal(a.cfg, a.log, a.now, a.metrics)
	if err != nil {
		return err
	}
	verifier, err := newVerifier(a.cfg, a.log, a.now)
	if err != nil {
		return err
	}
	a.reports = report.New(a.readDB, a.cfg.Timezone, a.cfg.DefaultCurrency)
	progress := report.NewProgressCounter(a.readDB, a.now)
	campaigns := campaign.NewCatalog(a.db, a.now, campaign.Counting(progress.Count, a.cfg.Timezone, a.log))
	a.catalog = campaigns
	a.countFirst(ctx)
	a.counter = count.New(count.Config{
		DB: a.db, Campaigns: campaigns, Zone: a.cfg.Timezone, Now: a.now, Log: a.log, Metrics: a.metrics,
	})
	a.media = media.New(a.db, a.now)
	a.looks = appearance.New(a.db, a.now, a.log)
	if err := a.looks.Load(ctx); err != nil {
		return err
	}
	a.notices = newNotices(a.cfg, a.db, a.now, a.log)
	a.contributions = contribution.New(contribution.Config{
		DB: a.db, Campaigns: campaigns, Limits: limits(a.cfg), Fees: a.cfg.Fees, SweepEvery: a.cfg.SweepInterval, Now: a.now,
	})
	a.plans = plan.New(plan.Config{
		DB: a.db, PayPal: pp, Publication: a.cfg.PublicationName,
		ProductID: ProductID(a.cfg), Now: a.now, Log: a.log,
	})
	a.settle = settle.New(settle.Config{
		DB: a.db, PayPal: pp, Contributions: a.contributions, Campaigns: campaigns, Plans: a.plans, BaseURL: a.cfg.BaseURL,
		Publication: a.cfg.PublicationName, SweepEvery: a.cfg.SweepInterval, Listeners: listeners(a.cfg, a.notices),
		Now: a.now, Log: a.log, Metrics: a.metrics,
	})
	a.changes = manage.New(manage.Config{
		DB: a.db, PayPal: pp, Contributions: a.contributions, Settler: a.settle.Settler, Applier: a.settle.Applier,
		Plans: a.plans, BaseURL: a.cfg.BaseURL, Publication: a.cfg.PublicationName, Now: a.now, Log: a.log,
	})
	a.refunds = refund.New(refund.Config{
		DB: a.db, PayPal: pp, Contributions: a.contributions, Applier: a.settle.Applier, Payments: a.settle.Payments,
		Now: a.now, Log: a.log,
	})
	a.inbox = inbox.New(inbox.Config{
		DB: a.db, Verifier: verifier, Settler: a.settle.Settler, Payments: a.settle.Payments, Disputes: a.settle.Disputes,
		Workers: a.cfg.WebhookWorkers, Busy: pp.Busy, Now: a.now, Log: a.log, Metrics: a.metrics,
	})
	if err := a.inbox.RecallCertificates(ctx); err != nil {
		return err
	}
	a.limits = ratelimit.New(a.db, a.now, string(a.cfg.SecretKey))
	a.gate = newGate(a.cfg, a.db, a.limits, a.now, a.log, a.metrics)
	a.accounts = account.NewStore(account.Config{
		DB: a.db, Limits: a.limits, Now: a.now, EndSessions: session.EndAll,
	})
	a.sessions = session.NewManager(session.Config{
		DB: a.db, Accounts: a.accounts, Now: a.now, Secure: strings.HasPrefix(a.cfg.BaseURL, "https:"),
	})
	a.rollup = report.NewRollup(a.db, a.cfg.Timezone, a.now)
	a.money = report.NewMoneyRollup(a.db, a.cfg.Timezone)
	a.views = dashboard.New(a.readDB, a.cfg.Timezone)
	a.health = health.New(a.readDB)
	a.alerts = alert.NewBoard(alert.Config{
		DB: a.db, Health: a.health, PayPalAway: pp.AwaySince, Uncounted: a.gate.Uncounted,
		Now: a.now, Log: a.log, Metrics: a.metrics,
	})
	a.books = newReconciler(a.cfg, a.db, pp, a.settle, a.inbox, a.now, a.log, a.metrics)
	a.people = supporter.New(supporter.Config{
		DB: a.db, Actor: audit.Reader, Now: a.now, Log: a.log,
		Retention: supporter.Retention{
			Deliveries: a.cfg.DeliveryRetention, Unpaid: a.cfg.UnpaidRetention,
			Undecided: contribution.StatesWhere(contribution.State.Confirming),
		},
	})
	if a.mail, err = NewMail(a.cfg, a.db, a.now, a.log, a.metrics); err != nil {
		return err
	}
	if a.receipts, err = newReceipts(a.cfg, a.db, a.now, a.log); err != nil {
		return err
	}
	a.manageLinks = managelink.New(managelink.Config{
		DB: a.db, Limits: a.limits, Links: manageLinks(a.cfg), Known: a.people.HasGiven, Mails: a.mail.On(), Now: a.now,
		Log: a.log,
	})
	a.queue = queue.New(queue.Config{DB: a.db, Now: a.now, Log: a.log, Metrics: a.metrics, Kinds: a.kinds()})
	pages, err := a.pages(opts, campaigns, pp)
	if err != nil {
		return err
	}
	return a.bind(ctx, pages)
}

func openDatabase(ctx context.Context, cfg config.Config, migrate bool) (*db.DB, error) {
	d, err := db.Open(ctx, string(cfg.DatabaseURL), db.Options{MaxOpen: cfg.DatabaseMaxConns})
	if err != nil {
		return nil, err
	}
	if migrate {
		_, err = db.Migrate(ctx, d, migrations.FS)
	} else {
		err = CheckMigrated(ctx, d, migrations.FS)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// CheckMigrated reports whether the database has every step of the schema; the error says what to run.
func CheckMigrated(ctx context.Context, d *db.DB, fsys fs.FS) error {
	steps, err := db.MigrateStatus(ctx, d, fsys)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if !s.Applied() {
			return fault.New(fault.Conflict, "database.migration_missing", fault.Args{"migration": s.Name})
		}
	}
	return nil
}

func (a *App) pages(opts Options, campaigns *campaign.Catalog, pp *paypal.Client) (http.Handler, error) {
	return web.New(web.Deps{
		BaseURL: a.cfg.BaseURL, PublicationName: a.cfg.PublicationName, DefaultCurrency: a.cfg.DefaultCurrency,
		ContactEmail: a.cfg.ContactEmail, PrivacyURL: a.cfg.PrivacyURL, ImprintURL: a.cfg.ImprintURL,
		EmbedOrigins:    a.cfg.EmbedOrigins,
		EmbedConsent:    a.cfg.EmbedConsent,
		ApprovalOrigins: gift.ApprovalOrigins(a.cfg.PayPalAPIBase), TrustedProxies: a.cfg.TrustedProxies,
		SecretKey: string(a.cfg.SecretKey), SecretKeyOld: string(a.cfg.SecretKeyOld),
		TemplatesDir: a.cfg.TemplatesDir, Languages: a.cfg.Languages, Timezone: a.cfg.Timezone, DemoArticle: opts.DemoArticle,
		Contributions: a.contributions, Starter: a.settle.Starter, Settler: a.settle.Settler, Disputes: a.settle.Disputes,
		Campaigns: campaigns, CampaignService: a.campaignService(), Media: a.media, Counter: a.counter,
		Appearance: a.looks,
		Webhook:    a.inbox.Receive, WebhookHeaders: a.inbox.CheckHeaders,
		Replay: a.inbox.Replay, ReplayAll: a.inbox.ReplayParked, Ready: a.ready, Impaired: impaired(pp),
		Books: a.books, Refunds: a.refunds, Changes: a.changes, Queue: a.queue, Mail: a.mail, Accounts: a.accounts,
		Experiments: experiment.New(a.readDB, a.cfg.Timezone, a.cfg.DefaultCurrency),
		Reports:     a.reports, Views: a.views, Health: a.health, Alerts: a.alerts, Gate: a.gate, Receipts: a.receipts,
		ManageLinks: a.manageLinks, People: a.people,
		Questions: monthly.New(monthly.Config{
			DB: a.db, Contributions: a.contributions, Campaigns: campaigns, Now: a.now,
		}),
		Sessions: a.sessions, Audit: audit.NewLog(audit.Config{DB: a.db, Reading: a.readDB, Now: a.now}),
		Metrics: a.metrics, Log: a.log, Now: a.now,
	})
}

// firstCount is how long the service waits with its start for the figures of campaigns.
const firstCount = 5 * time.Second

// countFirst counts the figures of campaigns, so that the first pages have them: caches keep those for a minute. Where
// that takes too long, they follow.
func (a *App) countFirst(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, firstCount)
	defer cancel()
	if err := a.catalog.Count(ctx); err != nil {
		a.log.WarnContext(ctx, "the figures of campaigns follow later", "error", err)
	}
}

// campaignService builds the service that staff change campaigns with.
func (a *App) campaignService() *campaign.Service {
	return campaign.NewService(campaign.Config{
		DB: a.db, Now: a.now, Zone: a.cfg.Timezone,
		Limit: func(c money.Currency) (least, most int64) {
			limit := a.contributions.Limits(c)
			return limit.Min, limit.Max
		},
	})
}

// ready returns the reason why we cannot serve: the database is away, or we are stopping.
func (a *App) ready(ctx context.Context) error {
	select {
	case <-a.stopping:
		return errors.New("the service is stopping")
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := a.db.PingContext(ctx); err != nil {
		return errors.New("the database does not answer")
	}
	return nil
}

// impaired returns a sentence while PayPal is away, which only keeps us from starting gifts.
func impaired(pp *paypal.Client) func() string {
	return func() string {
		if since := pp.UnansweredSince(); !since.IsZero() {
			return "PayPal does not answer since " + since.UTC().Format(time.RFC3339)
		}
		return ""
	}
}
