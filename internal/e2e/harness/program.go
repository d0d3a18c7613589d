package harness

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/testkit"
)

// BuildDir is where the programs of this checkout lie. They stay there, so that all packages and the next run have
// them.
func BuildDir(t *testing.T) string {
	t.Helper()
	base, err := dbtest.Folder(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, fmt.Sprintf("programs-%x", sha256.Sum256([]byte(testkit.Root(t))))[:len("programs-")+12])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

var built struct {
	once sync.Once
	err  error
}

// Program is the path of a program of ours. The first test of a process builds the programs as `make build` does, so
// that what one of the two has compiled the other finds in the build's cache; what is up to date, go build leaves
// alone.
func Program(t *testing.T, name string) string {
	t.Helper()
	dir := BuildDir(t)
	built.once.Do(func() { built.err = build(dir) })
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(dir, name)
}

func build(dir string) error {
	unlock, err := Lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", dir,
		"readerfund/cmd/readerfund", "readerfund/cmd/demo")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
}

// Lock lets one process at a time work in a folder.
func Lock(dir string) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, err
	}
	return func() { _ = file.Close() }, nil // closing is unlocking
}
