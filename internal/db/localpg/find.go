// Package localpg runs a private PostgreSQL from the machine's own server binaries: for the demo, the tests and the
// measurements. It is not for production, where the database is somebody's duty of its own.
//
// The server listens on 127.0.0.1 only, under a random password, and stops with the program that started it. It does
// not install anything: scripts/setup-postgres.sh does where it may, and Find says what is missing.
package localpg

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"readerfund/internal/fault"
)

// places are where server binaries lie when they are not on PATH: Debian and Ubuntu, Fedora and Red Hat (PGDG),
// Homebrew on Apple and on Intel processors and on Linux, MacPorts, Postgres.app.
var places = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
	"/opt/local/lib/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// Find gives the folder with PostgreSQL's server programs (initdb, postgres): the one on PATH, or else the highest
// version among the usual places. Without one, the error is a fault.Unavailable that says how to get it.
func Find() (string, error) { return find(places) }

func find(places []string) (string, error) {
	if postgres, err := exec.LookPath("postgres"); err == nil {
		// Distributions link single programs into PATH; the others lie beside the link's target.
		if target, err := filepath.EvalSymlinks(postgres); err == nil && complete(filepath.Dir(target)) {
			return filepath.Dir(target), nil
		}
	}
	var found []string
	for _, pattern := range places {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		found = append(found, dirs...)
	}
	found = slices.DeleteFunc(found, func(dir string) bool { return !complete(dir) })
	if len(found) == 0 {
		return "", errMissing
	}
	return slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) }), nil
}

var errMissing error = fault.New(fault.Unavailable, "database.not_installed")

// complete reports whether a folder has what we run.
func complete(dir string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		info, err := os.Stat(filepath.Join(dir, program))
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

var digits = regexp.MustCompile(`[0-9]+`)

// version reads the major version out of a folder's name: 17 from /usr/lib/postgresql/17/bin, 0 when there is none.
func version(dir string) int {
	all := digits.FindAllString(dir, -1)
	if len(all) == 0 {
		return 0
	}
	n, err := strconv.Atoi(all[len(all)-1])
	if err != nil {
		return 0
	}
	return n
}
