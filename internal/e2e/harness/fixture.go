package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/inbox"
	"readerfund/internal/mail/catcher"
	"readerfund/internal/testkit"
)

// Fixture is one test's world: a database, a PayPal sandbox, and as many processes of the service as it starts.
type Fixture struct {
	T        *testing.T
	PayPal   *testkit.PayPal
	DB       *db.DB
	Mail     *catcher.Catcher // takes the service's mail
	BaseURL  string           // BASE_URL: where the first process listens
	Settings map[string]string
	Program  string // what serve runs; empty: the program as it is now
	Restored bool   // the database is an old one: it need not have what was acknowledged since, nor gifts without money
}

// New makes all of it but the service. The settings that are given replace the usual ones. The sweep is an hour
// away, so that a test that does not mean it does not get it.
func New(t *testing.T, settings ...string) *Fixture {
	t.Helper()
	return newOn(t, dbtest.NewURL(t), settings...)
}

func newOn(t *testing.T, database string, settings ...string) *Fixture {
	t.Helper()
	s := &Fixture{T: t, PayPal: testkit.NewPayPal(t, testkit.PayPalOptions{})}
	s.Settings = DefaultSettings(database, s.PayPal)
	s.CatchMail()
	for i := 0; i+1 < len(settings); i += 2 {
		s.Settings[settings[i]] = settings[i+1]
	}
	s.DB = testkit.OpenDatabase(t, database)
	return s
}

// DefaultSettings are the settings of a service on a database and a sandbox.
func DefaultSettings(database string, b *testkit.PayPal) map[string]string {
	settings := map[string]string{
		"DATABASE_URL":           database,
		"PAYPAL_API_BASE":        b.PublicURL,
		"PAYPAL_CLIENT_ID":       "sandbox-client",
		"PAYPAL_CLIENT_SECRET":   "sandbox-secret",
		"PAYPAL_WEBHOOK_CA_FILE": b.CAFile,
		"SECRET_KEY":             strings.Repeat("0123456789abcdef", 4),
		"PUBLICATION_NAME":       "The Alder Lantern",
		"PUBLICATION_TIMEZONE":   "Europe/Berlin",
		"ADMIN_LISTEN_ADDR":      "127.0.0.1:0",
		"SWEEP_INTERVAL":         "1h",
		"SHUTDOWN_TIMEOUT":       "15s",
		// All the readers of a test sit at one address.
		"GIFT_LIMIT_ADDRESS": "1000000/1000000",
		"GIFT_LIMIT_NETWORK": "1000000/1000000",
		"GIFT_LIMIT_ALL":     "1000000/1000000",
	}
	if !testkit.Full() {
		// Most of what a short test costs are connections, which plan each statement anew. In CI they are as in production.
		settings["DATABASE_MAX_CONNS"], settings["REPORT_MAX_CONNS"], settings["WEBHOOK_WORKERS"] = "4", "1", "8"
	}
	return settings
}

// CatchMail has the service send its mail to a catcher.
func (s *Fixture) CatchMail() {
	s.T.Helper()
	c, err := catcher.Listen(s.T.Context(), "127.0.0.1:0", catcher.Options{})
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { _ = c.Close() })
	s.Mail, s.Settings["SMTP_URL"], s.Settings["MAIL_FROM"] = c, c.URL(), "give@alder-lantern.example"
}

// Process is one process of `readerfund serve`.
type Process struct {
	*Child
	Fixture  *Fixture
	program  string
	settings map[string]string
	BaseURL  string
	Log      *Log // of every start
}

