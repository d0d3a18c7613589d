package report

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/money"
)

// ProgressCounter counts what campaigns have raised since their start: the net sum of the ledger's entries in one
// currency, and, in all currencies, how many people gave it. Who got everything back is no supporter. Those who gave
// today began a gift since midnight; the renewal of a monthly one, which its reader does nothing for, is not among
// them.
//
// It reads the whole ledger now and then, and between only what was booked since, with the gifts of those people: what
// a million gifts came to is known within seconds. docs/decisions/0050 says how the two fit. It is safe for concurrent
// use.
type ProgressCounter struct {
	db  *db.DB
	now func() time.Time

	// bookingWait is how long bookings that are under way are waited for. They take milliseconds.
	bookingWait time.Duration

	mu    sync.Mutex
	bases map[asked]base
}

// NewProgressCounter makes one over a database that may be read only.
func NewProgressCounter(d *db.DB, now func() time.Time) *ProgressCounter {
	return &ProgressCounter{db: d, now: now, bookingWait: 10 * time.Second, bases: map[asked]base{}}
}

// asked is what is counted, comparable: a time of another zone would be another one.
type asked struct {
	id       uuid.UUID
	currency money.Currency
	since    string // RFC 3339
	midnight string // likewise: the publication's, from which today is counted
}

// base is the count of all entries up to one.
type base struct {
	progress campaign.Progress
	upTo     int64         // the entry's id; every entry up to it is committed or never will be
	at       time.Time     // when it was counted
	took     time.Duration // how long that took
}

// The whole ledger is counted again after baseAge, because a person may have been erased or become known since, or
// later where it takes long: no more than one part in baseShare of the time.
const (
	baseAge   = 15 * time.Minute
	baseShare = 50
)

func (b base) due(now time.Time) bool {
	return now.Sub(b.at) >= max(baseAge, baseShare*b.took) || now.Before(b.at)
}

