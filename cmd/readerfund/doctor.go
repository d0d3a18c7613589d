package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"readerfund/internal/app"
	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
	"readerfund/migrations"
)

type doctorCommand struct{ config.Settings }

// errUnwell says that a check failed; the cause has been printed.
var errUnwell = errors.New("some checks failed")

// Run makes every check it can and prints a line for each.
func (c doctorCommand) Run(ctx context.Context, std streams) error {
	well := true
	say := func(what string, err error, good string) bool {
		if err == nil {
			fmt.Fprintf(std.out, "ok    %-9s %s\n", what, good)
			return true
		}
		well = false
		for _, line := range sentences(err) {
			fmt.Fprintf(std.out, "FAIL  %-9s %s\n", what, line)
		}
		return false
	}
	cfg, err := c.Parse(config.NeedServe)
	if say("settings", err, "complete and readable") {
		adviseSettings(cfg, std)
	}
	say("database", checkDatabase(ctx, cfg), "answers, tables are up to date")
	pp, err := checkPayPal(ctx, cfg, std)
	if say("paypal", err, cfg.PayPalAPIBase+" gives an access token") {
		say("webhook", checkWebhook(ctx, cfg, pp), "registered, with every event type")
		say("plans", checkPlans(ctx, cfg, pp), "the PayPal app may take monthly and yearly gifts")
	} else {
		say("webhook", errors.New("not checked: PayPal has to answer first"), "")
		say("plans", errors.New("not checked: PayPal has to answer first"), "")
	}
	if cfg.MailServer.Host == "" {
		fmt.Fprintf(std.out, "off   %-9s SMTP_URL is not set, so no mail is sent to readers\n", "mail")
	} else {
		hello, err := checkMail(ctx, cfg, std)
		say("mail", err, cfg.MailServer.String()+" takes mail from "+cfg.MailFrom+", and says: "+hello)
	}
	if !well {
		return errUnwell
	}
	return nil
}

// adviseSettings names settings that the service does not need, but readers do: whom to contact about their money, and
// what happens to their data. Most countries' law requires them, too.
func adviseSettings(cfg config.Config, std streams) {
	for _, wanting := range []struct{ setting, value, what string }{
		{"CONTACT_EMAIL", cfg.ContactEmail, "readers are told no address to write to about their gift"},
		{"PRIVACY_URL", cfg.PrivacyURL, "readers' pages link to no privacy notice"},
		{"IMPRINT_URL", cfg.ImprintURL, "readers' pages do not say who takes the money"},
	} {
		if wanting.value == "" {
			fmt.Fprintf(std.out, "warn  %-9s %s is not set: %s\n", "settings", wanting.setting, wanting.what)
		}
	}
}

// sentences returns the faults in err, each with the setting it belongs to, or else err itself.
func sentences(err error) []string {
	var lines []string
	for _, f := range fault.All(err) {
		if f.Field != "" {
			lines = append(lines, f.Field+": "+f.Message.String())
		} else {
			lines = append(lines, f.Message.String())
		}
	}
	if lines == nil {
		lines = []string{err.Error()}
	}
	return lines
}

func checkDatabase(ctx context.Context, cfg config.Config) error {
	if cfg.DatabaseURL == "" {
		return errors.New("not checked: DATABASE_URL is missing")
	}
	d, err := db.Open(ctx, string(cfg.DatabaseURL), db.Options{MaxOpen: 1})
	if err != nil {
		return err
	}
	return errors.Join(app.CheckMigrated(ctx, d, migrations.FS), d.Close())
}

func checkPayPal(ctx context.Context, cfg config.Config, std streams) (*paypal.Client, error) {
	pp, err := app.NewPayPal(cfg, logger(cfg, std.err), nil, nil)
	if err != nil {
		return nil, err
	}
	return pp, pp.Ping(ctx)
}

// checkPlans asks PayPal for what monthly and yearly gifts are made from, which an app without PayPal's feature
// "Subscriptions" may not do.
func checkPlans(ctx context.Context, cfg config.Config, pp *paypal.Client) error {
	_, err := pp.Plans(ctx, app.ProductID(cfg))
	if paypal.NotFound(err) {
		return nil // the first such gift creates it
	}
	if paypal.Refused(err) {
		_, advice := paypal.Advice(err)
		return errors.New("monthly and yearly gifts are refused. " + advice.String())
	}
	return err
}

func checkMail(ctx context.Context, cfg config.Config, std streams) (hello string, err error) {
	service, err := app.NewMail(cfg, nil, time.Now, logger(cfg, std.err), nil)
	if err != nil {
		return "", err
	}
	return service.Check(ctx)
}

func checkWebhook(ctx context.Context, cfg config.Config, pp *paypal.Client) error {
	hooks, err := pp.Webhooks(ctx)
	if err != nil {
		return err
	}
	types, err := app.WebhookTypes(ctx, pp)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(hooks, func(h paypal.Webhook) bool { return h.ID == cfg.PayPalWebhookID })
	switch {
	case at < 0:
		return fmt.Errorf("PayPal has no webhook with PAYPAL_WEBHOOK_ID %q: run `readerfund webhook register`",
			cfg.PayPalWebhookID)
	case hooks[at].URL != app.WebhookURL(cfg.BaseURL):
		return fmt.Errorf("the webhook goes to %s, and BASE_URL is %s", hooks[at].URL, cfg.BaseURL)
	case len(app.MissingTypes(hooks[at], types)) > 0:
		return errors.New("the webhook lacks event types: run `readerfund webhook register`")
	}
	return nil
}
