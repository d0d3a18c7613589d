package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// A row of ledger_change is what sums of the ledger lack: an entry to add, or to take out because it moved to another
// frequency. Save appends it in the entry's own transaction. The package that keeps sums takes rows out in the
// statement that adds them, so that sums and changes together are always the ledger.

// ChangeColumns are the columns of a change that have the names and the meaning of an entry's, and entries, which is 1
// for an entry to add and -1 for one to take out. The amount of one to take out has its sign turned already.
const ChangeColumns = `occurred_at, currency, campaign_id, frequency, article_id, kind, amount_minor, entries`

// TakeChanges is a query, for the WITH of a statement, that deletes up to so many changes as its parameter says, and
// returns their ChangeColumns. Only one transaction at a time may use it.
func TakeChanges(limit string) string {
	return `DELETE FROM ledger_change WHERE ctid = ANY (ARRAY(SELECT ctid FROM ledger_change LIMIT ` + limit + `))
		RETURNING ` + ChangeColumns
}

// Counted is the condition, about ledger entries l, for those that sums and ledger_change count. The others were booked
// by the version before while it runs beside this one: Uncounted ones until NoteUncounted, and those without a
// campaign until something happens to their contribution.
const (
	Counted   = `l.counted IS NOT FALSE AND l.campaign_id IS NOT NULL`
	Uncounted = `NOT l.counted`
)

// NoteUncounted appends to ledger_change the entries that the version before booked without it, up to a few thousand,
// and returns how many. It waits for no lock: an entry that is being written is left for the next time.
func NoteUncounted(ctx context.Context, tx *sqlx.Tx) (int64, error) {
	res, err := tx.ExecContext(ctx, `
		WITH uncounted AS (
			UPDATE ledger_entry SET counted = true
			WHERE id IN (SELECT id FROM ledger_entry WHERE NOT counted AND campaign_id IS NOT NULL
			             ORDER BY id LIMIT 5000 FOR UPDATE SKIP LOCKED)
			RETURNING occurred_at, currency, campaign_id, frequency, article_id, kind, amount_minor)
		INSERT INTO ledger_change (occurred_at, currency, campaign_id, frequency, article_id, kind, amount_minor, entries)
		SELECT occurred_at, currency, campaign_id, frequency, article_id, kind, amount_minor, 1 FROM uncounted`)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
