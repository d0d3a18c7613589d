package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// newsroom is a running demo.
type newsroom struct {
	*child
	dir      string
	base     string // the service
	bank     *bank  // its PayPal sandbox
	settings map[string]string
}

// startDemo starts the demo as `make run` does, on free addresses, and waits for its word that all of it answers.
func startDemo(t *testing.T, dir string, gifts int) *newsroom {
	t.Helper()
	for range 5 {
		n := &newsroom{dir: dir}
		address, paypal := freeAddress(t), freeAddress(t)
		n.base, n.bank = "http://"+address, &bank{t: t, url: "http://" + paypal}
		n.settings = map[string]string{"DEMO_ADDR": address, "DEMO_PAYPAL_ADDR": paypal, "DEMO_DIR": dir}
		c, err := startChild("demo", program(t, "demo"), n.settings, &record{}, "--gifts", strconv.Itoa(gifts))
		if err != nil {
			t.Fatal(err)
		}
		n.child = c
		t.Cleanup(func() { n.close(t) })
		err = n.ready(2 * time.Minute)
		if err == nil {
			return n
		}
		if !errors.Is(err, errAddressTaken) {
			t.Fatal(err)
		}
	}
	t.Fatal("five addresses in a row were taken by others")
	return nil
}

func (n *newsroom) ready(within time.Duration) error {
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		if slices.Contains(strings.Split(n.out.String(), "\n"), "readerfund demo ready") {
			return nil
		}
		if n.ended() {
			if strings.Contains(n.out.String(), "address already in use") {
				return errAddressTaken
			}
			return fmt.Errorf("the demo did not start: %w\n%s", n.err, n.out.String())
		}
	}
	return fmt.Errorf("the demo is not ready after %s\n%s", within, n.out.String())
}

// close stops the demo in an orderly way, because only then its PostgreSQL has time to leave; the test has failed already
// when that does not work.
func (n *newsroom) close(t *testing.T) {
	t.Helper()
	if !n.ended() {
		if err := n.stop(syscall.SIGINT, 30*time.Second); err != nil {
			t.Errorf("stop the demo: %v", err)
		}
	}
	if t.Failed() {
		n.report(t)
	}
}

// env reads the settings that the demo leaves for other commands.
func (n *newsroom) env(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join(n.dir, "env"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	settings := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		settings[name] = strings.Trim(value, "'")
	}
	return settings
}

// What the README promises of `make run`.
func TestDemo(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "demo")
	n := startDemo(t, dir, 64)
	info, err := os.Stat(filepath.Join(dir, "env"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("env: %v, %v", err, info.Mode())
	}
	first := n.totals(t)
	if len(first) < 2 || !strings.Contains(n.out.String(), "past gifts") {
		t.Errorf("the newsroom has no past in several currencies: %v\n%s", first, n.out.String())
	}
	s := &scene{t: t, bank: n.bank, db: openDatabase(t, n.env(t)["DATABASE_URL"])}
	s.balanced(20 * time.Second)
	for _, state := range []string{"completed", "declined", "pending", "refunded", "partially_refunded"} {
		if s.count("contribution WHERE state = $1", state) == 0 {
			t.Errorf("no past gift is %s", state)
		}
	}
	n.speaksToItsUser(t)
	s.pastIsPlausible()
	visitor := newVisitor(t, n.base)
	for path, text := range map[string]string{"/article": "via PayPal", "/": "via PayPal", "/staff": "Sign in", n.bank.url + "/sandbox/": "no real money"} {
		if page := visitor.get(t, path); !strings.Contains(page.body, text) {
			t.Errorf("%s lacks %q:\n%s", path, text, page.body)
		}
	}
	n.leavesNothing(t)

	// The second start finds everything as it was, and makes no past again.
	again := startDemo(t, dir, 64)
	if strings.Contains(again.out.String(), "past gifts") {
		t.Errorf("the second start made the past again:\n%s", again.out.String())
	}
	if second := again.totals(t); fmt.Sprint(second) != fmt.Sprint(first) {
		t.Errorf("totals before and after the second start:\n%v\n%v", first, second)
	}
	again.speaksToItsUser(t)
	again.leavesNothing(t)
}

// speaksToItsUser looks for lines of a log in what the demo prints: its past is made up, and nobody has to act on it.
func (n *newsroom) speaksToItsUser(t *testing.T) {
	t.Helper()
	if out := n.out.String(); strings.Contains(out, "level=") {
		t.Errorf("warnings stand around the welcome:\n%s", out)
	}
}

// pastIsPlausible holds what followed the past gifts against their times: refunds and cases come hours or days after
// the gift, and not all at once.
func (s *scene) pastIsPlausible() {
	s.t.Helper()
	if n := s.count("contribution WHERE state = 'disputed'"); n != 1 {
		s.t.Errorf("%d past gifts are disputed", n)
	}
	for what, since := range map[string]string{"refund": "occurred_at", "dispute": "opened_at"} {
		of := what + " f JOIN payment p ON p.id = f.payment_id JOIN contribution c ON c.id = p.contribution_id"
		wrong := fmt.Sprintf("f.%[1]s < c.created_at + interval '2 hours' OR f.%[1]s > now() - interval '1 hour'", since)
		if n := s.count(of + " WHERE " + wrong); n > 0 {
			s.t.Errorf("%d of table %s come too soon after the gift, or just now", n, what)
		}
		var days int
		if err := s.db.Get(&days, `SELECT count(DISTINCT `+since+`::date) FROM `+what); err != nil || days < 2 {
			s.t.Errorf("all of table %s are of %d days, %v", what, days, err)
		}
	}
}

// totals runs a command beside the demo, the way its welcome says.
func (n *newsroom) totals(t *testing.T) []map[string]any {
	t.Helper()
	cmd := exec.Command("sh", "-c", `set -a; . "$1"; set +a; exec "$2" report totals --format json`, "sh", filepath.Join(n.dir, "env"), program(t, "readerfund"))
	cmd.Env = environment(nil)
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

// leavesNothing stops the demo as Ctrl-C does and looks for what may be left of it.
func (n *newsroom) leavesNothing(t *testing.T) {
	t.Helper()
	settings := n.env(t)
	postgres, err := url.Parse(settings["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	if err := n.stop(syscall.SIGINT, 30*time.Second); err != nil {
		t.Errorf("after Ctrl-C the demo ends with %v\n%s", err, n.out.String())
	}
	for _, address := range []string{n.settings["DEMO_ADDR"], n.settings["DEMO_PAYPAL_ADDR"], settings["ADMIN_LISTEN_ADDR"], postgres.Host} {
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			t.Errorf("somebody still listens on %s", address)
			_ = c.Close() // it should not have opened
		}
	}
	for _, line := range processes(t) {
		if strings.Contains(line, n.dir) {
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