// Serve starts the service and waits until it is ready. The first one of a scene gets the webhook registered for it
// before it starts, as an operator would do; further ones serve the same BASE_URL on addresses of their own.
func (s *Fixture) Serve() *Process {
	s.T.Helper()
	for range 5 {
		address := testkit.FreeAddress(s.T)
		if s.BaseURL == "" || s.Settings["LISTEN_ADDR"] == "" {
			s.BaseURL = "http://" + address
			s.Settings["BASE_URL"], s.Settings["LISTEN_ADDR"] = s.BaseURL, address
			s.registerWebhook()
		}
		path := s.Program
		if path == "" {
			path = Program(s.T, "readerfund")
		}
		v := &Process{Fixture: s, program: path, settings: maps.Clone(s.Settings), BaseURL: "http://" + address, Log: &Log{}}
		v.settings["LISTEN_ADDR"] = address
		err := v.Start()
		if err == nil {
			s.T.Cleanup(v.close)
			err = v.Ready(time.Minute)
		}
		if err == nil {
			return v
		}
		if !errors.Is(err, errAddressTaken) {
			s.T.Fatal(err)
		}
		if s.BaseURL == v.BaseURL {
			s.BaseURL = ""
		}
	}
	s.T.Fatal("five addresses in a row were taken by others")
	return nil
}

var webhookLine = regexp.MustCompile(`(?m)^PAYPAL_WEBHOOK_ID=(\S+)$`)

func (s *Fixture) registerWebhook() {
	s.T.Helper()
	out := s.Command("", "webhook", "register")
	found := webhookLine.FindStringSubmatch(out)
	if found == nil {
		s.T.Fatalf("webhook register names no id:\n%s", out)
	}
	s.Settings["PAYPAL_WEBHOOK_ID"] = found[1]
}

// PointWebhook has PayPal deliver elsewhere, as the operator of the account could; what it sends is signed as before.
func (s *Fixture) PointWebhook(address string) {
	s.T.Helper()
	if _, err := s.PayPal.Client().UpdateWebhook(
		s.T.Context(),
		s.Settings["PAYPAL_WEBHOOK_ID"],
		address+"/webhooks/paypal",
		inbox.EventTypes(),
	); err != nil {
		s.T.Fatal(err)
	}
}

// Command runs a command of readerfund beside the service, and gives what it prints.
func (s *Fixture) Command(stdin string, args ...string) string {
	s.T.Helper()
	return runCommand(s.T, s.Settings, stdin, args...)
}

func runCommand(t *testing.T, settings map[string]string, stdin string, args ...string) string {
	t.Helper()
	path := Program(t, "readerfund")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.Stdin = Environment(settings), strings.NewReader(stdin)
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		t.Fatalf("readerfund %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), problem.String())
	}
	return out.String()
}

// Start starts the process, again on the same address after it ended.
func (v *Process) Start() error {
	c, err := StartChild("serve", v.program, v.settings, v.Log, "serve", "--migrate")
	if err == nil {
		v.Child = c
	}
	return err
}

// Restart starts the service after it ended, and waits until it is ready.
func (v *Process) Restart() {
	v.Fixture.T.Helper()
	if err := v.Start(); err != nil {
		v.Fixture.T.Fatal(err)
	}
	if err := v.Ready(time.Minute); err != nil {
		v.Fixture.T.Fatal(err)
	}
}

// close ends the service, and shows its log when the test failed.
func (v *Process) close() {
	v.Kill()
	if v.Fixture.T.Failed() {
		v.report(v.Fixture.T)
	}
}

var errAddressTaken = errors.New("the address is taken")

// Ready waits until the service can take money.
func (v *Process) Ready(within time.Duration) error {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(15 * time.Millisecond) {
		if v.Ended() {
			if strings.Contains(v.Output.String(), "address already in use") {
				return errAddressTaken
			}
			return fmt.Errorf("the service did not start: %w\n%s", v.Err, v.Output.String())
		}
		resp, err := client.Get(v.BaseURL + "/readyz")
		if err != nil {
			continue
		}
		_ = resp.Body.Close() // only the status counts
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("the service is not ready after %s\n%s", within, v.Output.String())
}

// Count counts rows: Count("payment WHERE status = $1", "completed").
func (s *Fixture) Count(what string, args ...any) int {
	s.T.Helper()
	return testkit.Count(s.T, s.DB, what, args...)
}
