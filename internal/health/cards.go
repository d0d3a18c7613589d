package health

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// CardsReach is the time that cards are counted over.
const CardsReach = 15 * time.Minute

// readCards counts what became of the gifts that were begun lately. contribution_newest gives the newest.
func readCards(ctx context.Context, tx *sqlx.Tx, s *Snapshot) error {
	err := backlogs(ctx, tx, map[string]*Backlog{"cards": &s.CardsDeclined, "begun": &s.Started, "paid": &s.Completed}, `
		WITH newest AS MATERIALIZED (SELECT state, created_at FROM contribution WHERE created_at > $1)
		SELECT 'begun' AS backlog, count(*) AS count, min(created_at) AS oldest FROM newest
		UNION ALL
		SELECT 'cards', count(*), min(created_at) FROM newest WHERE state = 'declined'
		UNION ALL
		SELECT 'paid', count(*), min(created_at) FROM newest WHERE state = 'completed'`, s.At.Add(-CardsReach))
	if err != nil {
		return fmt.Errorf("declined cards: %w", err)
	}
	return nil
}
