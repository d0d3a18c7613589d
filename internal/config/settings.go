// Package config reads the settings: from the environment, or as flags of the same names.
//
// The settings are groups of fields that kong fills in, all of them text. A command embeds the groups it reads, and no
// others: its flags and its help follow from that. Parse turns them into a Config, or into the list of everything that
// is wrong with them, so that one start shows every mistake. The package opens no connection: whether a database or
// PayPal answers is found out by whoever uses them, and by `readerfund doctor`.
package config

import "reflect"

// Database is where everything is kept.
type Database struct {
	DatabaseURL Secret `name:"database-url" env:"DATABASE_URL" group:"Database" placeholder:"postgres://USER:PASSWORD@HOST:5432/NAME" help:"PostgreSQL 14 or newer. PgBouncer in transaction mode will do."`
}

// PayPal is the account that takes the money.
type PayPal struct {
	PayPalAPIBase      string `name:"paypal-api-base" env:"PAYPAL_API_BASE" group:"PayPal" default:"https://api-m.sandbox.paypal.com" help:"PayPal's API; https://api-m.paypal.com takes real money (${default})."`
	PayPalClientID     string `name:"paypal-client-id" env:"PAYPAL_CLIENT_ID" group:"PayPal" placeholder:"ID" help:"Client ID of the app at developer.paypal.com."`
	PayPalClientSecret Secret `name:"paypal-client-secret" env:"PAYPAL_CLIENT_SECRET" group:"PayPal" placeholder:"SECRET" help:"Its secret. Better in the environment than as a flag."`
}

// WebhookID names the webhook whose deliveries are taken.
type WebhookID struct {
	PayPalWebhookID string `name:"paypal-webhook-id" env:"PAYPAL_WEBHOOK_ID" group:"PayPal" placeholder:"ID" help:"ID of the webhook, as 'readerfund webhook register' prints it."`
}

// Timezone is whose days count.
type Timezone struct {
	PublicationTimezone string `name:"publication-timezone" env:"PUBLICATION_TIMEZONE" group:"Publication" default:"UTC" placeholder:"ZONE" help:"Whose days the reports count, as in Europe/Berlin (${default})."`
}

// OwnCurrency is the publication's own.
type OwnCurrency struct {
	DefaultCurrency string `name:"default-currency" env:"DEFAULT_CURRENCY" group:"Publication" default:"EUR" placeholder:"CODE" help:"Currency where nothing else says one (${default})."`
}

// Site is where readers and PayPal reach the service.
type Site struct {
	BaseURL string `name:"base-url" env:"BASE_URL" group:"Web" placeholder:"https://give.example.org" help:"Where readers and PayPal reach the service; https unless on a private host."`
}

// Listen is where the service listens.
type Listen struct {
	ListenAddr string `name:"listen-addr" env:"LISTEN_ADDR" group:"Web" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where the service listens (${default})."`
}

// Sweep is how often PayPal is asked about what nobody told of.
type Sweep struct {
	SweepInterval string `name:"sweep-interval" env:"SWEEP_INTERVAL" group:"Running" default:"1m" placeholder:"TIME" help:"How often PayPal is asked about contributions without news (${default})."`
}

// Webhooks is how PayPal's webhook events are worked on.
type Webhooks struct {
	WebhookWorkers string `name:"webhook-workers" env:"WEBHOOK_WORKERS" group:"Running" default:"64" placeholder:"NUMBER" help:"Webhook events that each process works on at once; a waiting one holds no connection (${default})."`
}

// Mail is how mail to readers is sent.
type Mail struct {
	SMTPURL  Secret `name:"smtp-url" env:"SMTP_URL" group:"Mail" placeholder:"smtp://USER:PASSWORD@HOST:587" help:"Mail server that sends to readers; smtps:// for TLS from the start. Without it no mail is sent."`
	MailFrom string `name:"mail-from" env:"MAIL_FROM" group:"Mail" placeholder:"ADDRESS" help:"Address that mail to readers comes from, and bounces go to."`
}

