package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"readerfund/internal/subscription"
)

const (
	fewSubscribers   = 1000
	manySubscribers  = 1_000_000
	quickSubscribers = 20_000
	// dueAtOnce are due in either database, and claimedAtOnce are taken at a time, as a sweep takes them.
	dueAtOnce, claimedAtOnce = 500, 40
)

// measureSubscribers times what is done over and over about subscriptions, among few and among very many, in turns: the
// sweep's look at what is due, and the pages of readers and of staff. How many there are must not matter. What staff's
// page shows is added up beforehand; that takes longer the more there are, the first time and every ten minutes.
func (b *bench) measureSubscribers(ctx context.Context) (err error) {
	counts := []int{fewSubscribers, manySubscribers}
	if b.Quick {
		counts[1] = quickSubscribers
	}
	of := ", of " + grouped(float64(counts[1]))
	add := func(what string, took [][]float64) {
		b.add(compare(what+of, "ms", "of "+grouped(float64(counts[0])), took[1], took[0], 0).atMost(1.3))
	}
	plan := b.plan
	plan.rounds = min(plan.rounds, dueAtOnce/claimedAtOnce-1)
	var sweeps []contestant
	var all []*membership
	defer func() {
		for _, m := range all {
			err = errors.Join(err, m.close())
		}
	}()
	for _, n := range counts {
		m, err := b.openMembership(ctx, n)
		all = append(all, m)
		if err != nil {
			return err
		}
		sweeps = append(sweeps, m.claims())
	}
	took, err := contest(ctx, plan, sweeps...)
	if err != nil {
		return err
	}
	add("the sweep's next 40 subscriptions", took)
	for _, what := range []string{"recurring gifts added up, the first time", "recurring gifts added up, without news"} {
		var seconds [2]float64
		for n, m := range all {
			if seconds[n], err = m.addUp(ctx); err != nil {
				return err
			}
		}
		b.add(compare(what+of, "s", "of "+grouped(float64(counts[0])), seconds[1:], seconds[:1], 0))
	}
	for _, m := range all {
		if err := m.serve(ctx); err != nil {
			return err
		}
	}
	for _, p := range memberPages {
		took, err := contest(ctx, plan, all[0].shows(p), all[1].shows(p))
		if err != nil {
			return err
		}
		add(p.name, took)
	}
	return nil
}

// claims is a turn in which the sweep takes what is due next, in milliseconds.
func (m *membership) claims() contestant {
	return contestant{name: "the sweep's claim", turn: func(ctx context.Context, _ time.Duration) (float64, error) {
		began := time.Now()
		claimed, err := subscription.ClaimDue(ctx, m.pool, claimedAtOnce, time.Now())
		if err == nil && len(claimed) != claimedAtOnce {
			err = fmt.Errorf("%d of %d were due", len(claimed), claimedAtOnce)
		}
		return milliseconds(time.Since(began)), err
	}}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// fillSubscribers writes n monthly gifts that began over two years, each with its subscription, two payments and their
// receipts, by a reader of its own. One in ten has ended, one in two hundred was refunded. A few are due to be asked
// about, the others some time within a day.
func fillSubscribers(ctx context.Context, url string, n int) (err error) {
	d, err := openForFilling(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	indexes, err := dropIndexes(ctx, d, []string{
		"supporter", "contribution", "subscription", "payment", "refund", "receipt",
	})
	if err != nil {
		return err
	}
	return execute(ctx, d, slices.Concat([]string{
		aCampaign,
		fmt.Sprintf(`
		INSERT INTO supporter (id, email, name, created_at, updated_at)
		SELECT md5('reader' || i)::uuid, 'reader' || i || '@example.org', 'Reader ' || i, now(), now()
		FROM generate_series(1, %d) i`, n),
		fmt.Sprintf(`
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article, name,
		                          email, state, subscription_id, supporter_id, created_at, updated_at, completed_at)
		SELECT md5(i::text)::uuid, 'R' || i, ''::bytea, k.id, 'month', 500 + i %% 97 * 50, 'EUR', '', 'Reader ' || i,
		       'reader' || i || '@example.org', 'completed', 'I-' || upper(substr(md5('sub' || i), 1, 12)),
		       md5('reader' || i)::uuid, b.at, b.at, b.at
		FROM generate_series(1, %d) i, campaign k, LATERAL (SELECT now() - i * interval '2 years' / %[1]d AS at) b`, n),
		fmt.Sprintf(`
		INSERT INTO subscription (paypal_id, contribution_id, plan_id, state, status_at, seen_at, frequency, amount_minor,
		                          currency, next_billing_at, cycles_completed, started_at, ended_at, check_at, recorded_at)
		SELECT c.subscription_id, c.id, 'P-1', CASE WHEN ended THEN 'cancelled' ELSE 'active' END, c.created_at,
		       c.created_at, 'month', c.amount_minor, 'EUR',
		       CASE WHEN NOT ended THEN now() + random() * interval '30 days' END, 2, c.created_at,
		       CASE WHEN ended THEN least(now(), c.created_at + random() * interval '90 days') END,
		       CASE WHEN ended THEN NULL WHEN number <= %d THEN now() - random() * interval '1 hour'
		            ELSE now() + interval '1 hour' + random() * interval '1 day' END, c.created_at
		FROM (SELECT *, row_number() OVER (ORDER BY id) AS number, right(receipt, 1) = '3' AS ended FROM contribution) c`,
			dueAtOnce*2),
		`INSERT INTO payment (contribution_id, kind, paypal_id, subscription_id, status, state, receipt, amount_minor,
		                      returned_minor, currency, occurred_at, recorded_at, receipt_due)
		 SELECT c.id, 'sale', upper(substr(md5(cycle || c.receipt), 1, 17)), c.subscription_id, 'completed',
		        CASE WHEN back THEN 'refunded' ELSE 'completed' END, c.receipt || '-' || cycle, c.amount_minor,
		        CASE WHEN back THEN c.amount_minor ELSE 0 END, 'EUR', at, at, false
		 FROM contribution c CROSS JOIN generate_series(1, 2) cycle,
		      LATERAL (SELECT c.created_at + (cycle - 1) * interval '1 month' AS at,
		                      cycle = 1 AND right(c.receipt, 3) IN ('007', '507') AS back) p
		 WHERE at < now() ORDER BY at`,
		`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at,
		                     notice_due)
		 SELECT id, 'refund', 'R' || paypal_id, 'completed', amount_minor, currency, occurred_at, occurred_at, false
		 FROM payment WHERE state = 'refunded'`,
		`INSERT INTO receipt (id, series, year, number, serial, kind, contribution_id, payment_id, amount_minor, left_minor,
		                      currency, frequency, paid_at, issued_at, form, name)
		 SELECT md5(paypal_id)::uuid, 'R', 2026, id, 'R-' || id, 'receipt', contribution_id, id, amount_minor, amount_minor,
		        currency, 'month', occurred_at, occurred_at, 'us', 'A reader'
		 FROM payment`,
	}, indexes, []string{`VACUUM ANALYZE`})...)
}
