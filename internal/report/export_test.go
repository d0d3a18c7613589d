package report

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// BothTotals are the totals by kept sums and by the entries alone, of one state of the database. ours reports whether
// there are sums.
func (r *Reports) BothTotals(ctx context.Context, q TotalsQuery) (bySums, byEntries []TotalsRow, ours bool, err error) {
	campaign, err := r.check(ctx, q)
	if err != nil {
		return nil, nil, false, err
	}
	err = r.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		sums, err := readKept(ctx, tx, r.zone)
		if err != nil {
			return err
		}
		ours = sums.ours
		if bySums, err = r.readTotals(ctx, tx, q, campaign, sums); err != nil {
			return err
		}
		byEntries, err = r.readTotals(ctx, tx, q, campaign, kept{})
		return err
	})
	return r.sorted(q, bySums), r.sorted(q, byEntries), ours, err
}

// Divided says what is read for totals by article.
func Divided(from, to Day) string {
	var all []string
	for _, t := range divide(from, to, []moneyTable{articleQuarter, articleMonth, articleDay}) {
		all = append(all, string(t.period)+" "+cmp.Or(t.from.String(), "-")+" "+cmp.Or(t.to.String(), "-"))
	}
	return strings.Join(all, ", ")
}

// WaitForBookings sets how long bookings that are under way are waited for.
func (p *ProgressCounter) WaitForBookings(d time.Duration) { p.bookingWait = d }
