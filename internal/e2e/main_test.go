package e2e

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	status := m.Run()
	if err := os.RemoveAll(buildFolder()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// buildFolder is where this process keeps the programs it builds.
func buildFolder() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("readerfund-e2e-%d", os.Getpid()))
}

// built builds the programs once, the way `make build` does but for the flags that make them small.
var built = sync.OnceValue(func() error {
	if err := os.Mkdir(buildFolder(), 0o700); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", buildFolder(), "readerfund/cmd/readerfund", "readerfund/cmd/demo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
})

// program is the path of a program of ours.
func program(t *testing.T, name string) string {
	t.Helper()
	if err := built(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(buildFolder(), name)
}

// artifacts is the folder for what is worth keeping of a run: ARTIFACTS_DIR, or artifacts/; both as seen from the root.
func artifacts(t *testing.T, parts ...string) string {
	t.Helper()
	base := cmp.Or(os.Getenv("ARTIFACTS_DIR"), "artifacts")
	if !filepath.IsAbs(base) {
		base = filepath.Join("..", "..", base)
	}
	file := filepath.Join(append([]string{base}, parts...)...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}
