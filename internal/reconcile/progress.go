package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/paypal"
)

// stale is the age from which an unfinished run is not resumed: what it read of PayPal's record is too old by then.
const stale = 6 * time.Hour

// begin resumes the unfinished run with the same order, or starts one. Two processes that begin at the same moment
// may start two; then each does its own, which costs time but does no harm.
func (r *Reconciler) begin(ctx context.Context, o Order) (*run, error) {
	l := &run{Reconciler: r, order: o, asked: !o.From.IsZero() || !o.To.IsZero(), now0: r.now().UTC()}
	if !o.Dry { // a dry run leaves the rows of other runs alone, too
		if err := r.cleanUp(ctx, l.now0); err != nil {
			return nil, err
		}
		if err := l.resume(ctx); err != nil || l.resumed {
			return l, err
		}
	}
	var err error
	if l.from, l.to, err = r.span(ctx, o); err != nil {
		return nil, err
	}
	follows, err := r.follows(ctx, l.from)
	if err != nil {
		return nil, err
	}
	l.readTo = l.from
	err = r.db.GetContext(ctx, &l.id, `
		INSERT INTO reconcile_run (asked_from, asked_to, dry, from_at, to_at, read_to, state, follows, started_at, seen_at)
		VALUES ($1, $2, $3, $4, $5, $4, 'running', $6, $7, $7) RETURNING id`,
		null(o.From), null(o.To), o.Dry, l.from, l.to, follows && !o.Dry, l.now0)
	if err != nil {
		return nil, fmt.Errorf("begin a run: %w", err)
	}
	return l, nil
}

func (l *run) resume(ctx context.Context) error {
	var known struct {
		ID        int64        `db:"id"`
		From      time.Time    `db:"from_at"`
		To        time.Time    `db:"to_at"`
		ReadTo    time.Time    `db:"read_to"`
		Refreshed sql.NullTime `db:"refreshed_at"`
	}
	err := l.db.GetContext(ctx, &known, `
		UPDATE reconcile_run SET state = 'running', note = '', seen_at = $3
		WHERE id = (SELECT id FROM reconcile_run
		            WHERE state IN ('running', 'broken') AND NOT dry
		              AND asked_from IS NOT DISTINCT FROM $1::timestamptz AND asked_to IS NOT DISTINCT FROM $2::timestamptz
		            ORDER BY id DESC LIMIT 1)
		  AND state IN ('running', 'broken')
		RETURNING id, from_at, to_at, read_to, refreshed_at`, null(l.order.From), null(l.order.To), l.now0)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("take up a run: %w", err)
	}
	l.id, l.from, l.to, l.readTo, l.refreshed, l.resumed = known.ID, known.From.UTC(), known.To.UTC(), known.ReadTo.UTC(),
		known.Refreshed.Time.UTC(), true
	return nil
}

// follows reports whether a run that starts at from continues what was checked before, without a gap.
func (r *Reconciler) follows(ctx context.Context, from time.Time) (bool, error) {
	line, err := r.line(ctx)
	if err != nil {
		return false, err
	}
	if line.IsZero() {
		line, err = r.beginning(ctx, r.now().UTC())
		line = line.Add(early)
	}
	return !from.After(line), err
}

// cleanUp abandons runs that were interrupted too long ago, and removes the rows that no run needs any more.
func (r *Reconciler) cleanUp(ctx context.Context, now time.Time) error {
	_, err := r.db.ExecContext(ctx, `
		UPDATE reconcile_run SET state = 'abandoned', ended_at = $1
		WHERE state IN ('running', 'broken') AND started_at < $2
			AND seen_at < $3`, now, now.Add(-stale), now.Add(-10*time.Minute))
	if err != nil {
		return fmt.Errorf("give up old runs: %w", err)
	}
	// A run's number is taken before its rows are written, so rows that belong to no unfinished run belong to one
	// that ended.
	err = r.remove(ctx, `
		run_id <= (SELECT coalesce(max(id), 0) FROM reconcile_run)
		AND NOT EXISTS (SELECT 1 FROM reconcile_run r WHERE r.id = paypal_transaction.run_id AND r.state IN ('running', 'broken'))`)
	if err != nil {
		return err
	}
	_, err = r.db.ExecContext(ctx, `DELETE FROM reconcile_run WHERE dry AND state = 'abandoned'`)
	if err != nil {
		return fmt.Errorf("remove old dry runs: %w", err)
	}
	return nil
}

