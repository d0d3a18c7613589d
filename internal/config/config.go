package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/text/language"

	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/receipt/form"
)

// Config is the settings, checked and ready to use. What a command does not need may be zero.
type Config struct {
	DatabaseURL      Secret
	DatabaseMaxConns int // connections of each process, for everything but reports
	ReportMaxConns   int // connections of each process for reports

	PayPalAPIBase       string // without a slash at the end
	PayPalClientID      string
	PayPalClientSecret  Secret
	PayPalWebhookID     string
	PayPalWebhookCAFile string
	PayPalProductID     string // empty where it is not set
	DisputePauses       bool   // an open dispute pauses a recurring gift

	PublicationName string
	Languages       []language.Tag // that readers are addressed in, the publication's own first
	ContactEmail    string         // shown to readers; empty where it is not set, like the next two
	PrivacyURL      string         // an address of a page
	ImprintURL      string         // likewise
	Timezone        *time.Location // whose days the reports count
	DefaultCurrency money.Currency
	Limits          map[money.Currency]Limit     // for every currency PayPal settles
	Fees            map[money.Currency]money.Fee // PayPal's, where they are known
	GiftsPerAddress Allowance
	GiftsPerNetwork Allowance
	GiftsOfAll      Allowance

	MailServer MailServer // its Host is empty where no mail is to be sent
	MailFrom   string     // an address alone; empty likewise

	Receipts         form.Issuer // complete for its form
	YearlyNoticeDays []int       // how long before a yearly charge it is told, the least first; may be empty

	BaseURL         string // without a slash at the end
	ListenAddr      string
	AdminListenAddr string
	AdminHosts      []string // names by which the admin address may be asked, beside addresses and local ones
	SecretKey       Secret
	SecretKeyOld    Secret
	TrustedProxies  []netip.Prefix
	EmbedOrigins    []string // as a browser writes them: lower case, no default port, no slash
	EmbedConsent    bool     // nothing is kept in readers' browsers before they agreed
	TemplatesDir    string

	DeliveryRetention time.Duration // how long webhook bodies are kept once their events are settled
	UnpaidRetention   time.Duration // how long the words of gifts never paid are kept
	MailRetention     time.Duration // how long it is kept to whom a mail went and what it said

	SweepInterval   time.Duration
	WebhookWorkers  int // events that each process works on at once
	ShutdownTimeout time.Duration
	LogFormat       string // "text" or "json"
	LogLevel        slog.Level
}

// Parse checks the settings. The error joins every problem, each a fault.Invalid whose Field is the setting's name and
// whose message says what to write; no message repeats a secret.
func (s Settings) Parse(need Need) (Config, error) {
	s = s.withDefaults()
	p := &parser{}
	c := Config{
		DatabaseURL:      p.databaseURL(s.DatabaseURL, need),
		DatabaseMaxConns: p.number("DATABASE_MAX_CONNS", s.DatabaseMaxConns, 4, 1000),
		ReportMaxConns:   p.number("REPORT_MAX_CONNS", s.ReportMaxConns, 1, 1000),

		PayPalAPIBase: p.webAddress("PAYPAL_API_BASE", s.PayPalAPIBase, "https://api-m.sandbox.paypal.com"),
		PayPalClientID: p.required("PAYPAL_CLIENT_ID", s.PayPalClientID, need&NeedPayPal != 0,
			"the client ID of your app at developer.paypal.com"),
		PayPalClientSecret: Secret(p.required("PAYPAL_CLIENT_SECRET", string(s.PayPalClientSecret), need&NeedPayPal != 0,
			"the secret of your app at developer.paypal.com")),
		PayPalWebhookID:     p.webhookID(s.PayPalWebhookID, need),
		PayPalWebhookCAFile: p.caFile(s.PayPalWebhookCAFile, s.PayPalAPIBase),
		PayPalProductID:     p.productID(s.PayPalProductID),
		DisputePauses:       p.yesOrNo("DISPUTE_PAUSES", s.DisputePauses),

		PublicationName: p.publicationName(s.PublicationName, need),
		Languages:       p.languages(s.Languages),
		ContactEmail:    p.mailAddress("CONTACT_EMAIL", s.ContactEmail),
		PrivacyURL:      p.pageAddress("PRIVACY_URL", s.PrivacyURL, "https://example.org/privacy"),
		ImprintURL:      p.pageAddress("IMPRINT_URL", s.ImprintURL, "https://example.org/imprint"),
		Timezone:        p.timezone(s.PublicationTimezone),
		DefaultCurrency: p.currency("DEFAULT_CURRENCY", s.DefaultCurrency),
		Limits:          p.limits(s.MinAmount, s.MaxAmount),
		Fees:            p.fees(s.PayPalFees),
		GiftsPerAddress: p.allowance("GIFT_LIMIT_ADDRESS", s.GiftLimitAddress),
		GiftsPerNetwork: p.allowance("GIFT_LIMIT_NETWORK", s.GiftLimitNetwork),
		GiftsOfAll:      p.allowance("GIFT_LIMIT_ALL", s.GiftLimitAll),

		MailServer: p.mailServer(s.SMTPURL),
		MailFrom:   p.mailFrom(s.MailFrom, s.SMTPURL),

		Receipts:         p.receiptIssuer(s.Receipts),
		YearlyNoticeDays: p.yearlyNotice(s.YearlyNoticeDays),

		BaseURL:         p.baseURL(s.BaseURL, need),
		ListenAddr:      p.listenAddr("LISTEN_ADDR", s.ListenAddr),
		AdminListenAddr: p.listenAddr("ADMIN_LISTEN_ADDR", s.AdminListenAddr),
		AdminHosts:      p.hostNames("ADMIN_HOSTS", s.AdminHosts),
		SecretKey:       p.secretKey(s.SecretKey, s.BaseURL, need),
		SecretKeyOld:    p.oldSecretKey(s.SecretKeyOld, s.SecretKey),
		TrustedProxies:  p.proxies(s.TrustedProxies),
		EmbedOrigins:    p.origins(s.EmbedOrigins),
		EmbedConsent:    p.yesOrNo("EMBED_CONSENT", s.EmbedConsent),
		TemplatesDir:    p.folder("TEMPLATES_DIR", s.TemplatesDir),

		DeliveryRetention: p.days("WEBHOOK_BODY_DAYS", s.WebhookBodyDays),
		UnpaidRetention:   p.days("UNPAID_WORDS_DAYS", s.UnpaidWordsDays),
		MailRetention:     p.days("MAIL_DAYS", s.MailDays),

		SweepInterval:   p.duration("SWEEP_INTERVAL", s.SweepInterval, 100*time.Millisecond, 24*time.Hour),
		WebhookWorkers:  p.number("WEBHOOK_WORKERS", s.WebhookWorkers, 1, 1000),
		ShutdownTimeout: p.duration("SHUTDOWN_TIMEOUT", s.ShutdownTimeout, time.Second, time.Hour),
		LogFormat:       p.logFormat(s.LogFormat),
		LogLevel:        p.logLevel(s.LogLevel),
	}
	if c.ListenAddr != "" && c.ListenAddr == c.AdminListenAddr && !strings.HasSuffix(c.ListenAddr, ":0") {
		p.problem("ADMIN_LISTEN_ADDR", "The metrics are not for readers: write another address than LISTEN_ADDR's.")
	}
	return c, errors.Join(p.problems...)
}

