// Package ratelimit counts how often something happened lately, in PostgreSQL, so that a limit holds however many
// processes serve. It does not know what is counted, and decides nothing but whether one more fits.
//
// Each key is a GCRA, the generic cell rate algorithm (ITU-T I.371, annex A): instead of hits in a window, a row holds
// the moment when all of them are forgotten. Hits fade one by one, so no window's edge lets twice as many through, and
// a row that lies in the past says nothing and can be deleted.
package ratelimit

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"readerfund/internal/batch"
	"readerfund/internal/db"
)

// countTimeout bounds a count: a database that hangs must not make a queue.
const countTimeout = 2 * time.Second

// Use is something that is about to happen, as one limit sees it.
type Use struct {
	Key   string        // what is limited and of whom; see Limiter.Hide
	Every time.Duration // one is forgotten after so long
	Times int64         // how many it counts for; negative in Add takes back
	Most  int64         // how many may be remembered, this one included; Times: it may be used once
}

// Decision is what Take says.
type Decision struct {
	Passed bool
	Used   []float64     // by use: how many would be remembered with this one, and those that came at the same time
	Wait   time.Duration // until it would pass if nothing else came; 0 when it passed
}

// Limiter counts. It is safe for concurrent use.
type Limiter struct {
	db       *db.DB
	now      func() time.Time
	key      []byte
	together *batch.Writer[[]Use, taken]
}

// New makes a limiter on the database. The secret keys the hashes that stand for addresses; with an empty one they
// change with every start, which is as good as forgetting all counts.
func New(d *db.DB, now func() time.Time, secret string) *Limiter {
	if secret == "" {
		secret = rand.Text()
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("rate limit"))
	l := &Limiter{db: d, now: now, key: mac.Sum(nil)}
	l.together = batch.NewWriter(1, l.takeTogether) // two statements at once would only wait for each other's rows
	return l
}

// Hide is a text as it may stand in a key: who reads the table learns no address from it.
func (l *Limiter) Hide(text string) string {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:15])
}

// Take counts all uses if each fits its limit, and none of them otherwise: who is refused at a narrow limit does not
// fill the wide ones that others share. It is one statement, shared by those who ask at the same time, and a few more
// where a limit has not room for all of them.
func (l *Limiter) Take(ctx context.Context, uses ...Use) (Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	t, err := l.together.Do(ctx, uses)
	if err != nil {
		return Decision{}, db.Translate(err)
	}
	if t.decided {
		return t.Decision, nil
	}
	return l.takeAlone(ctx, uses)
}

// taken is what became of uses that were asked about together with others'.
type taken struct {
	Decision

	decided bool // false: they have to be asked about alone
}

// takeTogether counts the uses of several callers at once, if all have room together: a row that all of them share, as
// each gift counts among all, is then written once, and nobody waits for it. Where there is not room for all, none of
// them is counted here.
func (l *Limiter) takeTogether(ctx context.Context, callers [][]Use) ([]taken, error) {
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	if len(callers) == 1 {
		d, err := l.takeAlone(ctx, callers[0])
		return []taken{{d, true}}, err
	}
	all := merge(callers)
	rows, err := l.take(ctx, all)
	if strings.HasPrefix(db.SQLState(err), "22") { // a key that cannot be stored is one caller's trouble
		return make([]taken, len(callers)), nil
	}
	if err != nil {
		return nil, fmt.Errorf("count against limits: %w", err)
	}
	if d, lost := decide(all, rows); !d.Passed {
		if lost {
			err = l.takeBack(ctx, all, rows)
		}
		return make([]taken, len(callers)), err
	}
	decided := make([]taken, len(callers))
	for n, uses := range callers {
		d, _ := decide(uses, rows)
		decided[n] = taken{d, true}
	}
	return decided, nil
}

// merge makes one use of all uses of a key. It fits where each of them does, whatever their order.
func merge(callers [][]Use) []Use {
	var all []Use
	place := map[string]int{}
	for _, uses := range callers {
		for _, u := range uses {
			n, known := place[u.Key]
			if !known {
				place[u.Key] = len(all)
				all = append(all, u)
				continue
			}
			// In microseconds, as the statement counts: callers may remember the same key for different times.
			cost := all[n].cost() + u.cost()
			most := min(all[n].most(), u.most())
			all[n].Every, all[n].Times, all[n].Most = time.Microsecond, cost, most
		}
	}
	return all
}

// cost is what a use adds to what is remembered, and most what may be; both in microseconds.
func (u Use) cost() int64 { return u.Times * u.Every.Microseconds() }
func (u Use) most() int64 { return u.Most * u.Every.Microseconds() }

// takeAlone counts the uses of one caller.
func (l *Limiter) takeAlone(ctx context.Context, uses []Use) (Decision, error) {
	for {
		rows, err := l.take(ctx, uses)
		if err != nil {
			return Decision{}, db.Translate(fmt.Errorf("count against limits: %w", err))
		}
		d, lost := decide(uses, rows)
		if !lost {
			return d, nil
		}
		if err := l.takeBack(ctx, uses, rows); err != nil { // and look at what is there now
			return Decision{}, err
		}
	}
}

// seen is a key as take leaves it.
type seen struct {
	Key     string `db:"key"`
	Used    int64  `db:"used"` // microseconds that would be remembered
	Counted bool   `db:"counted"`
	Fits    bool   `db:"fits"` // all keys had room at first sight
}

