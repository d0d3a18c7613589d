package db_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/testkit"
	"readerfund/migrations"
)

// moment is where a migration breaks off: at a statement, before the server hears of it, after it did what it says and
// before the answer, or in the middle of an index that is made beside the service.
type moment struct {
	when       string // before, after, during
	statement  string
	occurrence int
}

// TestMigrationThatBreaksOff lets the connection die at each statement of each migration, and migrates again. What
// comes out must be what an undisturbed run makes. A drawn four of them break off, in CI the newest eight and a drawn
// eight of the others, which have all been among the newest and do not change any more; each at moments that are drawn:
// two, in CI four. READERFUND_BREAKS=1000 takes every moment of those, which is some hundreds and minutes in CI.
func TestMigrationThatBreaksOff(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it does one thing after the other, and takes long")
	}
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	broken := testkit.Draw(t, 4, names)
	if testkit.Full() {
		others, newest := names[:len(names)-8], names[len(names)-8:]
		broken = slices.Concat(testkit.Draw(t, 8, others), newest)
	}
	before := dbtest.NewEmptyURL(t)
	steps := fstest.MapFS{}
	for _, name := range names {
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		steps[name] = &fstest.MapFile{Data: text}
		if !slices.Contains(broken, name) {
			if err := migrateAt(t.Context(), before, steps); err != nil {
				t.Fatal(err)
			}
			continue
		}
		from, upTo := before, cloneSteps(steps)
		undisturbed := dbtest.CopyURL(t, from)
		moments := statementsOf(t, undisturbed, upTo)
		want := schemaOf(t, undisturbed)
		before = undisturbed
		for _, m := range testkit.Draw(t, testkit.Many(t, "READERFUND_BREAKS", 2, 4), moments) {
			t.Run(fmt.Sprintf("%s/%s %.60s", name, m.when, strings.Join(strings.Fields(m.statement), " ")), func(t *testing.T) {
				breakOff(t, dbtest.CopyURL(t, from), upTo, m, want)
			})
		}
	}
}

func cloneSteps(steps fstest.MapFS) fstest.MapFS {
	clone := fstest.MapFS{}
	for name, file := range steps {
		clone[name] = file
	}
	return clone
}

// statementsOf migrates, and gives every moment at which it could have broken off. The lock's own statements are left
// out: it is renewed by the clock.
func statementsOf(t *testing.T, address string, steps fs.FS) []moment {
	t.Helper()
	p, through := proxyTo(t, address)
	statements := make(chan string, 10_000)
	watch := func(_ *wire, message []byte) bool {
		if s := statementIn(message); s != "" {
			statements <- s
		}
		return true
	}
	p.atMessage.Store(&watch)
	if err := migrateAt(t.Context(), through, steps); err != nil {
		t.Fatal(err)
	}
	p.close()
	close(statements)
	var all []moment
	seen := map[string]int{}
	for s := range statements {
		seen[s]++
		for _, when := range []string{"before", "after", "during"} {
			if when != "during" || strings.Contains(s, "INDEX CONCURRENTLY") {
				all = append(all, moment{when, s, seen[s]})
			}
		}
	}
	return all
}

// statementIn is the SQL of a message (PostgreSQL, "Message Formats": Query); empty where it holds none that counts,
// such as goose's questions.
func statementIn(message []byte) string {
	if len(message) < 6 || message[0] != 'Q' {
		return ""
	}
	text, _, _ := strings.Cut(string(message[5:]), "\x00")
	if text == ";" || strings.HasPrefix(text, "SELECT") || strings.Contains(text, "goose_lock") {
		return ""
	}
	return text
}

func migrateAt(ctx context.Context, address string, steps fs.FS) error {
	d, err := db.Open(ctx, address, db.Options{MaxOpen: 1})
	if err != nil {
		return err
	}
	_, err = db.Migrate(ctx, d, steps)
	return errors.Join(err, d.Close())
}

// breakOff migrates through a proxy that cuts the connection at the moment, and then without one.
func breakOff(t *testing.T, address string, steps fs.FS, m moment, want string) {
	t.Helper()
	p, through := proxyTo(t, address)
	var seen atomic.Int32
	var broken atomic.Bool
	meddle := func(w *wire, message []byte) bool {
		if statementIn(message) != m.statement || int(seen.Add(1)) != m.occurrence {
			return true
		}
		broken.Store(true)
		switch m.when {
		case "after":
			w.mute.Store(true)
			if _, err := w.server.Write(message); err == nil {
				<-w.answered
			}
		case "during":
			interrupt(t, address, w, message)
		}
		return false
	}
	p.atMessage.Store(&meddle)
	err := migrateAt(t.Context(), through, steps)
	p.close()
	if !broken.Load() {
		t.Fatalf("the statement did not come by (%v)", err)
	}
	if again := migrateAt(t.Context(), address, steps); again != nil {
		t.Fatalf("it broke off with %v, and does not go on: %v", err, again)
	}
	if got := schemaOf(t, address); got != want {
		t.Errorf("it broke off with %v, and went on to\n%s\nnot to\n%s", err, unlike(got, want), unlike(want, got))
	}
}

// interrupt lets a statement begin that must wait for everybody who writes, and ends it while it waits.
func interrupt(t *testing.T, address string, w *wire, message []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	d, err := db.Open(ctx, address, db.Options{MaxOpen: 2})
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = d.Close() }()
	writer, err := d.BeginTxx(ctx, nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = writer.Rollback() }()
	var tables string
	err = d.GetContext(ctx, &tables, `
		SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'
			AND tablename NOT LIKE 'goose%'`)
	if err == nil {
		_, err = writer.ExecContext(ctx, `LOCK TABLE `+tables+` IN ROW EXCLUSIVE MODE`)
	}
	if err == nil {
		w.mute.Store(true)
		_, err = w.server.Write(message)
	}
	for range 40 { // one that finds nothing to do does not wait
		var ended int
		if err == nil {
			err = d.GetContext(ctx, &ended, `
				SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INDEX CONCURRENTLY%'
					AND pid <> pg_backend_pid()`)
		}
		if err != nil || ended > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Error(err)
	}
}

// schemaOf is a database's tables, columns, indexes and constraints as text, with its data's digest and what has been
// migrated.
func schemaOf(t *testing.T, address string) string {
	t.Helper()
	d, err := db.Open(t.Context(), address, db.Options{MaxOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	var lines []string
	err = d.SelectContext(t.Context(), &lines, `
		SELECT format('column %s.%s %s %s default %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
		              CASE WHEN a.attnotnull THEN 'not null' END, pg_get_expr(f.adbin, f.adrelid))
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef f ON f.adrelid = c.oid
			AND f.adnum = a.attnum
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
		UNION ALL
		SELECT format('%s valid %s ready %s', pg_get_indexdef(i.indexrelid), indisvalid, indisready)
		FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace
		UNION ALL
		SELECT format('constraint %s on %s %s valid %s', conname, conrelid::regclass, pg_get_constraintdef(oid), convalidated)
		FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION ALL
		SELECT format('version %s %s, %s times', version_id, is_applied, count(*)) FROM goose_db_version
		GROUP BY version_id, is_applied
		ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// unlike are the lines of one text that another lacks.
func unlike(text, other string) string {
	var only []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.Contains(other, line) {
			only = append(only, line)
		}
	}
	return strings.Join(only, "\n")
}
