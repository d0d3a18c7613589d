package report

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// CardsReach is the time that cards are counted over.
const CardsReach = 15 * time.Minute

// readCards counts what became of the gifts that were begun lately. contribution_newest gives the newest.
func readCards(ctx context.Context, tx *sqlx.Tx, v *Vitals) error {
	err := piles(ctx, tx, map[string]*Pile{"cards": &v.Cards, "begun": &v.Begun, "paid": &v.Paid}, `
		WITH newest AS MATERIALIZED (SELECT state, created_at FROM contribution WHERE created_at > $1)
		SELECT 'begun' AS pile, count(*) AS count, min(created_at) AS oldest FROM newest
		UNION ALL
		SELECT 'cards', count(*), min(created_at) FROM newest WHERE state = 'declined'
		UNION ALL
		SELECT 'paid', count(*), min(created_at) FROM newest WHERE state = 'completed'`, v.At.Add(-CardsReach))
	if err != nil {
		return fmt.Errorf("declined cards: %w", err)
	}
	return nil
}
