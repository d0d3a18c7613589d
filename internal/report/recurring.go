package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/money"
)

// RecurringMonth says how many recurring gifts began and ended in a month of the publication's. New began in it, Lost
// ended in it, and Kept ran through the whole of it; a gift that began and ended in it is both new and lost. Up and
// Down are charges of more or of less than the previous one of the same contribution.
type RecurringMonth struct {
	Month                     string // 2026-11
	New, Kept, Lost, Up, Down int64
}

// Expected is what PayPal is going to charge in the coming days, by its own dates, if nothing is stopped and every
// payment succeeds.
type Expected struct {
	Amount  money.Amount
	Charges int64
}

// Regret is how many of a campaign's recurring gifts failed early: stopped, refunded or disputed before the second
// charge. It counts those whose first payment came in the period of the query, and those that were stopped in it before
// their first payment.
type Regret struct {
	Campaign  string
	Begun     int64
	Regretted int64
}

// Recurring is the newsroom's view of recurring gifts as of At; zero if it was never computed.
type Recurring struct {
	At       time.Time
	Months   []RecurringMonth // the latest first
	Expected []Expected       // by currency, the publication's first
	Regret   []Regret         // by the campaigns' names
}

// expectedDays is how far Expected looks ahead.
const expectedDays = 30

// Recurring returns a number of months up to the current one, and the charges expected in the thirty days from At. It
// reads the tables that Rollup fills: a few hundred rows for a year, however many subscriptions there are.
func (r *Reports) Recurring(ctx context.Context, now time.Time, months int) (Recurring, error) {
	first := Day{DayOf(now.In(r.zone)).Month().at.AddDate(0, 1-months, 0)}
	var found Recurring
	err := r.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var at *time.Time
		err := tx.GetContext(ctx, &at, `SELECT max(added_at) FROM recurring_progress WHERE zone = $1`, r.zone.String())
		if err != nil || at == nil {
			return err
		}
		found.At = at.UTC()
		if found.Months, err = recurringMonths(ctx, tx, first, months); err != nil {
			return err
		}
		if found.Expected, err = r.expected(ctx, tx); err != nil {
			return err
		}
		found.Regret, err = regret(ctx, tx, first)
		return err
	})
	if err != nil {
		return Recurring{}, fmt.Errorf("read what recurs: %w", err)
	}
	return found, nil
}

func recurringMonths(ctx context.Context, tx *sqlx.Tx, first Day, months int) ([]RecurringMonth, error) {
	var lives []struct {
		Began string `db:"began"`
		Ended string `db:"ended"` // empty while it runs
		Count int64  `db:"count"`
	}
	err := tx.SelectContext(ctx, &lives, `
		SELECT to_char(began, 'YYYY-MM') AS began, coalesce(to_char(ended, 'YYYY-MM'), '') AS ended, count
		FROM recurring_life`)
	if err != nil {
		return nil, err
	}
	var charges []struct {
		Month string `db:"month"`
		Up    int64  `db:"up"`
		Down  int64  `db:"down"`
	}
	err = tx.SelectContext(ctx, &charges, `
		SELECT to_char(day, 'YYYY-MM') AS month, sum(up)::bigint AS up, sum(down)::bigint AS down
		FROM recurring_day WHERE day >= $1::date GROUP BY 1`, first.String())
	if err != nil {
		return nil, err
	}
	all := make([]RecurringMonth, months)
	for n := range all {
		m := RecurringMonth{Month: first.at.AddDate(0, months-1-n, 0).Format("2006-01")}
		for _, l := range lives {
			switch {
			case l.Began == m.Month:
				m.New += l.Count
			case l.Began < m.Month && (l.Ended == "" || l.Ended > m.Month):
				m.Kept += l.Count
			}
			if l.Ended == m.Month {
				m.Lost += l.Count
			}
		}
		for _, c := range charges {
			if c.Month == m.Month {
				m.Up, m.Down = c.Up, c.Down
			}
		}
		all[n] = m
	}
	return all, nil
}

func (r *Reports) expected(ctx context.Context, tx *sqlx.Tx) ([]Expected, error) {
	var rows []struct {
		Currency string `db:"currency"`
		Minor    int64  `db:"amount_minor"`
		Charges  int64  `db:"charges"`
	}
	if err := tx.SelectContext(ctx, &rows, `SELECT currency, amount_minor, charges FROM recurring_expected`); err != nil {
		return nil, err
	}
	all := make([]Expected, len(rows))
	for i, row := range rows {
		all[i] = Expected{money.New(row.Minor, money.Currency(row.Currency)), row.Charges}
	}
	slices.SortFunc(all, func(a, b Expected) int { return r.order(a.Amount.Currency, b.Amount.Currency) })
	return all, nil
}

func regret(ctx context.Context, tx *sqlx.Tx, since Day) ([]Regret, error) {
	var rows []struct {
		Campaign  string `db:"campaign"`
		Begun     int64  `db:"begun"`
		Regretted int64  `db:"regretted"`
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT k.slug AS campaign, sum(d.begun)::bigint AS begun, sum(d.regretted)::bigint AS regretted
		FROM recurring_day d JOIN campaign k ON k.id = d.campaign_id
		WHERE d.day >= $1::date GROUP BY k.slug HAVING sum(d.begun) > 0`, since.String())
	if err != nil {
		return nil, err
	}
	all := make([]Regret, len(rows))
	for i, row := range rows {
		all[i] = Regret(row)
	}
	slices.SortFunc(all, func(a, b Regret) int { return strings.Compare(a.Campaign, b.Campaign) })
	return all, nil
}

// Percent is the rate of regret, in whole percent and rounded up: one in three hundred is 1 and not 0.
func (g Regret) Percent() int64 {
	if g.Begun == 0 {
		return 0
	}
	return (100*g.Regretted + g.Begun - 1) / g.Begun
}
