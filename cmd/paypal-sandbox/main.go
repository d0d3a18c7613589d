// Command paypal-sandbox is the PayPal emulator alone, for containers and for other people's tests.
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
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"readerfund/internal/paypal/sandbox"
)

// settings come from flags or from the environment.
type settings struct {
	ListenAddr   string        `env:"LISTEN_ADDR" default:"127.0.0.1:8081" help:"Address to listen on."`
	BaseURL      string        `env:"BASE_URL" help:"Public address, used in links and certificate addresses. Default: http:// and the listening address."`
	WebURL       string        `env:"WEB_URL" help:"Where the payer's browser reaches the pages. Default: the public address."`
	DataDir      string        `env:"DATA_DIR" help:"Folder that keeps the state over a restart. Default: memory only."`
	ClientID     string        `env:"CLIENT_ID" default:"sandbox-client" help:"Client id that may call the API."`
	ClientSecret string        `env:"CLIENT_SECRET" default:"sandbox-secret" help:"Its secret."`
	RetryUnit    time.Duration `env:"RETRY_UNIT" default:"2s" help:"About how long until a failed webhook is tried again."`
	LogFormat    string        `env:"LOG_FORMAT" enum:"text,json" default:"text" help:"How the log is written: ${enum}."`
	LogLevel     slog.Level    `env:"LOG_LEVEL" default:"INFO" help:"DEBUG, INFO, WARN or ERROR."`
	CAFile       string        `name:"ca-file" env:"CA_FILE" help:"Also write the root that signs webhook certificates to this file, for PAYPAL_WEBHOOK_CA_FILE."`

	Serve       struct{} `cmd:"" default:"1" help:"Run the sandbox."`
	Healthcheck struct{} `cmd:"" help:"Ask the sandbox at the listening address whether it is alive (for containers)."`
}

func main() {
	var cfg settings
	parser := kong.Must(&cfg, kong.Name("paypal-sandbox"),
		kong.Description("A stand-in for PayPal's sandbox: orders, subscriptions, refunds, signed webhooks. No real money."))
	command, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "paypal-sandbox:", err)
		os.Exit(2)
	}
	do := run
	if command.Command() == "healthcheck" {
		do = healthcheck
	}
	if err := do(cfg); err != nil {
		fmt.Fprintln(os.Stderr, "paypal-sandbox:", err)
		os.Exit(1)
	}
}

// run serves until SIGINT or SIGTERM, and then finishes what was begun.
func run(cfg settings) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", cfg.ListenAddr)
	if err != nil {
		return err
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = "http://" + listener.Addr().String()
	}
	server, err := sandbox.New(sandbox.Options{
		BaseURL: cfg.BaseURL, WebURL: cfg.WebURL, DataDir: cfg.DataDir, ClientID: cfg.ClientID,
		ClientSecret: cfg.ClientSecret,
		RetryUnit:    cfg.RetryUnit, Log: logger(cfg),
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if cfg.CAFile != "" {
		if err := os.WriteFile(cfg.CAFile, server.CAPEM(), 0o644); err != nil {
			return errors.Join(err, listener.Close(), server.Close())
		}
	}
	web := &http.Server{Handler: server.Handler(), ReadHeaderTimeout: 10 * time.Second}
	fmt.Printf("paypal-sandbox listens on %s; what it offers: %s/sandbox/\n", listener.Addr(), cfg.BaseURL)

	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	select {
	case err = <-served:
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err = web.Shutdown(grace); err != nil {
			err = web.Close() // a held-back answer would keep it for ever
		}
	}
	return errors.Join(err, server.Close())
}

// healthcheck asks the sandbox on this machine.
func healthcheck(cfg settings) error {
	host, port, err := net.SplitHostPort(cfg.ListenAddr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + net.JoinHostPort(host, port) + "/sandbox/health") //nolint:noctx // the client has a time-out
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the sandbox answers %s", resp.Status)
	}
	return errors.Join(err, resp.Body.Close())
}

func logger(cfg settings) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
