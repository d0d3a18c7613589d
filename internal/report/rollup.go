package report

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
)

// Rollup precomputes the answers of Reports.Recurring: computing them on request takes half a minute with a million
// subscriptions. It is the only part of this package that writes, into tables of its own.
type Rollup struct {
	db   *db.DB
	zone *time.Location
	now  func() time.Time
}

// NewRollup makes one over a writable database. zone is where the publication's days begin and end.
func NewRollup(d *db.DB, zone *time.Location, now func() time.Time) *Rollup {
	return &Rollup{db: d, zone: zone, now: now}
}

// progress is how far the computation has got.
type progress struct {
	Zone     string     `db:"zone"`
	FillFrom *time.Time `db:"fill_from"` // the first day that was never computed
	EventID  int64      `db:"event_id"`
	SeenID   int64      `db:"seen_id"`
	SeenAt   time.Time  `db:"seen_at"`
}

// AddUp brings the answer up to date. It is periodic work. A day is computed again only if there was news about its
// charges, or about the gifts that began on it. The first time, it computes all days, a month at a time, and resumes
// where it was interrupted.
func (r *Rollup) AddUp(ctx context.Context) error {
	p, err := r.begin(ctx)
	if err == nil {
		err = r.fill(ctx, p)
	}
	if err == nil {
		err = r.follow(ctx, p)
	}
	if err == nil {
		err = r.finish(ctx)
	}
	if err != nil {
		return db.Translate(fmt.Errorf("add up recurring gifts: %w", err))
	}
	return nil
}

// begin reads the progress, or starts again if there is none or if the publication's time zone has changed.
func (r *Rollup) begin(ctx context.Context) (p progress, err error) {
	err = r.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// Starts with the first payment there is, or with the first end of a gift, which counts it if it was never
		// charged. News from here on is added to what fill reads.
		_, err := tx.ExecContext(ctx, `
			INSERT INTO recurring_progress AS p (zone, fill_from, event_id, seen_id, seen_at)
			SELECT $1, least($2, (SELECT min(occurred_at) FROM payment), (SELECT min(ended_at) FROM subscription))
			           AT TIME ZONE $1, e.id, e.id, $2
			FROM (SELECT coalesce(max(id), 0) AS id FROM contribution_event) e
			ON CONFLICT (one) DO UPDATE SET
			    zone = excluded.zone, fill_from = excluded.fill_from, event_id = excluded.event_id,
			    seen_id = excluded.seen_id, seen_at = excluded.seen_at, added_at = NULL
			WHERE p.zone <> excluded.zone`, r.zone.String(), r.now().UTC())
		if err != nil {
			return err
		}
		return tx.GetContext(ctx, &p, `SELECT zone, fill_from, event_id, seen_id, seen_at FROM recurring_progress`)
	})
	return p, err
}

// fill computes the days that never were, up to today, month by month. Later days are computed when there is news about
// them.
func (r *Rollup) fill(ctx context.Context, p progress) error {
	if p.FillFrom == nil {
		return nil
	}
	today := DayOf(r.now().In(r.zone))
	for first := DayOf(p.FillFrom.UTC()); !today.Before(first); {
		next := first.Month().Add(31).Month()
		err := r.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			if err := r.addDays(ctx, tx, first, next); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `UPDATE recurring_progress SET fill_from = $1::date`, next.String())
			return err
		})
		if err != nil {
			return fmt.Errorf("the days from %s: %w", first, err)
		}
		first = next
	}
	_, err := r.db.ExecContext(ctx, `UPDATE recurring_progress SET fill_from = NULL`)
	return err
}

// slowest is the longest time a transaction may take from writing its news to its commit: only after that are all
// earlier news certain to be visible, because ids are assigned when a row is written.
const slowest = 10 * time.Minute

// follow computes again the days that news is about.
func (r *Rollup) follow(ctx context.Context, p progress) error {
	var latest int64
	err := r.db.GetContext(ctx, &latest, `SELECT coalesce(max(id), 0) FROM contribution_event`)
	if err != nil {
		return err
	}
	days, err := r.changed(ctx, p.EventID)
	if err != nil {
		return err
	}
	for _, d := range days {
		err := r.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return r.addDays(ctx, tx, d, d.Add(1)) })
		if err != nil {
			return fmt.Errorf("the day %s: %w", d, err)
		}
	}
	if now := r.now().UTC(); now.Sub(p.SeenAt) >= slowest {
		_, err = r.db.ExecContext(ctx, `
			UPDATE recurring_progress SET event_id = seen_id, seen_id = $1, seen_at = $2`, latest, now)
	}
	return err
}

