package report

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/ledger"
)

// MoneyRollup keeps sums of the ledger by the publication's day, so that Reports.Totals reads days and not payments.
//
// A booking only appends to ledger_change, in its own transaction. AddUp moves what is there into the sums, in one
// statement, so that sums and changes together are always the ledger, to the cent, for every reader's snapshot.
type MoneyRollup struct {
	db   *db.DB
	zone *time.Location
}

// NewMoneyRollup makes one over a writable database. zone is where the publication's days begin and end.
func NewMoneyRollup(d *db.DB, zone *time.Location) *MoneyRollup {
	return &MoneyRollup{db: d, zone: zone}
}

// foldAtOnce is how many changes one transaction adds: a fraction of a second.
const foldAtOnce = 20_000

// AddUp brings the sums up to date. It is periodic work. If the sums are of another time zone, or there are none, it
// makes them from the whole ledger. Nothing that books waits for it.
func (r *MoneyRollup) AddUp(ctx context.Context) error {
	if err := r.noteUncounted(ctx); err != nil {
		return err
	}
	for {
		ours, folded, err := r.fold(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("add up money: %w", err)
		case !ours:
			return r.rebuild(ctx)
		case folded < foldAtOnce:
			return nil
		}
	}
}

// Rebuild makes all sums anew from the ledger, in one transaction and a month at a time: minutes with millions of
// payments. Until it commits, readers see the sums as they were; bookings do not wait.
func (r *MoneyRollup) Rebuild(ctx context.Context) error {
	if err := r.noteUncounted(ctx); err != nil {
		return err
	}
	return r.rebuild(ctx)
}

// noteUncounted has the entries counted that the version before books while it runs beside this one.
func (r *MoneyRollup) noteUncounted(ctx context.Context) error {
	for noted := int64(1); noted > 0; {
		err := r.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
			noted, err = ledger.NoteUncounted(ctx, tx)
			return err
		})
		if err != nil {
			return fmt.Errorf("note uncounted entries: %w", err)
		}
	}
	return nil
}

// fold adds some of the changes to the sums, unless the sums are not ours: of another time zone, or not made yet.
func (r *MoneyRollup) fold(ctx context.Context) (ours bool, folded int, err error) {
	err = r.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, lockMoney); err != nil {
			return err
		}
		kept, err := readKept(ctx, tx, r.zone)
		if ours = kept.ours; err != nil || !ours {
			return err
		}
		return tx.GetContext(ctx, &folded, `
			WITH l AS (`+ledger.TakeChanges("$2")+`), `+addCells("l", "true")+`
			SELECT count(*) FROM l`, r.zone.String(), foldAtOnce)
	})
	return ours, folded, err
}

// lockMoney has transactions that write sums take turns: they update the same rows. Bookings do not write them, and
// readers do not wait. The statement takes no snapshot: a transaction that sees one state sees the one after its turn
// came.
const lockMoney = `LOCK TABLE money_progress IN EXCLUSIVE MODE`

