package dbtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Folder is the user's own folder under a temporary one: the keeper's socket and its server lie in such folders. The
// name can be guessed, so one that is not ours is refused.
func Folder(base string) (string, error) {
	dir := filepath.Join(base, "readerfund-dbtest-"+strconv.Itoa(os.Geteuid()))
	err := os.Mkdir(dir, 0o711)
	if err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(owner.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s does not belong to this account alone: remove it", dir)
	}
	return dir, nil
}

// SocketName is the keeper's socket in its Folder. Whoever connects is told the server's address in a line "url …", or
// what went wrong in a line "error …", and holds the connection for as long as it needs the server. "stop" ends the
// keeper.
const SocketName = "socket"

// keeperAddress asks the keeper for the server's address, and starts a keeper where there is none.
func keeperAddress(ctx context.Context) (string, error) {
	dir, err := Folder(os.TempDir())
	if err != nil {
		return "", err
	}
	if address, err := ask(ctx, dir); !errors.Is(err, errNoKeeper) {
		return address, err
	}
	// One process at a time starts a keeper; the others find it.
	lock, err := os.OpenFile(filepath.Join(dir, "start.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }() // closing is unlocking
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	for attempt := 0; ; attempt++ {
		address, err := ask(ctx, dir)
		if !errors.Is(err, errNoKeeper) {
			return address, err
		}
		// The first keeper may find that its predecessor is just leaving.
		if attempt%100 == 0 {
			if err := startKeeper(ctx, dir); err != nil {
				return "", err
			}
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("the keeper of the tests' PostgreSQL does not answer (see %s): %w",
				filepath.Join(dir, "keeper.log"), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

var errNoKeeper = errors.New("no keeper is running")

// ask connects to the keeper; the connection stays open until this process ends.
func ask(ctx context.Context, dir string) (string, error) {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "unix", filepath.Join(dir, SocketName))
	if err != nil {
		return "", errNoKeeper
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil { // it was just leaving
		return "", errors.Join(errNoKeeper, c.Close())
	}
	word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	if word != "url" {
		return "", errors.Join(errors.New(rest), c.Close())
	}
	held = append(held, c)
	return rest, nil
}

// held keeps the connection to the keeper from being collected.
var held []net.Conn

// startKeeper builds the keeper and lets it go: it must outlive this process, because the next one wants it too.
func startKeeper(ctx context.Context, dir string) error {
	program := filepath.Join(dir, "keeper-"+strconv.Itoa(os.Getpid()))
	//nolint:gosec // our own package
	build := exec.CommandContext(
		ctx, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags=-s", "-o", program,
		"readerfund/internal/db/dbtest/keeper",
	)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the keeper of the tests' PostgreSQL: %w: %s", err, out)
	}
	defer func() { _ = os.Remove(program) }() // a running program does not need its name
	log, err := os.OpenFile(filepath.Join(dir, "keeper.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the keeper has its own handle
	keeper := exec.Command(program)    //nolint:gosec,noctx // what was built above; it outlives ctx
	keeper.Dir = dir
	keeper.Stdout, keeper.Stderr = log, log // not ours: go test waits until nobody holds its output
	keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := keeper.Start(); err != nil {
		return err
	}
	return keeper.Process.Release()
}
