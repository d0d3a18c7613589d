package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/localpg"
)

// house is what stands for the whole run: the built service, the database server, PayPal's stand-in, signed webhooks.
type house struct {
	dir        string
	service    string // the built binary
	postgres   *localpg.Server
	paypal     *standIn
	signer     *signer
	deliveries *deliveries
	admin      *db.DB // to the server's own database
	launched   int    // processes so far, for the names of their logs
}

// openHouse returns a house to close even when it fails midway.
func openHouse(ctx context.Context, events int) (*house, error) {
	h := &house{}
	var err error
	if h.dir, err = os.MkdirTemp(workplace(), "readerfund-bench-"); err != nil {
		return h, err
	}
	// For root the database server is somebody else, who must be able to pass through.
	if err := os.Chmod(h.dir, 0o711); err != nil {
		return h, err
	}
	if h.service, err = build(ctx, "readerfund/cmd/readerfund", filepath.Join(h.dir, "readerfund")); err != nil {
		return h, err
	}
	if h.postgres, err = localpg.Start(ctx, localpg.Options{
		Dir: filepath.Join(h.dir, "postgres"), Durable: true, Settings: map[string]string{"max_connections": "200"},
	}); err != nil {
		return h, err
	}
	if h.admin, err = db.Open(ctx, h.postgres.URL("postgres"), db.Options{MaxOpen: 2}); err != nil {
		return h, err
	}
	now := time.Now()
	if h.signer, err = newSigner(now); err != nil {
		return h, err
	}
	if h.paypal, err = openStandIn(ctx, h.signer); err != nil {
		return h, err
	}
	if err := os.WriteFile(h.caFile(), append(h.paypal.sandbox.CAPEM(), h.signer.bundle...), 0o600); err != nil {
		return h, err
	}
	h.deliveries, err = signDeliveries(ctx, h.signer, events, h.paypal.url+certPath, now)
	return h, err
}

// workplace is a folder on a disk: /tmp lies in memory on many systems, where fsync costs nothing; /var/tmp outlives a
// restart, so it does not (Filesystem Hierarchy Standard 3.0, section 5.15).
func workplace() string {
	if os.Getenv("TMPDIR") != "" {
		return os.TempDir()
	}
	if info, err := os.Stat("/var/tmp"); err == nil && info.IsDir() {
		return "/var/tmp"
	}
	return os.TempDir()
}

func (h *house) caFile() string { return filepath.Join(h.dir, "webhook-ca.pem") }

func (h *house) logFile() string {
	h.launched++
	return filepath.Join(h.dir, fmt.Sprintf("process-%d.log", h.launched))
}

// database makes a fresh one and gives its address.
func (h *house) database(ctx context.Context, name string) (string, error) {
	if _, err := h.admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", fmt.Errorf("create database %s: %w", name, err)
	}
	return h.postgres.URL(name), nil
}

// execute runs statements without arguments, one after the other.
func execute(ctx context.Context, d *db.DB, statements ...string) error {
	for _, statement := range statements {
		if _, err := d.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%.60s …: %w", strings.TrimSpace(statement), err)
		}
	}
	return nil
}

// aCampaign is the row that contributions written by SQL refer to.
const aCampaign = `
	INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, is_default, created_at,
	                      updated_at)
	VALUES (gen_random_uuid(), 'autumn', 'Autumn', '', '', '', '', 'EUR', '{"EUR": [500]}', true, now(), now())`

// migrate makes the service's tables where it says.
func (h *house) migrate(env []string) error {
	p, err := launch(h.service, h.logFile(), []string{"migrate", "up"}, env, nil)
	if err != nil {
		return err
	}
	if <-p.done; !p.cmd.ProcessState.Success() {
		return fmt.Errorf("migrate: %s", p.lastWords())
	}
	return nil
}

// close ends everything and leaves nothing behind.
func (h *house) close() error {
	problems := []error{h.paypal.close()}
	if h.admin != nil {
		problems = append(problems, h.admin.Close())
	}
	if h.postgres != nil {
		problems = append(problems, h.postgres.Stop(), localpg.Remove(filepath.Join(h.dir, "postgres")))
	}
	if h.dir != "" {
		problems = append(problems, os.RemoveAll(h.dir))
	}
	return errors.Join(problems...)
}
