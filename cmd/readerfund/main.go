// Command readerfund is the production binary: the service, and the operator's commands. `readerfund --help` lists
// them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // the final image has no time zones of its own

	"github.com/alecthomas/kong"

	"readerfund/internal/app"
	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/migrations"
)

// version and commit are set by the build (-ldflags -X).
var version, commit = "development", "unknown"

// commands is the whole command line. Each command's struct is the only place that defines its input: its flags, its
// arguments and, by the parts of package config that it embeds, the settings it reads.
type commands struct {
	Version kong.VersionFlag `help:"Show version and commit, and exit."`

	Serve       serveCommand       `cmd:"" help:"Run the service."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the database's tables up to date, show their version, or undo the newest step."`
	Staff       staffCommand       `cmd:"" help:"Accounts for the staff pages."`
	Webhook     webhookCommand     `cmd:"" help:"PayPal's webhook for BASE_URL."`
	Inbox       inboxCommand       `cmd:"" help:"Webhook events that PayPal sent."`
	Reconcile   reconcileCommand   `cmd:"" help:"Compare PayPal's record with our books, fix what can be fixed, and list what someone has to decide."`
	Report      reportCommand      `cmd:"" help:"Reports without a browser."`
	Supporter   supporterCommand   `cmd:"" help:"A person's data: find, export or erase it; the ledger stays."`
	Mail        mailCommand        `cmd:"" help:"Mail to readers: what a mail server reports about it."`
	Doctor      doctorCommand      `cmd:"" help:"Check settings, database, PayPal, webhook and mail server; one line each."`
	Healthcheck healthcheckCommand `cmd:"" hidden:"" help:"Ask the service at LISTEN_ADDR whether it is alive (for containers)."`
}

// Exit statuses; 0 is done.
const (
	exitFailed = 1
	exitUsage  = 2
	exitLater  = 75 // of a command that a mail server runs: try again later (sysexits.h, EX_TEMPFAIL)
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run parses the command line and runs the command; it returns the exit status.
func run(ctx context.Context, args []string, std streams) int {
	exited := -1
	parser, err := newParser(ctx, std, func(status int) { exited = status })
	if err != nil {
		fmt.Fprintln(std.err, "readerfund:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help and --version have printed and are done
		return exited
	}
	if err != nil {
		misuse(std.err, parser.Model.Node, err)
		return exitUsage
	}
	if err := parsed.Run(); err != nil {
		if _, later := errors.AsType[*laterError](err); later {
			_ = complain(std.err, parsed.Selected(), err)
			return exitLater
		}
		return complain(std.err, parsed.Selected(), err)
	}
	return 0
}

// newParser makes the parser of the whole command line, and its help.
func newParser(ctx context.Context, std streams, exit func(int)) (*kong.Kong, error) {
	return kong.New(&commands{},
		kong.Name("readerfund"),
		kong.Description("Reader support for independent journalism: contributions through PayPal, recorded and reported. "+
			"Settings come from the environment, or as flags; each command's help lists those it reads."),
		kong.Vars{"version": fmt.Sprintf("readerfund %s (commit %s)", version, commit)},
		kong.Writers(std.out, std.err), kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(std))
}

// logger writes the log the way the settings say.
func logger(cfg config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// withDatabase opens the database for one command, and fails if migrations are missing.
func withDatabase(ctx context.Context, s config.Database, do func(*db.DB) error) error {
	return withSettings(ctx, config.Settings{Database: s}, func(_ config.Config, d *db.DB) error { return do(d) })
}

// withSettings is withDatabase for a command that reads more settings.
func withSettings(ctx context.Context, s config.Settings, do func(config.Config, *db.DB) error) error {
	return withAnyDatabase(ctx, s, func(cfg config.Config, d *db.DB) error {
		if err := app.CheckMigrated(ctx, d, migrations.FS); err != nil {
			return err
		}
		return do(cfg, d)
	})
}

// withAnyDatabase opens the database for one command, whatever its schema.
func withAnyDatabase(ctx context.Context, s config.Settings, do func(config.Config, *db.DB) error) error {
	cfg, err := s.Parse(config.NeedDatabase)
	if err != nil {
		return err
	}
	d, err := db.Open(ctx, string(cfg.DatabaseURL), db.Options{MaxOpen: 4, ApplicationName: "readerfund command"})
	if err != nil {
		return err
	}
	return errors.Join(do(cfg, d), d.Close())
}

// stamp writes a time for a table, in UTC; a dash where there is none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
