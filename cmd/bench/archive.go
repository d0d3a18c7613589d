package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
)

// archive is a history of so many contributions over three years, written by SQL, to time the staff's lists and reports
// over. Most of it is alike. Some things are rare, and lie in the oldest part: a list of those that looks at one row
// after the other, the newest first, reads nearly all.
type archive struct {
	rows int
	from time.Time
	step float64 // seconds between two contributions
}

const archiveDays = 3 * 365

func newArchive(rows int, now time.Time) archive {
	return archive{
		rows: rows, from: now.UTC().AddDate(0, 0, -archiveDays),
		step: float64(archiveDays*24*60*60) / float64(rows),
	}
}

// What is rare in an archive, and what can be looked for.
const (
	rareArticle  = "https://www.example.org/articles/rare"
	usualArticle = "https://www.example.org/articles/77"
	rareCampaign = "winter"
	rareCurrency = "NOK"
	rareState    = "capture_unknown"
	rareName     = "Xaveria"
)

// archiveAtOnce is how many contributions a statement writes.
const archiveAtOnce = 250_000

// archiveStep writes one table's rows of contributions $1 to $2, which are those numbered i.
type archiveStep struct{ table, statement string }

// PayPal's ids are digests of the numbers, as random as its own; ours begin with the time, as UUIDs of version 7 do.
// What is rare is one of a hundredth of the rows, in the first tenth: ten in all.
var archiveSteps = []archiveStep{
	{"contribution", `
		WITH made AS (
			SELECT i, $3::timestamptz + i * make_interval(secs => $4) AS at, i <= $5 / 10 AND i % ($5 / 100) = 5 AS rare
			FROM generate_series($1::bigint, $2::bigint) i),
		told AS (
			SELECT made.*, CASE WHEN rare OR i % 6 = 0 THEN NULL ELSE 1 + i % 20011 END AS article,
			       CASE WHEN rare THEN 'capture_unknown' WHEN i % 1000 = 1 THEN 'disputed' WHEN i % 50 = 2 THEN 'refunded'
			            WHEN i % 10 = 3 THEN 'expired' WHEN i % 40 = 4 THEN 'declined' ELSE 'completed' END AS state
			FROM made)
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article,
		                          article_id, name, email, state, order_id, approve_url, supporter_id, check_at, created_at,
		                          updated_at, completed_at)
		SELECT (lpad(to_hex((extract(epoch FROM t.at) * 1000)::bigint), 12, '0') || '7' || substr(md5(t.i::text), 1, 3)
		        || '8' || substr(md5(t.i::text), 4, 15))::uuid,
		       upper(regexp_replace(lpad(to_hex(t.i * 2654435761 % 4294967296), 8, '0'), '^(.{4})', '\1-')), ''::bytea, k.id,
		       'once', 500 + t.i % 97 * 50,
		       CASE WHEN t.i % ($5 / 100) = 6 AND t.i <= $5 / 10 THEN 'NOK' WHEN t.i % 4 = 0 THEN 'USD' ELSE 'EUR' END,
		       coalesce(a.address, ''), a.id,
		       CASE WHEN t.i = $5 / 20 THEN 'Xaveria Roth' WHEN t.i % 7 = 0 THEN 'Zoë Müller' ELSE 'Reader ' || t.i END,
		       'reader' || t.i || '@example.org', t.state, upper(substr(md5('order' || t.i), 1, 17)), repeat('x', 120), s.id,
		       CASE WHEN t.rare THEN now() END, t.at, t.at,
		       CASE WHEN t.state IN ('completed', 'refunded', 'disputed') THEN t.at END
		FROM told t
		JOIN campaign k ON k.slug = CASE WHEN t.i % ($5 / 100) = 7 AND t.i <= $5 / 10 THEN 'winter' ELSE 'autumn' END
		JOIN supporter s ON s.email = 'payer' || t.i % ($5 / 4) || '@example.org'
		LEFT JOIN article a ON a.id = CASE WHEN t.i % ($5 / 100) = 8 AND t.i <= $5 / 10 THEN 20012 ELSE t.article END`},
	{"payment", `
		INSERT INTO payment (contribution_id, kind, paypal_id, status, state, receipt, amount_minor, currency, occurred_at,
		                     recorded_at)
		SELECT id, 'capture', upper(substr(md5('capture' || receipt), 1, 17)), 'completed', state, receipt, amount_minor,
		       currency, completed_at, completed_at
		FROM contribution WHERE ` + ofThese + ` AND completed_at IS NOT NULL ORDER BY completed_at`},
	{"ledger_entry", `
		INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
		                          recorded_at, source, campaign_id, frequency, article_id, counted)
		SELECT c.id, p.id, e.kind, e.minor, p.currency, p.paypal_id, e.at, e.at, 'return', c.campaign_id, c.frequency,
		       c.article_id, true
		FROM contribution c JOIN payment p ON p.contribution_id = c.id
		CROSS JOIN LATERAL (VALUES
			('charge', p.amount_minor, c.created_at), ('fee', -35 - p.amount_minor / 40, c.created_at),
			('refund', CASE WHEN c.state = 'refunded' THEN -p.amount_minor END, c.created_at + interval '3 days'),
			('dispute_hold', CASE WHEN c.state = 'disputed' THEN -p.amount_minor END, c.created_at + interval '9 days')
		) AS e (kind, minor, at)
		WHERE ` + ofThese + ` AND e.minor IS NOT NULL ORDER BY c.created_at`},
	{"contribution_event", `
		INSERT INTO contribution_event (contribution_id, fact, from_state, to_state, source, at)
		SELECT id, 'started', '', 'started', 'start', created_at FROM contribution c WHERE ` + ofThese},
	{"webhook_event", `
		INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, resource_id, headers, body,
		                           received_at, state, contribution_id, processed_at)
		SELECT 'WH-' || upper(substr(md5('event' || c.receipt), 1, 17)), md5('transmission' || c.receipt), c.created_at,
		       'PAYMENT.CAPTURE.COMPLETED', p.paypal_id, '{}', convert_to('{"id":"' || p.paypal_id || '"}', 'UTF8'),
		       c.created_at, CASE WHEN c.currency = 'NOK' THEN 'ignored' ELSE 'applied' END, c.id, c.created_at
		FROM contribution c JOIN payment p ON p.contribution_id = c.id WHERE ` + ofThese + ` ORDER BY c.created_at`},
	{"refund", `
		INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		SELECT p.id, 'refund', upper(substr(md5('refund' || p.paypal_id), 1, 17)), 'completed', p.amount_minor, p.currency,
		       p.occurred_at, p.recorded_at
		FROM contribution c JOIN payment p ON p.contribution_id = c.id WHERE c.state = 'refunded' AND ` + ofThese},
	{"dispute", `
		INSERT INTO dispute (payment_id, paypal_id, status, paypal_status, stage, amount_minor, currency, opened_at,
		                     changed_at, recorded_at)
		SELECT p.id, 'PP-R-' || upper(substr(md5('case' || p.paypal_id), 1, 12)), 'open', 'UNDER_REVIEW', 'INQUIRY',
		       p.amount_minor, p.currency, p.occurred_at, p.occurred_at, p.recorded_at
		FROM contribution c JOIN payment p ON p.contribution_id = c.id WHERE c.state = 'disputed' AND ` + ofThese},
	{"review", `
		INSERT INTO review (contribution_id, code, arguments, opened_at, closed_at, closed_by)
		SELECT id, 'earlier_note', '{"text":"Look."}', created_at, CASE WHEN currency <> 'NOK' THEN created_at END,
		       CASE WHEN currency <> 'NOK' THEN 'Readerfund' ELSE '' END
		FROM contribution c WHERE (state = 'disputed' OR currency = 'NOK') AND ` + ofThese},
	{"audit_entry", `
		INSERT INTO audit_entry (at, actor, action, subject, detail)
		SELECT created_at, 'staff' || extract(day FROM created_at) || '@example.org', 'contribution.refund', receipt, '{}'
		FROM contribution c WHERE state = 'refunded' AND ` + ofThese + ` ORDER BY created_at`},
	{"discrepancy", `
		INSERT INTO discrepancy (kind, paypal_ref, code, contribution_id, ours, theirs, occurred_at, state, advice, run_id,
		                         first_seen, last_seen, closed_at)
		SELECT 'missing_here', p.paypal_id, 'T0006', c.id, '', '', c.created_at,
		       CASE WHEN c.currency = 'NOK' THEN 'open' ELSE 'mended' END, '', 1, c.created_at, c.created_at, c.created_at
		FROM contribution c JOIN payment p ON p.contribution_id = c.id
		WHERE (c.state = 'disputed' OR c.currency = 'NOK') AND ` + ofThese},
}

