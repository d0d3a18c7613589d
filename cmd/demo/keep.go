package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/alert"
	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/db/localpg"
	"readerfund/internal/fault"
	"readerfund/internal/health"
	"readerfund/internal/session"
)

// clock is the time of the whole demo. While the past gifts are made it stands in the past.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

func (c *clock) set(t time.Time) { c.offset.Store(int64(time.Until(t))) }

func (c *clock) reset() { c.offset.Store(0) }

// kept is what stays between starts, in a file only we can read.
type kept struct {
	SecretKey     string
	StaffPassword string
	Seeded        bool
	PayPalURL     string `json:"-"`
	path          string
}

func openKept(dir string) (kept, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { // the database's own account must be able to pass through
		return kept{}, fmt.Errorf("DEMO_DIR: %w", err)
	}
	k := kept{path: filepath.Join(dir, "demo.json")}
	text, err := os.ReadFile(k.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		k.SecretKey, k.StaffPassword = random(32), random(6)+"-"+random(6)
		return k, k.save()
	case err != nil:
		return kept{}, err
	}
	if err := json.Unmarshal(text, &k); err != nil {
		return kept{}, fmt.Errorf("%s cannot be read (%w): start over with `make run RESET=1`", k.path, err)
	}
	return k, nil
}

// reset deletes a demo's folder. It touches nothing that is not a demo's.
func reset(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "demo.json")); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("%s holds no demo, so it is not deleted: name another DEMO_DIR", dir)
	}
	return errors.Join(localpg.Remove(filepath.Join(dir, "postgres")), os.RemoveAll(dir))
}

func (k kept) save() error {
	text, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(k.path, append(text, '\n'), 0o600)
}

func random(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails: see crypto/rand
	return hex.EncodeToString(b)
}

func (d *demo) caFile() string { return filepath.Join(d.Dir, "paypal-ca.pem") }

func (d *demo) envFile() string { return filepath.Join(d.Dir, "env") }

// writeEnvironment writes the settings so that a shell can read them, for commands run beside the demo.
func (d *demo) writeEnvironment(cfg config.Config) error {
	ca, err := filepath.Abs(cfg.PayPalWebhookCAFile)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, line := range [][2]string{
		{"DATABASE_URL", string(cfg.DatabaseURL)}, {"BASE_URL", cfg.BaseURL}, {"LISTEN_ADDR", cfg.ListenAddr},
		{"ADMIN_LISTEN_ADDR", d.service.AdminAddr()}, {"PAYPAL_API_BASE", cfg.PayPalAPIBase},
		{"PAYPAL_CLIENT_ID", cfg.PayPalClientID},
		{"PAYPAL_CLIENT_SECRET", string(cfg.PayPalClientSecret)}, {"PAYPAL_WEBHOOK_ID", cfg.PayPalWebhookID},
		{"PAYPAL_WEBHOOK_CA_FILE", ca},
		{"SECRET_KEY", string(cfg.SecretKey)}, {"PUBLICATION_NAME", cfg.PublicationName},
		{"PUBLICATION_TIMEZONE", cfg.Timezone.String()},
		{"CONTACT_EMAIL", cfg.ContactEmail}, {"PRIVACY_URL", cfg.PrivacyURL}, {"IMPRINT_URL", cfg.ImprintURL},
		{"SMTP_URL", d.mail.URL()}, {"MAIL_FROM", cfg.MailFrom},
		{"DEFAULT_CURRENCY", string(cfg.DefaultCurrency)}, {"SWEEP_INTERVAL", cfg.SweepInterval.String()},
	} {
		fmt.Fprintf(&b, "%s='%s'\n", line[0], strings.ReplaceAll(line[1], "'", `'\''`))
	}
	return os.WriteFile(d.envFile(), []byte(b.String()), 0o600)
}

const staffEmail = "staff@harbour-courier.example"

// lookAround has the alerts look at what the newsroom begins with. The overview shows what they find, and the log says
// it once: before the welcome, and not in the middle of what comes after it.
func (d *demo) lookAround(ctx context.Context, cfg config.Config) error {
	pool, err := db.Open(ctx, string(cfg.DatabaseURL), db.Options{MaxOpen: 2})
	if err != nil {
		return err
	}
	board := alert.NewBoard(alert.Config{
		DB: pool, Health: health.New(pool), Now: d.clock.now, Log: d.log,
	})
	return errors.Join(board.Evaluate(ctx), pool.Close())
}

// ensureStaff makes the demo's staff account on the first start.
func (d *demo) ensureStaff(ctx context.Context, cfg config.Config) error {
	pool, err := db.Open(ctx, string(cfg.DatabaseURL), db.Options{MaxOpen: 1})
	if err != nil {
		return err
	}
	accounts := account.NewStore(account.Config{DB: pool, Now: d.clock.now, EndSessions: session.EndAll})
	_, _, err = accounts.Add(ctx, staffEmail, account.Admin, d.keep.StaffPassword)
	if fault.Is(err, fault.Conflict) {
		err = nil // made by an earlier start
	}
	return errors.Join(err, pool.Close())
}