// Count gives the progress of all campaigns asked for. It fits campaign.Counter: where the whole ledger could not be
// counted again, it gives what goes on from the earlier count, and the error beside it.
func (p *ProgressCounter) Count(
	ctx context.Context, midnight time.Time, all []campaign.Counted,
) (map[uuid.UUID]campaign.Progress, error) {
	counted := make(map[uuid.UUID]campaign.Progress, len(all))
	if len(all) == 0 {
		return counted, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	wanted := make([]asked, len(all))
	for n, c := range all {
		wanted[n] = asked{c.ID, c.Currency, c.Since.UTC().Format(time.RFC3339Nano), midnight.UTC().Format(time.RFC3339Nano)}
	}
	whole := p.rebase(ctx, wanted)
	if whole != nil {
		whole = fmt.Errorf("count the progress of %d campaigns: %w", len(all), whole)
	}
	if len(p.bases) < len(wanted) {
		return nil, whole
	}
	later, err := p.read(ctx, sinceBase, p.bases)
	if err != nil {
		return nil, fmt.Errorf("count the later progress of %d campaigns: %w", len(all), err)
	}
	for _, a := range wanted {
		sum, more := p.bases[a].progress, later[a.id]
		sum.Raised = money.New(sum.Raised.Minor+more.Raised, a.currency)
		sum.Supporters += more.Supporters
		sum.GaveToday += more.GaveToday
		counted[a.id] = sum
	}
	return counted, whole
}

// rebase counts the whole ledger for what was not asked before or is due, and forgets what is not asked any more. What
// it cannot count again keeps its base until that is due once more.
func (p *ProgressCounter) rebase(ctx context.Context, wanted []asked) error {
	maps.DeleteFunc(p.bases, func(a asked, _ base) bool { return !slices.Contains(wanted, a) })
	began := p.now()
	due := slices.DeleteFunc(slices.Clone(wanted), func(a asked) bool {
		b, known := p.bases[a]
		return known && !b.due(began)
	})
	if len(due) == 0 {
		return nil
	}
	upTo, err := p.settled(ctx)
	for _, a := range due { // one by one, so that none takes long
		if err == nil {
			err = p.countWhole(ctx, a, upTo)
		}
		if b, known := p.bases[a]; err != nil && known {
			b.at, b.took = began, p.now().Sub(began)
			p.bases[a] = b
		}
	}
	return err
}

// countWhole makes the base of one campaign, of the entries up to one.
func (p *ProgressCounter) countWhole(ctx context.Context, a asked, upTo int64) error {
	began := p.now()
	whole, err := p.read(ctx, upToBase, map[asked]base{a: {upTo: upTo}})
	if err != nil {
		return err
	}
	of := whole[a.id]
	p.bases[a] = base{
		progress: campaign.Progress{
			Raised: money.New(of.Raised, a.currency), Supporters: of.Supporters, GaveToday: of.GaveToday,
		},
		upTo: upTo, at: began, took: p.now().Sub(began),
	}
	return nil
}

// bookingPoll is how often settled looks whether the bookings under way have ended.
const bookingPoll = 20 * time.Millisecond

// settled is the id of an entry up to which none is under way. Ids are given before a commit, so that an earlier one
// may become visible later: all who write entries at this moment have to end first. Every writer holds the table's lock
// from before it gets an id.
func (p *ProgressCounter) settled(ctx context.Context) (id int64, err error) {
	if err := p.db.GetContext(ctx, &id, `SELECT coalesce(max(id), 0) FROM ledger_entry`); err != nil {
		return 0, err
	}
	writers := func() (all []string, err error) {
		err = p.db.SelectContext(ctx, &all, `
			SELECT virtualtransaction FROM pg_locks
			WHERE relation = 'ledger_entry'::regclass AND mode = 'RowExclusiveLock' AND granted
			  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
		return all, err
	}
	waited := time.NewTimer(p.bookingWait)
	defer waited.Stop()
	first, err := writers()
	for still := first; err == nil && len(still) > 0; {
		select {
		case <-time.After(bookingPoll):
		case <-waited.C:
			return 0, errors.New("a booking does not end")
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
		if still, err = writers(); err == nil {
			still = slices.DeleteFunc(still, func(w string) bool { return !slices.Contains(first, w) })
		}
	}
	return id, err
}

// progressRow is what one campaign's entries come to.
type progressRow struct {
	ID         uuid.UUID `db:"id"`
	Raised     int64     `db:"raised"`
	Supporters int64     `db:"supporters"`
	GaveToday  int64     `db:"gave_today"`
}

// read asks one of the queries below about these.
func (p *ProgressCounter) read(
	ctx context.Context, query string, all map[asked]base,
) (map[uuid.UUID]progressRow, error) {
	var ids, currencies, starts []string
	var upTo []int64
	var midnight string // the same of all
	for a, b := range all {
		ids, currencies, starts = append(ids, a.id.String()), append(currencies, string(a.currency)), append(starts, a.since)
		upTo, midnight = append(upTo, b.upTo), a.midnight
	}
	var rows []progressRow
	err := p.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// Compiling takes longer than a query that runs every two seconds may.
		if _, err := tx.ExecContext(ctx, `SET LOCAL jit = off`); err != nil {
			return err
		}
		return tx.SelectContext(ctx, &rows, query, db.Array(ids), db.Array(currencies), db.Array(starts), db.Array(upTo),
			midnight)
	})
	found := make(map[uuid.UUID]progressRow, len(rows))
	for _, row := range rows {
		found[row.ID] = row
	}
	return found, err
}

// askedFor is what the queries are asked about, for their WITH.
const askedFor = `asked AS (
	SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[]) AS asked (id, currency, since, up_to))`

// payer is who gave the contribution c, as text. All gifts of a person who was erased bear the moment of it, so that
// they still count as one person's.
const payer = `coalesce(c.supporter_id::text, c.erased_at::text, c.id::text)`

// upToBase counts the entries up to each base. Entries that the previous version booked carry no campaign: see entries.
const upToBase = `
	WITH ` + askedFor + `,
	entry AS (
		SELECT a.id, l.contribution_id, l.currency, l.amount_minor
		FROM asked a JOIN ledger_entry l ON l.campaign_id = a.id AND l.occurred_at >= a.since AND l.id <= a.up_to
		UNION ALL
		SELECT a.id, l.contribution_id, l.currency, l.amount_minor
		FROM ledger_entry l JOIN contribution c ON c.id = l.contribution_id
		JOIN asked a ON a.id = c.campaign_id AND l.occurred_at >= a.since AND l.id <= a.up_to
		WHERE l.campaign_id IS NULL),
	gift AS (
		SELECT id, contribution_id, currency, sum(amount_minor)::bigint AS net FROM entry GROUP BY 1, 2, 3)
	SELECT a.id, coalesce(sum(g.net) FILTER (WHERE g.currency = a.currency), 0)::bigint AS raised,
	       count(DISTINCT ` + payer + `) FILTER (WHERE g.net > 0) AS supporters,
	       count(DISTINCT ` + payer + `) FILTER (WHERE g.net > 0 AND c.completed_at >= $5) AS gave_today
	FROM asked a JOIN gift g ON g.id = a.id JOIN contribution c ON c.id = g.contribution_id
	GROUP BY a.id`

// sinceBase counts what the entries after each base change. Of everybody who has such an entry, all gifts are looked
// at, as they were at the base and as they are now.
const sinceBase = `
	WITH ` + askedFor + `,
	news AS MATERIALIZED (
		SELECT DISTINCT a.id, c.id AS contribution_id, c.supporter_id, c.erased_at
		FROM ledger_entry l JOIN contribution c ON c.id = l.contribution_id
		JOIN asked a ON a.id = coalesce(l.campaign_id, c.campaign_id) AND l.id > a.up_to AND l.occurred_at >= a.since
		WHERE l.id > (SELECT min(up_to) FROM asked)), -- by the primary key
	own AS MATERIALIZED (
		SELECT id, contribution_id FROM news
		UNION
		SELECT n.id, c.id FROM news n JOIN contribution c ON c.supporter_id = n.supporter_id
		UNION
		SELECT n.id, c.id FROM news n JOIN contribution c ON c.supporter_id IS NULL AND c.erased_at = n.erased_at
		WHERE c.erased_at IS NOT NULL), -- for the index contribution_erased
	gift AS (
		SELECT a.id, a.currency = l.currency AS counts, c.completed_at, ` + payer + ` AS payer, sum(l.amount_minor) AS net,
		       coalesce(sum(l.amount_minor) FILTER (WHERE l.id <= a.up_to), 0) AS net_before
		FROM own o JOIN asked a ON a.id = o.id JOIN contribution c ON c.id = o.contribution_id
		JOIN ledger_entry l ON l.contribution_id = c.id AND l.occurred_at >= a.since
		 AND coalesce(l.campaign_id, c.campaign_id) = a.id
		GROUP BY a.id, a.currency, l.currency, c.id)
	SELECT id, coalesce(sum(net - net_before) FILTER (WHERE counts), 0)::bigint AS raised,
	       count(DISTINCT payer) FILTER (WHERE net > 0)
	           - count(DISTINCT payer) FILTER (WHERE net_before > 0) AS supporters,
	       count(DISTINCT payer) FILTER (WHERE net > 0 AND completed_at >= $5)
	           - count(DISTINCT payer) FILTER (WHERE net_before > 0 AND completed_at >= $5) AS gave_today
	FROM gift GROUP BY id`
