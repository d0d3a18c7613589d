package health

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
)

// CardsReach is the period over which cards are counted.
const CardsReach = 15 * time.Minute

// readCards counts the outcomes of the contributions that were started recently. The index contribution_newest finds
// the newest.
func readCards(ctx context.Context, tx *sqlx.Tx, s *Snapshot) error {
	into := map[string]*Backlog{"started": &s.Started, "card declined": &s.CardsDeclined, "paid": &s.Completed}
	err := backlogs(ctx, tx, into, `
		WITH newest AS MATERIALIZED (SELECT state, created_at FROM contribution WHERE created_at > $1)
		SELECT 'started' AS backlog, count(*) AS count, min(created_at) AS oldest FROM newest
		UNION ALL
		SELECT 'card declined', count(*), min(created_at) FROM newest WHERE state = $2
		UNION ALL
		SELECT 'paid', count(*), min(created_at) FROM newest WHERE state = $3`,
		s.At.Add(-CardsReach), string(contribution.Declined), string(contribution.Completed))
	if err != nil {
		return fmt.Errorf("declined cards: %w", err)
	}
	return nil
}
