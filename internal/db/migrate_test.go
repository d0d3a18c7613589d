package db_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/migrations"
)

// steps are migrations of our own, numbered after all real ones.
func steps(extra ...string) fstest.MapFS {
	all := fstest.MapFS{
		"90001_first.sql":  {Data: []byte("-- +goose Up\nCREATE TABLE one (n int);\nINSERT INTO one VALUES (1);\n-- +goose Down\nDROP TABLE one;\n")},
		"90002_second.sql": {Data: []byte("-- +goose Up\nUPDATE one SET n = n + 1;\n-- +goose Down\nUPDATE one SET n = n - 1;\n")},
	}
	for i, text := range extra {
		all["9000"+string(rune('3'+i))+"_extra.sql"] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

// blank is a database without our schema.
func blank(t *testing.T) *db.DB {
	t.Helper()
	d := dbtest.New(t)
	for _, statement := range []string{`DROP SCHEMA public CASCADE`, `CREATE SCHEMA public`} {
		if _, err := d.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func TestMigrateUpStatusDown(t *testing.T) {
	t.Parallel()
	d := blank(t)
	before, err := db.MigrateStatus(t.Context(), d, steps())
	if err != nil || len(before) != 2 || before[0].Applied() || before[0].Name != "90001_first.sql" {
		t.Fatalf("got %v, %v", before, err)
	}
	done, err := db.Migrate(t.Context(), d, steps())
	if err != nil || len(done) != 2 || done[1].Version != 90002 {
		t.Fatalf("got %v, %v", done, err)
	}
	after, err := db.MigrateStatus(t.Context(), d, steps())
	if err != nil || !after[0].Applied() || !after[1].Applied() {
		t.Fatalf("got %v, %v", after, err)
	}
	if again, err := db.Migrate(t.Context(), d, steps()); err != nil || len(again) != 0 {
		t.Fatalf("again: %v, %v", again, err)
	}
	for _, want := range []int64{90002, 90001} {
		undone, err := db.MigrateDown(t.Context(), d, steps())
		if err != nil || undone.Version != want {
			t.Fatalf("got %v, %v", undone, err)
		}
	}
	if _, err := db.MigrateDown(t.Context(), d, steps()); !fault.Is(err, fault.NotFound) {
		t.Fatalf("nothing left: %v", err)
	}
}

func TestReplicasMigrateAtOnce(t *testing.T) {
	t.Parallel()
	d := blank(t)
	const replicas = 6
	var all sync.WaitGroup
	var mu sync.Mutex
	var applied int
	var errs []error
	for range replicas {
		all.Go(func() {
			done, err := db.Migrate(t.Context(), d, steps())
			mu.Lock()
			defer mu.Unlock()
			applied += len(done)
			errs = append(errs, err)
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil || applied != 2 {
		t.Fatalf("%d steps applied among all, want each once; %v", applied, err)
	}
	var n int
	if err := d.Get(&n, `SELECT n FROM one`); err != nil || n != 2 {
		t.Fatalf("got %d, %v", n, err)
	}
}

func TestFailedStepLeavesNothing(t *testing.T) {
	t.Parallel()
	d := blank(t)
	broken := "-- +goose Up\nUPDATE one SET n = 100;\nSELECT nonsense;\n"
	done, err := db.Migrate(t.Context(), d, steps(broken))
	if err == nil || !strings.Contains(err.Error(), "90003_extra.sql") || len(done) != 2 {
		t.Fatalf("got %v, %v", done, err)
	}
	var n int
	if err := d.Get(&n, `SELECT n FROM one`); err != nil || n != 2 {
		t.Fatalf("half a step stayed: %d, %v", n, err)
	}
	mended := "-- +goose Up\nUPDATE one SET n = 100;\n"
	if done, err := db.Migrate(t.Context(), d, steps(mended)); err != nil || len(done) != 1 {
		t.Fatalf("the lock was not given back: %v, %v", done, err)
	}
}

// Indexes are made beside the service, so their step is no transaction: where it broke off halfway, running it again
// mends what was left, an index that is not valid or not the one that was meant.
func TestIndexStepMendsWhatItLeft(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for _, statement := range []string{
		`DELETE FROM goose_db_version WHERE version_id >= 9`,
		`DROP INDEX contribution_state`, `CREATE INDEX contribution_state ON contribution (id)`,
		`DROP INDEX payment_occurred`, `DROP INDEX audit_entry_actor`,
		`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'contribution_article'::regclass`,
	} {
		if _, err := d.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	step := fstest.MapFS{}
	text, err := migrations.FS.ReadFile("00009_lists.sql")
	if err != nil {
		t.Fatal(err)
	}
	step["00009_lists.sql"] = &fstest.MapFile{Data: text}
	if done, err := db.Migrate(t.Context(), d, step); err != nil || len(done) != 1 {
		t.Fatalf("got %v, %v", done, err)
	}
	var n int
	if err := d.Get(&n, `
		SELECT count(*) FROM pg_index i WHERE i.indisvalid AND pg_get_indexdef(i.indexrelid) LIKE '%DESC)%'
		AND i.indexrelid IN ('contribution_state'::regclass, 'contribution_article'::regclass, 'audit_entry_actor'::regclass)
		OR i.indisvalid AND i.indexrelid = 'payment_occurred'::regclass`); err != nil || n != 4 {
		t.Errorf("%d of the indexes are as they should be, %v", n, err)
	}
}
