package report

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// BothTotals are the totals by kept sums and by the entries alone, of one state of the database. kept reports whether
// there are sums.
func (r *Reports) BothTotals(ctx context.Context, q TotalsQuery) (bySums, byEntries []TotalsRow, kept bool, err error) {
	campaign, err := r.check(ctx, q)
	if err != nil {
		return nil, nil, false, err
	}
	err = r.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		if kept, err = moneyIsOurs(ctx, tx, r.zone); err != nil {
			return err
		}
		if bySums, err = r.readTotals(ctx, tx, q, campaign, kept); err != nil {
			return err
		}
		byEntries, err = r.readTotals(ctx, tx, q, campaign, false)
		return err
	})
	r.sort(q, bySums)
	r.sort(q, byEntries)
	return bySums, byEntries, kept, err
}
