// Command demo is a whole newsroom on one machine: a private PostgreSQL, the PayPal sandbox, the service, and a
// publication with a campaign, an article and a few hundred past gifts. `make run` starts it.
//
// Nothing in it is pretended but PayPal: the past gifts went through the sandbox, webhooks and all, while the clock of
// the demo stood in the past.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
	_ "time/tzdata" // reports count days in the publication's zone, also on a machine that has no zones

	"github.com/alecthomas/kong"

	"readerfund/internal/app"
	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/db/localpg"
	"readerfund/internal/fault"
	"readerfund/internal/mail/catcher"
	"readerfund/internal/paypal/sandbox"
)

// settings come from flags or from the environment.
type settings struct {
	Addr       string `env:"DEMO_ADDR" default:"127.0.0.1:8080" help:"Where the service listens (${default})."`
	PayPalAddr string `name:"paypal-addr" env:"DEMO_PAYPAL_ADDR" default:"127.0.0.1:8081" help:"Where the PayPal sandbox listens (${default})."`
	MailAddr   string `env:"DEMO_MAIL_ADDR" default:"127.0.0.1:8082" help:"Where the mail that readers would get can be read (${default})."`
	Database   string `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"A database to use instead of a private one."`
	Dir        string `env:"DEMO_DIR" type:"path" default:".demo" help:"Where the data stays between starts (${default})."`
	Reset      bool   `help:"Begin anew: delete what is in the folder first."`
	Gifts      int    `default:"260" help:"How many past gifts the newsroom begins with (${default})."`
	LogLevel   string `env:"LOG_LEVEL" default:"warn" enum:"debug,info,warn,error" help:"Least level that is logged (${default})."`
}

func main() {
	var s settings
	parser := kong.Must(&s, kong.Name("demo"),
		kong.Description("A newsroom with Readerfund, a PayPal sandbox and a database, all on this machine."))
	if _, err := parser.Parse(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, s)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		for _, line := range sentences(err) {
			fmt.Fprintln(os.Stderr, "demo:", line)
		}
		os.Exit(1)
	}
}

func sentences(err error) []string {
	var lines []string
	for _, f := range fault.All(err) {
		lines = append(lines, f.Message.String())
	}
	if lines == nil {
		lines = []string{err.Error()}
	}
	return lines
}

// demo is everything that runs.
type demo struct {
	settings
	log   *slog.Logger
	level *slog.LevelVar // of log
	clock *clock
	keep  kept

	postgres *localpg.Server
	paypal   *sandbox.Server
	window   *http.Server // the sandbox's
	mail     *catcher.Catcher
	mailbox  *http.Server // its page
	service  *app.App
	ended    chan error // of the service
}

func run(ctx context.Context, s settings) (err error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return err
	}
	d := &demo{settings: s, clock: &clock{}, ended: make(chan error, 1), level: &slog.LevelVar{}}
	d.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: d.level}))
	// A past that passes in a minute looks alarming to the service. Only who asks for more of the log reads that.
	if d.level.Set(level); level == slog.LevelWarn {
		d.level.Set(slog.LevelError)
	}
	if s.Reset {
		if err := reset(s.Dir); err != nil {
			return err
		}
	}
	if d.keep, err = openKept(s.Dir); err != nil {
		return err
	}
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer func() { err = errors.Join(err, d.stop(stopServing)) }()
	if err := d.start(ctx, serving); err != nil {
		return err
	}
	d.level.Set(level)
	d.welcome()
	select {
	case <-ctx.Done():
		fmt.Println("\nstopping …")
		return nil
	case err := <-d.ended:
		d.ended <- nil // stop waits for it too
		return err
	case <-d.databaseEnded():
		return fmt.Errorf("PostgreSQL has ended by itself; its log is %s", filepath.Join(s.Dir, "postgres", "postgres.log"))
	}
}

func (d *demo) start(ctx, serving context.Context) error {
	if d.Database == "" {
		fmt.Println("starting PostgreSQL …")
		if err := d.startDatabase(ctx); err != nil {
			return err
		}
	}
	if err := d.startPayPal(ctx); err != nil {
		return err
	}
	if err := d.startMail(ctx); err != nil {
		return err
	}
	fresh := !d.keep.Seeded
	if fresh {
		d.clock.set(time.Now().AddDate(0, 0, -historyDays))
	}
	cfg, err := d.configure(ctx)
	if err != nil {
		return err
	}
	if d.service, err = app.New(ctx, cfg, app.Options{
		Log: d.log, Now: d.clock.now, Migrate: true, DemoArticle: true,
	}); err != nil {
		return err
	}
	go func() { d.ended <- d.service.Run(serving) }()
	if err := d.writeEnvironment(cfg); err != nil {
		return err
	}
	if err := d.ensureStaff(ctx, cfg); err != nil {
		return err
	}
	if fresh {
		if err := d.makeDrive(ctx, cfg); err != nil {
			return err
		}
	}
	if fresh {
		if err := d.countReaders(ctx, cfg); err != nil {
			return err
		}
		if err := d.seed(ctx, cfg); err != nil {
			return err
		}
		// Before the clock is right: what the alerts are judged by from then on is all there. PayPal's record is behind
		// anyway.
		d.clock.set(time.Now().Add(-time.Hour))
		if err := d.reconcile(ctx, cfg); err != nil {
			return err
		}
		d.clock.reset()
		d.keep.Seeded = true
		if err := d.keep.save(); err != nil {
			return err
		}
	}
	if err := d.lookAround(ctx, cfg); err != nil {
		return err
	}
	return answers(ctx, cfg.BaseURL+"/readyz")
}

