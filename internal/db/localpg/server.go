package localpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options say where a private server keeps its data and how careful it is with it.
type Options struct {
	Dir      string            // where everything lies between starts; empty: a temporary place that Stop removes
	Port     int               // on 127.0.0.1; 0: a free one
	Durable  bool              // fsync on; off is for tests, where the machine's crash may cost the data
	Settings map[string]string // further settings of postgresql.conf
	Log      *slog.Logger      // what we do; nil: nothing. The server's own log is postgres.log in Dir
}

// Server is a running private PostgreSQL.
type Server struct {
	cluster   *cluster
	port      int
	lock      *os.File
	temporary bool
	log       *slog.Logger
	process   *os.Process
	done      chan struct{}
	stop      func() error
}

// Start makes a cluster where there is none, and starts a server on it. ctx limits the starting only; the server runs
// until Stop, or until this program ends in whatever way (on Linux; elsewhere a killed program leaves the server
// behind, and the next Start on the same Dir stops it).
func Start(ctx context.Context, opts Options) (*Server, error) {
	bin, err := Find()
	if err != nil {
		return nil, err
	}
	dir, temporary, err := folder(opts.Dir)
	if err != nil {
		return nil, err
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	s := &Server{lock: lock, temporary: temporary, log: opts.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.stop = sync.OnceValue(s.shutDown)
	if err := s.start(ctx, bin, dir, opts); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// folder makes the server's folder and gives its real path.
func folder(dir string) (path string, temporary bool, err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "readerfund-postgres-"); err != nil {
			return "", false, err
		}
		temporary = true
	}
	// Others may pass through, because for root the server is somebody else; what lies inside is closed.
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return "", false, err
	}
	if temporary {
		if err := os.Chmod(dir, 0o711); err != nil {
			return "", false, err
		}
	}
	path, err = resolve(dir)
	return path, temporary, err
}

func resolve(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// lockFolder takes the folder for this process; the lock goes with the process, however it ends.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another program runs the database in %s: stop it first: %w", dir, err), f.Close())
	}
	return f, nil
}

func (s *Server) start(ctx context.Context, bin, dir string, opts Options) (err error) {
	s.log.Debug("prepare database", "dir", dir, "programs", bin)
	if s.cluster, err = openCluster(ctx, bin, dir, opts.Durable); err != nil {
		return err
	}
	if err := clearLeftover(ctx, s.cluster.data); err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		if s.port, err = choosePort(opts.Port); err != nil {
			return err
		}
		// Another try helps against a port that was taken in between, and against the memory of a server that was
		// killed and whose children are just going.
		if err = s.launch(ctx, opts); err == nil || attempt == 4 || ctx.Err() != nil {
			return err
		}
		time.Sleep(time.Duration(attempt) * 300 * time.Millisecond)
	}
}

func choosePort(wanted int) (int, error) {
	if wanted != 0 {
		return wanted, nil
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// keepsMemory has glibc keep what a server process has once had (mallopt(3)). Each statement takes and frees a few
// hundred kilobytes; given back to the system and taken anew, they are a fifth of what the server costs in tests.
var keepsMemory = []string{
	"MALLOC_TOP_PAD_=67108864", "MALLOC_TRIM_THRESHOLD_=134217728", "MALLOC_MMAP_THRESHOLD_=134217728",
}

// launch starts the server and waits until it takes connections.
func (s *Server) launch(ctx context.Context, opts Options) error {
	output, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = output.Close() }()                                               // the server has its own handle
	cmd := exec.Command(filepath.Join(s.cluster.bin, "postgres"), s.arguments(opts)...) //nolint:gosec,noctx // a program Find found; it outlives ctx
	cmd.Dir = s.cluster.data
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if !opts.Durable {
		cmd.Env = append(cmd.Env, keepsMemory...)
	}
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = s.cluster.account.attributes()
	s.done = make(chan struct{})
	if err := startTied(cmd, s.done); err != nil {
		close(s.done)
		return err
	}
	s.process = cmd.Process
	if err := s.waitReady(ctx); err != nil {
		err = errors.Join(err, s.end())
		s.process = nil
		return err
	}
	return nil
}

func (s *Server) logFile() string { return filepath.Join(s.cluster.dir, "postgres.log") }

func (s *Server) arguments(opts Options) []string {
	settings := map[string]string{
		"listen_addresses": "127.0.0.1", "port": strconv.Itoa(s.port), "unix_socket_directories": "",
		"log_destination": "stderr", "logging_collector": "off", "timezone": "UTC",
	}
	if !opts.Durable {
		for name, value := range map[string]string{
			"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal",
			"max_wal_senders": "0",
			"max_connections": "400", "autovacuum": "off", "max_wal_size": "4GB",
		} {
			settings[name] = value
		}
	}
	for name, value := range opts.Settings {
		settings[name] = value
	}
	args := []string{"-D", s.cluster.data}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// waitReady watches the server's own pid file, as pg_ctl does: its eighth line says "ready".
func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		lines := readPidFile(s.cluster.data)
		if len(lines) >= 8 && lines[0] == strconv.Itoa(s.process.Pid) && lines[7] == "ready" {
			s.log.Debug("database ready", "port", s.port)
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("PostgreSQL did not start: %s", s.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not start in time: %w: %s", ctx.Err(), s.lastWords())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func readPidFile(data string) []string {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return nil
	}
	lines := strings.Split(string(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return lines
}

// lastWords are the end of the server's log, for an error's text.
func (s *Server) lastWords() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-5):], []byte("; ")))
}

// Port is where the server listens on 127.0.0.1.
func (s *Server) Port() int { return s.port }

// URL is the address of a database on the server, for db.Open and DATABASE_URL. "postgres" is always there.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, s.cluster.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Done is closed when the server has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop ends the server: open transactions are rolled back, what was committed is kept. It may be called more than once.
func (s *Server) Stop() error { return s.stop() }

func (s *Server) shutDown() error {
	err := s.end()
	if s.temporary {
		return errors.Join(err, s.lock.Close(), Remove(filepath.Dir(s.lock.Name())))
	}
	return errors.Join(err, s.lock.Close())
}

// end asks the server to go, ever more firmly: fast shutdown, immediate shutdown, kill.
// Source: PostgreSQL, "Shutting Down the Server" (postgresql.org/docs/current/server-shutdown.html).
func (s *Server) end() error {
	if s.process == nil {
		return nil
	}
	signals := []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL}
	waits := []time.Duration{20 * time.Second, 5 * time.Second, 5 * time.Second}
	for i, signal := range signals {
		if err := s.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop PostgreSQL: %w", err)
		}
		select {
		case <-s.done:
			if i > 0 {
				return fmt.Errorf("PostgreSQL had to be stopped with %v", signal)
			}
			return nil
		case <-time.After(waits[i]):
		}
	}
	return fmt.Errorf("PostgreSQL (process %d) does not stop", s.process.Pid)
}
