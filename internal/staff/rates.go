package staff

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// Rates counts hits for all replicas together, in the table rate_count. It is an httprate.LimitCounter for a sliding
// window, so a limit holds however many processes serve, and whichever of them a try meets.
//
// When the database does not answer, nobody gets in (it fails closed): signing in needs the same database, so nothing is
// taken from honest people, and an outage opens no door for guessing. What is kept is an address, for two hours at most (see
// Tidy).
type Rates struct {
	db  *db.DB
	now func() time.Time

	limit  int
	window time.Duration

	mu       sync.Mutex
	brokenAt time.Time
}

const (
	// ratePatience is how long a count may take. httprate asks for one key after the other, so a database that hangs must
	// not make a queue.
	ratePatience = 2 * time.Second
	// rateRest is for how long the database is left alone after it failed; until then every count fails at once.
	rateRest = time.Second
)

// errRateRest says that the database failed a moment ago.
var errRateRest = errors.New("the database did not answer a moment ago")

// NewRates makes the counter of one limit.
func NewRates(d *db.DB, now func() time.Time) *Rates { return &Rates{db: d, now: now} }

// Config implements httprate.LimitCounter.
func (r *Rates) Config(limit int, window time.Duration) { r.limit, r.window = limit, window }

// Get counts one hit and gives the hits before it, in this window and in the previous one. httprate asks first and counts
// afterwards; with several replicas that would let one more through for each, so here both are one statement, and the row
// lets one through at a time. Hits beyond the limit are not counted: whoever stops trying gets in again.
func (r *Rates) Get(key string, current, previous time.Time) (now, before int, err error) {
	if err := r.rested(); err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), ratePatience)
	defer cancel()
	var row struct {
		Now    int `db:"now"`
		Before int `db:"before"`
	}
	// What is left of the previous window is weighed as httprate does it. Without a row from the UPDATE the window is full.
	left := max(0, min(1, 1-float64(time.Since(current))/float64(r.window)))
	err = r.db.GetContext(ctx, &row, `
		WITH earlier AS (
			SELECT coalesce((SELECT hits FROM rate_count WHERE key = $1 AND window_at = $3), 0) AS hits
		), hit AS (
			INSERT INTO rate_count (key, window_at, hits) VALUES ($1, $2, 1)
			ON CONFLICT (key, window_at) DO UPDATE SET hits = rate_count.hits + 1
			WHERE rate_count.hits + round((SELECT hits FROM earlier) * $5::float8) < $4
			RETURNING hits
		)
		SELECT coalesce((SELECT hits - 1 FROM hit), $4) AS now, (SELECT hits FROM earlier) AS before`,
		key, current.UTC(), previous.UTC(), r.limit, left)
	if err != nil {
		r.broke()
		return 0, 0, db.Translate(fmt.Errorf("count a hit: %w", err))
	}
	return row.Now, row.Before, nil
}

// IncrementBy does nothing: Get has counted.
func (r *Rates) IncrementBy(string, time.Time, int) error { return nil }

// Increment does nothing: Get has counted.
func (r *Rates) Increment(string, time.Time) error { return nil }

func (r *Rates) rested() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if since := r.now().Sub(r.brokenAt); !r.brokenAt.IsZero() && since >= 0 && since < rateRest {
		return fault.Unavailablef(errRateRest, "The database cannot be reached now. Please try again in a moment.")
	}
	return nil
}

func (r *Rates) broke() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.brokenAt = r.now()
}

// longestWindow is more than two windows of any limit here.
const longestWindow = time.Hour

// Tidy throws away what nobody needs any more: ended sessions, and counts of windows that are over. It is a periodic job.
func (a *Accounts) Tidy(ctx context.Context) error {
	now := a.now().UTC()
	if _, err := a.db.ExecContext(ctx, `DELETE FROM session WHERE expires_at <= $1`, now); err != nil {
		return db.Translate(fmt.Errorf("throw ended sessions away: %w", err))
	}
	if _, err := a.db.ExecContext(ctx, `DELETE FROM rate_count WHERE window_at < $1`, now.Add(-longestWindow)); err != nil {
		return db.Translate(fmt.Errorf("throw old counts away: %w", err))
	}
	return nil
}
