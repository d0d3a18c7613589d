package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"text/tabwriter"
	"time"

	"readerfund/internal/app"
	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/paypal"
	"readerfund/migrations"
)

type serveCommand struct {
	config.Settings

	Migrate         bool `help:"Apply migrations first. Several replicas may do so at once."`
	RegisterWebhook bool `help:"Register PayPal's webhook for BASE_URL first, or fix it, and use its ID instead of PAYPAL_WEBHOOK_ID."`
	SampleArticle   bool `help:"Also serve /article, a sample article with the call to action."`
}

// Run serves until it is told to stop.
func (c serveCommand) Run(ctx context.Context, std streams) error {
	if c.RegisterWebhook {
		err := withPayPal(c.Settings, config.NeedBaseURL, std.err, func(cfg config.Config, pp *paypal.Client) error {
			hook, _, err := app.RegisterWebhook(ctx, pp, cfg.BaseURL)
			c.PayPalWebhookID = hook.ID
			return err
		})
		if err != nil {
			return err
		}
	}
	cfg, err := c.Parse(config.NeedServe)
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		// The live heap is a few MiB, so collecting whenever it doubles costs a tenth of the processor under load to
		// save memory that nobody misses.
		debug.SetGCPercent(400)
	}
	service, err := app.New(ctx, cfg, app.Options{
		Log: logger(cfg, std.err), Migrate: c.Migrate, DemoArticle: c.SampleArticle,
	})
	if err != nil {
		return err
	}
	return service.Run(ctx)
}

type healthcheckCommand struct{ config.Listen }

// Run asks /healthz of the service on this machine.
func (c healthcheckCommand) Run(ctx context.Context) error {
	cfg, err := config.Settings{Listen: c.Listen}.Parse(0)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(cfg.ListenAddr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the service answers %s", resp.Status)
	}
	return nil
}

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply every step that is missing."`
	Status migrateStatus `cmd:"" help:"List the steps and when they were applied."`
	Down   migrateDown   `cmd:"" help:"Take the newest step back. It drops what the step made, with all that is in it."`
}

type (
	migrateUp     struct{ config.Database }
	migrateStatus struct{ config.Database }
	migrateDown   struct {
		config.Database

		Yes bool `help:"Really do it." required:""`
	}
)

// Run applies what is missing.
func (c migrateUp) Run(ctx context.Context, std streams) error {
	return withAnyDatabase(ctx, config.Settings{Database: c.Database}, func(_ config.Config, d *db.DB) error {
		done, err := db.Migrate(ctx, d, migrations.FS)
		for _, m := range done {
			fmt.Fprintf(std.out, "applied %s in %s\n", m.Name, m.Took.Round(time.Millisecond))
		}
		if err == nil && len(done) == 0 {
			fmt.Fprintln(std.out, "nothing to do: the tables are up to date")
		}
		return err
	})
}

// Run lists the steps.
func (c migrateStatus) Run(ctx context.Context, std streams) error {
	return withAnyDatabase(ctx, config.Settings{Database: c.Database}, func(_ config.Config, d *db.DB) error {
		all, err := db.MigrateStatus(ctx, d, migrations.FS)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
		for _, m := range all {
			fmt.Fprintf(table, "%s\t%s\n", m.Name, stamp(m.AppliedAt))
		}
		return table.Flush()
	})
}

// Run rolls back the newest step.
func (c migrateDown) Run(ctx context.Context, std streams) error {
	return withAnyDatabase(ctx, config.Settings{Database: c.Database}, func(_ config.Config, d *db.DB) error {
		undone, err := db.MigrateDown(ctx, d, migrations.FS)
		if err == nil {
			fmt.Fprintf(std.out, "took back %s\n", undone.Name)
		}
		return err
	})
}
