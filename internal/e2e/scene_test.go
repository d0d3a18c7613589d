package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/inbox"
)

// scene is one test's world: a database, a PayPal sandbox, and as many processes of the service as it starts.
type scene struct {
	t        *testing.T
	bank     *bank
	db       *db.DB
	base     string // BASE_URL: where the first process listens
	settings map[string]string
	program  string // what serve runs; empty: the program as it is now
	forgot   bool   // the database is an old one: it need not have what was acknowledged since, nor gifts without money
}

// openScene makes all of it but the service. The settings that are given replace the usual ones. The sweep is an hour
// away, so that a test that does not mean it does not get it.
func openScene(t *testing.T, settings ...string) *scene {
	t.Helper()
	return sceneOn(t, dbtest.NewURL(t), settings...)
}

func sceneOn(t *testing.T, database string, settings ...string) *scene {
	t.Helper()
	s := &scene{t: t, bank: openBank(t)}
	s.settings = usualSettings(database, s.bank)
	for i := 0; i+1 < len(settings); i += 2 {
		s.settings[settings[i]] = settings[i+1]
	}
	s.db = openDatabase(t, database)
	return s
}

func usualSettings(database string, b *bank) map[string]string {
	return map[string]string{
		"DATABASE_URL": database, "PAYPAL_API_BASE": b.public, "PAYPAL_CLIENT_ID": "sandbox-client", "PAYPAL_CLIENT_SECRET": "sandbox-secret",
		"PAYPAL_WEBHOOK_CA_FILE": b.caFile, "SECRET_KEY": strings.Repeat("0123456789abcdef", 4), "PUBLICATION_NAME": "The Alder Lantern",
		"PUBLICATION_TIMEZONE": "Europe/Berlin", "ADMIN_LISTEN_ADDR": "127.0.0.1:0", "SWEEP_INTERVAL": "1h", "SHUTDOWN_TIMEOUT": "15s",
		// All the readers of a test sit at one address.
		"GIFT_LIMIT_ADDRESS": "1000000/1000000", "GIFT_LIMIT_NETWORK": "1000000/1000000", "GIFT_LIMIT_ALL": "1000000/1000000",
	}
}

func openDatabase(t *testing.T, address string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), address, db.Options{MaxOpen: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// service is one process of `readerfund serve`.
type service struct {
	*child
	scene    *scene
	program  string
	settings map[string]string
	base     string
	log      *record // of every start
}

// serve starts the service and waits until it is ready. The first one of a scene gets the webhook registered for it
// before it starts, as an operator would do; further ones serve the same BASE_URL on addresses of their own.
func (s *scene) serve() *service {
	s.t.Helper()
	for range 5 {
		address := freeAddress(s.t)
		if s.base == "" || s.settings["LISTEN_ADDR"] == "" {
			s.base = "http://" + address
			s.settings["BASE_URL"], s.settings["LISTEN_ADDR"] = s.base, address
			s.registerWebhook()
		}
		path := s.program
		if path == "" {
			path = program(s.t, "readerfund")
		}
		v := &service{scene: s, program: path, settings: maps.Clone(s.settings), base: "http://" + address, log: &record{}}
		v.settings["LISTEN_ADDR"] = address
		err := v.start()
		if err == nil {
			s.t.Cleanup(v.close)
			err = v.ready(30 * time.Second)
		}
		if err == nil {
			return v
		}
		if !errors.Is(err, errAddressTaken) {
			s.t.Fatal(err)
		}
		if s.base == v.base {
			s.base = ""
		}
	}
	s.t.Fatal("five addresses in a row were taken by others")
	return nil
}

var webhookLine = regexp.MustCompile(`(?m)^PAYPAL_WEBHOOK_ID=(\S+)$`)

func (s *scene) registerWebhook() {
	s.t.Helper()
	out := s.command("", "webhook", "register")
	found := webhookLine.FindStringSubmatch(out)
	if found == nil {
		s.t.Fatalf("webhook register names no id:\n%s", out)
	}
	s.settings["PAYPAL_WEBHOOK_ID"] = found[1]
}

// pointWebhook has PayPal deliver elsewhere, as the operator of the account could; what it sends is signed as before.
func (s *scene) pointWebhook(address string) {
	s.t.Helper()
	if _, err := s.bank.client().UpdateWebhook(s.t.Context(), s.settings["PAYPAL_WEBHOOK_ID"], address+"/webhooks/paypal", inbox.EventTypes()); err != nil {
		s.t.Fatal(err)
	}
}

// command runs a command of readerfund beside the service, and gives what it prints.
func (s *scene) command(stdin string, args ...string) string {
	s.t.Helper()
	return command(s.t, s.settings, stdin, args...)
}

func command(t *testing.T, settings map[string]string, stdin string, args ...string) string {
	t.Helper()
	path := program(t, "readerfund")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.Stdin = environment(settings), strings.NewReader(stdin)
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		t.Fatalf("readerfund %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), problem.String())
	}
	return out.String()
}

// start starts the process, again on the same address after it ended.
func (v *service) start() error {
	c, err := startChild("serve", v.program, v.settings, v.log, "serve", "--migrate")
	if err == nil {
		v.child = c
	}
	return err
}

// restart starts the service after it ended, and waits until it is ready.
func (v *service) restart() {
	v.scene.t.Helper()
	if err := v.start(); err != nil {
		v.scene.t.Fatal(err)
	}
	if err := v.ready(30 * time.Second); err != nil {
		v.scene.t.Fatal(err)
	}
}

// close ends the service, and shows its log when the test failed.
func (v *service) close() {
	v.kill()
	if v.scene.t.Failed() {
		v.report(v.scene.t)
	}
}

var errAddressTaken = errors.New("the address is taken")

// ready waits until the service can take money.
func (v *service) ready(within time.Duration) error {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(15 * time.Millisecond) {
		if v.ended() {
			if strings.Contains(v.out.String(), "address already in use") {
				return errAddressTaken
			}
			return fmt.Errorf("the service did not start: %w\n%s", v.err, v.out.String())
		}
		resp, err := client.Get(v.base + "/readyz")
		if err != nil {
			continue
		}
		_ = resp.Body.Close() // only the status counts
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("the service is not ready after %s\n%s", within, v.out.String())
}

// freeAddress is a loopback address that nobody listens on. It is beneath the range from which systems take ports for
// outgoing connections, so that nobody gets it by chance while a service that was killed is being started again.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 12000+rand.IntN(20000))
		if l, err := net.Listen("tcp", address); err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return address
		}
	}
	t.Fatal("no free port was found")
	return ""
}

// count counts rows: count("payment WHERE status = $1", "completed").
func (s *scene) count(what string, args ...any) (n int) {
	s.t.Helper()
	if err := s.db.GetContext(s.t.Context(), &n, `SELECT count(*) FROM `+what, args...); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// eventually waits until something is so, and fails with what was said last.
func eventually(t *testing.T, within time.Duration, what string, so func() (bool, string)) {
	t.Helper()
	var said string
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var is bool
		if is, said = so(); is {
			return
		}
	}
	t.Fatalf("not within %s: %s\n%s", within, what, said)
}
