package command

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// What the README promises of `make run`.
func TestDemo(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "demo")
	n := harness.StartDemo(t, dir, 64)
	info, err := os.Stat(filepath.Join(dir, "env"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("env: %v, %v", err, info.Mode())
	}
	first := demoTotals(n, t)
	if len(first) < 2 || !strings.Contains(n.Output.String(), "past gifts") {
		t.Errorf("the newsroom has no past in several currencies: %v\n%s", first, n.Output.String())
	}
	s := &harness.Fixture{T: t, PayPal: n.PayPal, DB: testkit.OpenDatabase(t, n.Env(t)["DATABASE_URL"])}
	s.Balanced(time.Minute)
	for _, state := range []string{"completed", "declined", "pending", "refunded", "partially_refunded"} {
		if s.Count("contribution WHERE state = $1", state) == 0 {
			t.Errorf("no past gift is %s", state)
		}
	}
	checkDemoOutput(n, t)
	checkHistory(s)
	visitor := harness.NewClient(t, n.BaseURL)
	for path, text := range map[string]string{
		"/article": "Nobody was meant to read them together", "/": "Somebody should read them", "/support/support?lang=fr": "PayPal",
		"/embed/harbour-winter?format=goal&lang=de": "2.500\u00a0€", "/staff": "Sign in", n.PayPal.URL + "/sandbox/": "no real money",
	} {
		// The fund drive's figures are counted in the background, some seconds after its gifts.
		testkit.Eventually(t, 20*time.Second, path+" has "+text, func() (bool, string) {
			page := visitor.Get(t, path)
			return strings.Contains(page.Body, text), page.Body
		})
	}
	checkNothingLeft(n, t)

	// The second start finds everything as it was, and makes no past again.
	again := harness.StartDemo(t, dir, 64)
	if strings.Contains(again.Output.String(), "past gifts") {
		t.Errorf("the second start made the past again:\n%s", again.Output.String())
	}
	if second := demoTotals(again, t); fmt.Sprint(second) != fmt.Sprint(first) {
		t.Errorf("totals before and after the second start:\n%v\n%v", first, second)
	}
	checkDemoOutput(again, t)
	checkNothingLeft(again, t)
}

// checkDemoOutput looks for lines of a log in what the demo prints: its past is made up, and nobody has to act on it.
func checkDemoOutput(n *harness.Demo, t *testing.T) {
	t.Helper()
	if out := n.Output.String(); strings.Contains(out, "level=") {
		t.Errorf("warnings stand around the welcome:\n%s", out)
	}
}

// checkHistory holds what followed the past gifts against their times: refunds and disputes come hours or days after
// the gift, and not all at once.
func checkHistory(s *harness.Fixture) {
	s.T.Helper()
	if n := s.Count("contribution WHERE state = 'disputed'"); n != 1 {
		s.T.Errorf("%d past gifts are disputed", n)
	}
	for what, since := range map[string]string{"refund": "occurred_at", "dispute": "opened_at"} {
		of := what + " f JOIN payment p ON p.id = f.payment_id JOIN contribution c ON c.id = p.contribution_id"
		wrong := fmt.Sprintf("f.%[1]s < c.created_at + interval '2 hours' OR f.%[1]s > $1", since)
		if n := s.Count(of+" WHERE "+wrong, time.Now().Add(-time.Hour)); n > 0 {
			s.T.Errorf("%d of table %s come too soon after the gift, or just now", n, what)
		}
		var days int
		if err := s.DB.Get(&days, `SELECT count(DISTINCT `+since+`::date) FROM `+what); err != nil || days < 2 {
			s.T.Errorf("all of table %s are of %d days, %v", what, days, err)
		}
	}
}

// demoTotals runs a command beside the demo, the way its welcome says.
func demoTotals(n *harness.Demo, t *testing.T) []map[string]any {
	t.Helper()
	cmd := exec.Command(
		"sh",
		"-c",
		`set -a; . "$1"; set +a; exec "$2" report totals --format json`,
		"sh",
		filepath.Join(n.Dir, "env"),
		harness.Program(t, "readerfund"),
	)
	cmd.Env = harness.Environment(nil)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("report totals: %v\n%s", err, out)
	}
	var rows []map[string]any
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatalf("report totals: %v\n%s", err, out)
	}
	return rows
}

// checkNothingLeft stops the demo as Ctrl-C does and looks for what may be left of it.
func checkNothingLeft(n *harness.Demo, t *testing.T) {
	t.Helper()
	settings := n.Env(t)
	postgres, err := url.Parse(settings["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Stop(syscall.SIGINT, time.Minute); err != nil {
		t.Errorf("after Ctrl-C the demo ends with %v\n%s", err, n.Output.String())
	}
	for _, address := range []string{
		n.Settings["DEMO_ADDR"], n.Settings["DEMO_PAYPAL_ADDR"], settings["ADMIN_LISTEN_ADDR"], postgres.Host,
	} {
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			t.Errorf("somebody still listens on %s", address)
			_ = c.Close() // it should not have opened
		}
	}
	for _, line := range processes(t) {
		if strings.Contains(line, n.Dir) {
			t.Errorf("a process is left: %s", line)
		}
	}
}

// processes are the command lines of what runs, where the system shows them as Linux does; elsewhere there are none.
func processes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil { // else it has ended since
			all = append(all, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return all
}