// changed returns the days that the news after an event affects: the day of a charge, and that of the next charge,
// which is compared with it; for other news about a gift, or about its first or second charge, the day on which the
// gift began, because its regret may have changed; and the day on which it ended, which counts it if it was never
// charged. If PayPal had first left out a charge's time, the charge was counted on the day on which we heard of it, so
// that day is included, too.
func (r *Rollup) changed(ctx context.Context, after int64) ([]Day, error) {
	var days []time.Time
	// Nearly all news is about renewals, which carry the charge's own id: they are found by it, without touching the
	// gift.
	err := r.db.SelectContext(ctx, &days, `
		WITH news AS MATERIALIZED (
			SELECT DISTINCT e.contribution_id, e.paypal_ref, e.fact FROM contribution_event e
			JOIN contribution c ON c.id = e.contribution_id AND c.frequency <> 'once' WHERE e.id > $2),
		charge AS MATERIALIZED (
			SELECT DISTINCT p.id, p.contribution_id, p.paypal_id, p.occurred_at, p.recorded_at
			FROM news n JOIN payment p ON p.paypal_id = n.paypal_ref AND p.contribution_id = n.contribution_id),
		gift AS (
			SELECT contribution_id FROM news WHERE fact NOT IN ('capture_completed', 'subscription_updated')
			UNION
			SELECT contribution_id FROM charge p WHERE 2 > (
				SELECT count(*) FROM payment b WHERE b.contribution_id = p.contribution_id AND `+isCharge("b")+`
				AND (b.occurred_at, b.paypal_id) < (p.occurred_at, p.paypal_id)))
		SELECT DISTINCT (m.at AT TIME ZONE $1)::date FROM (
			SELECT occurred_at AS at FROM charge
			UNION ALL SELECT recorded_at FROM charge
			UNION ALL SELECT a.occurred_at FROM charge p CROSS JOIN LATERAL (`+chargeAfter+`) a
			UNION ALL SELECT b.at FROM gift CROSS JOIN LATERAL (
				SELECT min(b.occurred_at) AS at FROM payment b
				WHERE b.contribution_id = gift.contribution_id AND `+isCharge("b")+`) b
			UNION ALL SELECT s.ended_at FROM gift JOIN subscription s USING (contribution_id)) m
		WHERE m.at IS NOT NULL ORDER BY 1`, r.zone.String(), after)
	if err != nil {
		return nil, fmt.Errorf("find days of which something was told: %w", err)
	}
	all := make([]Day, len(days))
	for n, d := range days {
		all[n] = DayOf(d)
	}
	return all, nil
}

// isCharge is the condition for a completed charge of a subscription, where p names the payment.
func isCharge(p string) string { return p + `.kind = 'sale' AND ` + p + `.status = 'completed'` }

// The charge of the same contribution before p, and the one after it, by the index on payment (contribution_id).
var (
	chargeBefore = `SELECT x.id, x.amount_minor FROM payment x
		WHERE x.contribution_id = p.contribution_id AND ` + isCharge("x") + `
		  AND (x.occurred_at, x.paypal_id) < (p.occurred_at, p.paypal_id)
		ORDER BY x.occurred_at DESC, x.paypal_id DESC LIMIT 1`
	chargeAfter = `SELECT x.occurred_at FROM payment x
		WHERE x.contribution_id = p.contribution_id AND ` + isCharge("x") + `
		  AND (x.occurred_at, x.paypal_id) > (p.occurred_at, p.paypal_id)
		ORDER BY x.occurred_at, x.paypal_id LIMIT 1`
)

// Regretted is a subquery: whether the gift whose first payment is p was stopped, refunded, reversed or disputed before
// its second charge, which a one-time gift never has.
var Regretted = `
	SELECT EXISTS (SELECT 1 FROM subscription s WHERE s.contribution_id = p.contribution_id AND s.ended_at < n.at)
	    OR EXISTS (SELECT 1 FROM payment q JOIN refund f ON f.payment_id = q.id
	               WHERE q.contribution_id = p.contribution_id AND f.status <> 'failed' AND f.occurred_at < n.at)
	    OR EXISTS (SELECT 1 FROM payment q JOIN dispute d ON d.payment_id = q.id
	               WHERE q.contribution_id = p.contribution_id AND d.opened_at < n.at) AS regretted
	FROM (SELECT coalesce((` + chargeAfter + `), 'infinity') AS at) n`

