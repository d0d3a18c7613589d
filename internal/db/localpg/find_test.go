package localpg

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"readerfund/internal/fault"
)

func TestFindTakesTheHighestCompleteVersion(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	root := t.TempDir()
	for path, programs := range map[string][]string{
		"9/bin": {"initdb", "postgres"}, "17/bin": {"initdb", "postgres"}, "18/bin": {"postgres"},
		"16/bin": {"initdb", "postgres"},
	} {
		dir := filepath.Join(root, path)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, p := range programs {
			if err := os.WriteFile(filepath.Join(dir, p), nil, 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := find([]string{filepath.Join(root, "*/bin")})
	if want := filepath.Join(root, "17/bin"); err != nil || got != want {
		t.Fatalf("got %s, %v; want %s", got, err, want)
	}

	t.Setenv("PATH", filepath.Join(root, "9/bin"))
	got, err = find([]string{filepath.Join(root, "*/bin")})
	if want := filepath.Join(root, "9/bin"); err != nil || got != want {
		t.Fatalf("PATH comes first: got %s, %v", got, err)
	}
}

func TestFindSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := find([]string{filepath.Join(t.TempDir(), "*/bin")})
	if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	for _, way := range []string{"apt install", "dnf install", "brew install", "docker compose up"} {
		if !strings.Contains(err.Error(), way) {
			t.Errorf("%q is missing in %q", way, err)
		}
	}
}

func TestAccountReachesOnlyThroughOpenFolders(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	inner := filepath.Join(root, "open", "closed", "inner")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(root, "open", "closed"), 0o700); err != nil {
		t.Fatal(err)
	}
	stranger := &account{uid: 1 << 20, gid: 1 << 20}
	if !stranger.reaches(os.TempDir()) {
		t.Error("the temporary folder is open to all")
	}
	if stranger.reaches(inner) {
		t.Error("a closed folder above was passed")
	}
	var ourselves *account
	if !ourselves.reaches(inner) {
		t.Error("we reach what is ours")
	}
}
