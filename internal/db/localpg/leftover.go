package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clearLeftover deals with what a killed run left on the same data: a server that still runs is stopped, the pid file
// of one that is gone is removed, because its number may belong to somebody else by now. The folder's lock is ours, so
// no living program owns that server.
func clearLeftover(ctx context.Context, data string) error {
	lines := readPidFile(data)
	if len(lines) == 0 {
		return nil
	}
	pid, err := strconv.Atoi(lines[0])
	if err == nil && pid > 1 && servesFrom(pid, data) {
		if err := stopOrphan(ctx, pid, data); err != nil {
			return err
		}
	}
	err = os.Remove(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func stopOrphan(ctx context.Context, pid int, data string) error {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop the server a killed run left behind (process %d): %w", pid, err)
		}
		for range 100 {
			if !servesFrom(pid, data) {
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	return fmt.Errorf("a server that a killed run left behind (process %d) does not stop", pid)
}

// servesFrom reports whether a process is a PostgreSQL on this data directory, by its command line.
func servesFrom(pid int, data string) bool {
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline")) // Linux; ps may be missing there
	if err != nil {
		line, err = exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output() //nolint:gosec,noctx // a number; it does not wait
	}
	return err == nil && strings.Contains(string(line), data)
}
