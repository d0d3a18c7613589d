package contribution

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// sweepBatch is how many contributions one sweep takes at a time, sweepWorkers how many of them it asks PayPal about at
// once: enough to catch up after an outage, few enough to leave PayPal's rate limit to the readers.
const (
	sweepBatch   = 40
	sweepWorkers = 4
)

// Sweep asks PayPal about every contribution that is due, because nobody may have told us: a reader closed the tab, a
// webhook was lost, an answer was not seen. What may be money comes first, however many orders wait that nobody paid. It
// returns how many it asked about. Several processes may sweep at once. While PayPal asks us to slow down it asks about
// none.
func (d *Desk) Sweep(ctx context.Context) (int, error) {
	total := 0
	for ctx.Err() == nil {
		if d.paypal.Busy() > 0 {
			return total, nil // what is due stays so for the next sweep
		}
		due, err := d.claimDue(ctx)
		if err != nil || len(due) == 0 {
			return total, err
		}
		d.settleEach(ctx, due)
		total += len(due)
	}
	return total, ctx.Err()
}

func (d *Desk) settleEach(ctx context.Context, due []uuid.UUID) {
	queue := make(chan uuid.UUID)
	var workers sync.WaitGroup
	for range sweepWorkers {
		workers.Go(func() {
			for id := range queue {
				c, err := d.Settle(ctx, id, Source{Way: BySweep})
				d.metrics.Swept(err == nil)
				if err != nil {
					d.log.WarnContext(ctx, "sweep could not settle a contribution", "contribution", id, "state", c.State, "error", err)
				}
			}
		})
	}
	for _, id := range due {
		queue <- id
	}
	close(queue)
	workers.Wait()
}

// claimDue takes what is due and moves its next look on, in one transaction, so that another process does not take it
// too and a process that dies with it loses nothing: it is due again later.
func (d *Desk) claimDue(ctx context.Context) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		ids = ids[:0]
		now := d.now()
		var due []struct {
			ID        uuid.UUID    `db:"id"`
			State     State        `db:"state"`
			HasOrder  bool         `db:"has_order"`
			Closed    bool         `db:"closed"`
			CaseOpen  bool         `db:"case_open"`
			Returned  bool         `db:"returned"`
			RetryAt   sql.NullTime `db:"retry_at"`
			Checks    int          `db:"checks"`
			CreatedAt time.Time    `db:"created_at"`
		}
		// SKIP LOCKED: rows that another process is taking, or that news is being applied to, are left for the next time.
		err := tx.SelectContext(ctx, &due, `
			SELECT c.id, c.state, c.order_id IS NOT NULL AS has_order, c.returned_at IS NOT NULL AS returned, c.retry_at,
			       c.checks, c.created_at,
			       c.gone OR EXISTS (SELECT 1 FROM payment p WHERE p.contribution_id = c.id) AS closed,
			       EXISTS (SELECT 1 FROM payment p JOIN dispute d ON d.payment_id = p.id WHERE p.contribution_id = c.id AND d.status = 'open') AS case_open
			FROM contribution c
			WHERE c.check_at <= $1
			ORDER BY c.state NOT IN ('approved', 'capture_unknown') AND c.retry_at IS NULL, c.returned_at IS NULL, c.check_at
			LIMIT $2
			FOR UPDATE OF c SKIP LOCKED`, now, sweepBatch)
		if err != nil {
			return fmt.Errorf("find what is due: %w", err)
		}
		for _, c := range due {
			at := check{
				state: c.State, hasOrder: c.HasOrder, closed: c.Closed, caseOpen: c.CaseOpen, returned: c.Returned,
				retryAt: utc(c.RetryAt), done: c.Checks + 1, createdAt: c.CreatedAt,
			}.next(now, d.sweepEvery)
			_, err := tx.ExecContext(ctx, `UPDATE contribution SET checks = checks + 1, check_at = $2 WHERE id = $1`,
				c.ID, null(at))
			if err != nil {
				return fmt.Errorf("put off the next look at %s: %w", c.ID, err)
			}
			ids = append(ids, c.ID)
		}
		return nil
	})
	return ids, err
}
