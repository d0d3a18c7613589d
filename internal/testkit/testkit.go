// Package testkit is what tests of all packages share: a clock that is set, a PayPal sandbox over real HTTP, a
// database's rows, and how much of a test is done. Package newsroom beside it adds the services and gifts made through
// them; package internal/e2e/harness, the real programs.
//
// It holds no test and no rule of the domain, and never links into a program: a test of cmd/readerfund holds that.
package testkit

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// Full reports whether everything is to be tested, as in CI and by `make faults`, and not the drawn few of `make test`.
// CI=true says so, here and nowhere else.
func Full() bool { return os.Getenv("CI") == "true" }

// Many is how often something is done: usual, or full where everything is tested, or as often as the variable says.
func Many(t *testing.T, variable string, usual, full int) int {
	t.Helper()
	text := os.Getenv(variable)
	switch {
	case text != "":
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("%s=%q is not a number above 0", variable, text)
		}
		return n
	case Full():
		return full
	default:
		return usual
	}
}

// Some are all of them where everything is tested, and else so many, which the seed draws, in their order.
func Some[T any](t *testing.T, usual int, all []T) []T {
	t.Helper()
	if Full() {
		return all
	}
	return Draw(t, usual, all)
}

// FewerChecks has rapid draw a fifth of its usual 100 cases where not everything is tested; -rapid.checks says
// otherwise. It is for TestMain, before the flags are read.
func FewerChecks() {
	if f := flag.Lookup("rapid.checks"); f != nil && !Full() {
		_ = f.Value.Set("20") // it is a number
	}
}

// Draw is so many of them, which the seed draws, in their order.
func Draw[T any](t *testing.T, n int, all []T) []T {
	t.Helper()
	if n >= len(all) {
		return all
	}
	draw := rand.New(rand.NewPCG(Seed(t), 0))
	places := draw.Perm(len(all))[:n]
	slices.Sort(places)
	some := make([]T, 0, n)
	for _, i := range places {
		some = append(some, all[i])
	}
	return some
}

// Seed is READERFUND_SEED, or drawn; it decides what a test draws.
func Seed(t *testing.T) uint64 {
	t.Helper()
	n := rand.Uint64()
	if text := os.Getenv("READERFUND_SEED"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("READERFUND_SEED: %v", err)
		}
	}
	t.Logf("READERFUND_SEED=%d", n)
	return n
}

// Root is the path of a file of the repository, from its root.
func Root(t *testing.T, parts ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return filepath.Join(append([]string{dir}, parts...)...)
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		err = os.ErrNotExist
	}
	t.Fatalf("find the repository: %v", err)
	return ""
}

// Artifact is a file for what is worth keeping of a run, in ARTIFACTS_DIR, or artifacts/; both as seen from the root.
// Its folder is there.
func Artifact(t *testing.T, parts ...string) string {
	t.Helper()
	base := os.Getenv("ARTIFACTS_DIR")
	if base == "" {
		base = "artifacts"
	}
	if !filepath.IsAbs(base) {
		base = Root(t, base)
	}
	file := filepath.Join(append([]string{base}, parts...)...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}