func (d *demo) startDatabase(ctx context.Context) error {
	var err error
	d.postgres, err = localpg.Start(ctx, localpg.Options{Dir: filepath.Join(d.Dir, "postgres"), Durable: true, Log: d.log})
	if err != nil {
		return err
	}
	admin, err := db.Open(ctx, d.postgres.URL("postgres"), db.Options{MaxOpen: 1})
	if err != nil {
		return err
	}
	var there bool
	err = admin.GetContext(ctx, &there, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'readerfund')`)
	if err == nil && !there {
		_, err = admin.ExecContext(ctx, `CREATE DATABASE readerfund`)
	}
	d.Database = d.postgres.URL("readerfund")
	return errors.Join(err, admin.Close())
}

// databaseEnded is closed when the private PostgreSQL ends; it is never closed for one that is not ours.
func (d *demo) databaseEnded() <-chan struct{} {
	if d.postgres == nil {
		return nil
	}
	return d.postgres.Done()
}

func (d *demo) startPayPal(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", d.PayPalAddr)
	if err != nil {
		return fmt.Errorf("DEMO_PAYPAL_ADDR: %w", err)
	}
	d.keep.PayPalURL = "http://" + l.Addr().String()
	d.paypal, err = sandbox.New(sandbox.Options{
		BaseURL: d.keep.PayPalURL, DataDir: filepath.Join(d.Dir, "paypal"), Now: d.clock.now, Log: d.log,
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	d.window = &http.Server{Handler: d.paypal.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := d.window.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("the PayPal sandbox stopped", "error", err)
		}
	}()
	return os.WriteFile(d.caFile(), d.paypal.CAPEM(), 0o600)
}

// configure makes the settings the service runs with, the webhook's id among them.
func (d *demo) configure(ctx context.Context) (config.Config, error) {
	written := config.Settings{
		Database: config.Database{DatabaseURL: config.Secret(d.Database)},
		Site:     config.Site{BaseURL: "http://" + d.Addr},
		Listen:   config.Listen{ListenAddr: d.Addr}, AdminListenAddr: d.adminAddr(ctx),
		PayPal: config.PayPal{
			PayPalAPIBase: d.keep.PayPalURL, PayPalClientID: "sandbox-client", PayPalClientSecret: "sandbox-secret",
		},
		WebhookID:           config.WebhookID{PayPalWebhookID: "to-be-registered"},
		PayPalFees:          sandboxFees,
		PayPalWebhookCAFile: d.caFile(), SecretKey: config.Secret(d.keep.SecretKey), PublicationName: "The Harbour Courier",
		ContactEmail: "readers@harbour-courier.example", PrivacyURL: "https://harbour-courier.example/privacy",
		ImprintURL:  "https://harbour-courier.example/imprint",
		Mail:        config.Mail{SMTPURL: config.Secret(d.mail.URL()), MailFrom: "give@harbour-courier.example"},
		Timezone:    config.Timezone{PublicationTimezone: "Europe/Lisbon"},
		OwnCurrency: config.OwnCurrency{DefaultCurrency: "EUR"},
		Sweep:       config.Sweep{SweepInterval: "3s"}, ShutdownTimeout: "10s", Logging: config.Logging{LogLevel: d.LogLevel},
	}
	cfg, err := written.Parse(config.NeedServe)
	if err != nil {
		return cfg, err
	}
	pp, err := app.NewPayPal(cfg, d.log, d.clock.now, nil)
	if err != nil {
		return cfg, err
	}
	hook, _, err := app.RegisterWebhook(ctx, pp, cfg.BaseURL)
	cfg.PayPalWebhookID = hook.ID
	return cfg, err
}

// sandboxFees is what the sandbox keeps of a payment, so that readers can cover it to the cent.
const sandboxFees = "EUR=2.9%+0.35,USD=3.49%+0.49,GBP=2.9%+0.30,CHF=2.9%+0.55,CAD=2.9%+0.30,AUD=2.6%+0.30," +
	"SEK=2.9%+3.25,PLN=2.9%+1.35,JPY=3.6%+40,HUF=3.4%+90"

// adminAddr is the usual address of the metrics, or any where that one is taken.
func (d *demo) adminAddr(ctx context.Context) string {
	const usual = "127.0.0.1:9090"
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", usual)
	if err != nil || l.Close() != nil {
		return "127.0.0.1:0"
	}
	return usual
}

func (d *demo) welcome() {
	base := "http://" + d.Addr
	fmt.Printf(`
  for readers   %s/article      a sample article with the appeal
                %s/             the donation page
  for staff     %s/staff        %s, password %s
  PayPal        %s/sandbox/     the sandbox: no real money
  mail          http://%s/      what readers get by mail

  settings are in %s; beside the demo, run for example
    set -a; . %s; set +a; go run ./cmd/readerfund report totals
  Ctrl-C stops all of it.

readerfund demo ready
`, base, base, base, staffEmail, d.keep.StaffPassword, d.keep.PayPalURL, d.MailAddr, d.envFile(),
		d.envFile())
}

// stop ends everything in the order that lets each part finish: service, sandbox, database.
func (d *demo) stop(stopServing context.CancelFunc) error {
	stopServing()
	var problems []error
	if d.service != nil {
		problems = append(problems, <-d.ended)
	}
	if d.window != nil {
		problems = append(problems, d.window.Close())
	}
	if d.paypal != nil {
		problems = append(problems, d.paypal.Close())
	}
	if d.mailbox != nil {
		problems = append(problems, d.mailbox.Close())
	}
	if d.mail != nil {
		problems = append(problems, d.mail.Close())
	}
	if d.postgres != nil {
		problems = append(problems, d.postgres.Stop())
	}
	return errors.Join(problems...)
}

// answers waits until an address answers 200.
func answers(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close() // only the status counts
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", address, errors.Join(err, context.Cause(ctx)))
		case <-time.After(50 * time.Millisecond):
		}
	}
}
