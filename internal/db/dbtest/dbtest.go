// Package dbtest gives each test a fresh, migrated database of its own on a real PostgreSQL.
//
// One private server serves all test processes of a user. The first that needs it starts it (see the keeper); it stops
// by itself ten seconds after the last one has ended, or at once where `make test` ends. If DATABASE_URL is set, its
// server is used instead, and databases are created and dropped there. The migrated schema is kept as a template, so
// that a database is a copy made in some 20 ms. New gives such a copy, and the connections to it, to one test after
// another, and empties it in between.
//
// It never links into a production binary.
package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/migrations"
)

// The names of what we make on a server, so that on DATABASE_URL's they can be told from other people's data.
const (
	testPrefix     = "readerfund_test_"
	templatePrefix = "readerfund_tpl_"
)

// NewURL gives the address of a fresh migrated database, for tests that start real programs. It goes when the test
// ends, whoever is still connected.
func NewURL(t testing.TB) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("a PostgreSQL for tests: %v", err)
	}
	return newDatabase(t, s, s.template+s.strategy)
}

// NewEmptyURL gives the address of a fresh database without tables, for tests that fill one from a backup. It goes as
// that of NewURL.
func NewEmptyURL(t testing.TB) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("a PostgreSQL for tests: %v", err)
	}
	return newDatabase(t, s, "template0")
}

// CopyURL gives the address of a fresh copy of another database of NewURL, NewEmptyURL or CopyURL, to which nobody may
// be connected. It goes as that of NewURL.
func CopyURL(t testing.TB, address string) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("a PostgreSQL for tests: %v", err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return newDatabase(t, s, strings.TrimPrefix(u.Path, "/")+s.strategy)
}

func newDatabase(t testing.TB, s *server, from string) string {
	t.Helper()
	name, err := s.create(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second) // the test's own context is over
		defer cancel()
		if err := s.drop(ctx, name); err != nil {
			t.Error(err)
		}
	})
	return s.address(name)
}

// server is where test databases are made.
type server struct {
	admin    *db.DB
	private  bool // not DATABASE_URL's
	template string
	strategy string // how to copy, in SQL

	mu    sync.Mutex
	free  []*kept // databases that no test has
	blank *blank  // what they are like
}

// shared is this process's access to the server, got once: the connection to the keeper must live as long as the
// process, because its end is how the keeper knows that we are done.
var shared = sync.OnceValues(connect)

func connect() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	address := os.Getenv("DATABASE_URL")
	given := address != ""
	if !given {
		var err error
		if address, err = keeperAddress(ctx); err != nil {
			return nil, err
		}
	}
	admin, err := db.Open(ctx, address, db.Options{MaxOpen: 4, ApplicationName: "dbtest"})
	if err != nil {
		return nil, err
	}
	hash, err := schemaHash(migrations.FS)
	if err != nil {
		return nil, err
	}
	s := &server{admin: admin, private: !given, template: templatePrefix + hash}
	var version int
	if err := admin.GetContext(ctx, &version, `SELECT current_setting('server_version_num')::int`); err != nil {
		return nil, err
	}
	if !given && version >= 150000 {
		// Twice as fast as the default, without fsync; with it, the checkpoints it makes would disturb the server.
		s.strategy = ` STRATEGY file_copy`
	}
	if err := s.dropLeftOver(ctx); err != nil {
		return nil, err
	}
	return s, s.ensureTemplate(ctx)
}

// create makes a database from a template. Its name tells which process it belongs to.
func (s *server) create(ctx context.Context, from string) (name string, err error) {
	name = fmt.Sprintf("%s%d_%s", testPrefix, os.Getpid(), strings.ToLower(rand.Text()))
	if _, err := s.admin.ExecContext(ctx, `CREATE DATABASE `+name+` TEMPLATE `+from); err != nil {
		return "", fmt.Errorf("create the test's database: %w", err)
	}
	return name, nil
}

// drop removes a database, whoever is connected to it.
func (s *server) drop(ctx context.Context, name string) error {
	if _, err := s.admin.ExecContext(ctx, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`); err != nil {
		return fmt.Errorf("drop the test's database: %w", err)
	}
	return nil
}

// dropLeftOver removes what processes that have ended kept on the private server: nobody tells them when their last
// test is over.
func (s *server) dropLeftOver(ctx context.Context) error {
	if !s.private {
		return nil
	}
	var names []string
	if err := s.admin.SelectContext(ctx, &names, `SELECT datname FROM pg_database`); err != nil {
		return err
	}
	for _, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, testPrefix), "_")
		pid, err := strconv.Atoi(number)
		if err != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		// Another process may be dropping it, too.
		if err := s.drop(ctx, name); err != nil && db.SQLState(err) == "" {
			return err
		}
	}
	return nil
}

// schemaHash names a schema by its migrations' names and texts.
func schemaHash(fsys fs.FS) (string, error) {
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// ensureTemplate migrates a draft and renames it. Should another process do the same at the same time, one of the two
// renames fails and its draft is thrown away: no lock is needed, and a half-migrated template is never seen.
func (s *server) ensureTemplate(ctx context.Context) error {
	if there, err := s.hasTemplate(ctx); err != nil || there {
		return err
	}
	draft, err := s.create(ctx, "template0")
	if err != nil {
		return err
	}
	err = s.migrate(ctx, draft)
	if err == nil {
		_, err = s.admin.ExecContext(ctx, `ALTER DATABASE `+draft+` RENAME TO `+s.template)
	}
	if err == nil {
		return nil
	}
	if dropErr := s.drop(ctx, draft); dropErr != nil {
		return dropErr
	}
	if there, _ := s.hasTemplate(ctx); there { // the other process was faster
		return nil
	}
	return fmt.Errorf("prepare the tests' template: %w", err)
}

func (s *server) hasTemplate(ctx context.Context) (there bool, err error) {
	err = s.admin.GetContext(ctx, &there, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, s.template)
	return there, err
}

func (s *server) migrate(ctx context.Context, database string) error {
	d, err := db.Open(ctx, s.address(database), db.Options{MaxOpen: 2})
	if err != nil {
		return err
	}
	_, err = db.Migrate(ctx, d, migrations.FS)
	if err == nil && s.private {
		_, err = d.ExecContext(ctx, forget) // what migrations ask to be analysed would else not be as after a test
	}
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}

// address is the server's address with another database.
func (s *server) address(database string) string {
	u, err := url.Parse(s.admin.URL())
	if err != nil {
		panic("db.Open took an address that is none: " + err.Error()) // db.Open has read the same address
	}
	u.Path = "/" + database
	return u.String()
}
