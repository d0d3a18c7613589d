package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"readerfund/internal/db"
)

// history is so many payments over five years, up to now: of five campaigns, in three currencies, from 2,000 articles
// and from none. Three in five are charges of monthly gifts that go on for half a year to four years; the others are
// gifts of once. One payment in fifty was refunded, one in a thousand disputed.
type history struct {
	payments int
	from, to time.Time
	step     float64 // seconds between two payments
	months   int     // payments in a month: a monthly gift's next charge is so many payments later
}

const (
	historyDays      = 5 * 365
	historyArticles  = 2000
	historyCampaigns = 5
)

// historyArticle is an article of a history.
const historyArticle = "https://www.example.org/stories/77"

func newHistory(payments int, now time.Time) history {
	from := now.UTC().AddDate(0, 0, -historyDays)
	return history{
		payments: payments, from: from, to: now.UTC(),
		step: now.Sub(from).Seconds() / float64(payments), months: max(payments/60, 1),
	}
}

// historyAtOnce is how many payments a statement writes.
const historyAtOnce = 500_000

// made are payments $1 to $2, numbered i. What is drawn of a gift is drawn by the number of its first payment, and ids
// follow from numbers, so that no table needs to be joined. PayPal's ids grow with time, which real ones do not: with
// random ones most of the time goes into the unique indexes.
const made = `
	WITH numbered AS (
		SELECT i, i % $5 AS slot, i / $5 AS month, hashint8extended(i % $5, 1) & 2147483647 AS kind
		FROM generate_series($1::bigint, $2::bigint) i),
	begun AS (
		SELECT i, kind % 5 < 3 AS monthly,
		       CASE WHEN kind % 5 < 3 THEN month / (6 + kind % 42) * (6 + kind % 42) * $5 + slot ELSE i END AS first
		FROM numbered),
	drawn AS (
		SELECT *, $3::timestamptz + i * make_interval(secs => $4) AS at,
		       hashint8extended(first, 2) & 2147483647 AS h, hashint8extended(i, 3) & 2147483647 AS luck
		FROM begun),
	made AS (
		SELECT i, first, at, luck, CASE WHEN monthly THEN 'month' ELSE 'once' END AS frequency, 500 + h % 97 * 50 AS minor,
		       CASE WHEN h % 100 < 80 THEN 'EUR' WHEN h % 100 < 95 THEN 'USD' ELSE 'GBP' END AS currency,
		       ('00000000-0000-4000-8000-00000000000' || least(h / 100 % 8, 4))::uuid AS campaign_id,
		       nullif(greatest(h / 1000 % 2400 - 399, 0), 0) AS article_id,
		       (lpad(to_hex(((extract(epoch FROM $3::timestamptz) + first * $4) * 1000)::bigint), 12, '0') || '7' ||
		        lpad(to_hex(first % 4096), 3, '0') || '8' || lpad(to_hex(first), 15, '0'))::uuid AS contribution_id,
		       lpad(upper(to_hex(i)), 17, '0') AS paypal_id
		FROM drawn)`

var historySteps = []archiveStep{
	{"contribution", made + `
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article,
		                          article_id, name, email, state, created_at, updated_at, completed_at)
		SELECT contribution_id, 'H-' || first, ''::bytea, campaign_id, frequency, minor, currency,
		       coalesce('https://www.example.org/stories/' || article_id, ''), article_id, 'Reader ' || first,
		       'reader' || first || '@example.org', 'completed', at, at, at
		FROM made WHERE i = first`},
	{"payment", made + `
		INSERT INTO payment (id, contribution_id, kind, paypal_id, status, state, receipt, amount_minor, currency,
		                     occurred_at, recorded_at, receipt_due) OVERRIDING SYSTEM VALUE
		SELECT i + 1, contribution_id, CASE frequency WHEN 'once' THEN 'capture' ELSE 'sale' END, paypal_id, 'completed',
		       CASE WHEN luck % 50 = 2 THEN 'refunded' WHEN luck % 1000 = 1 THEN 'disputed' ELSE 'completed' END,
		       'H-' || i, minor, currency, at, at, false
		FROM made`},
	{"ledger_entry", made + `
		INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
		                          recorded_at, source, campaign_id, frequency, article_id, counted)
		SELECT contribution_id, i + 1, e.kind, e.minor, currency, paypal_id, e.at, e.at, 'webhook', campaign_id, frequency,
		       article_id, true
		FROM made CROSS JOIN LATERAL (VALUES
			('charge', minor, at), ('fee', -35 - minor / 40, at),
			('refund', CASE WHEN luck % 50 = 2 THEN -minor END, at + luck % 40 * interval '1 day'),
			('dispute_hold', CASE WHEN luck % 1000 = 1 THEN -minor END, at + interval '9 days')) AS e (kind, minor, at)
		WHERE e.minor IS NOT NULL AND e.at < $6`},
}

// fill writes the history into an empty database that has all tables, as archive.fill does.
func (h history) fill(ctx context.Context, url string, say func(string, ...any)) (err error) {
	d, err := openForFilling(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := h.begin(ctx, d); err != nil {
		return err
	}
	indexes, err := dropIndexes(ctx, d, []string{"contribution", "payment", "ledger_entry"})
	if err != nil {
		return err
	}
	for first := 0; first < h.payments; first += historyAtOnce {
		last := min(first+historyAtOnce, h.payments) - 1
		for _, step := range historySteps {
			args := []any{first, last, h.from, h.step, h.months}
			if step.table == "ledger_entry" {
				args = append(args, h.to)
			}
			if _, err := d.ExecContext(ctx, step.statement, args...); err != nil {
				return fmt.Errorf("fill %s: %w", step.table, err)
			}
		}
		say("  %s of %s payments", grouped(float64(last+1)), grouped(float64(h.payments)))
	}
	say("  making %d indexes …", len(indexes))
	// Numbers that were written go on from there.
	for _, table := range []string{"payment", "article"} {
		indexes = append(indexes, fmt.Sprintf(
			"SELECT setval(pg_get_serial_sequence('%[1]s', 'id'), (SELECT max(id) FROM %[1]s))", table))
	}
	return execute(ctx, d, append(indexes, "VACUUM ANALYZE")...)
}

// begin writes what contributions refer to.
func (h history) begin(ctx context.Context, d *db.DB) error {
	return execute(ctx, d,
		fmt.Sprintf(`
			INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, is_default,
			                      created_at, updated_at)
			SELECT ('00000000-0000-4000-8000-00000000000' || i)::uuid, 'campaign-' || i, 'Campaign', '', '', '', '', 'EUR',
			       '{"EUR": [500]}', i = 0, now(), now()
			FROM generate_series(0, %d) i`, historyCampaigns-1),
		fmt.Sprintf(`
			INSERT INTO article (id, address, digest) OVERRIDING SYSTEM VALUE
			SELECT i, address, sha256(convert_to(address, 'UTF8'))
			FROM generate_series(1, %d) i, LATERAL (SELECT 'https://www.example.org/stories/' || i AS address) made`,
			historyArticles))
}