// addDays computes the days from one up to, but not including, another, and replaces what was stored for them.
func (r *Rollup) addDays(ctx context.Context, tx *sqlx.Tx, from, before Day) error {
	// Should two processes do this at once, they take turns.
	if _, err := tx.ExecContext(ctx, `SELECT 1 FROM recurring_progress FOR UPDATE`); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM recurring_day WHERE day >= $1::date AND day < $2::date`,
		from.String(), before.String())
	if err != nil {
		return err
	}
	// The local days decide; the additional bounds, wider than any zone shifts, are for the index payment_occurred.
	_, err = tx.ExecContext(ctx, `
		INSERT INTO recurring_day (day, campaign_id, up, down, begun, regretted)
		SELECT day, campaign_id, sum(up), sum(down), sum(begun), sum(regretted) FROM (
		SELECT (p.occurred_at AT TIME ZONE $1)::date AS day, c.campaign_id,
		       count(*) FILTER (WHERE p.amount_minor > b.amount_minor) AS up,
		       count(*) FILTER (WHERE p.amount_minor < b.amount_minor) AS down,
		       count(*) FILTER (WHERE b.id IS NULL) AS begun, count(*) FILTER (WHERE s.regretted) AS regretted
		FROM payment p JOIN contribution c ON c.id = p.contribution_id
		LEFT JOIN LATERAL (`+chargeBefore+`) b ON true
		LEFT JOIN LATERAL (`+Regretted+`) s ON b.id IS NULL
		WHERE `+isCharge("p")+` AND p.occurred_at >= $4 AND p.occurred_at < $5
		  AND (p.occurred_at AT TIME ZONE $1)::date >= $2::date AND (p.occurred_at AT TIME ZONE $1)::date < $3::date
		GROUP BY 1, 2
		UNION ALL -- stopped before the first charge; the index is subscription_called_off
		SELECT (s.ended_at AT TIME ZONE $1)::date, c.campaign_id, 0, 0, count(*), count(*)
		FROM subscription s JOIN contribution c ON c.id = s.contribution_id
		WHERE s.started_at IS NOT NULL AND s.last_payment_at IS NULL AND s.ended_at >= $4 AND s.ended_at < $5
		  AND (s.ended_at AT TIME ZONE $1)::date >= $2::date AND (s.ended_at AT TIME ZONE $1)::date < $3::date
		  AND NOT EXISTS (SELECT 1 FROM payment q WHERE q.contribution_id = c.id AND `+isCharge("q")+`)
		GROUP BY 1, 2) d
		GROUP BY 1, 2`, r.zone.String(), from.String(), before.String(), from.Add(-1).at, before.Add(1).at)
	return err
}

// finish computes the lives of subscriptions and their expected charges, reading each once, and marks the answer as
// complete.
func (r *Rollup) finish(ctx context.Context) error {
	now := r.now().UTC()
	return r.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, step := range []struct {
			query string
			args  []any
		}{
			{`UPDATE recurring_progress SET added_at = $1`, []any{now}},
			{`DELETE FROM recurring_life`, nil},
			{`INSERT INTO recurring_life (began, ended, count)
			  SELECT date_trunc('month', started_at AT TIME ZONE $1)::date, date_trunc('month', ended_at AT TIME ZONE $1)::date,
			         count(*)
			  FROM subscription WHERE started_at IS NOT NULL GROUP BY 1, 2`,
				[]any{r.zone.String()}},
			{`DELETE FROM recurring_expected`, nil},
			{`INSERT INTO recurring_expected (currency, amount_minor, charges)
			  SELECT currency, sum(amount_minor)::bigint, count(*) FROM subscription
			  WHERE state = 'active' AND next_billing_at < $1
			     OR state = 'approval_pending' AND starts_at < $1 -- approved, and begins by itself
			  GROUP BY currency`, []any{now.AddDate(0, 0, expectedDays)}},
		} {
			if _, err := tx.ExecContext(ctx, step.query, step.args...); err != nil {
				return err
			}
		}
		return nil
	})
}
