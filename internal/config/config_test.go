package config_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"readerfund/internal/config"
	"readerfund/internal/fault"
	"readerfund/internal/money"
)

const (
	key      = "0123456789abcdef0123456789abcdef"
	oldKey   = "fedcba9876543210fedcba9876543210"
	client   = "the-client-secret"
	password = "the-database-password"
	relay    = "the-relay's-password"
)

// good are settings that nothing is wrong with.
func good() config.Settings {
	return config.Settings{
		Database: config.Database{
			DatabaseURL: "postgres://fund:" + password + "@db.example.org:5432/fund?sslmode=verify-full",
		},
		Site:            config.Site{BaseURL: "https://Give.example.org:443/"},
		PayPal:          config.PayPal{PayPalClientID: "the-client", PayPalClientSecret: client},
		WebhookID:       config.WebhookID{PayPalWebhookID: "1JE4291016473214C"},
		PublicationName: "The Daily", Timezone: config.Timezone{PublicationTimezone: "Europe/Berlin"},
		SecretKey: key, SecretKeyOld: oldKey,
		TrustedProxies: "10.0.0.0/8, 192.168.1.7, ::ffff:172.16.0.0/108",
		EmbedOrigins:   "https://News.example.org:443 http://localhost:3000",
		Mail: config.Mail{
			SMTPURL: "smtp://fund:" + relay + "@mail.example.org", MailFrom: "give@example.org",
		},
		MinAmount: "EUR=2.50,JPY=300", MaxAmount: "EUR=500", PayPalFees: "EUR=2.49%+0.35, JPY=3.6%+40",
	}
}

func TestGoodSettings(t *testing.T) {
	t.Parallel()
	c, err := good().Parse(config.NeedServe)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(c.BaseURL, c.PayPalAPIBase, c.Timezone, c.DefaultCurrency, c.ListenAddr, c.AdminListenAddr,
		c.TrustedProxies, c.EmbedOrigins,
		c.SweepInterval, c.WebhookWorkers, c.ShutdownTimeout, c.LogFormat, c.LogLevel)
	want := "https://give.example.orghttps://api-m.sandbox.paypal.comEurope/Berlin EUR127.0.0.1:8080127.0.0.1:9090" +
		"[10.0.0.0/8 192.168.1.7/32 172.16.0.0/12][https://news.example.org http://localhost:3000]1m0s 64 25stextINFO"
	if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for cur, want := range map[money.Currency]config.Limit{
		"EUR": {Min: 250, Max: 50000}, "JPY": {Min: 300, Max: 1500000}, "USD": {Min: 100, Max: 1000000},
	} {
		if c.Limits[cur] != want {
			t.Errorf("limits of %s: %v, want %v", cur, c.Limits[cur], want)
		}
	}
}