// parser collects the problems.
type parser struct{ problems []error }

func (p *parser) problem(setting, format string, args ...any) {
	p.problems = append(p.problems, &fault.Error{
		Kind: fault.Invalid, Field: setting, Message: i18n.Verbatim(fmt.Sprintf(format, args...)),
	})
}

// required gives the value, and a problem where it is needed and empty; what says what to write.
func (p *parser) required(setting, value string, needed bool, what string) string {
	value = strings.TrimSpace(value)
	if value == "" && needed {
		p.problem(setting, "It is not set: write %s.", what)
	}
	return value
}

// LogValue is every setting that is no secret, for the line that a start logs.
func (c Config) LogValue() slog.Value {
	timezone := ""
	if c.Timezone != nil {
		timezone = c.Timezone.String()
	}
	return slog.GroupValue(
		slog.String("database", databasePlace(c.DatabaseURL)),
		slog.Int("database_max_conns", c.DatabaseMaxConns),
		slog.Int("report_max_conns", c.ReportMaxConns),
		slog.String("paypal", c.PayPalAPIBase),
		slog.String("webhook_id", c.PayPalWebhookID),
		slog.String("webhook_ca_file", c.PayPalWebhookCAFile),
		slog.String("product_id", c.PayPalProductID),
		slog.Bool("dispute_pauses", c.DisputePauses),
		slog.String("publication", c.PublicationName),
		slog.String("contact", c.ContactEmail),
		slog.String("privacy_url", c.PrivacyURL),
		slog.String("imprint_url", c.ImprintURL),
		slog.String("timezone", timezone),
		slog.String("currency", string(c.DefaultCurrency)),
		slog.String("receipt_text", string(c.Receipts.Form)),
		slog.Any("gifts_per_address", c.GiftsPerAddress),
		slog.Any("gifts_per_network", c.GiftsPerNetwork),
		slog.Any("gifts_of_all", c.GiftsOfAll),
		slog.String("mail_server", c.MailServer.String()),
		slog.String("mail_from", c.MailFrom),
		slog.String("base_url", c.BaseURL),
		slog.String("listen", c.ListenAddr),
		slog.String("admin_listen", c.AdminListenAddr),
		slog.Any("admin_hosts", c.AdminHosts),
		slog.Any("trusted_proxies", c.TrustedProxies),
		slog.Any("embed_origins", c.EmbedOrigins),
		slog.Bool("embed_consent", c.EmbedConsent),
		slog.String("templates_dir", c.TemplatesDir),
		slog.Duration("webhook_body_retention", c.DeliveryRetention),
		slog.Duration("unpaid_words_retention", c.UnpaidRetention),
		slog.Duration("mail_retention", c.MailRetention),
		slog.Duration("sweep_interval", c.SweepInterval),
		slog.Int("webhook_workers", c.WebhookWorkers),
		slog.Duration("shutdown_timeout", c.ShutdownTimeout),
		slog.String("log_level", c.LogLevel.String()),
	)
}

// String is LogValue in words, so that printing a Config shows no secret either.
func (c Config) String() string { return c.LogValue().String() }