func (l *Limiter) take(ctx context.Context, uses []Use) (rows []seen, err error) {
	keys, costs, mosts := columns(uses)
	// A glance without a lock comes first: a flood that is refused makes nobody wait. What has room is counted in one
	// pass in the order of the keys, whether its row is there yet or not, so that two statements cannot wait for each
	// other. What may be used once goes before all counts: of many copies all but one end there and count nowhere. The
	// statement is its own transaction, so no process that is stopped midway keeps the row that everybody shares.
	err = l.db.SelectContext(ctx, &rows, `
		WITH asked AS (
			SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS a (key, cost, most)
		), glance AS (
			SELECT bool_and(greatest(r.free_at, $4::bigint) + a.cost <= $4 + a.most) AS fits
			FROM asked a LEFT JOIN rate_limit r USING (key)
		), once AS (
			INSERT INTO rate_limit AS r (key, free_at)
			SELECT key, $4 + cost FROM asked WHERE cost = most AND (SELECT fits FROM glance) ORDER BY key
			ON CONFLICT (key) DO UPDATE SET free_at = excluded.free_at WHERE r.free_at <= $4
			RETURNING key, free_at
		), often AS (
			INSERT INTO rate_limit AS r (key, free_at)
			SELECT key, $4 + cost FROM asked
			WHERE cost <> most AND (SELECT fits FROM glance)
			  AND (SELECT count(*) FROM once) = (SELECT count(*) FROM asked WHERE cost = most)
			ORDER BY key
			ON CONFLICT (key) DO UPDATE SET free_at = greatest(r.free_at - $4, 0) + excluded.free_at
			WHERE greatest(r.free_at, $4) <= $4 + (SELECT a.most - a.cost FROM asked a WHERE a.key = r.key)
			RETURNING key, free_at
		), counted AS (
			SELECT * FROM once UNION ALL SELECT * FROM often
		)
		SELECT a.key, coalesce(c.free_at, greatest(r.free_at, $4) + a.cost) - $4 AS used, c.key IS NOT NULL AS counted,
		       (SELECT fits FROM glance) AS fits
		FROM asked a LEFT JOIN counted c USING (key) LEFT JOIN rate_limit r USING (key)`,
		db.Array(keys), db.Array(costs), db.Array(mosts), l.now().UnixMicro())
	return rows, err
}

// decide reads what take did. The use is lost where all had room at first sight, and another use then took it.
func decide(uses []Use, rows []seen) (d Decision, lost bool) {
	used := make(map[string]int64, len(rows))
	d = Decision{Passed: true, Used: make([]float64, len(uses))}
	for _, row := range rows {
		used[row.Key] = row.Used
		d.Passed = d.Passed && row.Counted
		lost = lost || row.Fits && !row.Counted
	}
	for i, u := range uses {
		every := u.Every.Microseconds()
		d.Used[i] = float64(used[u.Key]) / float64(every)
		if !d.Passed {
			d.Wait = max(d.Wait, time.Duration(used[u.Key]-u.most())*time.Microsecond)
		}
	}
	return d, lost
}

// takeBack undoes what a lost use counted, key by key, so that it holds no two rows at once. It is done whether or not
// anybody still waits for it.
func (l *Limiter) takeBack(ctx context.Context, uses []Use, rows []seen) error {
	counted := make(map[string]bool, len(rows))
	for _, row := range rows {
		counted[row.Key] = row.Counted
	}
	for _, u := range uses {
		if u.Times = -u.Times; counted[u.Key] {
			if err := l.Add(context.WithoutCancel(ctx), u); err != nil {
				return err
			}
		}
	}
	return nil
}

// Add counts in any case, but remembers no more than Most; with negative Times it takes back. It is one statement.
func (l *Limiter) Add(ctx context.Context, uses ...Use) error {
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	keys, costs, mosts := columns(uses)
	_, err := l.db.ExecContext(ctx, `
		WITH asked AS (
			SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS a (key, cost, most)
		)
		INSERT INTO rate_limit AS r (key, free_at)
		SELECT key, $4::bigint + greatest(0, least(cost, most)) FROM asked ORDER BY key
		ON CONFLICT (key) DO UPDATE SET free_at = (
			SELECT least(greatest(r.free_at, $4) + a.cost, greatest(r.free_at, $4 + a.most)) FROM asked a WHERE a.key = r.key)`,
		db.Array(keys), db.Array(costs), db.Array(mosts), l.now().UnixMicro())
	if err != nil {
		return db.Translate(fmt.Errorf("count: %w", err))
	}
	return nil
}

// Forget drops every count whose key begins so.
func (l *Limiter) Forget(ctx context.Context, prefix string) error {
	// The rows are locked in the order of their keys, as by the counts.
	_, err := l.db.ExecContext(ctx, `
		DELETE FROM rate_limit WHERE key IN (
			SELECT key FROM rate_limit WHERE starts_with(key, $1) ORDER BY key FOR UPDATE)`, prefix)
	if err != nil {
		return db.Translate(fmt.Errorf("forget counts: %w", err))
	}
	return nil
}

// Tidy deletes the rows that say nothing any more. It is a periodic job.
func (l *Limiter) Tidy(ctx context.Context) error {
	// A row that is being counted just now says something again: it waits for none.
	_, err := l.db.ExecContext(ctx, `
		DELETE FROM rate_limit WHERE key IN (
			SELECT key FROM rate_limit WHERE free_at < $1 FOR UPDATE SKIP LOCKED)`, l.now().UnixMicro())
	if err != nil {
		return db.Translate(fmt.Errorf("delete old counts: %w", err))
	}
	return nil
}

// columns are the uses as the statements take them, in microseconds.
func columns(uses []Use) (keys []string, costs, mosts []int64) {
	for _, u := range uses {
		keys, costs, mosts = append(keys, u.Key), append(costs, u.cost()), append(mosts, u.most())
	}
	return keys, costs, mosts
}
