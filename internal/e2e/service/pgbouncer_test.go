package service

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// Behind PgBouncer in transaction mode, with four connections for two processes: what a killed process had in hand, an
// event and a periodic job, is taken over; a refund whose answer was lost is sent by the queue; the books are equal.
func TestBehindPgBouncer(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	s.Settings["DATABASE_URL"] = throughPgBouncer(t, s.Settings["DATABASE_URL"])
	first := s.Serve()
	waitForRun(s, "check alerts", 1)

	lock, err := s.DB.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback() }()
	if _, err := lock.ExecContext(t.Context(), `LOCK TABLE alert IN EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	before := job(s, "check alerts")
	makeDue(s, "check alerts")
	heldBy(s, []*harness.Process{first}, "check alerts", nil)

	gift := s.Client().Begin(t, "25.00", "EUR")
	s.PayPal.Fault(testkit.Fields{
		"kind": "delay", "delay": "9s", "match": testkit.Fields{"method": "GET", "path": "/v2/checkout/orders/*"},
	})
	if _, err := s.PayPal.Approve(gift.Order(), ""); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, time.Minute, "an event is in hand", func() (bool, string) {
		return s.Count("webhook_event WHERE state = 'received' AND attempts = 1") == 1, "not yet"
	})
	first.Kill()
	s.PayPal.Must("DELETE", "/sandbox/faults", nil, nil)
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}

	second := s.Serve()
	waitForRun(s, "check alerts", before.Runs+1)
	if after := job(s, "check alerts"); holder([]*harness.Process{second}, after) == nil || after.Failures != 0 {
		t.Errorf("the job was not taken over: %+v", after)
	}
	testkit.Eventually(t, time.Minute, "the event is taken over", func() (bool, string) {
		n := s.Count("webhook_event WHERE state = 'applied' AND attempts >= 2")
		return n >= 1 && s.Count("contribution WHERE state = 'completed'") == 1, fmt.Sprint(n)
	})
	first.Restart()
	paid(s, s.Client())
	refundWithoutAnswer(s, gift)
	s.Balanced(time.Minute)
}

// refundWithoutAnswer has staff refund a gift while PayPal's answer is lost, and waits until the queue has seen it
// through.
func refundWithoutAnswer(s *harness.Fixture, g harness.Started) {
	s.T.Helper()
	capture := s.PayPal.CapturesOf(g.ID)[0].ID
	staff, page := editor(s), "/staff/contributions/"+g.ID+"/refund"
	key := formKey.FindStringSubmatch(staff.Get(s.T, page).Body)
	if key == nil {
		s.T.Fatal("the refund's form has no key")
	}
	s.PayPal.Fault(testkit.Fields{
		"kind": "reset_after", "match": testkit.Fields{"method": "POST", "path": "/v2/payments/captures/*"},
	})
	post(staff, s.T, page, url.Values{
		"key": key[1:], "payment": {capture}, "currency": {"EUR"}, "left": {"25.00"}, "choice": {"part"}, "amount": {"10.00"},
		"reason": {"Given twice"},
	}, "Refund")
	s.PayPal.Must("DELETE", "/sandbox/faults", nil, nil)
	makeDue(s, "send refund")
	testkit.Eventually(s.T, time.Minute, "the queue sends the refund", func() (bool, string) {
		left := s.Count("queue WHERE kind = 'send refund'")
		return left == 0 && s.Count("refund_request WHERE state = 'done'") == 1, fmt.Sprint(left)
	})
	if n := s.Count("refund"); n != 1 {
		s.T.Errorf("%d refunds", n)
	}
}

// throughPgBouncer starts PgBouncer before a database, and returns the database's address there.
func throughPgBouncer(t *testing.T, database string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if testkit.Full() {
			t.Fatal("pgbouncer is missing: apt-get install pgbouncer")
		}
		t.Skip("left out: no pgbouncer here")
	}
	server, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(testkit.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := server.User.Password()
	path, owner := accountOfPgBouncer(t)
	settings := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s password='%s'
[pgbouncer]
listen_addr = %s
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
server_login_retry = 1
`, server.Hostname(), server.Port(), server.User.Username(), strings.ReplaceAll(password, "'", "''"), host, port)
	if err := os.WriteFile(path, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, path)
	var out harness.Log
	cmd.Stdout, cmd.Stderr = &out, &out
	if owner != nil {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Wait() // the test's context, which ends before, kills it
		if t.Failed() {
			t.Log(out.String())
		}
	})
	server.Host = net.JoinHostPort(host, port)
	testkit.Eventually(t, time.Minute, "PgBouncer listens", func() (bool, string) {
		conn, err := net.Dial("tcp", server.Host)
		if err != nil {
			return false, err.Error()
		}
		return conn.Close() == nil, ""
	})
	return server.String()
}

// accountOfPgBouncer is where PgBouncer's settings lie, and as whom it runs: not as root, which it refuses.
func accountOfPgBouncer(t *testing.T) (path string, owner *syscall.Credential) {
	t.Helper()
	if os.Geteuid() != 0 {
		return filepath.Join(t.TempDir(), "pgbouncer.ini"), nil
	}
	dir, err := os.MkdirTemp("", "pgbouncer") //nolint:usetesting // t.TempDir lies in a folder that only root may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.ParseUint(nobody.Uid, 10, 32)
	gid, _ := strconv.ParseUint(nobody.Gid, 10, 32)
	owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	if err := os.Chmod(dir, 0o711); err != nil { // nobody has to enter it; the file is its own
		t.Fatal(err)
	}
	return filepath.Join(dir, "pgbouncer.ini"), owner
}
