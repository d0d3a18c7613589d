package dbtest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/db/localpg"
)

// MemoryFolder is the user's own folder in memory where that has a GiB to spare, or else under the usual temporary
// folder: a new database is 300 files, which some file systems take thirty times as long to write as memory does.
func MemoryFolder() (string, error) {
	const shm = "/dev/shm"
	var fs syscall.Statfs_t
	if err := syscall.Statfs(shm, &fs); err != nil ||
		fs.Bavail*uint64(fs.Bsize) < 1<<30 { //nolint:gosec // a block has a size
		return Folder(os.TempDir())
	}
	return Folder(shm)
}

// ClusterFolder is a new folder for a server of the test's own, in MemoryFolder. It goes when the test ends, after the
// server, which the test has to stop. What tests that were killed have left goes, too.
func ClusterFolder(t testing.TB) string {
	t.Helper()
	base, err := MemoryFolder()
	if err != nil {
		t.Fatal(err)
	}
	const prefix = "cluster-"
	left, err := filepath.Glob(filepath.Join(base, prefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range left {
		info, err := os.Stat(dir)
		if err == nil && time.Since(info.ModTime()) > time.Hour { // a younger one's server may just be starting
			_ = localpg.Remove(dir) // refused where its server runs
		}
	}
	dir, err := os.MkdirTemp(base, prefix) //nolint:usetesting // t.TempDir lies on a disk
	if err == nil {
		err = os.Chmod(dir, 0o711) // for root, the server is somebody else
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := localpg.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
