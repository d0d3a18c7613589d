package dbtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"readerfund/internal/db"
)

// separate is a server whose kept databases no other test has.
func separate(t *testing.T) *server {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	own := &server{admin: s.admin, private: s.private, template: s.template, strategy: s.strategy}
	t.Cleanup(func() {
		for _, k := range own.free {
			k.close()
			if err := s.drop(context.Background(), k.name); err != nil {
				t.Error(err)
			}
		}
	})
	return own
}

// visit opens a pool of a test's own, which is still there when the test has ended.
func visit(t *testing.T, d *db.DB) *db.DB {
	t.Helper()
	other, err := db.Open(t.Context(), d.URL(), db.Options{MaxOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	return other
}

// TestWhatOneTestDoesTheNextDoesNotSee has tests of all kinds use a database, and looks at what the next one gets.
func TestWhatOneTestDoesTheNextDoesNotSee(t *testing.T) {
	t.Parallel()
	s := separate(t)
	writes := func(t *testing.T, d *db.DB) {
		d.MustExec(`INSERT INTO article (address, digest) VALUES ('a', '')`)
	}
	for _, c := range []struct {
		name string
		test func(t *testing.T, d *db.DB)
		kept bool
	}{
		{"reads", func(_ *testing.T, d *db.DB) { d.MustExec(`SELECT FROM article`) }, true},
		{"writes", writes, true},
		{"deletes what migrations wrote", func(_ *testing.T, d *db.DB) {
			d.MustExec(`DELETE FROM goose_db_version`)
		}, false},
		{"sets its session", func(_ *testing.T, d *db.DB) {
			d.MustExec(`SET lock_timeout = '1s'; PREPARE own AS SELECT 1; SELECT pg_advisory_lock(1)`)
		}, true},
		{"makes a temporary table", func(_ *testing.T, d *db.DB) {
			d.MustExec(`CREATE TEMPORARY TABLE own (n int)`)
		}, false},
		{"sets the database", func(_ *testing.T, d *db.DB) {
			d.MustExec(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = 1', current_database()); END $$`)
		}, false},
		{"makes a table", func(_ *testing.T, d *db.DB) { d.MustExec(`CREATE TABLE own (n int)`) }, false},
		{"drops an index", func(_ *testing.T, d *db.DB) {
			d.MustExec(`ALTER TABLE article DROP CONSTRAINT article_digest_key`)
		}, false},
		{"changes a column", func(_ *testing.T, d *db.DB) {
			d.MustExec(`ALTER TABLE article ALTER COLUMN address DROP NOT NULL`)
		}, false},
		{"makes a function", func(_ *testing.T, d *db.DB) {
			d.MustExec(`CREATE FUNCTION own() RETURNS int LANGUAGE sql AS 'SELECT 1'`)
		}, false},
		{"analyzes", func(t *testing.T, d *db.DB) { writes(t, d); d.MustExec(`ANALYZE article`) }, true},
		{"vacuums", func(t *testing.T, d *db.DB) { writes(t, d); d.MustExec(`VACUUM article`) }, true},
		{"writes much", func(_ *testing.T, d *db.DB) {
			d.MustExec(`INSERT INTO audit_entry (at, actor, action, subject, detail)
				SELECT now(), 'a', 'b', repeat('c', 1000), '{}' FROM generate_series(1, 10000)`)
		}, false},
		{"leaves a transaction open", func(t *testing.T, d *db.DB) {
			tx, err := d.BeginTxx(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			tx.MustExec(`LOCK TABLE article`)
		}, false},
		{"stays connected", func(t *testing.T, d *db.DB) { visit(t, d) }, false},
		{"closes what it opened", func(t *testing.T, d *db.DB) {
			if err := visit(t, d).Close(); err != nil {
				t.Error(err)
			}
		}, true},
		{"ends its connections", func(t *testing.T, d *db.DB) {
			other := visit(t, d)
			other.MustExec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid()`)
			if err := other.Close(); err != nil {
				t.Error(err)
			}
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after seen
			t.Run("one", func(t *testing.T) {
				d := s.lend(t)
				before = see(t, d)
				c.test(t, d)
			})
			t.Run("the next", func(t *testing.T) { after = see(t, s.lend(t)) })
			if kept := before.Name == after.Name; kept != (c.kept && s.private) {
				t.Errorf("kept: %v", kept)
			}
			before.Name, after.Name = "", ""
			if after != before {
				t.Errorf("before:\n%+v\nafter:\n%+v", before, after)
			}
		})
	}
}

var transaction = regexp.MustCompile(`/[0-9]+`)

type seen struct {
	Name, Lock            string
	Articles, Locks, Next int
	state
}

func see(t *testing.T, d *db.DB) (s seen) {
	t.Helper()
	b, err := readBlank(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	s.state = b.state
	s.Schema, s.Size = transaction.ReplaceAllString(s.Schema, ""), 0 // which do not matter once they were accepted
	if err := d.GetContext(t.Context(), &s, `
		SELECT current_database() AS name, current_setting('lock_timeout') AS lock,
			(SELECT count(*) FROM article) AS articles,
			(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
			nextval('article_id_seq') AS next`); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	s := separate(t)
	var pids [3]int
	var old *db.DB
	for i := range pids {
		if !t.Run(fmt.Sprint(i), func(t *testing.T) {
			old = s.lend(t)
			if err := old.GetContext(t.Context(), &pids[i], `SELECT pg_backend_pid()`); err != nil {
				t.Fatal(err)
			}
		}) {
			return
		}
		// Whoever of a test is late finds what they would have found without all this.
		if err := old.PingContext(t.Context()); err == nil || !strings.Contains(err.Error(), "database is closed") {
			t.Errorf("after its test, the pool says %v", err)
		}
	}
	// On the server that DATABASE_URL names, nothing is kept.
	if kept := len(slices.Compact(slices.Clone(pids[:]))) == 1; kept != s.private {
		t.Errorf("server processes %v", pids)
	}
}

func TestWhatAProcessKeptGoesAfterIt(t *testing.T) {
	t.Parallel()
	s := separate(t)
	if !s.private {
		t.Skip("nothing is kept on the server that DATABASE_URL names")
	}
	short := exec.CommandContext(t.Context(), "true")
	if err := short.Run(); err != nil {
		t.Fatal(err)
	}
	gone := fmt.Sprintf("%s%d_gone", testPrefix, short.ProcessState.Pid())
	stays := fmt.Sprintf("%s%d_stays", testPrefix, os.Getpid())
	for _, name := range []string{gone, stays} {
		s.admin.MustExec(`CREATE DATABASE ` + name)
	}
	if err := s.dropLeftOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	var names []string
	if err := s.admin.SelectContext(t.Context(), &names, `SELECT datname FROM pg_database
		WHERE datname IN ($1, $2)`, gone, stays); err != nil || len(names) != 1 || names[0] != stays {
		t.Errorf("there are %v, %v", names, err)
	}
	if err := s.drop(t.Context(), stays); err != nil {
		t.Error(err)
	}
}
