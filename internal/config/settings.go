// Package config reads the settings: from the environment, or as flags of the same names.
//
// Settings is what kong fills in, all of it text; Parse turns it into a Config, or into the list of everything that is
// wrong with it, so that one start shows every mistake. The package opens no connection: whether a database or PayPal
// answers is found out by whoever uses them, and by `readerfund doctor`.
package config

import "reflect"

// Settings are the settings as written. Embed it in a kong command; its help texts are what `--help` shows.
type Settings struct {
	DatabaseURL Secret `name:"database-url" env:"DATABASE_URL" group:"Database" placeholder:"postgres://USER:PASSWORD@HOST:5432/NAME" help:"PostgreSQL 14 or newer. PgBouncer in transaction mode will do."`

	DatabaseMaxConns string `env:"DATABASE_MAX_CONNS" group:"Database" default:"20" help:"Most connections (${default})."`
	ReportMaxConns   string `env:"REPORT_MAX_CONNS" group:"Database" default:"4" help:"More, for reports (${default})."`

	PayPalAPIBase       string `name:"paypal-api-base" env:"PAYPAL_API_BASE" group:"PayPal" default:"https://api-m.sandbox.paypal.com" help:"PayPal's API; https://api-m.paypal.com takes real money (${default})."`
	PayPalClientID      string `name:"paypal-client-id" env:"PAYPAL_CLIENT_ID" group:"PayPal" placeholder:"ID" help:"Client ID of the app at developer.paypal.com."`
	PayPalClientSecret  Secret `name:"paypal-client-secret" env:"PAYPAL_CLIENT_SECRET" group:"PayPal" placeholder:"SECRET" help:"Its secret. Better in the environment than as a flag."`
	PayPalWebhookID     string `name:"paypal-webhook-id" env:"PAYPAL_WEBHOOK_ID" group:"PayPal" placeholder:"ID" help:"ID of the webhook, as 'readerfund webhook register' prints it."`
	PayPalWebhookCAFile string `name:"paypal-webhook-ca-file" env:"PAYPAL_WEBHOOK_CA_FILE" group:"PayPal" placeholder:"FILE" help:"Extra root (PEM) for webhook certificates; only with a PAYPAL_API_BASE that is not PayPal's."`

	PublicationName     string `name:"publication-name" env:"PUBLICATION_NAME" group:"Publication" placeholder:"NAME" help:"What readers know you as; shown on every page."`
	PublicationTimezone string `name:"publication-timezone" env:"PUBLICATION_TIMEZONE" group:"Publication" default:"UTC" placeholder:"ZONE" help:"Whose days the reports count, as in Europe/Berlin (${default})."`
	DefaultCurrency     string `name:"default-currency" env:"DEFAULT_CURRENCY" group:"Publication" default:"EUR" placeholder:"CODE" help:"Currency where nothing else says one (${default})."`
	MinAmount           string `name:"min-amount" env:"MIN_AMOUNT" group:"Publication" placeholder:"EUR=1,USD=1" help:"Least gift by currency, in major units, for those that should differ from about 1 EUR."`
	MaxAmount           string `name:"max-amount" env:"MAX_AMOUNT" group:"Publication" placeholder:"EUR=10000" help:"Largest gift by currency, for those that should differ from about 10000 EUR."`

	ContactEmail string `env:"CONTACT_EMAIL" group:"Publication" placeholder:"ADDRESS" help:"Where readers can write to."`
	PrivacyURL   string `env:"PRIVACY_URL" group:"Publication" placeholder:"ADDRESS" help:"Your privacy notice."`
	ImprintURL   string `env:"IMPRINT_URL" group:"Publication" placeholder:"ADDRESS" help:"The page saying who you are."`

	GiftLimitAddress string `env:"GIFT_LIMIT_ADDRESS" group:"Abuse" default:"20/300" help:"Per address (${default})."`
	GiftLimitNetwork string `env:"GIFT_LIMIT_NETWORK" group:"Abuse" default:"60/600" help:"Per /24 or /48 (${default})."`
	GiftLimitAll     string `env:"GIFT_LIMIT_ALL" group:"Abuse" default:"300/1000" help:"All together (${default})."`

	BaseURL         string `name:"base-url" env:"BASE_URL" group:"Web" placeholder:"https://give.example.org" help:"Where readers and PayPal reach the service; https unless on a private host."`
	ListenAddr      string `name:"listen-addr" env:"LISTEN_ADDR" group:"Web" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where the service listens (${default})."`
	AdminListenAddr string `name:"admin-listen-addr" env:"ADMIN_LISTEN_ADDR" group:"Web" default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"Where /metrics and /debug/pprof are; keep it private (${default})."`
	SecretKey       Secret `name:"secret-key" env:"SECRET_KEY" group:"Web" placeholder:"KEY" help:"Signs links and cookies: at least 32 random characters, as 'openssl rand -hex 32' gives."`
	SecretKeyOld    Secret `name:"secret-key-old" env:"SECRET_KEY_OLD" group:"Web" placeholder:"KEY" help:"The key before; still accepted while SECRET_KEY is being changed."`
	TrustedProxies  string `name:"trusted-proxies" env:"TRUSTED_PROXIES" group:"Web" placeholder:"CIDR,…" help:"Proxies whose X-Forwarded-For is believed, as in 10.0.0.0/8."`
	EmbedOrigins    string `name:"embed-origins" env:"EMBED_ORIGINS" group:"Web" placeholder:"ORIGIN,…" help:"Sites that may embed the call to action, as in https://news.example.org."`
	TemplatesDir    string `name:"templates-dir" env:"TEMPLATES_DIR" group:"Web" placeholder:"DIR" help:"Your own copy of the templates, reread on each request."`

	WebhookBodyDays string `env:"WEBHOOK_BODY_DAYS" group:"Privacy" default:"90" placeholder:"DAYS" help:"How long what PayPal delivered is kept once it is settled (${default} days)."`
	UnpaidWordsDays string `env:"UNPAID_WORDS_DAYS" group:"Privacy" default:"30" placeholder:"DAYS" help:"How long name, address and message of a gift never paid are kept (${default} days)."`

	AdminHosts string `env:"ADMIN_HOSTS" group:"Web" placeholder:"NAME,…" help:"Names of the admin address."`

	SweepInterval   string `name:"sweep-interval" env:"SWEEP_INTERVAL" group:"Running" default:"1m" placeholder:"TIME" help:"How often payments nobody told us about are looked up at PayPal (${default})."`
	ShutdownTimeout string `name:"shutdown-timeout" env:"SHUTDOWN_TIMEOUT" group:"Running" default:"25s" placeholder:"TIME" help:"How long a stop waits for what was accepted (${default})."`
	LogFormat       string `name:"log-format" env:"LOG_FORMAT" group:"Running" default:"text" placeholder:"text|json" help:"How log lines look (${default})."`
	LogLevel        string `name:"log-level" env:"LOG_LEVEL" group:"Running" default:"info" placeholder:"LEVEL" help:"Least level that is logged: debug, info, warn or error (${default})."`
}

// withDefaults puts each default of the tags above where the text is empty: an environment variable that is set to
// nothing, as docker compose passes on what is not set, is as good as none.
func (s Settings) withDefaults() Settings {
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		if field := v.Field(i); field.String() == "" {
			field.SetString(v.Type().Field(i).Tag.Get("default"))
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
