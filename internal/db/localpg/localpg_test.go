package localpg_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/localpg"
	"readerfund/internal/fault"
)

func start(t *testing.T, opts localpg.Options) *localpg.Server {
	t.Helper()
	s, err := localpg.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func open(t *testing.T, s *localpg.Server) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), s.URL("postgres"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// cluster is a folder whose data is removed at the end wherever it had to lie.
func cluster(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pg")
	t.Cleanup(func() {
		if err := localpg.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestDataStaysBetweenStarts(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	first := start(t, localpg.Options{Dir: dir})
	d := open(t, first)
	d.MustExec(`CREATE TABLE kept (n int)`)
	d.MustExec(`INSERT INTO kept VALUES (42)`)
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}

	second := start(t, localpg.Options{Dir: dir, Durable: true})
	var n int
	if err := open(t, second).Get(&n, `SELECT n FROM kept`); err != nil || n != 42 {
		t.Fatalf("got %d, %v", n, err)
	}
	var fsync, address string
	if err := open(t, second).QueryRow(`SELECT current_setting('fsync'), current_setting('listen_addresses')`).Scan(&fsync,
		&address); err != nil {
		t.Fatal(err)
	}
	if fsync != "on" || address != "127.0.0.1" {
		t.Fatalf("fsync %s on %s", fsync, address)
	}
}

func TestPasswordIsNeededAndPrivate(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	s := start(t, localpg.Options{Dir: dir})
	wrong := strings.Replace(s.URL("postgres"), "@127", "x@127", 1)
	_, err := db.Open(t.Context(), wrong, db.Options{})
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "refuses") {
		t.Fatalf("a wrong password gave %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "password"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
}

func TestOneServerPerFolder(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	start(t, localpg.Options{Dir: dir})
	if _, err := localpg.Start(t.Context(), localpg.Options{Dir: dir}); err == nil ||
		!strings.Contains(err.Error(), "another program") {
		t.Fatalf("a second server in the same folder: %v", err)
	}
	if err := localpg.Remove(dir); err == nil {
		t.Fatal("the folder of a running server was removed")
	}
}

func TestTemporaryServerLeavesNothing(t *testing.T) {
	t.Parallel()
	s, err := localpg.Start(t.Context(), localpg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var data string
	d := open(t, s)
	if err := d.Get(&data, `SHOW data_directory`); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Stop(), s.Stop()); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	if _, err := os.Stat(data); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%s is still there: %v", data, err)
	}
}

func TestStalePidFile(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	first := start(t, localpg.Options{Dir: dir})
	var data string
	if err := open(t, first).Get(&data, `SHOW data_directory`); err != nil {
		t.Fatal(err)
	}
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	// Our own number: a living process, but no PostgreSQL. PostgreSQL alone might refuse to start beside it.
	stale := strconv.Itoa(os.Getpid()) + "\n" + data + "\n"
	if err := os.WriteFile(filepath.Join(data, "postmaster.pid"), []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, start(t, localpg.Options{Dir: dir}))
}

// TestKilledProgram starts this test binary as a program that owns a server, kills it, and starts on the same folder.
func TestKilledProgram(t *testing.T) {
	if dir := os.Getenv("LOCALPG_TEST_DIR"); dir != "" {
		start(t, localpg.Options{Dir: dir})
		_, _ = os.Stdout.WriteString("up\n")
		time.Sleep(time.Minute)
		return
	}
	t.Parallel()
	dir := cluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKilledProgram$")
	cmd.Env = append(os.Environ(), "LOCALPG_TEST_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	open(t, start(t, localpg.Options{Dir: dir}))
}
