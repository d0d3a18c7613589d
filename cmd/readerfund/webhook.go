package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"readerfund/internal/app"
	"readerfund/internal/config"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
)

type webhookCommand struct {
	Register   webhookRegister   `cmd:"" help:"Create the webhook at PayPal, or fix the existing one; prints the PAYPAL_WEBHOOK_ID to set."`
	List       webhookList       `cmd:"" help:"List the webhooks of the PayPal app."`
	Unregister webhookUnregister `cmd:"" help:"Delete the webhook for BASE_URL, or the one named."`
}

type (
	webhookRegister struct {
		config.PayPal
		config.WebhookID
		config.Site
	}
	webhookList struct {
		config.PayPal
		config.WebhookID
		config.Site
	}
	webhookUnregister struct {
		config.PayPal
		config.Site

		ID string `arg:"" optional:"" help:"PayPal's ID of the webhook."`
	}
)

// withPayPal makes a client for one command.
func withPayPal(s config.Settings, also config.Need, w io.Writer, do func(config.Config, *paypal.Client) error) error {
	cfg, err := s.Parse(config.NeedPayPal | also)
	if err != nil {
		return err
	}
	client, err := app.NewPayPal(cfg, slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn})),
		time.Now, nil)
	if err != nil {
		return err
	}
	return do(cfg, client)
}

// Run creates or updates the webhook.
func (c webhookRegister) Run(ctx context.Context, std streams) error {
	s := config.Settings{PayPal: c.PayPal, WebhookID: c.WebhookID, Site: c.Site}
	return withPayPal(s, config.NeedBaseURL, std.err, func(cfg config.Config, pp *paypal.Client) error {
		hook, done, err := app.RegisterWebhook(ctx, pp, cfg.BaseURL)
		if err != nil {
			return err
		}
		fmt.Fprintf(std.out, "%s: %s\nPAYPAL_WEBHOOK_ID=%s\n", done, hook.URL, hook.ID)
		if cfg.PayPalWebhookID != "" && cfg.PayPalWebhookID != hook.ID {
			fmt.Fprintf(std.out, "The setting PAYPAL_WEBHOOK_ID is still %s: change it, or no delivery will verify.\n",
				cfg.PayPalWebhookID)
		}
		return nil
	})
}

// Run lists webhooks and how they differ from what this service needs.
func (c webhookList) Run(ctx context.Context, std streams) error {
	s := config.Settings{PayPal: c.PayPal, WebhookID: c.WebhookID, Site: c.Site}
	return withPayPal(s, 0, std.err, func(cfg config.Config, pp *paypal.Client) error {
		hooks, err := pp.Webhooks(ctx)
		if err != nil {
			return err
		}
		types, err := app.WebhookTypes(ctx, pp)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tADDRESS\tNOTE")
		for _, h := range hooks {
			fmt.Fprintf(table, "%s\t%s\t%s\n", h.ID, h.URL, dash(webhookNote(cfg, h, types)))
		}
		return table.Flush()
	})
}

func webhookNote(cfg config.Config, h paypal.Webhook, types []string) string {
	var notes []string
	if cfg.BaseURL != "" && h.URL == app.WebhookURL(cfg.BaseURL) {
		notes = append(notes, "this service")
	}
	if h.ID == cfg.PayPalWebhookID {
		notes = append(notes, "PAYPAL_WEBHOOK_ID")
	}
	if missing := app.MissingTypes(h, types); len(missing) > 0 && len(notes) > 0 {
		notes = append(notes, "lacks "+strings.Join(missing, " ")+": run readerfund webhook register")
	}
	return strings.Join(notes, ", ")
}

// Run deletes a webhook.
func (c webhookUnregister) Run(ctx context.Context, std streams) error {
	s, need := config.Settings{PayPal: c.PayPal}, config.Need(0)
	if c.ID == "" {
		s.Site, need = c.Site, config.NeedBaseURL
	}
	return withPayPal(s, need, std.err, func(cfg config.Config, pp *paypal.Client) error {
		id := c.ID
		if id == "" {
			hooks, err := pp.Webhooks(ctx)
			if err != nil {
				return err
			}
			at := slices.IndexFunc(hooks, func(h paypal.Webhook) bool { return h.URL == app.WebhookURL(cfg.BaseURL) })
			if at < 0 {
				return fault.New(fault.NotFound, "command.webhook_unknown", fault.Args{
					"address": app.WebhookURL(cfg.BaseURL),
				})
			}
			id = hooks[at].ID
		}
		if err := pp.DeleteWebhook(ctx, id); err != nil {
			return err
		}
		fmt.Fprintf(std.out, "deleted: %s\n", id)
		return nil
	})
}
