package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	giving "readerfund/internal/contribution" // contribution is the request of a reader here
	"readerfund/internal/db"
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
// sweep's look at what is due, and what a reader's own page reads. How many there are must not matter.
func (b *bench) measureSubscribers(ctx context.Context) (err error) {
	many := manySubscribers
	if b.Quick {
		many = quickSubscribers
	}
	var turns []contestant
	for i, n := range []int{fewSubscribers, many} {
		pool, err := b.subscribers(ctx, fmt.Sprintf("subscribers_%d", i), n)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, pool.Close()) }()
		turns = append(turns, claims(pool), reads(pool))
	}
	plan := b.plan
	plan.rounds = min(plan.rounds, dueAtOnce/claimedAtOnce-1)
	took, err := contest(ctx, plan, turns...)
	if err != nil {
		return err
	}
	for i, what := range []string{"the sweep's next 40 subscriptions", "a reader's gift and its subscription"} {
		b.add(compare(fmt.Sprintf("%s, of %s", what, grouped(float64(many))), "ms",
			"of "+grouped(fewSubscribers), took[2+i], took[i], 0).atMost(1.3))
	}
	return nil
}

// subscribers is a database with n subscriptions. Close it.
func (b *bench) subscribers(ctx context.Context, database string, n int) (*db.DB, error) {
	address, err := b.house.database(ctx, database)
	if err != nil {
		return nil, err
	}
	if err := b.house.migrate([]string{"DATABASE_URL=" + address}); err != nil {
		return nil, err
	}
	pool, err := db.Open(ctx, address, db.Options{MaxOpen: 1, MaxLifetime: 24 * time.Hour, AnswerTimeout: -1})
	if err != nil {
		return nil, err
	}
	b.say("  %s subscriptions …", grouped(float64(n)))
	if err := fillSubscribers(ctx, pool, n); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

// claims is a turn in which the sweep takes what is due next, in milliseconds.
func claims(pool *db.DB) contestant {
	return contestant{name: "the sweep's claim", turn: func(ctx context.Context, _ time.Duration) (float64, error) {
		began := time.Now()
		claimed, err := subscription.ClaimDue(ctx, pool, claimedAtOnce, time.Now())
		if err == nil && len(claimed) != claimedAtOnce {
			err = fmt.Errorf("%d of %d were due", len(claimed), claimedAtOnce)
		}
		return milliseconds(time.Since(began)), err
	}}
}

// reads is a turn in which what a reader's page shows is read for many readers, in milliseconds for each.
func reads(pool *db.DB) contestant {
	gifts := giving.New(giving.Config{DB: pool, Now: time.Now})
	return contestant{name: "a reader's page", turn: func(ctx context.Context, _ time.Duration) (float64, error) {
		var ids []uuid.UUID
		err := pool.SelectContext(ctx, &ids, `SELECT contribution_id FROM subscription ORDER BY paypal_id LIMIT 200`)
		if err != nil {
			return 0, err
		}
		began := time.Now()
		for _, id := range ids {
			if _, err := gifts.Get(ctx, id); err != nil {
				return 0, err
			}
			if all, err := subscription.Of(ctx, pool, id); err != nil || len(all) != 1 {
				return 0, errors.Join(err, fmt.Errorf("%s has %d subscriptions", id, len(all)))
			}
		}
		return milliseconds(time.Since(began)) / float64(len(ids)), nil
	}}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// fillSubscribers writes n monthly gifts, each with a subscription that runs. A few are due to be asked about, the
// others some time within a day.
func fillSubscribers(ctx context.Context, pool *db.DB, n int) error {
	return execute(ctx, pool,
		`SET synchronous_commit = off`, aCampaign,
		fmt.Sprintf(`
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article, name,
		                          email, state, subscription_id, created_at, updated_at, completed_at)
		SELECT md5(i::text)::uuid, 'R' || i, ''::bytea, k.id, 'month', 500 + i %% 97 * 50, 'EUR', '', 'Reader ' || i,
		       'reader' || i || '@example.org', 'completed', 'I-' || upper(substr(md5('sub' || i), 1, 12)),
		       now() - i * interval '1 minute', now(), now()
		FROM generate_series(1, %d) i, campaign k`, n),
		fmt.Sprintf(`
		INSERT INTO subscription (paypal_id, contribution_id, plan_id, state, status_at, seen_at, frequency, amount_minor,
		                          currency, next_billing_at, cycles_completed, started_at, check_at, recorded_at)
		SELECT c.subscription_id, c.id, 'P-1', 'active', c.created_at, c.created_at, 'month', c.amount_minor, 'EUR',
		       now() + random() * interval '30 days', 3, c.created_at,
		       CASE WHEN row_number() OVER (ORDER BY c.id) <= %d THEN now() - random() * interval '1 hour'
		            ELSE now() + interval '10 minutes' + random() * interval '1 day' END, c.created_at
		FROM contribution c`, dueAtOnce),
		`VACUUM ANALYZE`)
}
