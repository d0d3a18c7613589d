// Keeper runs the PostgreSQL that a user's test processes share (see dbtest), and stops it when nobody needs it any
// more.
//
// Each test process holds a connection to the keeper's socket; the system closes it however the process ends. With the
// argument "stop" the program ends a running keeper instead, and waits until its server is gone. With "find" it only
// tells where PostgreSQL's programs are, for scripts.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/db/localpg"
)

// idle is how long the server waits for another test process, as between two packages of one `go test ./...`.
const idle = 10 * time.Second

func main() {
	run := keep
	if len(os.Args) > 1 {
		run = map[string]func() error{"stop": stop, "find": find}[os.Args[1]]
	}
	if run == nil {
		fmt.Fprintln(os.Stderr, "usage: keeper [stop|find]")
		os.Exit(2)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "keeper:", err)
		os.Exit(1)
	}
}

func keep() error {
	dir, err := dbtest.Folder(os.TempDir())
	if err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "keeper.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }() // closing is unlocking
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("another keeper is running or just leaving: %w", err)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	listener, err := listen(ctx, filepath.Join(dir, dbtest.SocketName))
	if err != nil {
		return err
	}
	server, data, err := startServer(ctx)
	if err != nil {
		serve(ctx, listener, "error "+strings.ReplaceAll(err.Error(), "\n", "; "))
		return err
	}
	serve(ctx, listener, "url "+server.URL("postgres"))
	return errors.Join(server.Stop(), localpg.Remove(data))
}

func listen(ctx context.Context, path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(path, 0o600)
}

// startServer makes a new cluster: what an earlier keeper may have left, killed with its tests, is of no use.
func startServer(ctx context.Context) (*localpg.Server, string, error) {
	base, err := dbtest.MemoryFolder()
	if err != nil {
		return nil, "", err
	}
	// One cluster for each temporary folder, as there is one keeper for each.
	dir := filepath.Join(base, fmt.Sprintf("pg-%08x", crc32.ChecksumIEEE([]byte(os.TempDir()))))
	if err := localpg.Remove(dir); err != nil {
		return nil, "", err
	}
	server, err := localpg.Start(ctx, localpg.Options{Dir: dir})
	return server, dir, err
}

// serve greets whoever connects. It returns when nobody has been connected for a while, or nobody is any more and one
// has asked to stop.
func serve(ctx context.Context, l net.Listener, greeting string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	context.AfterFunc(ctx, func() { _ = l.Close() }) // ends Accept below
	g := &guests{leave: cancel, timer: time.AfterFunc(idle, cancel)}
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		g.come()
		go g.attend(c, greeting)
	}
}

// guests counts who is connected, and leaves when nobody is.
type guests struct {
	mu       sync.Mutex
	number   int
	stopping bool
	timer    *time.Timer
	leave    func()
}

func (g *guests) come() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.number++
	g.stopping = false
	g.timer.Stop()
}

// attend stays with one guest until it goes. One that says "stop" is told whether that is possible now, or others still
// need the server; then it stops when the last of them has gone.
func (g *guests) attend(c net.Conn, greeting string) {
	defer func() { _ = c.Close() }() // the other side has gone already
	var word string
	if _, err := fmt.Fprintln(c, greeting); err == nil {
		word, _ = bufio.NewReader(c).ReadString('\n') // an error is the guest's end
	}
	if stop := strings.TrimSpace(word) == "stop"; g.goodbye(stop) {
		_, _ = fmt.Fprintln(c, "stopping")
		g.leave()
	}
}

// goodbye reports whether it is time to leave.
func (g *guests) goodbye(stop bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.number--
	g.stopping = g.stopping || stop
	if g.number == 0 && !g.stopping {
		g.timer.Reset(idle)
	}
	return g.number == 0 && g.stopping
}

// stop ends a running keeper and waits until its server is gone, unless other tests are using it. Without a keeper
// there is nothing to do.
func stop() error {
	dir, err := dbtest.Folder(os.TempDir())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "unix", filepath.Join(dir, dbtest.SocketName))
	if err != nil {
		return nil // no keeper is running
	}
	defer func() { _ = c.Close() }() // it was only asked something
	if _, err := fmt.Fprintln(c, "stop"); err != nil {
		return err
	}
	answer, err := io.ReadAll(c)
	if err != nil || !strings.Contains(string(answer), "\nstopping") {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "keeper.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }() // closing is unlocking
	return syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
}

func find() error {
	bin, err := localpg.Find()
	if err == nil {
		fmt.Println(bin)
	}
	return err
}