// blocksAtOnce is how much of the table one statement covers, in PostgreSQL's blocks of 8 KB: some 40,000 rows, few
// enough that it answers well within the time after which the database counts as lost.
const blocksAtOnce = 1000

// remove deletes PayPal's rows. It goes through the table once, block by block: searching for the next rows would
// begin at the front each time, and step over all rows that are already dead.
func (r *Reconciler) remove(ctx context.Context, which string, args ...any) error {
	var blocks int64
	err := r.db.GetContext(ctx, &blocks,
		`SELECT pg_relation_size('paypal_transaction') / current_setting('block_size')::bigint`)
	for first := int64(0); err == nil && first < blocks; first += blocksAtOnce {
		_, err = r.db.ExecContext(ctx, fmt.Sprintf(`
			DELETE FROM paypal_transaction WHERE ctid >= '(%d,0)'::tid AND ctid < '(%d,0)'::tid AND (%s)`,
			first, first+blocksAtOnce, which), args...)
	}
	if err != nil {
		return fmt.Errorf("remove PayPal's rows: %w", err)
	}
	return nil
}

// step records how far PayPal's record was read, and learns how far another process working on the same run has come.
func (l *run) step(ctx context.Context, readTo time.Time) error {
	var reached struct {
		ReadTo    time.Time    `db:"read_to"`
		Refreshed sql.NullTime `db:"refreshed_at"`
	}
	err := l.db.GetContext(ctx, &reached, `
		UPDATE reconcile_run SET read_to = greatest(read_to, $2::timestamptz),
			refreshed_at = least(refreshed_at, $3::timestamptz), seen_at = $4
		WHERE id = $1 AND state IN ('running', 'broken')
		RETURNING read_to, refreshed_at`, l.id, readTo, null(l.refreshed), l.now().UTC())
	if db.IsNotFound(err) {
		return errFinished
	}
	if err != nil {
		return fmt.Errorf("note progress: %w", err)
	}
	l.readTo = reached.ReadTo.UTC()
	if reached.Refreshed.Valid {
		l.refreshed = reached.Refreshed.Time.UTC()
	}
	return nil
}

// heartbeat shows that the run is still working, between two steps.
func (l *run) heartbeat(ctx context.Context) error { return l.step(ctx, l.readTo) }

// interrupt leaves the run for the next one to resume; a dry run leaves nothing. The database may be what is
// unreachable, so a failure here changes nothing: a run in state "running" is resumed as well.
func (l *run) interrupt(ctx context.Context, why error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	l.log.WarnContext(ctx, "reconciliation broke off", "run", l.id, "read_to", l.readTo, "error", why)
	var err error
	if l.order.Dry {
		err = l.erase(ctx)
	} else {
		_, err = l.db.ExecContext(ctx, `
			UPDATE reconcile_run SET state = 'broken', note = $2 WHERE id = $1 AND state = 'running'`,
			l.id, l.sentence(why).String())
	}
	if err != nil {
		l.log.WarnContext(ctx, "that a reconciliation broke off could not be noted", "run", l.id, "error", err)
	}
}

// erase removes all traces of a dry run.
func (l *run) erase(ctx context.Context) error {
	if err := l.remove(ctx, `run_id = $1`, l.id); err != nil {
		return err
	}
	if _, err := l.db.ExecContext(ctx, `DELETE FROM reconcile_run WHERE id = $1`, l.id); err != nil {
		return fmt.Errorf("remove the dry run: %w", err)
	}
	return nil
}

// sentence explains to people why a run broke off.
func (l *run) sentence(err error) i18n.Message {
	answer, isPayPal := errors.AsType[*paypal.Error](err)
	switch {
	case isPayPal && answer.Status == http.StatusForbidden:
		return i18n.New("reconcile.broken_off_forbidden")
	case errors.Is(err, paypal.ErrNotReportedYet):
		return i18n.New("reconcile.broken_off_early")
	case errors.Is(err, paypal.ErrTooManyTransactions):
		return i18n.New("reconcile.broken_off_too_many", i18n.Args{"error": err.Error()})
	case errors.Is(err, context.Canceled):
		return i18n.New("reconcile.broken_off_stopped")
	case isPayPal:
		return i18n.New("reconcile.broken_off_paypal", i18n.Args{"error": err.Error()})
	case fault.KindOf(err) == fault.Unavailable:
		return i18n.New("reconcile.broken_off_database")
	default:
		return i18n.Verbatim(err.Error())
	}
}

