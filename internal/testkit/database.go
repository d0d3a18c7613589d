package testkit

import (
	"testing"

	"readerfund/internal/db"
)

// OpenDatabase connects to a database for as long as the test takes.
func OpenDatabase(t *testing.T, address string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), address, db.Options{MaxOpen: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Count counts rows: Count(t, d, "payment WHERE status = $1", "completed").
func Count(t *testing.T, d *db.DB, what string, args ...any) (n int) {
	t.Helper()
	if err := d.GetContext(t.Context(), &n, `SELECT count(*) FROM `+what, args...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return n
}

// Exec runs a statement, and gives how many rows it met.
func Exec(t *testing.T, d *db.DB, statement string, args ...any) int64 {
	t.Helper()
	done, err := d.ExecContext(t.Context(), statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	n, err := done.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// AuditLog is the audit log, one line each, in order: actor, action, subject, detail, and whether an account stands for
// it.
func AuditLog(t *testing.T, d *db.DB) []string {
	t.Helper()
	var lines []string
	if err := d.SelectContext(t.Context(), &lines, `
		SELECT concat_ws(' ', actor, action, subject, detail::text, CASE WHEN staff_id IS NOT NULL THEN 'signed' END)
		FROM audit_entry ORDER BY id`); err != nil {
		t.Fatal(err)
	}
	return lines
}
