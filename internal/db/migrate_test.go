package db_test

import (
	"errors"
	"slices"
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

// While articles were filled in (00015), the version before may have written a contribution from a new article and
// booked its money: the entry was then completed without the article that the contribution did not refer to yet. 00021
// links both, and leaves alone what the version before books later, which is completed from its contribution.
func TestEntriesGetTheArticleTheyWereCopiedWithout(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for _, statement := range []string{
		`INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, created_at, updated_at)
		 SELECT gen_random_uuid(), 'autumn', '', '', '', '', '', 'EUR', '{}', now(), now()`,
		`INSERT INTO article (address, digest) SELECT 'https://example.org/known', sha256('https://example.org/known')`,
		`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article,
		        article_id, state, created_at, updated_at)
		 SELECT gen_random_uuid(), receipt, '', k.id, 'once', 500, 'EUR', v.address, a.id, 'completed', now(), now()
		 FROM campaign k, (VALUES ('NONE', '', NULL), ('KNOWN', 'https://example.org/known', 'https://example.org/known'),
		      ('NEW', 'https://example.org/new', NULL), ('AGAIN', 'https://example.org/new', NULL),
		      ('LATER', 'https://example.org/later', NULL)) v (receipt, address, linked)
		 LEFT JOIN article a ON a.address = v.linked`,
		`INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		 SELECT id, 'capture', receipt, 'completed', 500, 'EUR', now(), now() FROM contribution`,
		`INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
		        recorded_at, source, campaign_id, frequency, article_id)
		 SELECT p.contribution_id, p.id, 'charge', 500, 'EUR', p.paypal_id, now(), now(), 'return', c.campaign_id,
		        c.frequency, c.article_id
		 FROM payment p LEFT JOIN contribution c ON c.id = p.contribution_id AND c.receipt <> 'LATER'`,
		`DELETE FROM goose_db_version WHERE version_id >= 21`,
	} {
		if _, err := d.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	text, err := migrations.FS.ReadFile("00021_reports.sql")
	if err != nil {
		t.Fatal(err)
	}
	step := fstest.MapFS{"00021_reports.sql": &fstest.MapFile{Data: text}}
	if done, err := db.Migrate(t.Context(), d, step); err != nil || len(done) != 1 {
		t.Fatalf("got %v, %v", done, err)
	}
	var got []string
	if err := d.SelectContext(t.Context(), &got, `
		SELECT concat_ws(' ', c.receipt, ca.address, '/', l.campaign_id IS NOT NULL, la.address)
		FROM ledger_entry l JOIN contribution c ON c.id = l.contribution_id
		LEFT JOIN article ca ON ca.id = c.article_id LEFT JOIN article la ON la.id = l.article_id
		ORDER BY c.receipt`); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"AGAIN https://example.org/new / t https://example.org/new",
		"KNOWN https://example.org/known / t https://example.org/known",
		"LATER https://example.org/later / f",
		"NEW https://example.org/new / t https://example.org/new",
		"NONE / t",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