// explain turns the error that ended a run into a fault for the caller; the cause stays with it.
func (l *run) explain(err error) error {
	_, isPayPal := errors.AsType[*paypal.Error](err)
	if isPayPal || errors.Is(err, paypal.ErrNotReportedYet) || errors.Is(err, context.Canceled) {
		return &fault.Error{Kind: fault.Unavailable, Message: l.sentence(err), Err: err}
	}
	return db.Translate(err)
}

// finish saves what the run found, closes differences that are gone, and deletes PayPal's rows.
func (l *run) finish(ctx context.Context) error {
	if l.order.Dry {
		return l.finishDry(ctx)
	}
	now := l.now().UTC()
	err := l.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var state string
		// Two processes may finish the same run: the second waits here, and finds it done.
		if err := tx.GetContext(ctx, &state, `SELECT state FROM reconcile_run WHERE id = $1 FOR UPDATE`, l.id); err != nil {
			return fmt.Errorf("read the run: %w", err)
		}
		if state == "done" || state == "abandoned" {
			return errFinished
		}
		return l.conclude(ctx, tx, now)
	})
	if err != nil {
		return err
	}
	// From here on no process working on this run compares any more (see stillRunning), so its rows may be deleted
	// piece by piece.
	if err := l.remove(ctx, `run_id = $1`, l.id); err != nil {
		l.log.WarnContext(ctx, "PayPal's rows are left behind; the next run removes them", "run", l.id, "error", err)
	}
	return l.readResult(ctx)
}

func (l *run) conclude(ctx context.Context, tx *sqlx.Tx, now time.Time) error {
	// Each comparison covered its own range of days: see openDisputes and disputesThere.
	_, err := tx.ExecContext(ctx, `
		WITH locked AS ( -- in the order of write
		    SELECT id FROM discrepancy
		    WHERE state = 'open' AND run_id <> $1 AND last_seen < $4 AND (
		        occurred_at >= $2 AND occurred_at < $3
		        OR code = $6
		        OR kind = 'missing_there' AND code = $7 AND occurred_at >= $8 AND occurred_at < $3)
		    ORDER BY kind, paypal_ref, code FOR UPDATE)
		UPDATE discrepancy d SET state = 'gone', note = $9, closed_at = $5 FROM locked WHERE d.id = locked.id`,
		l.id, l.from, l.judgedTo(), l.now0, now, openDispute, holdCode, l.from.Add(-slack),
		i18n.New("reconcile.note_gone").String())
	if err != nil {
		return fmt.Errorf("close what is gone: %w", err)
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE reconcile_run r SET state = 'done', ended_at = $2, seen_at = $2, checked_to = $3, note = '',
		    payments = (SELECT count(*) FROM (SELECT DISTINCT t.paypal_id FROM paypal_transaction t WHERE t.run_id = $1
			AND t.class = 'gift' AND t.status <> 'D') g),
		    elsewhere = (SELECT count(*) FROM paypal_transaction t WHERE t.run_id = r.id AND t.class = 'other'),
		    mended = (SELECT count(*) FROM discrepancy d WHERE d.run_id = r.id AND d.state = 'mended'),
		    unexplained = (SELECT count(*) FROM discrepancy d WHERE d.state = 'open')
		WHERE r.id = $1`, l.id, now, l.checkedTo())
	if err != nil {
		return fmt.Errorf("end the run: %w", err)
	}
	return nil
}

// checkedTo is the time up to which the run can judge: as far as PayPal's record reaches, but no further than was
// requested.
func (l *run) checkedTo() time.Time {
	if l.refreshed.IsZero() || l.refreshed.After(l.readTo) {
		return l.readTo
	}
	return l.refreshed
}

// margin is ignored at the end of PayPal's record: rows with these dates may be listed a moment later.
const margin = 5 * time.Minute

// judgedTo is the time up to which a row's absence at PayPal is significant.
func (l *run) judgedTo() time.Time { return l.checkedTo().Add(-margin) }

func null(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }
