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
	"time"

	"readerfund/internal/db"
)

// patience is how long a count may take: a database that hangs must not make a queue.
const patience = 5 * time.Second

// Use is something that is about to happen, as one limit sees it.
type Use struct {
	Key   string        // what is limited and of whom; see Limiter.Hide
	Every time.Duration // one is forgotten after so long
	Times int64         // how many it counts for; negative in Add takes back
	Most  int64         // how many may be remembered, this one included
}

// Decision is what Take says.
type Decision struct {
	Passed bool
	Used   []float64     // by use: how many would be remembered with this one
	Wait   time.Duration // until it would pass if nothing else came; 0 when it passed
}

// Limiter counts. It is safe for concurrent use.
type Limiter struct {
	db  *db.DB
	now func() time.Time
	key []byte
}

// New makes a limiter on the database. The secret keys the hashes that stand for addresses; with an empty one they
// change with every start, which is as good as forgetting all counts.
func New(d *db.DB, now func() time.Time, secret string) *Limiter {
	if secret == "" {
		secret = rand.Text()
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("rate limit"))
	return &Limiter{db: d, now: now, key: mac.Sum(nil)}
}

// Hide is a text as it may stand in a key: who reads the table learns no address from it.
func (l *Limiter) Hide(text string) string {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:15])
}

// Take counts all uses if each fits its limit, and none of them otherwise: who is refused at a narrow limit does not
// fill the wide ones that others share. It is one statement.
func (l *Limiter) Take(ctx context.Context, uses ...Use) (Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	keys, costs, mosts := columns(uses)
	now := l.now().UnixMicro()
	var rows []struct {
		Key     string `db:"key"`
		Used    int64  `db:"used"`
		Counted bool   `db:"counted"`
	}
	// A glance without a lock comes first: a flood that is refused makes nobody wait. The rows of what may pass are
	// locked in the order of their keys, so that two statements cannot wait for each other, and looked at again. A row
	// that another statement made meanwhile is met by ON CONFLICT, which holds the limit for it alone.
	err := l.db.SelectContext(ctx, &rows, `
		WITH asked AS (
			SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS a (key, cost, most)
		), glance AS (
			SELECT bool_and(greatest(r.free_at, $4::bigint) + a.cost <= $4 + a.most) AS fits
			FROM asked a LEFT JOIN rate_limit r USING (key)
		), held AS (
			SELECT r.key, r.free_at FROM rate_limit r
			WHERE (SELECT fits FROM glance) AND r.key = ANY ($1) ORDER BY r.key FOR UPDATE
		), seen AS (
			SELECT a.key, a.most, greatest(coalesce(h.free_at, r.free_at), $4) + a.cost AS free_at
			FROM asked a LEFT JOIN rate_limit r USING (key) LEFT JOIN held h USING (key)
		), counted AS (
			INSERT INTO rate_limit AS r (key, free_at)
			SELECT key, free_at FROM seen WHERE (SELECT bool_and(free_at <= $4 + most) FROM seen) ORDER BY key
			ON CONFLICT (key) DO UPDATE
			SET free_at = greatest(r.free_at, $4) + (SELECT a.cost FROM asked a WHERE a.key = r.key)
			WHERE greatest(r.free_at, $4) <= $4 + (SELECT a.most - a.cost FROM asked a WHERE a.key = r.key)
			RETURNING key
		)
		SELECT s.key, s.free_at - $4 AS used, EXISTS (SELECT 1 FROM counted c WHERE c.key = s.key) AS counted FROM seen s`,
		db.Array(keys), db.Array(costs), db.Array(mosts), now)
	if err != nil {
		return Decision{}, db.Translate(fmt.Errorf("count against limits: %w", err))
	}
	used := make(map[string]int64, len(rows))
	d := Decision{Passed: true, Used: make([]float64, len(uses))}
	for _, row := range rows {
		used[row.Key] = row.Used
		d.Passed = d.Passed && row.Counted
	}
	for i, u := range uses {
		d.Used[i] = float64(used[u.Key]) / float64(u.Every.Microseconds())
		if !d.Passed {
			d.Wait = max(d.Wait, time.Duration(used[u.Key]-mosts[i])*time.Microsecond)
		}
	}
	if !d.Passed {
		d.Wait = max(d.Wait, time.Second) // another was faster by a hair
	}
	return d, nil
}

// Add counts in any case, but remembers no more than Most; with negative Times it takes back. It is one statement.
func (l *Limiter) Add(ctx context.Context, uses ...Use) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
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
	if _, err := l.db.ExecContext(ctx, `DELETE FROM rate_limit WHERE starts_with(key, $1)`, prefix); err != nil {
		return db.Translate(fmt.Errorf("forget counts: %w", err))
	}
	return nil
}

// Tidy deletes the rows that say nothing any more. It is a periodic job.
func (l *Limiter) Tidy(ctx context.Context) error {
	_, err := l.db.ExecContext(ctx, `DELETE FROM rate_limit WHERE free_at < $1`, l.now().UnixMicro())
	if err != nil {
		return db.Translate(fmt.Errorf("delete old counts: %w", err))
	}
	return nil
}

// columns are the uses as the statements take them, in microseconds.
func columns(uses []Use) (keys []string, costs, mosts []int64) {
	for _, u := range uses {
		every := u.Every.Microseconds()
		keys, costs, mosts = append(keys, u.Key), append(costs, u.Times*every), append(mosts, u.Most*every)
	}
	return keys, costs, mosts
}
