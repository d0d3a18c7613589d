package dbtest

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed" // the installation's rows
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"readerfund/internal/db"
	"readerfund/migrations"
)

// InstallationSchema is the step that the kept installation's schema ends with.
const InstallationSchema = 14

// installation is a whole installation as the version before the ledger's own tables left it, as plain INSERTs: the
// demo's newsroom (cmd/demo, 72 past gifts), and beside it, made through the service, the sandbox and the staff pages,
// what a newsroom collects over the years. Two payments of one gift and three of another, amounts that PayPal changed,
// refunds of every state, by staff and in PayPal; reversals, disputes of every end; payments adopted, one refunded in
// part and one whole; two rows that were lost and restored; gifts in every state but those that last an instant; seven
// currencies; addresses of 2,000 characters with quotes and letters of all kinds; reviews open and closed; two persons
// erased; events ignored, parked and still waiting; a forged delivery; what staff noted.
//
// Nobody in it exists. The bodies of older events are erased, as retention does it.
//
//go:embed testdata/schema14.sql.gz
var installation []byte

// InstallationTime is a moment after the last row of NewInstallation was written, at which its reports are made.
const InstallationTime = "2026-11-28T14:31:30Z"

// NewInstallation gives the address of a database that an installation of schema 14 left, with its rows, not migrated
// any further: for tests that migrate it. It goes when the test ends.
func NewInstallation(t testing.TB) string {
	t.Helper()
	address := NewEmptyURL(t)
	d, err := db.Open(t.Context(), address, db.Options{MaxOpen: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if err := restore(t.Context(), d); err != nil {
		t.Fatalf("restore the kept installation: %v", err)
	}
	return address
}

func restore(ctx context.Context, d *db.DB) error {
	steps, err := stepsUntil(InstallationSchema)
	if err != nil {
		return err
	}
	if _, err := db.Migrate(ctx, d, steps); err != nil {
		return err
	}
	packed, err := gzip.NewReader(bytes.NewReader(installation))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(packed)
	if err != nil {
		return err
	}
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for statement := range strings.SplitSeq(string(text), ";\n\n") {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			_ = tx.Rollback()
			return fmt.Errorf("%.60s …: %w", statement, err)
		}
	}
	return tx.Commit()
}

// stepsUntil are the migrations up to a version.
func stepsUntil(last int) (fs.FS, error) {
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		return nil, err
	}
	steps := fstest.MapFS{}
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		if version, err := strconv.Atoi(number); err != nil || version > last {
			continue
		}
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			return nil, err
		}
		steps[name] = &fstest.MapFile{Data: text}
	}
	return steps, nil
}
