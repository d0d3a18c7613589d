package report

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/money"
)

// Progress counts what campaigns have raised since their start: the net sum of the ledger's entries in one currency,
// and, in all currencies, how many people gave it. Who got everything back is no supporter. Those who gave today began
// a gift since midnight; the renewal of a monthly one, which its reader does nothing for, is not among them.
func (r *Reports) Progress(
	ctx context.Context, midnight time.Time, all []campaign.Counted,
) (map[uuid.UUID]campaign.Progress, error) {
	var rows []struct {
		ID         uuid.UUID `db:"id"`
		Raised     int64     `db:"raised"`
		Supporters int64     `db:"supporters"`
		GaveToday  int64     `db:"gave_today"`
	}
	starts := make([]string, len(all))
	for n, c := range all {
		starts[n] = c.Since.Format(time.RFC3339Nano)
	}
	err := r.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// Entries that the previous version booked carry no campaign: see entries. All gifts of a person who was erased
		// bear the moment of it, so that they still count as one person's.
		return tx.SelectContext(ctx, &rows, `
			WITH asked AS (
				SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS asked (id, currency, since)),
			entry AS (
				SELECT a.id, l.contribution_id, l.currency, l.amount_minor
				FROM asked a JOIN ledger_entry l ON l.campaign_id = a.id AND l.occurred_at >= a.since
				UNION ALL
				SELECT a.id, l.contribution_id, l.currency, l.amount_minor
				FROM ledger_entry l JOIN contribution c ON c.id = l.contribution_id
				JOIN asked a ON a.id = c.campaign_id AND l.occurred_at >= a.since
				WHERE l.campaign_id IS NULL),
			gift AS (
				SELECT id, contribution_id, currency, sum(amount_minor)::bigint AS net FROM entry GROUP BY 1, 2, 3)
			SELECT a.id, coalesce(sum(g.net) FILTER (WHERE g.currency = a.currency), 0)::bigint AS raised,
			       count(DISTINCT who.payer) FILTER (WHERE g.net > 0) AS supporters,
			       count(DISTINCT who.payer) FILTER (WHERE g.net > 0 AND c.completed_at >= $4) AS gave_today
			FROM asked a JOIN gift g ON g.id = a.id JOIN contribution c ON c.id = g.contribution_id
			CROSS JOIN LATERAL (
				SELECT coalesce(c.supporter_id::text, c.erased_at::text, c.id::text) AS payer) who
			GROUP BY a.id`,
			db.Array(db.Column(all, func(c campaign.Counted) string { return c.ID.String() })),
			db.Array(db.Column(all, func(c campaign.Counted) string { return string(c.Currency) })),
			db.Array(starts), midnight)
	})
	if err != nil {
		return nil, fmt.Errorf("count the progress of %d campaigns: %w", len(all), err)
	}
	counted := make(map[uuid.UUID]campaign.Progress, len(all))
	for _, c := range all { // nobody gave to those without a row
		counted[c.ID] = campaign.Progress{Raised: money.New(0, c.Currency)}
	}
	for _, row := range rows {
		p := counted[row.ID]
		p.Raised.Minor, p.Supporters, p.GaveToday = row.Raised, row.Supporters, row.GaveToday
		counted[row.ID] = p
	}
	return counted, nil
}