func (r *MoneyRollup) rebuild(ctx context.Context) error {
	err := r.inSnapshot(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO money_progress (zone) VALUES ($1) ON CONFLICT (one) DO UPDATE SET zone = excluded.zone`,
			r.zone.String())
		if err != nil {
			return err
		}
		first, last, err := r.span(ctx, tx)
		if err != nil {
			return err
		}
		for ; !last.Before(first); first = month.next(first) {
			if err := r.rebuildMonth(ctx, tx, first); err != nil {
				return fmt.Errorf("the month of %s: %w", first, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("add up the money of all days: %w", err)
	}
	return nil
}

// inSnapshot is db.InTx that sees one state of the database throughout, with lockMoney. In one state, it is right to
// drop the changes that are seen: the entries that are read have them.
func (r *MoneyRollup) inSnapshot(ctx context.Context, do func(ctx context.Context, tx *sqlx.Tx) error) error {
	return r.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, first := range []string{`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`, lockMoney} {
			if _, err := tx.ExecContext(ctx, first); err != nil {
				return err
			}
		}
		return do(ctx, tx)
	})
}

// span returns the first day of the quarter with the first entry, change or sum, and the day of the last; the last is
// before the first if there are none.
func (r *MoneyRollup) span(ctx context.Context, tx *sqlx.Tx) (first, last Day, err error) {
	var days struct {
		First time.Time `db:"first"`
		Last  time.Time `db:"last"`
	}
	query := `
		SELECT min(occurred_at AT TIME ZONE $1)::date AS first, max(occurred_at AT TIME ZONE $1)::date AS last
		FROM (SELECT min(occurred_at) AS occurred_at FROM ledger_entry UNION ALL SELECT max(occurred_at) FROM ledger_entry
		      UNION ALL SELECT occurred_at FROM ledger_change) l`
	for _, t := range moneyTables {
		query += fmt.Sprintf(" UNION ALL SELECT min(%[1]s), max(%[1]s) FROM %[2]s", t.period, t.name)
	}
	err = tx.GetContext(ctx, &days, `
		SELECT coalesce(min(first), '2001-01-01') AS first, coalesce(max(last), '2000-01-01') AS last
		FROM (`+query+`) s`, r.zone.String())
	return quarter.start(DayOf(days.First)), DayOf(days.Last), err
}

// rebuildMonth replaces the sums of a month by those of the ledger's entries, and adds them to those of its quarter,
// which its first month replaces. The transaction is inSnapshot's.
func (r *MoneyRollup) rebuildMonth(ctx context.Context, tx *sqlx.Tx, first Day) error {
	next := month.next(first)
	of := []any{r.zone.String(), first.String(), next.String()}
	_, err := tx.ExecContext(ctx, `DELETE FROM ledger_change l WHERE `+ofDays, of...)
	if err != nil {
		return err
	}
	for _, t := range moneyTables {
		_, err := tx.ExecContext(ctx, fmt.Sprintf(
			`DELETE FROM %s WHERE %[2]s >= $1::date AND %[2]s < $2::date`, t.name, t.period), of[1:]...)
		if err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, `WITH `+addCells(entriesBetween("$4", "$5"), ofDays)+` SELECT 1`,
		append(of, first.Add(-1).at, next.Add(1).at)...)
	return err
}

// entriesBetween are the entries l that sums count, from one time up to, but not including, another: a day more than
// the local days of ofDays on each side, wider than any zone shifts, for the index ledger_entry_newest.
func entriesBetween(from, before string) string {
	return `(SELECT l.*, 1 AS entries FROM ledger_entry l WHERE l.occurred_at >= ` + from + ` AND l.occurred_at < ` +
		before + ` AND ` + ledger.Counted + `) l`
}

// ofDays is the condition for entries or changes l of the local days from $2 up to, but not including, $3; $1 is the
// time zone.
const ofDays = `(l.occurred_at AT TIME ZONE $1)::date >= $2::date AND (l.occurred_at AT TIME ZONE $1)::date < $3::date`

// addCells are queries, for the WITH of a statement, that add entries or changes l to every table of sums. $1 is the
// time zone.
func addCells(from, where string) string {
	queries := []string{cellsOf("cell", from, where)}
	for _, t := range moneyTables {
		keys, totals, added := strings.Join(t.keys, ", "), make([]string, len(sumNames)), make([]string, len(sumNames))
		for i, name := range sumNames {
			totals[i] = fmt.Sprintf("sum(%s)", name)
			added[i] = fmt.Sprintf("%[1]s = t.%[1]s + excluded.%[1]s", name)
		}
		queries = append(queries, fmt.Sprintf(`in_%[1]s AS (
			INSERT INTO %[1]s AS t (%[2]s, %[3]s) SELECT %[2]s, %[4]s FROM cell GROUP BY %[2]s
			ON CONFLICT (%[2]s) DO UPDATE SET %[5]s)`,
			t.name, keys, strings.Join(sumNames, ", "), strings.Join(totals, ", "), strings.Join(added, ", ")))
	}
	return strings.Join(queries, ",\n")
}

// cellsOf is a query, for the WITH of a statement, that adds entries or changes l up by all that tables of sums tell
// apart. $1 is the time zone.
func cellsOf(name, from, where string) string {
	return name + ` AS MATERIALIZED (
		SELECT (l.occurred_at AT TIME ZONE $1)::date AS day,
		       date_trunc('month', l.occurred_at AT TIME ZONE $1)::date AS month,
		       date_trunc('quarter', l.occurred_at AT TIME ZONE $1)::date AS quarter,
		       l.currency, l.campaign_id, l.frequency, coalesce(l.article_id, 0) AS article_id, ` + postingSums + `
		FROM ` + from + ` WHERE ` + where + ` GROUP BY 1, 2, 3, 4, 5, 6, 7)`
}
