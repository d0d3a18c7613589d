package health

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// answerWithin is how long before its deadline a dispute counts as urgent. PayPal decides for the buyer if the seller
// does not respond.
const answerWithin = 3 * 24 * time.Hour

// readMoney counts refunds and changes of recurring gifts that are in progress, and disputes that wait for us.
func readMoney(ctx context.Context, tx *sqlx.Tx, s *Snapshot) error {
	// A dispute whose deadline has passed waits for PayPal, whatever its status says.
	err := backlogs(ctx, tx, map[string]*Backlog{
		"refunds": &s.Refunds, "held": &s.RefundsHeld, "changes": &s.Changes, "disputes": &s.Disputes,
	}, `
		SELECT 'refunds' AS backlog, count(*) AS count, min(asked_at) AS oldest FROM refund_request
		WHERE ended_at IS NULL AND state IN ('asked', 'unknown')
		UNION ALL
		SELECT 'held', count(*), min(asked_at) FROM refund_request WHERE ended_at IS NULL AND state = 'pending'
		UNION ALL
		SELECT 'changes', count(*), min(asked_at) FROM subscription_change
		WHERE ended_at IS NULL AND state IN ('asked', 'unknown')
		UNION ALL
		SELECT 'disputes', count(*), min(opened_at) FROM dispute
		WHERE status = 'open' AND respond_by > $1 AND respond_by <= $2
		  AND paypal_status NOT IN ('UNDER_REVIEW', 'WAITING_FOR_BUYER_RESPONSE')`,
		s.At, s.At.Add(answerWithin))
	if err != nil {
		return fmt.Errorf("refunds, changes and disputes: %w", err)
	}
	return nil
}

// readBooks reads how PayPal's record and ours compare, and up to when they were compared.
func readBooks(ctx context.Context, tx *sqlx.Tx, s *Snapshot) error {
	err := backlogs(ctx, tx, map[string]*Backlog{"unexplained": &s.Unexplained, "unchecked": &s.Unreconciled}, `
		SELECT 'unexplained' AS backlog, count(*) AS count, min(first_seen) AS oldest FROM discrepancy WHERE state = 'open'
		UNION ALL
		SELECT 'unchecked', count(since), min(since) FROM (
			SELECT coalesce((SELECT max(checked_to) FROM reconcile_run WHERE state = 'done' AND follows),
			                (SELECT recorded_at FROM payment ORDER BY id LIMIT 1)) AS since) line`)
	if err != nil {
		return fmt.Errorf("reconciliation: %w", err)
	}
	return nil
}