func TestEveryCurrencyHasLimits(t *testing.T) {
	t.Parallel()
	c, err := config.Settings{}.Parse(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, cur := range money.Currencies() {
		if l := c.Limits[cur]; l.Min <= 0 || l.Max < 5000*l.Min {
			t.Errorf("limits of %s: %v", cur, l)
		}
	}
}

func TestEachProblem(t *testing.T) {
	t.Parallel()
	notPEM := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(notPEM, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	type S = *config.Settings
	for name, c := range map[string]struct {
		change  func(s S)
		setting string
		says    string
	}{
		"no database": {func(s S) { s.DatabaseURL = "" }, "DATABASE_URL",
			"postgres://user:password@host:5432/name"},
		"another database": {func(s S) { s.DatabaseURL = "mysql://u:" + password + "@h/d" }, "DATABASE_URL",
			"write it like"},
		"password unescaped": {func(s S) { s.DatabaseURL = "postgres://u:100%" + password + "@h/d" }, "DATABASE_URL",
			"%XX"},
		"connections, no number":  {func(s S) { s.DatabaseMaxConns = "many" }, "DATABASE_MAX_CONNS", "from 4 to 1000"},
		"connections, too few":    {func(s S) { s.ReportMaxConns = "0" }, "REPORT_MAX_CONNS", "from 1 to 1000"},
		"no base":                 {func(s S) { s.BaseURL = " " }, "BASE_URL", "https://give.example.org"},
		"base without TLS":        {func(s S) { s.BaseURL = "http://give.example.org" }, "BASE_URL", "https://"},
		"base, public address":    {func(s S) { s.BaseURL = "http://93.184.216.34" }, "BASE_URL", "https://"},
		"base with a path":        {func(s S) { s.BaseURL = "https://example.org/give" }, "BASE_URL", "scheme and host only"},
		"base with a user":        {func(s S) { s.BaseURL = "https://me@example.org" }, "BASE_URL", "scheme and host only"},
		"base is no address":      {func(s S) { s.BaseURL = "give.example.org" }, "BASE_URL", "write it like"},
		"paypal without TLS":      {func(s S) { s.PayPalAPIBase = "http://api-m.paypal.com" }, "PAYPAL_API_BASE", "https://"},
		"paypal is no address":    {func(s S) { s.PayPalAPIBase = "sandbox" }, "PAYPAL_API_BASE", "write it like"},
		"no client":               {func(s S) { s.PayPalClientID = "" }, "PAYPAL_CLIENT_ID", "developer.paypal.com"},
		"no client secret":        {func(s S) { s.PayPalClientSecret = "" }, "PAYPAL_CLIENT_SECRET", "developer.paypal.com"},
		"no webhook":              {func(s S) { s.PayPalWebhookID = "" }, "PAYPAL_WEBHOOK_ID", "webhook register"},
		"the simulator's webhook": {func(s S) { s.PayPalWebhookID = "WEBHOOK_ID" }, "PAYPAL_WEBHOOK_ID", "webhook register"},
		"no such root":            {func(s S) { s.PayPalAPIBase, s.PayPalWebhookCAFile = "http://127.0.0.1:8081", "/nowhere/root.pem" }, "PAYPAL_WEBHOOK_CA_FILE", "cannot be read"},
		"a root of nothing": {func(s S) { s.PayPalAPIBase, s.PayPalWebhookCAFile = "http://127.0.0.1:8081", notPEM },
			"PAYPAL_WEBHOOK_CA_FILE", "in PEM"},
		"pauses, perhaps":         {func(s S) { s.DisputePauses = "maybe" }, "DISPUTE_PAUSES", "neither true nor false"},
		"consent, perhaps":        {func(s S) { s.EmbedConsent = "maybe" }, "EMBED_CONSENT", "neither true nor false"},
		"a short product":         {func(s S) { s.PayPalProductID = "RF-1" }, "PAYPAL_PRODUCT_ID", "6 to 50"},
		"a product in a path":     {func(s S) { s.PayPalProductID = "../../x" }, "PAYPAL_PRODUCT_ID", "letters"},
		"no name":                 {func(s S) { s.PublicationName = "" }, "PUBLICATION_NAME", "readers know you by"},
		"a long name":             {func(s S) { s.PublicationName = strings.Repeat("é", 128) }, "PUBLICATION_NAME", "127"},
		"two lines of name":       {func(s S) { s.PublicationName = "The\nDaily" }, "PUBLICATION_NAME", "one line"},
		"contact with a name":     {func(s S) { s.ContactEmail = "Desk <d@example.org>" }, "CONTACT_EMAIL", "without a name"},
		"privacy is no address":   {func(s S) { s.PrivacyURL = "/privacy" }, "PRIVACY_URL", "https://example.org/privacy"},
		"privacy runs a script":   {func(s S) { s.PrivacyURL = "javascript:alert(1)" }, "PRIVACY_URL", "not a page"},
		"imprint without TLS":     {func(s S) { s.ImprintURL = "http://example.org/imprint" }, "IMPRINT_URL", "https://"},
		"mail server, no scheme":  {func(s S) { s.SMTPURL = "fund:" + relay + "@mail.example.org:587" }, "SMTP_URL", "write it like"},
		"mail server of the web":  {func(s S) { s.SMTPURL = "https://mail.example.org" }, "SMTP_URL", "write it like"},
		"mail server with a path": {func(s S) { s.SMTPURL = "smtp://mail.example.org/x?tls=no" }, "SMTP_URL", "host and port only"},
		"mail server, odd port":   {func(s S) { s.SMTPURL = "smtp://mail.example.org:0" }, "SMTP_URL", "1 to 65535"},
		"mail server, no password": {func(s S) { s.SMTPURL = "smtp://fund@mail.example.org" }, "SMTP_URL",
			"not both"},
		"mail from nobody":        {func(s S) { s.MailFrom = "" }, "MAIL_FROM", "needed"},
		"mail from a name":        {func(s S) { s.MailFrom = "Desk <d@example.org>" }, "MAIL_FROM", "without a name"},
		"unknown zone":            {func(s S) { s.PublicationTimezone = "Berlin" }, "PUBLICATION_TIMEZONE", "Europe/Berlin"},
		"the machine's zone":      {func(s S) { s.PublicationTimezone = "Local" }, "PUBLICATION_TIMEZONE", "Europe/Berlin"},
		"unknown language":        {func(s S) { s.Languages = "de,tlh" }, "PUBLICATION_LANGUAGES", "en,ar,de,es,fr,uk"},
		"a language twice":        {func(s S) { s.Languages = "de, en, de" }, "PUBLICATION_LANGUAGES", "\"de\""},
		"unknown currency":        {func(s S) { s.DefaultCurrency = "eur" }, "DEFAULT_CURRENCY", "EUR"},
		"limit without amount":    {func(s S) { s.MinAmount = "EUR" }, "MIN_AMOUNT", "EUR=1"},
		"limit, unknown currency": {func(s S) { s.MaxAmount = "RUB=5" }, "MAX_AMOUNT", "RUB"},
		"fee without share":       {func(s S) { s.PayPalFees = "EUR=0.35" }, "PAYPAL_FEES", "EUR=2.49%+0.35"},
		"fee of a word":           {func(s S) { s.PayPalFees = "EUR=much%+0.35" }, "PAYPAL_FEES", "no fee"},
		"fee with half yen":       {func(s S) { s.PayPalFees = "JPY=3.6%+0.5" }, "PAYPAL_FEES", "no fee"},
		"fee of everything":       {func(s S) { s.PayPalFees = "EUR=100%+0.35" }, "PAYPAL_FEES", "no fee"},
		"fee twice":               {func(s S) { s.PayPalFees = "EUR=2%+1,EUR=2%+1" }, "PAYPAL_FEES", "twice"},
		"fee of no currency":      {func(s S) { s.PayPalFees = "EURO=2%+1" }, "PAYPAL_FEES", "EURO"},
		"limit twice":             {func(s S) { s.MinAmount = "EUR=1,EUR=2" }, "MIN_AMOUNT", "twice"},
		"limit of nothing":        {func(s S) { s.MinAmount = "EUR=0" }, "MIN_AMOUNT", "EUR=1"},
		"limit with decimals":     {func(s S) { s.MinAmount = "JPY=0.5" }, "MIN_AMOUNT", "JPY=150"},
		"least above largest":     {func(s S) { s.MinAmount = "EUR=501" }, "MIN_AMOUNT", "500.00 EUR"},
		"gifts without a most":    {func(s S) { s.GiftLimitAddress = "20" }, "GIFT_LIMIT_ADDRESS", "like 20/300"},
		"more free than most":     {func(s S) { s.GiftLimitNetwork = "20/10" }, "GIFT_LIMIT_NETWORK", "like 20/300"},
		"no gifts":                {func(s S) { s.GiftLimitAll = "0/0" }, "GIFT_LIMIT_ALL", "like 20/300"},
		"notice after the charge": {func(s S) { s.YearlyNoticeDays = "30,0" }, "YEARLY_NOTICE_DAYS", "like 30,7"},
		"notice twice":            {func(s S) { s.YearlyNoticeDays = "7,7" }, "YEARLY_NOTICE_DAYS", "like 30,7"},
		"no such receipt":         {func(s S) { s.ReceiptText = "usa" }, "RECEIPT_TEXT", "de-collective, fr, none, uk, us"},
		"a receipt's number":      {func(s S) { s.ReceiptSeries = "R-" }, "RECEIPT_SERIES", "capital letters"},
		"an EIN is wanted": {func(s S) { s.ReceiptText, s.ReceiptIssuer = "us", "The Daily|Springfield" }, "RECEIPT_TAX_ID",
			"RECEIPT_TEXT=us"},
		"no port":      {func(s S) { s.ListenAddr = "127.0.0.1" }, "LISTEN_ADDR", "127.0.0.1:8080"},
		"no such port": {func(s S) { s.ListenAddr = ":65536" }, "LISTEN_ADDR", "127.0.0.1:8080"},
		"admin port by name": {func(s S) { s.AdminListenAddr = "127.0.0.1:http" }, "ADMIN_LISTEN_ADDR",
			"127.0.0.1:8080"},
		"metrics for readers": {func(s S) { s.AdminListenAddr = "127.0.0.1:8080" }, "ADMIN_LISTEN_ADDR",
			"another address"},
		"no key": {func(s S) { s.SecretKey = "" }, "SECRET_KEY", "openssl rand -hex 32"},
		"a short key": {func(s S) { s.SecretKey = config.Secret(key[:31]) }, "SECRET_KEY",
			"openssl rand -hex 32"},
		"one letter for a key": {func(s S) {
			s.SecretKey = config.Secret(strings.Repeat("k", 32))
		}, "SECRET_KEY", "guessed"},
		"the sample's key": {func(s S) {
			s.SecretKey = "for the demo only, not for any real money"
		}, "SECRET_KEY", "guessed"},
		"a short old key":    {func(s S) { s.SecretKeyOld = "short" }, "SECRET_KEY_OLD", "take it away"},
		"old key is the new": {func(s S) { s.SecretKeyOld = key }, "SECRET_KEY_OLD", "same"},
		"admin by address":   {func(s S) { s.AdminHosts = "metrics.test,http://x.test" }, "ADMIN_HOSTS", "without scheme"},
		"proxy by name":      {func(s S) { s.TrustedProxies = "10.0.0.0/8,proxy" }, "TRUSTED_PROXIES", "10.0.0.0/8"},
		"every proxy":        {func(s S) { s.TrustedProxies = "0.0.0.0/0" }, "TRUSTED_PROXIES", "everybody"},
		"origin with a path": {func(s S) { s.EmbedOrigins = "https://a.example/x" }, "EMBED_ORIGINS", "scheme and host only"},
		"origin without TLS": {func(s S) { s.EmbedOrigins = "http://a.example" }, "EMBED_ORIGINS", "https://"},
		"every origin":       {func(s S) { s.EmbedOrigins = "*" }, "EMBED_ORIGINS", "write it like"},
		"no templates":       {func(s S) { s.TemplatesDir = "/nowhere" }, "TEMPLATES_DIR", "no folder"},
		"sweep of nothing":   {func(s S) { s.SweepInterval = "0s" }, "SWEEP_INTERVAL", "like 30s"},
		"sweep without unit": {func(s S) { s.SweepInterval = "60" }, "SWEEP_INTERVAL", "like 30s"},
		"no workers":         {func(s S) { s.WebhookWorkers = "0" }, "WEBHOOK_WORKERS", "from 1 to 1000"},
		"shutdown for ever":  {func(s S) { s.ShutdownTimeout = "1000h" }, "SHUTDOWN_TIMEOUT", "like 30s"},
		"unknown format":     {func(s S) { s.LogFormat = "xml" }, "LOG_FORMAT", "json"},
		"unknown level":      {func(s S) { s.LogLevel = "loud" }, "LOG_LEVEL", "debug"},
	} {
		s := good()
		c.change(&s)
		_, err := s.Parse(config.NeedServe)
		problems := fault.All(err)
		if len(problems) != 1 || problems[0].Field != c.setting || problems[0].Kind != fault.Invalid ||
			!strings.Contains(problems[0].Message.String(), c.says) {
			t.Errorf("%s: got %v; want one problem with %s that says %q", name, err, c.setting, c.says)
		}
		checkNoSecret(t, name, fmt.Sprint(err))
	}
}

func TestPayPalsOwnRootIsNotReplaced(t *testing.T) {
	t.Parallel()
	for _, base := range []string{
		"", "https://api-m.paypal.com", "https://api-m.sandbox.paypal.com", "https://API.PAYPAL.COM.",
	} {
		s := good()
		s.PayPalAPIBase, s.PayPalWebhookCAFile = base, "/nowhere"
		_, err := s.Parse(config.NeedServe)
		if err == nil || !strings.Contains(err.Error(), "others than PayPal") {
			t.Errorf("%q: got %v", base, err)
		}
	}
}

func TestMailServer(t *testing.T) {
	t.Parallel()
	for address, want := range map[config.Secret]config.MailServer{
		"":                       {},
		"smtp://mail.test":       {Host: "mail.test", Port: 587},
		"smtps://mail.test/":     {Host: "mail.test", Port: 465, TLS: true},
		"smtp://[::1]:25":        {Host: "::1", Port: 25},
		"smtp://u%40x:p%3Ap@h:1": {Host: "h", Port: 1, User: "u@x", Password: "p:p"},
	} {
		s := good()
		s.SMTPURL = address
		if c, err := s.Parse(config.NeedServe); err != nil || c.MailServer != want {
			t.Errorf("%q: %#v, %v", string(address), c.MailServer, err)
		}
	}
	for host, want := range map[string]bool{"127.0.0.9": true, "::1": true, "LOCALHOST": true, "10.0.0.1": false, "mail": false} {
		if got := (config.MailServer{Host: host}).Loopback(); got != want {
			t.Errorf("%s is loopback: %v", host, got)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Settings{Logging: config.Logging{LogLevel: "loud"}}.Parse(config.NeedServe)
	var names []string
	for _, f := range fault.All(err) {
		names = append(names, f.Field)
	}
	want := []string{
		"DATABASE_URL", "PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_SECRET", "PAYPAL_WEBHOOK_ID", "PUBLICATION_NAME", "BASE_URL",
		"SECRET_KEY", "LOG_LEVEL",
	}
	if !slices.Equal(names, want) {
		t.Errorf("got  %v\nwant %v", names, want)
	}
}

func TestOnlyWhatIsNeededIsRequired(t *testing.T) {
	t.Parallel()
	for need, want := range map[config.Need]int{
		0: 0, config.NeedDatabase: 1, config.NeedPayPal: 2, config.NeedPayPal | config.NeedBaseURL: 3,
	} {
		_, err := config.Settings{}.Parse(need)
		if got := fault.All(err); len(got) != want {
			t.Errorf("need %b: %v", need, err)
		}
	}
}

func TestPrivateHostsMayDoWithoutTLS(t *testing.T) {
	t.Parallel()
	for host, ok := range map[string]bool{
		"localhost": true, "127.0.0.1:8080": true, "[::1]:8080": true, "10.1.2.3": true, "192.168.0.4": true,
		"[fd00::1]":  true,
		"readerfund": true, "give.test": true, "give.home.arpa": true, "a.localhost": true,
		"example.org": false, "8.8.8.8": false, "localhost.example.org": false, "127.0.0.1.example.org": false,
		"[2001:db8::1]": false,
	} {
		s := good()
		s.BaseURL = "http://" + host
		if _, err := s.Parse(config.NeedServe); (err == nil) != ok {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func checkNoSecret(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range []string{key, oldKey, client, password, relay} {
		if strings.Contains(text, secret) {
			t.Errorf("%s: a secret is in %q", where, text)
		}
	}
}

func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	c, err := good().Parse(config.NeedServe)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(handler).Info("start", "config", c, "settings", good(), "key", c.SecretKey, "dump",
			fmt.Sprintf("%+v %#v", good(), good()))
	}
	text := logged.String() + fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c.SecretKey, c.DatabaseURL)
	checkNoSecret(t, "a dump", text)
	if !strings.Contains(c.String(), "db.example.org:5432/fund") {
		t.Errorf("an operator wants to know which database: %s", c)
	}
}

// What a text of receipts wants is told at once, and the lines of the issuer are read apart.
func TestReceiptsNeedWhatTheirLawWants(t *testing.T) {
	t.Parallel()
	s := good()
	s.ReceiptText = "de"
	_, err := s.Parse(config.NeedServe)
	var names []string
	for _, f := range fault.All(err) {
		names = append(names, f.Field)
	}
	if want := []string{"RECEIPT_ISSUER", "RECEIPT_TAX_ID", "RECEIPT_TAX_OFFICE", "RECEIPT_PURPOSE"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	s.ReceiptIssuer, s.ReceiptTaxID, s.ReceiptPurpose = "The Daily e.V.", "27/123/45678", "Förderung der Volksbildung"
	for office, reads := range map[string]bool{
		"Finanzamt Berlin I, Freistellungsbescheid vom 03.02.2026 für 2024": true,
		"Finanzamt Berlin I, 3 February 2026":                               false,
	} {
		s.ReceiptTaxOffice = office
		if _, err := s.Parse(config.NeedServe); (err == nil) != reads {
			t.Errorf("%q: %v", office, err)
		}
	}
	s.ReceiptText, s.ReceiptIssuer = "none", " The Daily e.V. |Hauptstr. 1\n10115 Berlin|"
	c, err := s.Parse(config.NeedServe)
	if want := []string{"The Daily e.V.", "Hauptstr. 1", "10115 Berlin"}; err != nil || !slices.Equal(c.Receipts.Lines, want) {
		t.Errorf("%q, %v", c.Receipts.Lines, err)
	}
}

func TestEnvironmentThroughKong(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://localhost/x")
	t.Setenv("SWEEP_INTERVAL", "2s")
	t.Setenv("LOG_FORMAT", "")
	t.Setenv("TRUSTED_PROXIES", "10.0.0.0/8,10.1.0.0/16")
	var cli struct {
		Serve struct{ config.Settings } `cmd:""`
	}
	parser, err := kong.New(&cli, kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"serve", "--log-level", "debug"}); err != nil {
		t.Fatal(err)
	}
	c, err := cli.Serve.Parse(config.NeedDatabase)
	if err != nil {
		t.Fatal(err)
	}
	if c.SweepInterval != 2*time.Second || c.LogLevel != slog.LevelDebug || c.LogFormat != "text" ||
		len(c.TrustedProxies) != 2 {
		t.Errorf("got %v", c)
	}
}

func TestHelpListsEverySettingWithItsDefault(t *testing.T) {
	t.Parallel()
	var cli struct {
		Serve struct{ config.Settings } `cmd:""`
	}
	var help bytes.Buffer
	done := errors.New("help was shown")
	parser, err := kong.New(&cli, kong.Writers(&help, &help), kong.Exit(func(int) { panic(done) }))
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if r := recover(); r != done {
				panic(r)
			}
		}()
		_, _ = parser.Parse([]string{"serve", "--help"})
	}()
	defaults := map[string]string{
		"DATABASE_URL": "", "BASE_URL": "", "LISTEN_ADDR": "127.0.0.1:8080", "ADMIN_LISTEN_ADDR": "127.0.0.1:9090",
		"PAYPAL_API_BASE": "https://api-m.sandbox.paypal.com", "PAYPAL_CLIENT_ID": "", "PAYPAL_CLIENT_SECRET": "",
		"PAYPAL_WEBHOOK_ID":      "",
		"PAYPAL_PRODUCT_ID":      "",
		"DISPUTE_PAUSES":         "true",
		"PAYPAL_WEBHOOK_CA_FILE": "", "SECRET_KEY": "", "SECRET_KEY_OLD": "", "PUBLICATION_NAME": "",
		"PUBLICATION_LANGUAGES": "", "PUBLICATION_TIMEZONE": "UTC",
		"DEFAULT_CURRENCY": "EUR", "TRUSTED_PROXIES": "", "EMBED_ORIGINS": "", "EMBED_CONSENT": "false", "TEMPLATES_DIR": "",
		"LOG_FORMAT":         "text",
		"LOG_LEVEL":          "info",
		"DATABASE_MAX_CONNS": "20", "ADMIN_HOSTS": "", "REPORT_MAX_CONNS": "4",
		"SMTP_URL": "", "MAIL_FROM": "", "MAIL_DAYS": "",
		"MIN_AMOUNT": "", "MAX_AMOUNT": "", "SWEEP_INTERVAL": "1m", "WEBHOOK_WORKERS": "64", "SHUTDOWN_TIMEOUT": "25s",
	}
	text := strings.Join(strings.Fields(help.String()), " ")
	for _, name := range slices.Sorted(maps.Keys(defaults)) {
		if !strings.Contains(text, "($"+name+")") {
			t.Errorf("%s is not listed", name)
		}
		if value := defaults[name]; value != "" && !strings.Contains(text, "("+value+")") {
			t.Errorf("%s's default %s is not told", name, value)
		}
	}
	if t.Failed() {
		t.Log(help.String())
	}
}
