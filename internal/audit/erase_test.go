package audit_test

import (
	"context"
	"testing"

	"readerfund/internal/audit"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/testkit"
)

// Two people whose words stand in the same entries are erased at once.
func TestTwoErasuresOfTheSameWordsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	testkit.Exec(t, d, `
		INSERT INTO audit_entry (id, at, actor, action, subject, detail)
		OVERRIDING SYSTEM VALUE
		SELECT n, $1, 'Ada', 'review.close', 'AAAA-' || n, '{"note": "she called"}' FROM generate_series(60, 11, -1) n`,
		testkit.Noon())
	var subjects []string
	if err := d.Select(&subjects, `SELECT subject FROM audit_entry ORDER BY id`); err != nil {
		t.Fatal(err)
	}
	erase := func(ctx context.Context, d *db.DB) error {
		tx, err := d.BeginTxx(ctx, nil) // not InTx, which would try again
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // after COMMIT it does nothing
		if _, err := audit.EraseWords(ctx, tx, subjects, "(erased)"); err != nil {
			return err
		}
		return tx.Commit()
	}
	testkit.Cross(t, d, `SELECT 1 FROM audit_entry WHERE id = 30 FOR UPDATE`, erase, erase)
	if n := testkit.Count(t, d, `audit_entry WHERE detail->>'note' = '(erased)'`); n != 50 {
		t.Errorf("%d of 50 are erased", n)
	}
}