// Logging is how the log looks.
type Logging struct {
	LogFormat string `name:"log-format" env:"LOG_FORMAT" group:"Running" default:"text" placeholder:"text|json" help:"How log lines look (${default})."`
	LogLevel  string `name:"log-level" env:"LOG_LEVEL" group:"Running" default:"info" placeholder:"LEVEL" help:"Least level that is logged: debug, info, warn or error (${default})."`
}

// Settings are all of them: what the service itself reads.
type Settings struct {
	Database
	DatabaseMaxConns string `env:"DATABASE_MAX_CONNS" group:"Database" default:"20" help:"Most connections of each process, reports aside (${default})."`
	ReportMaxConns   string `env:"REPORT_MAX_CONNS" group:"Database" default:"4" help:"Most connections of each process for reports (${default})."`

	PayPal
	WebhookID
	PayPalWebhookCAFile string `name:"paypal-webhook-ca-file" env:"PAYPAL_WEBHOOK_CA_FILE" group:"PayPal" placeholder:"FILE" help:"Extra root (PEM) for webhook certificates; only with a PAYPAL_API_BASE that is not PayPal's."`

	PayPalProductID string `name:"paypal-product-id" env:"PAYPAL_PRODUCT_ID" group:"PayPal" placeholder:"ID" help:"Product at PayPal that plans for monthly and yearly gifts belong to; made there where it is missing. Default: made of BASE_URL."`

	DisputePauses string `name:"dispute-pauses" env:"DISPUTE_PAUSES" group:"PayPal" default:"true" placeholder:"true|false" help:"An open dispute about a payment pauses the monthly or yearly gift that it belongs to (${default})."`

	PayPalFees string `env:"PAYPAL_FEES" group:"PayPal" placeholder:"EUR=2.49%+0.35" help:"What PayPal keeps of a payment, by currency. Readers may add it to their gift in these currencies; where it is not set they are not asked."`

	PublicationName string `name:"publication-name" env:"PUBLICATION_NAME" group:"Publication" placeholder:"NAME" help:"What readers know you as; shown on every page."`
	Languages       string `name:"publication-languages" env:"PUBLICATION_LANGUAGES" group:"Publication" placeholder:"CODE,…" help:"Languages that readers are addressed in, your own first, as in de,en,uk. Default: en and all others there are."`
	Timezone
	OwnCurrency
	MinAmount string `name:"min-amount" env:"MIN_AMOUNT" group:"Publication" placeholder:"EUR=1,USD=1" help:"Smallest gift by currency, in major units, where it should differ from about 1 EUR."`
	MaxAmount string `name:"max-amount" env:"MAX_AMOUNT" group:"Publication" placeholder:"EUR=10000" help:"Largest gift by currency, where it should differ from about 10000 EUR."`

	ContactEmail string `env:"CONTACT_EMAIL" group:"Publication" placeholder:"ADDRESS" help:"Where readers can write to."`
	PrivacyURL   string `env:"PRIVACY_URL" group:"Publication" placeholder:"ADDRESS" help:"Your privacy notice."`
	ImprintURL   string `env:"IMPRINT_URL" group:"Publication" placeholder:"ADDRESS" help:"The page saying who you are."`

	Mail

	GiftLimitAddress string `env:"GIFT_LIMIT_ADDRESS" group:"Abuse" default:"20/300" help:"Gifts that one address may begin in ten minutes: freely, and at most (${default})."`
	GiftLimitNetwork string `env:"GIFT_LIMIT_NETWORK" group:"Abuse" default:"60/600" help:"The same for the network around it, an IPv4 /24 or IPv6 /48 (${default})."`
	GiftLimitAll     string `env:"GIFT_LIMIT_ALL" group:"Abuse" default:"300/1000" help:"The same for all together (${default})."`

	Receipts
	YearlyNoticeDays string `env:"YEARLY_NOTICE_DAYS" group:"Mail" default:"30,7" placeholder:"DAYS,…" help:"How many days before a yearly charge its reader is told; none for never (${default})."`

	Site
	Listen
	AdminListenAddr string `name:"admin-listen-addr" env:"ADMIN_LISTEN_ADDR" group:"Web" default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"Where /metrics and /debug/pprof are; keep it private (${default})."`
	AdminHosts      string `env:"ADMIN_HOSTS" group:"Web" placeholder:"NAME,…" help:"Host names by which the admin address may be asked, beside its own and local ones."`
	SecretKey       Secret `name:"secret-key" env:"SECRET_KEY" group:"Web" placeholder:"KEY" help:"Signs links and cookies: at least 32 random characters, as 'openssl rand -hex 32' gives."`
	SecretKeyOld    Secret `name:"secret-key-old" env:"SECRET_KEY_OLD" group:"Web" placeholder:"KEY" help:"The key before; still accepted while SECRET_KEY is being changed."`
	TrustedProxies  string `name:"trusted-proxies" env:"TRUSTED_PROXIES" group:"Web" placeholder:"CIDR,…" help:"Proxies whose X-Forwarded-For is believed, as in 10.0.0.0/8."`
	EmbedOrigins    string `name:"embed-origins" env:"EMBED_ORIGINS" group:"Web" placeholder:"ORIGIN,…" help:"Sites that may embed the call to action, as in https://news.example.org."`
	EmbedConsent    string `name:"embed-consent" env:"EMBED_CONSENT" group:"Web" default:"false" placeholder:"true|false" help:"The call to action keeps nothing in readers' browsers before the page says that they agreed (${default})."`
	TemplatesDir    string `name:"templates-dir" env:"TEMPLATES_DIR" group:"Web" placeholder:"DIR" help:"Your own copy of the templates, read again when a file changes."`

	WebhookBodyDays string `env:"WEBHOOK_BODY_DAYS" group:"Privacy" default:"90" placeholder:"DAYS" help:"How long what PayPal delivered is kept once it is settled (${default} days)."`
	UnpaidWordsDays string `env:"UNPAID_WORDS_DAYS" group:"Privacy" default:"30" placeholder:"DAYS" help:"How long name, address and message of a gift never paid are kept (${default} days)."`

	MailDays string `env:"MAIL_DAYS" group:"Privacy" default:"30" placeholder:"DAYS" help:"How long it is kept to whom a mail went and what it said (${default} days)."`

	Sweep
	Webhooks
	ShutdownTimeout string `name:"shutdown-timeout" env:"SHUTDOWN_TIMEOUT" group:"Running" default:"25s" placeholder:"TIME" help:"How long a stop waits for what was accepted (${default})."`
	Logging
}

// withDefaults puts each default of the tags above where the text is empty: an environment variable that is set to
// nothing, as docker compose passes on what is not set, is as good as none.
func (s Settings) withDefaults() Settings {
	v := reflect.ValueOf(&s).Elem()
	for _, field := range reflect.VisibleFields(v.Type()) {
		if value := v.FieldByIndex(field.Index); !field.Anonymous && value.String() == "" {
			value.SetString(field.Tag.Get("default"))
		}
	}
	return s
}

// Need is what a command cannot do without. Settings that are there are checked in any case.
type Need uint8

// The needs. Serve includes all others.
const (
	NeedDatabase Need = 1 << iota // DATABASE_URL
	NeedPayPal                    // PAYPAL_CLIENT_ID and PAYPAL_CLIENT_SECRET
	NeedBaseURL                   // BASE_URL
	needServing                   // SECRET_KEY, PUBLICATION_NAME and PAYPAL_WEBHOOK_ID
	NeedServe    = NeedDatabase | NeedPayPal | NeedBaseURL | needServing
)
