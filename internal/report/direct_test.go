package report_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/report"
)

// direct adds up what recurs without a roll-up, from all subscriptions and payments at once. It is slow and plain, and
// what Rollup adds up is held against it. Of currencies it knows one.
func direct(ctx context.Context, d *db.DB, zone *time.Location, now time.Time, months int) (report.Recurring, error) {
	local, found := now.In(zone), report.Recurring{At: now.UTC()}
	first := time.Date(local.Year(), local.Month()-time.Month(months-1), 1, 0, 0, 0, 0, zone)
	var err error
	if found.Months, err = directMonths(ctx, d, zone, first, months); err != nil {
		return found, err
	}
	if found.Expected, err = directExpected(ctx, d, now); err != nil {
		return found, err
	}
	found.Regret, err = directRegret(ctx, d, first)
	return found, err
}

// directMonths counts each month by itself between its two ends, the latest first. It shares nothing with Reports,
// which adds up what was counted by the names of months.
func directMonths(
	ctx context.Context, d *db.DB, zone *time.Location, first time.Time, months int,
) ([]report.RecurringMonth, error) {
	all := make([]report.RecurringMonth, months)
	for n := range all {
		y, m, _ := first.Date()
		from := time.Date(y, m+time.Month(months-1-n), 1, 0, 0, 0, 0, zone)
		until := time.Date(y, m+time.Month(months-n), 1, 0, 0, 0, 0, zone)
		var row struct {
			New  int64 `db:"new"`
			Kept int64 `db:"kept"`
			Lost int64 `db:"lost"`
			Up   int64 `db:"up"`
			Down int64 `db:"down"`
		}
		err := d.GetContext(ctx, &row, `
			SELECT (SELECT count(*) FROM subscription WHERE started_at >= $1 AND started_at < $2) AS new,
			       (SELECT count(*) FROM subscription
			        WHERE started_at < $1 AND (ended_at IS NULL OR ended_at >= $2)) AS kept,
			       (SELECT count(*) FROM subscription
			        WHERE started_at IS NOT NULL AND ended_at >= $1 AND ended_at < $2) AS lost,
			       count(*) FILTER (WHERE amount_minor > before) AS up,
			       count(*) FILTER (WHERE amount_minor < before) AS down
			FROM (
				SELECT occurred_at, amount_minor, lag(amount_minor) OVER (
				           PARTITION BY contribution_id ORDER BY occurred_at, paypal_id) AS before
				FROM payment WHERE kind = 'sale' AND status = 'completed'
			) p
			WHERE occurred_at >= $1 AND occurred_at < $2`, from, until)
		if err != nil {
			return nil, err
		}
		all[n] = report.RecurringMonth{
			Month: from.Format("2006-01"), New: row.New, Kept: row.Kept, Lost: row.Lost, Up: row.Up, Down: row.Down,
		}
	}
	return all, nil
}

func directExpected(ctx context.Context, d *db.DB, now time.Time) ([]report.Expected, error) {
	var rows []struct {
		Currency string `db:"currency"`
		Minor    int64  `db:"minor"`
		Charges  int64  `db:"charges"`
	}
	err := d.SelectContext(ctx, &rows, `
		SELECT currency, sum(amount_minor)::bigint AS minor, count(*) AS charges FROM subscription
		WHERE state = 'active' AND next_billing_at < $1 OR state = 'approval_pending' AND starts_at < $1
		GROUP BY currency`, now.UTC().AddDate(0, 0, 30))
	if err != nil {
		return nil, err
	}
	all := make([]report.Expected, len(rows))
	for i, row := range rows {
		all[i] = report.Expected{Amount: money.New(row.Minor, money.Currency(row.Currency)), Charges: row.Charges}
	}
	return all, nil
}

func directRegret(ctx context.Context, d *db.DB, since time.Time) ([]report.Regret, error) {
	var rows []struct {
		Campaign  string `db:"campaign"`
		Begun     int64  `db:"begun"`
		Regretted int64  `db:"regretted"`
	}
	err := d.SelectContext(ctx, &rows, `
		WITH begun AS (
			SELECT contribution_id, min(occurred_at) AS first,
			       coalesce((array_agg(occurred_at ORDER BY occurred_at, paypal_id))[2], 'infinity') AS second
			FROM payment WHERE kind = 'sale' AND status = 'completed' GROUP BY contribution_id
			UNION ALL
			SELECT s.contribution_id, s.ended_at, 'infinity' FROM subscription s
			WHERE s.started_at IS NOT NULL AND s.ended_at IS NOT NULL AND s.contribution_id NOT IN (
			    SELECT contribution_id FROM payment WHERE kind = 'sale' AND status = 'completed')
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
	all := make([]report.Regret, len(rows))
	for i, row := range rows {
		all[i] = report.Regret(row)
	}
	slices.SortFunc(all, func(a, b report.Regret) int { return strings.Compare(a.Campaign, b.Campaign) })
	return all, nil
}
