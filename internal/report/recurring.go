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

// RecurringMonth says what became of recurring gifts in a month of the publication's. New began in it, Lost ended in
// it, and Kept ran through the whole of it; one that began and ended in it is both new and lost. Up and Down are
// charges of more or of less than the one before of the same contribution.
type RecurringMonth struct {
	Month                     string // 2026-11
	New, Kept, Lost, Up, Down int64
}

// Expected is what PayPal is going to charge in the days to come, by its own dates, if nothing is stopped and every
// payment goes through.
type Expected struct {
	Amount  money.Amount
	Charges int64
}

// Regret is how many of a campaign's recurring gifts went wrong at their beginning: stopped, refunded or disputed
// before the second charge. It counts those whose first payment came in the time that is asked about.
type Regret struct {
	Campaign  string
	Begun     int64
	Regretted int64
}

// Recurring is what the newsroom has to know of gifts that repeat.
type Recurring struct {
	Months   []RecurringMonth // the latest first
	Expected []Expected       // by currency, the publication's first
	Regret   []Regret         // by the campaigns' names
}

// expectedDays is how far Expected looks ahead.
const expectedDays = 30

// Recurring adds up a number of months that end with the one of now, and what is expected in the thirty days from now.
func (r *Reports) Recurring(ctx context.Context, now time.Time, months int) (Recurring, error) {
	local := now.In(r.zone)
	first := time.Date(local.Year(), local.Month()-time.Month(months-1), 1, 0, 0, 0, 0, r.zone)
	var found Recurring
	err := r.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		if found.Months, err = r.recurringMonths(ctx, tx, first, months); err != nil {
			return err
		}
		if found.Expected, err = r.expected(ctx, tx, now); err != nil {
			return err
		}
		found.Regret, err = regret(ctx, tx, first)
		return err
	})
	if err != nil {
		return Recurring{}, fmt.Errorf("add up what recurs: %w", err)
	}
	return found, nil
}

// recurringMonths reads each subscription once, however many months are asked about: they are counted by the month in
// which they began and the one in which they ended.
func (r *Reports) recurringMonths(
	ctx context.Context, tx *sqlx.Tx, first time.Time, months int,
) ([]RecurringMonth, error) {
	var lives []struct {
		Began string `db:"began"`
		Ended string `db:"ended"` // empty while it runs
		Count int64  `db:"count"`
	}
	zone := r.zone.String()
	err := tx.SelectContext(ctx, &lives, `
		SELECT to_char(started_at AT TIME ZONE $1, 'YYYY-MM') AS began,
		       coalesce(to_char(ended_at AT TIME ZONE $1, 'YYYY-MM'), '') AS ended, count(*) AS count
		FROM subscription WHERE started_at IS NOT NULL AND state <> 'approval_pending' GROUP BY 1, 2`, zone)
	if err != nil {
		return nil, err
	}
	var charges []struct {
		Month string `db:"month"`
		Up    int64  `db:"up"`
		Down  int64  `db:"down"`
	}
	err = tx.SelectContext(ctx, &charges, `
		SELECT to_char(occurred_at AT TIME ZONE $1, 'YYYY-MM') AS month,
		       count(*) FILTER (WHERE amount_minor > before) AS up, count(*) FILTER (WHERE amount_minor < before) AS down
		FROM (
			SELECT occurred_at, amount_minor, lag(amount_minor) OVER (
			           PARTITION BY contribution_id ORDER BY occurred_at, paypal_id) AS before
			FROM payment WHERE subscription_id IS NOT NULL AND status = 'completed'
		) p
		WHERE occurred_at >= $2 AND amount_minor <> before GROUP BY 1`, zone, first)
	if err != nil {
		return nil, err
	}
	all := make([]RecurringMonth, months)
	for n := range all {
		m := RecurringMonth{Month: first.AddDate(0, months-1-n, 0).Format("2006-01")}
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

func (r *Reports) expected(ctx context.Context, tx *sqlx.Tx, now time.Time) ([]Expected, error) {
	var rows []struct {
		Currency string `db:"currency"`
		Minor    int64  `db:"minor"`
		Charges  int64  `db:"charges"`
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT currency, sum(amount_minor)::bigint AS minor, count(*) AS charges FROM subscription
		WHERE state = 'active' AND next_billing_at < $1 GROUP BY currency`, now.UTC().AddDate(0, 0, expectedDays))
	if err != nil {
		return nil, err
	}
	all := make([]Expected, len(rows))
	for i, row := range rows {
		all[i] = Expected{money.New(row.Minor, money.Currency(row.Currency)), row.Charges}
	}
	slices.SortFunc(all, func(a, b Expected) int { return r.order(a.Amount.Currency, b.Amount.Currency) })
	return all, nil
}

func regret(ctx context.Context, tx *sqlx.Tx, since time.Time) ([]Regret, error) {
	var rows []struct {
		Campaign  string `db:"campaign"`
		Begun     int64  `db:"begun"`
		Regretted int64  `db:"regretted"`
	}
	err := tx.SelectContext(ctx, &rows, `
		WITH begun AS (
			SELECT contribution_id, min(occurred_at) AS first,
			       coalesce((array_agg(occurred_at ORDER BY occurred_at, paypal_id))[2], 'infinity') AS second
			FROM payment WHERE subscription_id IS NOT NULL AND status = 'completed' GROUP BY contribution_id
		)
		SELECT k.slug AS campaign, count(*) AS begun, count(*) FILTER (WHERE
		       EXISTS (SELECT 1 FROM subscription s WHERE s.contribution_id = b.contribution_id AND s.ended_at < b.second)
		    OR EXISTS (SELECT 1 FROM payment p JOIN refund f ON f.payment_id = p.id
		               WHERE p.contribution_id = b.contribution_id AND f.status <> 'failed' AND f.occurred_at < b.second)
		    OR EXISTS (SELECT 1 FROM payment p JOIN dispute d ON d.payment_id = p.id
		               WHERE p.contribution_id = b.contribution_id AND d.opened_at < b.second)) AS regretted
		FROM begun b JOIN contribution c ON c.id = b.contribution_id JOIN campaign k ON k.id = c.campaign_id
		WHERE b.first >= $1 GROUP BY k.slug`, since)
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

// Percent is the regret rate, in whole percents and rounded up: one in three hundred is 1 and not 0.
func (g Regret) Percent() int64 {
	if g.Begun == 0 {
		return 0
	}
	return (100*g.Regretted + g.Begun - 1) / g.Begun
}
