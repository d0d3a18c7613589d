package audit

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
)

// EraseWords puts other words in place of what staff wrote about these subjects, in the caller's transaction, and says
// in how many entries. Who did what, and when, stays.
func EraseWords(ctx context.Context, tx *sqlx.Tx, subjects []string, instead string) (int64, error) {
	done, err := tx.ExecContext(ctx, `
		WITH locked AS ( -- by rising id, so that two erasures do not hold what the other waits for
		    SELECT id, detail FROM audit_entry WHERE subject = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE)
		UPDATE audit_entry a SET detail = a.detail || w.erased
		FROM locked b CROSS JOIN LATERAL (
		    SELECT jsonb_object_agg(d.key, $2::text) AS erased FROM jsonb_each_text(b.detail) d
		    WHERE d.key IN ('note', 'found', 'reason') AND d.value NOT IN ('', $2)) w
		WHERE a.id = b.id AND w.erased IS NOT NULL`, db.Array(subjects), instead)
	if err != nil {
		return 0, fmt.Errorf("erase the audit log's words: %w", err)
	}
	return done.RowsAffected()
}
