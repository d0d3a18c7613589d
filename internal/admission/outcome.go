package admission

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
)

// originLasts is for how long it is known where a gift was begun: longer than PayPal keeps an order to approve.
const originLasts = 24 * time.Hour

// CountOutcomes lets what became of gifts count where they were begun, whichever way the news came: a paid one no more,
// a declined card as many. It is a periodic job, so that no count waits for money and no money for a count.
func (g *Gate) CountOutcomes(ctx context.Context) error {
	var rows []struct {
		ID      uuid.UUID `db:"contribution_id"`
		Address string    `db:"address"`
		Network string    `db:"network"`
		Refused bool      `db:"refused"`
	}
	// The row goes before it counts: should this process die between the two, a few counts are missing, and none is
	// made twice. It reads the states of another package's table, and nothing else of it.
	// SKIP LOCKED: one that Tidy, or another process, is deleting is not counted twice, nor waited for.
	err := g.DB.SelectContext(ctx, &rows, `
		WITH decided AS (
			SELECT o.contribution_id FROM gift_origin o JOIN contribution c ON c.id = o.contribution_id
			WHERE c.state IN ($1, $2) FOR UPDATE OF o SKIP LOCKED)
		DELETE FROM gift_origin o USING decided, contribution c
		WHERE o.contribution_id = decided.contribution_id AND c.id = o.contribution_id
		RETURNING o.contribution_id, o.address, o.network, c.state = $1 AS refused`,
		string(contribution.Declined), string(contribution.Completed))
	if err != nil {
		return db.Translate(fmt.Errorf("read what became of gifts: %w", err))
	}
	for _, row := range rows {
		times := int64(-1)
		if row.Refused {
			times = declined - 1
		}
		if err := g.Limits.Add(ctx, g.counts(Pass{row.Address, row.Network}, times, true)...); err != nil {
			return err
		}
	}
	return nil
}

// Tidy forgets where gifts were begun. It is a periodic job.
func (g *Gate) Tidy(ctx context.Context) error {
	_, err := g.DB.ExecContext(ctx, `
		DELETE FROM gift_origin WHERE contribution_id IN (
			SELECT contribution_id FROM gift_origin WHERE begun_at < $1 FOR UPDATE SKIP LOCKED)`,
		g.Now().UTC().Add(-originLasts))
	if err != nil {
		return db.Translate(fmt.Errorf("forget where gifts were begun: %w", err))
	}
	return nil
}