// ofThese finds contributions $1 to $2 again, by when they began. Every statement takes the same arguments.
const ofThese = `created_at >= $3::timestamptz + $1 * make_interval(secs => $4)
	AND created_at < $3::timestamptz + ($2 + 1) * make_interval(secs => $4) AND $5 > 0`

// fill writes the archive into an empty database that has all tables, as pg_restore would: indexes are made when the
// rows are there, and foreign keys, which hold by what is written, are not checked. say is told how far it is.
func (a archive) fill(ctx context.Context, url string, say func(string, ...any)) (err error) {
	d, err := openForFilling(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := a.begin(ctx, d); err != nil {
		return err
	}
	tables := make([]string, 0, len(archiveSteps))
	for _, step := range archiveSteps {
		tables = append(tables, step.table)
	}
	indexes, err := dropIndexes(ctx, d, tables)
	if err != nil {
		return err
	}
	for first := 1; first <= a.rows; first += archiveAtOnce {
		last := min(first+archiveAtOnce-1, a.rows)
		for _, step := range archiveSteps {
			if _, err := d.ExecContext(ctx, step.statement, first, last, a.from, a.step, a.rows); err != nil {
				return fmt.Errorf("fill %s: %w", step.table, err)
			}
		}
		say("  %s of %s contributions", grouped(float64(last)), grouped(float64(a.rows)))
	}
	say("  making %d indexes …", len(indexes))
	return execute(ctx, d, append(indexes, "VACUUM ANALYZE")...)
}

// openForFilling is a connection over which very many rows are written quickly. Foreign keys are not checked.
func openForFilling(ctx context.Context, url string) (*db.DB, error) {
	d, err := db.Open(ctx, url, db.Options{MaxOpen: 1, MaxLifetime: 24 * time.Hour, AnswerTimeout: -1})
	if err != nil {
		return nil, err
	}
	if err := execute(ctx, d, "SET session_replication_role = replica", "SET synchronous_commit = off",
		"SET maintenance_work_mem = '256MB'"); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// begin writes what contributions refer to.
func (a archive) begin(ctx context.Context, d *db.DB) error {
	for _, statement := range []string{
		`INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, is_default, created_at,
		                       updated_at)
		 SELECT gen_random_uuid(), slug, slug, '', '', '', '', 'EUR', '{"EUR": [500]}', slug = 'autumn', now(), now()
		 FROM unnest('{autumn,winter}'::text[]) slug WHERE $1 > 0`,
		`INSERT INTO reconcile_run (from_at, to_at, read_to, state, follows, checked_to, payments, started_at, seen_at,
		                            ended_at)
		 SELECT now() - interval '30 days', now(), now(), 'done', true, now(), $1, now(), now(), now()`,
		`INSERT INTO supporter (id, email, name, created_at, updated_at)
		 SELECT gen_random_uuid(), 'payer' || i || '@example.org', 'Payer ' || i, now(), now()
		 FROM generate_series(0, $1 / 4 - 1) i`,
		`INSERT INTO article (id, address, digest) OVERRIDING SYSTEM VALUE
		 SELECT i, address, sha256(convert_to(address, 'UTF8'))
		 FROM generate_series(1, 20012) i, LATERAL (
			SELECT 'https://www.example.org/articles/' || CASE i WHEN 20012 THEN 'rare' ELSE i::text END AS address) made
		 WHERE $1 > 0`,
	} {
		if _, err := d.ExecContext(ctx, statement, a.rows); err != nil {
			return fmt.Errorf("begin an archive: %w", err)
		}
	}
	_, err := d.ExecContext(ctx, "ANALYZE campaign, supporter, article")
	return err
}

// dropIndexes drops every index of some tables that would be filled and that no constraint needs, and gives the
// statements that make them again. Those by which the archive itself is written stay.
func dropIndexes(ctx context.Context, d *db.DB, tables []string) (definitions []string, err error) {
	var all []struct {
		Name       string `db:"name"`
		Definition string `db:"definition"`
	}
	err = d.SelectContext(ctx, &all, `
		SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
		FROM pg_index i
		WHERE indrelid::regclass::text = ANY ($1) AND indexrelid::regclass::text NOT IN ('contribution_newest',
		      'payment_contribution') AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)`,
		db.Array(tables))
	if err != nil {
		return nil, err
	}
	return definitions, d.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		definitions = nil
		for _, index := range all {
			if _, err := tx.ExecContext(ctx, "DROP INDEX "+index.Name); err != nil {
				return err
			}
			definitions = append(definitions, index.Definition)
		}
		return nil
	})
}
