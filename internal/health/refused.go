package health

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
)

const (
	refusedReach  = 7 * 24 * time.Hour // a refusal older than this says nothing of today
	refusedSample = 500                // newest contributions looked at
)

// readRefused counts orders and subscriptions that PayPal refused to create: those in a row, back from the newest, and
// those of the last hour.
func readRefused(ctx context.Context, tx *sqlx.Tx, s *Snapshot) error {
	// contribution_newest finds the newest; a contribution with an order or a subscription shows that PayPal created
	// one at that time.
	err := backlogs(ctx, tx, map[string]*Backlog{"row": &s.OrdersRefused, "hour": &s.OrdersRefusedNow}, `
		WITH newest AS MATERIALIZED (
			SELECT state, reason, coalesce(order_id, subscription_id) AS made, created_at FROM contribution
			WHERE created_at > $1
			ORDER BY created_at DESC, id DESC LIMIT $2
		), refused AS (
			SELECT coalesce(nullif(reason, ''), 'no code') AS code, created_at FROM newest WHERE state = $4
		)
		SELECT 'row' AS backlog, count(*) AS count, min(created_at) AS oldest, string_agg(DISTINCT code, E'\n') AS names
		FROM refused
		WHERE created_at > coalesce((SELECT max(created_at) FROM newest WHERE made IS NOT NULL), '-infinity')
		UNION ALL
		SELECT 'hour', count(*), min(created_at), string_agg(DISTINCT code, E'\n') FROM refused WHERE created_at > $3`,
		s.At.Add(-refusedReach), refusedSample, s.At.Add(-time.Hour), string(contribution.Failed))
	if err != nil {
		return fmt.Errorf("refused orders: %w", err)
	}
	return nil
}
