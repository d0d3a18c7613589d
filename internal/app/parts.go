package app

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"time"

	"readerfund/internal/admission"
	"readerfund/internal/config"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/mail"
	"readerfund/internal/manage"
	"readerfund/internal/managelink"
	"readerfund/internal/metrics"
	"readerfund/internal/money"
	"readerfund/internal/notice"
	"readerfund/internal/paypal"
	"readerfund/internal/plan"
	"readerfund/internal/ratelimit"
	"readerfund/internal/receipt"
	"readerfund/internal/refund"
	"readerfund/internal/settle"
	"readerfund/internal/web/page"
)

// manageLinks makes the addresses of readers' own pages, for mails.
func manageLinks(cfg config.Config) managelink.Links {
	return managelink.NewLinks(cfg.BaseURL, page.NewSigner(string(cfg.SecretKey), string(cfg.SecretKeyOld)))
}

// newReceipts builds the service that issues receipts. If the settings name no issuer, it is the publication itself.
func newReceipts(cfg config.Config, d *db.DB, now func() time.Time, log *slog.Logger) (*receipt.Service, error) {
	issuer := cfg.Receipts
	if len(issuer.Lines) == 0 {
		issuer.Lines = []string{cfg.PublicationName}
	}
	return receipt.New(receipt.Config{
		DB: d, Issuer: issuer, Zone: cfg.Timezone, Links: receiptLinks(cfg), Manage: manageLinks(cfg).Subscription,
		TemplatesDir: cfg.TemplatesDir, Now: now, Log: log,
	})
}

// receiptLinks makes the addresses of readers' documents, for mails.
func receiptLinks(cfg config.Config) receipt.Links {
	return receipt.Links{
		BaseURL: cfg.BaseURL, Sign: page.NewSigner(string(cfg.SecretKey), string(cfg.SecretKeyOld)).Sign,
	}
}

// newNotices builds the service that mails readers about their monthly and yearly gifts.
func newNotices(cfg config.Config, d *db.DB, now func() time.Time, log *slog.Logger) *notice.Service {
	return notice.New(notice.Config{
		DB: d, Manage: manageLinks(cfg).Subscription, Statement: receiptLinks(cfg).Statement,
		YearlyDays: cfg.YearlyNoticeDays, Zone: cfg.Timezone, Now: now, Log: log,
	})
}

// listeners are the packages that react to applied facts, in the same transaction.
func listeners(cfg config.Config, n *notice.Service) []settle.Listener {
	return []settle.Listener{refund.OnApplied, manage.Listener(cfg.DisputePauses), n.OnApplied}
}

// ProductID is the product at PayPal that plans belong to.
func ProductID(cfg config.Config) string {
	return cmp.Or(cfg.PayPalProductID, plan.ProductID(cfg.BaseURL))
}

// NewPayPal builds the client from the settings, for the service and for commands that call PayPal.
func NewPayPal(cfg config.Config, log *slog.Logger, now func() time.Time, m *metrics.Metrics) (*paypal.Client, error) {
	return paypal.New(paypal.Config{
		BaseURL: cfg.PayPalAPIBase, ClientID: cfg.PayPalClientID, ClientSecret: string(cfg.PayPalClientSecret),
		Log: log, Now: now, Observe: m.PayPal,
	})
}

// NewMail builds the mail service, for the service and for commands about mail. The database may be nil for a check of
// the mail server.
func NewMail(
	cfg config.Config, d *db.DB, now func() time.Time, log *slog.Logger, m *metrics.Metrics,
) (*mail.Service, error) {
	server := cfg.MailServer
	return mail.New(mail.Config{
		DB: d, From: cfg.MailFrom, TemplatesDir: cfg.TemplatesDir, Retention: cfg.MailRetention, Now: now, Log: log,
		Metrics: m,
		Server: mail.Server{
			Host: server.Host, Port: server.Port, TLS: server.TLS, Loopback: server.Loopback(), User: server.User,
			Password: string(server.Password),
		},
		House: mail.House{
			Publication: cfg.PublicationName, Contact: cfg.ContactEmail, Privacy: cfg.PrivacyURL, Imprint: cfg.ImprintURL,
			BaseURL: cfg.BaseURL, Timezone: cfg.Timezone, Language: cfg.Languages[0],
		},
	})
}

func newVerifier(cfg config.Config, log *slog.Logger, now func() time.Time) (*paypal.Verifier, error) {
	var roots []byte
	if cfg.PayPalWebhookCAFile != "" {
		var err error
		if roots, err = os.ReadFile(cfg.PayPalWebhookCAFile); err != nil {
			return nil, fmt.Errorf("read PAYPAL_WEBHOOK_CA_FILE: %w", err)
		}
	}
	return paypal.NewVerifier(paypal.VerifierConfig{
		WebhookID: func() string { return cfg.PayPalWebhookID }, BaseURL: cfg.PayPalAPIBase, ExtraRoots: roots, Now: now,
		Log: log,
	})
}

func newGate(
	cfg config.Config, d *db.DB, limits *ratelimit.Limiter, now func() time.Time, log *slog.Logger, m *metrics.Metrics,
) *admission.Gate {
	return admission.New(admission.Config{
		DB: d, Limits: limits, SecretKey: string(cfg.SecretKey), OldKey: string(cfg.SecretKeyOld),
		Address: admission.Allowance(cfg.GiftsPerAddress), Network: admission.Allowance(cfg.GiftsPerNetwork),
		All: admission.Allowance(cfg.GiftsOfAll), Now: now, Log: log, Metrics: m,
	})
}

func limits(cfg config.Config) map[money.Currency]contribution.Limit {
	all := make(map[money.Currency]contribution.Limit, len(cfg.Limits))
	for c, l := range cfg.Limits {
		all[c] = contribution.Limit{Min: l.Min, Max: l.Max}
	}
	return all
}
