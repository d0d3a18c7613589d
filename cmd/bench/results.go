package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/experiment"
	"readerfund/internal/report"
)

const (
	usualStarts = 200_000
	quickStarts = 5000
	testDays    = 60 // over which the gifts began
)

// measureResults times what staff's page of a campaign's results reads, for a campaign with so many starts.
func (b *bench) measureResults(ctx context.Context) (err error) {
	starts := usualStarts
	switch {
	case b.Rows > 0:
		starts = b.Rows
	case b.Quick:
		starts = quickStarts
	}
	address, err := b.house.database(ctx, "results")
	if err != nil {
		return err
	}
	if err := b.house.migrate([]string{"DATABASE_URL=" + address}); err != nil {
		return err
	}
	b.say("  writing %s starts", grouped(float64(starts)))
	if err := fillStarts(ctx, address, starts); err != nil {
		return err
	}
	pool, err := db.Open(ctx, address, db.Options{MaxOpen: 1, AnswerTimeout: -1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	k := campaign.Campaign{Content: campaign.Content{
		Currency: "EUR", Variants: []campaign.Variant{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}},
	}}
	if err := pool.GetContext(ctx, &k.ID, `SELECT id FROM campaign`); err != nil {
		return err
	}
	experiments, now := experiment.New(pool, time.UTC, "EUR"), time.Now()
	from := report.DayOf(now.AddDate(0, 0, -testDays))
	var took []float64
	for turn := range b.rounds + 1 {
		began := time.Now()
		found, err := experiments.Results(ctx, k, now, from, report.Day{})
		if err != nil {
			return err
		}
		if n := found.Arms[0].Starts + found.Arms[1].Starts; n != int64(starts) {
			return fmt.Errorf("the results have %d starts, not %d", n, starts)
		}
		if turn > 0 { // the first is for the caches
			took = append(took, milliseconds(time.Since(began)))
		}
	}
	of := " of a campaign with " + grouped(float64(starts)) + " starts"
	b.add(compare("results"+of, "ms", "-", took, nothing(len(took)), 0))
	return b.measureGoal(ctx, pool, campaign.Counted{ID: k.ID, Currency: k.Currency}, of)
}

// newEntries are booked between two counts of a goal's figures, which are two seconds apart.
const newEntries = 50

// measureGoal times the count of a goal's figures: the first, and those that follow new entries.
func (b *bench) measureGoal(ctx context.Context, pool *db.DB, k campaign.Counted, of string) error {
	counter, midnight := report.NewProgressCounter(pool, time.Now), time.Now().Truncate(24*time.Hour)
	var took []float64
	var raised int64
	for turn := range b.rounds + 1 {
		began := time.Now()
		found, err := counter.Count(ctx, midnight, []campaign.Counted{k})
		if err != nil {
			return err
		}
		took = append(took, milliseconds(time.Since(began)))
		if more := found[k.ID].Raised.Minor - raised; turn > 0 && more != newEntries {
			return fmt.Errorf("%d more were raised by %d entries of 1", more, newEntries)
		}
		raised = found[k.ID].Raised.Minor
		if _, err := pool.ExecContext(ctx, `
			INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
			                          recorded_at, source, campaign_id, frequency, counted)
			SELECT contribution_id, payment_id, 'charge', 1, currency, gen_random_uuid(), now(), now(), 'return',
			       campaign_id, frequency, true
			FROM ledger_entry WHERE kind = 'charge' ORDER BY id LIMIT $1`, newEntries); err != nil {
			return err
		}
	}
	b.add(compare("the first count of the goal"+of, "ms", "-", took[:1], nothing(1), 0))
	what := fmt.Sprintf("the same, after %d new entries", newEntries)
	b.add(compare(what, "ms", "-", took[1:], nothing(len(took)-1), 0).figureAtMost(1000))
	return nil
}

// fillStarts writes n gifts of one campaign that began over 60 days, half in each of two variants: three in five are
// paid, one in ten monthly, one in fifty given back, one in a hundred stopped. The appeal was seen on 200 articles.
func fillStarts(ctx context.Context, url string, n int) (err error) {
	d, err := openForFilling(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return execute(ctx, d, aCampaign,
		fmt.Sprintf(`
		INSERT INTO supporter (id, email, name, created_at, updated_at)
		SELECT md5('reader' || i)::uuid, 'reader' || i || '@example.org', 'Reader ' || i, now(), now()
		FROM generate_series(1, %d) i`, n),
		fmt.Sprintf(`
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article, name,
		                          email, state, supporter_id, created_at, updated_at, completed_at, variant, format, referrer)
		SELECT md5(i::text)::uuid, 'R' || i, ''::bytea, k.id, CASE i %% 10 WHEN 0 THEN 'month' ELSE 'once' END,
		       500 + i %% 97 * 50, 'EUR', 'https://news.example.org/' || i %% 200, 'Reader ' || i,
		       'reader' || i || '@example.org', CASE WHEN b.paid THEN 'completed' ELSE 'expired' END,
		       CASE WHEN b.paid THEN md5('reader' || i)::uuid END, b.at, b.at, CASE WHEN b.paid THEN b.at END,
		       CASE i %% 2 WHEN 0 THEN 'a' ELSE 'b' END, (ARRAY['inline', 'banner', 'button'])[1 + i %% 3], 'search'
		FROM generate_series(1, %d) i, campaign k,
		     LATERAL (SELECT now() - i * interval '%d days' / %[1]d AS at, i %% 5 < 3 AS paid) b`, n, testDays),
		`INSERT INTO subscription (paypal_id, contribution_id, plan_id, state, status_at, seen_at, frequency, amount_minor,
		                           currency, cycles_completed, started_at, ended_at, recorded_at)
		 SELECT 'I-' || receipt, id, 'P-1', CASE WHEN ended THEN 'cancelled' ELSE 'active' END, created_at, created_at,
		        'month', amount_minor, 'EUR', 1, created_at, CASE WHEN ended THEN created_at + interval '10 days' END,
		        created_at
		 FROM (SELECT *, right(receipt, 2) = '10' AS ended FROM contribution
		       WHERE frequency = 'month' AND completed_at IS NOT NULL) c`,
		`INSERT INTO payment (contribution_id, kind, paypal_id, subscription_id, status, state, receipt, amount_minor,
		                      returned_minor, currency, occurred_at, recorded_at, receipt_due)
		 SELECT c.id, CASE frequency WHEN 'once' THEN 'capture' ELSE 'sale' END,
		        upper(substr(md5(cycle || c.receipt), 1, 17)), CASE frequency WHEN 'month' THEN 'I-' || receipt END,
		        'completed', CASE WHEN back THEN 'refunded' ELSE 'completed' END, c.receipt || '-' || cycle, c.amount_minor,
		        CASE WHEN back THEN c.amount_minor ELSE 0 END, 'EUR', at, at, false
		 FROM contribution c CROSS JOIN generate_series(1, 2) cycle,
		      LATERAL (SELECT c.created_at + (cycle - 1) * interval '1 month' AS at,
		                      cycle = 1 AND right(c.receipt, 2) IN ('07', '57') AS back) p
		 WHERE c.completed_at IS NOT NULL AND at < now() AND (cycle = 1 OR frequency = 'month') ORDER BY at`,
		`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at,
		                     notice_due)
		 SELECT id, 'refund', 'R' || paypal_id, 'completed', amount_minor, currency, occurred_at, occurred_at, false
		 FROM payment WHERE state = 'refunded'`,
		`INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
		                           recorded_at, source, campaign_id, frequency, counted)
		 SELECT c.id, p.id, e.kind, e.minor, p.currency, p.paypal_id, p.occurred_at, p.occurred_at, 'return',
		        c.campaign_id, c.frequency, true
		 FROM contribution c JOIN payment p ON p.contribution_id = c.id
		 CROSS JOIN LATERAL (VALUES ('charge', p.amount_minor), ('fee', -35 - p.amount_minor / 40),
		                            ('refund', CASE WHEN p.state = 'refunded' THEN -p.amount_minor END)) AS e (kind, minor)
		 WHERE e.minor IS NOT NULL ORDER BY p.occurred_at`,
		fmt.Sprintf(`
		INSERT INTO appeal_count (campaign_id, day, variant, format, article, readers, views, clicks, closed, opted_out)
		SELECT k.id, current_date - d, v, f, 'https://news.example.org/' || a, 100, 300, 10, 5, 1
		FROM campaign k, generate_series(0, %d) d, unnest('{a,b}'::text[]) v, unnest('{inline,banner,button}'::text[]) f,
		     generate_series(0, 199) a`, testDays),
		`VACUUM ANALYZE`)
}
