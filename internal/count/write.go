package count

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
)

const (
	writeEvery   = time.Second // what a crash can lose
	writeTimeout = 10 * time.Second
)

// Run writes once a second what was counted, until ctx ends, and then what is left.
func (c *Counter) Run(ctx context.Context) {
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.limits.forget(c.Now())
			c.write(ctx)
		case <-ctx.Done():
			c.write(context.WithoutCancel(ctx))
			return
		}
	}
}

// write writes the counts. Where that fails they wait for the next time; those of a commit whose answer was lost count
// twice.
func (c *Counter) write(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	c.mu.Lock()
	counted := c.sums
	c.sums = make(map[row]*sums, len(counted))
	c.mu.Unlock()
	if len(counted) == 0 {
		return
	}
	if err := add(ctx, c.DB, counted); err != nil {
		c.Log.ErrorContext(ctx, "could not write down what readers saw; trying again in a second", "rows", len(counted),
			"error", err)
		c.giveBack(counted)
	}
}

// giveBack adds counts that could not be written to those that came since.
func (c *Counter) giveBack(counted map[row]*sums) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for r, s := range c.sums {
		if old, there := counted[r]; there {
			for n, more := range s {
				old[n] += more
			}
		} else {
			counted[r] = s
		}
	}
	c.sums = counted
}

// add is one statement and one commit, however many rows.
func add(ctx context.Context, d *db.DB, counted map[row]*sums) error {
	rows := slices.Collect(maps.Keys(counted))
	column := func(n int) any {
		return db.Array(db.Column(rows, func(r row) int64 { return counted[r][n] }))
	}
	// The rows are locked in one order by every process, so that two cannot wait for each other. The join leaves out a
	// campaign that is gone: its counts must not keep the others from being written.
	_, err := d.ExecContext(ctx, `
		INSERT INTO appeal_count AS c (campaign_id, day, variant, format, article,
		                               readers, views, clicks, closed, opted_out)
		SELECT k.id, n.day, n.variant, n.format, n.article, n.readers, n.views, n.clicks, n.closed, n.opted_out
		FROM unnest($1::uuid[], $2::date[], $3::text[], $4::text[], $5::text[],
		            $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])
		     AS n (campaign_id, day, variant, format, article, readers, views, clicks, closed, opted_out)
		JOIN campaign k ON k.id = n.campaign_id
		ORDER BY 1, 2, 3, 4, 5
		ON CONFLICT (campaign_id, day, variant, format, article) DO UPDATE SET
		    readers = c.readers + excluded.readers, views = c.views + excluded.views,
		    clicks = c.clicks + excluded.clicks, closed = c.closed + excluded.closed,
		    opted_out = c.opted_out + excluded.opted_out`,
		db.Array(db.Column(rows, func(r row) uuid.UUID { return r.campaign })),
		db.Array(db.Column(rows, func(r row) string { return r.day })),
		db.Texts(db.Column(rows, func(r row) string { return r.variant })),
		db.Texts(db.Column(rows, func(r row) string { return r.format })),
		db.Texts(db.Column(rows, func(r row) string { return r.article })),
		column(0), column(1), column(2), column(3), column(4))
	if err != nil {
		return fmt.Errorf("add counts of the appeal: %w", err)
	}
	return nil
}
