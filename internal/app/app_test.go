package app_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/app"
	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/paypal/sandbox"
	"readerfund/migrations"
)

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

const secretKey = "a-secret-key-for-the-tests-of-the-whole"

// payPal serves a sandbox; down makes it answer nothing but 503.
func payPal(t *testing.T) (base, ca string, down func()) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base = "http://" + l.Addr().String()
	emulator, err := sandbox.New(sandbox.Options{BaseURL: base})
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{
		Handler: emulator.Handler(), ReadHeaderTimeout: time.Second,
	}}
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		if err := emulator.Close(); err != nil {
			t.Error(err)
		}
	})
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, emulator.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return base, ca, func() {
		for _, hook := range [][2]string{{"faults", `{"kind":"status","status":503}`}, {"tokens/revoke", ""}} {
			resp, err := http.Post(base+"/sandbox/"+hook[0], "application/json", strings.NewReader(hook[1]))
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		}
	}
}

func settings(t *testing.T, database string) (config.Settings, func()) {
	t.Helper()
	base, ca, down := payPal(t)
	return config.Settings{
		Database: config.Database{DatabaseURL: config.Secret(database)},
		Site:     config.Site{BaseURL: "http://127.0.0.1:8080"},
		Listen:   config.Listen{ListenAddr: "127.0.0.1:0"}, AdminListenAddr: "127.0.0.1:0",
		PayPal: config.PayPal{
			PayPalAPIBase: base, PayPalClientID: "sandbox-client", PayPalClientSecret: "sandbox-secret",
		},
		WebhookID: config.WebhookID{PayPalWebhookID: "4JH86294D6297924G"}, PayPalWebhookCAFile: ca, SecretKey: secretKey,
		PublicationName: "The Test Gazette", Sweep: config.Sweep{SweepInterval: "1s"}, ShutdownTimeout: "5s",
		Logging: config.Logging{LogLevel: "debug"},
	}, down
}

func parse(t *testing.T, s config.Settings) config.Config {
	t.Helper()
	cfg, err := s.Parse(config.NeedServe)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// running starts the service and gives its addresses and its end.
func running(t *testing.T, s config.Settings, log *journal) (*app.App, func() error) {
	t.Helper()
	a, err := app.New(t.Context(), parse(t, s), app.Options{Log: slog.New(slog.NewTextHandler(log, nil)), Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return a, stop
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode, string(body)
}

func TestServesUntilTold(t *testing.T) {
	t.Parallel()
	s, _ := settings(t, dbtest.NewURL(t))
	log := &journal{}
	a, stop := running(t, s, log)
	for _, path := range []string{"/healthz", "/readyz", "/", "/support/support", "/staff/sign-in", "/embed/support"} {
		if status, body := get(t, "http://"+a.Addr()+path); status != http.StatusOK {
			t.Errorf("%s answers %d: %.200s", path, status, body)
		}
	}
	if status, _ := get(t, "http://"+a.Addr()+"/metrics"); status != http.StatusNotFound {
		t.Errorf("readers can read the metrics: %d", status)
	}
	if status, _ := get(t, "http://"+a.Addr()+"/article"); status != http.StatusNotFound {
		t.Errorf("the sample article is served outside the demo: %d", status)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := net.DialTimeout("tcp", a.Addr(), time.Second); err == nil {
		t.Error("the address is still taken after the stop")
	}
	for _, secret := range []string{secretKey, "sandbox-secret", "password"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}

func TestMetricsAndProfilesAreOnTheAdminAddress(t *testing.T) {
	t.Parallel()
	s, _ := settings(t, dbtest.NewURL(t))
	a, _ := running(t, s, &journal{})
	get(t, "http://"+a.Addr()+"/readyz")
	if status, body := get(t, "http://"+a.AdminAddr()+"/metrics"); status != http.StatusOK ||
		!strings.Contains(body, `readerfund_http_request_seconds_count{route="/readyz",status="200"}`) {
		t.Errorf("metrics answer %d: %.300s", status, body)
	}
	if status, _ := get(t, "http://"+a.AdminAddr()+"/debug/pprof/"); status != http.StatusOK {
		t.Errorf("profiles answer %d", status)
	}
}

// Another site's name that was made to point at the admin address reads nothing there.
func TestTheAdminAddressTakesNoForeignHost(t *testing.T) {
	t.Parallel()
	s, _ := settings(t, dbtest.NewURL(t))
	s.AdminHosts = "metrics.example.org"
	a, _ := running(t, s, &journal{})
	for host, want := range map[string]int{
		"": 200, "localhost:9090": 200, "[::1]:9090": 200, "10.1.2.3": 200, "readerfund:9090": 200,
		"Metrics.example.org:9090": 200,
		"evil.example":             421, "127.0.0.1.evil.example:9090": 421, "localhost.": 421,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+a.AdminAddr()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%q: %d, want %d", host, resp.StatusCode, want)
		}
	}
}

// Without PayPal no gift can be made, on this replica as on any other: a balancer that took it out would take the
// webhook's door and every other page with it.
func TestReadyWithoutPayPal(t *testing.T) {
	t.Parallel()
	s, down := settings(t, dbtest.NewURL(t))
	a, _ := running(t, s, &journal{})
	give := func() {
		t.Helper()
		resp, err := http.Post("http://"+a.Addr()+"/contributions", "application/json",
			strings.NewReader(`{"campaign":"support","amount":"5.00","currency":"EUR","frequency":"once"}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	give()
	if status, body := get(t, "http://"+a.Addr()+"/readyz"); status != http.StatusOK || body != "ready\n" {
		t.Errorf("with PayPal: %d %s", status, body)
	}
	down()
	give()
	status, body := get(t, "http://"+a.Addr()+"/readyz")
	if status != http.StatusOK || !strings.Contains(body, "PayPal does not answer since") {
		t.Errorf("without PayPal: %d %s", status, body)
	}
}

func TestStartsThatMustFail(t *testing.T) {
	t.Parallel()
	quiet := app.Options{Log: slog.New(slog.DiscardHandler)}
	good, _ := settings(t, dbtest.NewURL(t))

	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	busy := good
	busy.ListenAddr = taken.Addr().String()
	if _, err := app.New(t.Context(), parse(t, busy), quiet); err == nil || !strings.Contains(err.Error(), "LISTEN_ADDR") {
		t.Errorf("an address in use: %v", err)
	}

	bare := dbtest.New(t)
	if _, err := db.MigrateDown(t.Context(), bare, migrations.FS); err != nil {
		t.Fatal(err)
	}
	empty := good
	empty.DatabaseURL = config.Secret(bare.URL())
	if _, err := app.New(t.Context(), parse(t, empty), quiet); !fault.Is(err, fault.Conflict) ||
		!strings.Contains(err.Error(), "readerfund migrate up") {
		t.Errorf("a database without tables: %v", err)
	}

	away := good
	away.DatabaseURL = "postgres://readerfund:hush@127.0.0.1:1/readerfund"
	if _, err := app.New(t.Context(), parse(t, away), quiet); !fault.Is(err, fault.Unavailable) ||
		strings.Contains(err.Error(), "hush") {
		t.Errorf("no database: %v", err)
	}
}
