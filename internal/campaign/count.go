package campaign

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/money"
	"readerfund/internal/throttle"
)

// Counted is a campaign whose progress is asked for.
type Counted struct {
	ID       uuid.UUID
	Currency money.Currency // gifts in others are not in its progress, because currencies are never added together
	Since    time.Time      // its start; zero: from the first gift on
}

// Counter counts the progress of campaigns from verified money. Today is the publication's midnight. With an error it
// may give figures all the same, whose count of people may be an earlier one.
type Counter func(ctx context.Context, today time.Time, all []Counted) (map[uuid.UUID]Progress, error)

// Counting has a catalog count figures, in the publication's zone, and log once a minute that it fails.
func Counting(count Counter, zone *time.Location, log *slog.Logger) func(*Catalog) {
	return func(c *Catalog) {
		c.count, c.zone, c.log = count, zone, slog.New(throttle.New(log.Handler(), time.Minute))
	}
}

const (
	// countEvery is how often figures are counted. Where that takes long, it is done less often, so that it takes one part
	// in countShare of the time; but they are never older than countRarest.
	countEvery  = 2 * time.Second
	countShare  = 50
	countRarest = 10 * time.Second
	// countTime is how long one count may take.
	countTime = time.Minute
)

// countOn counts until ctx ends.
func (c *Catalog) countOn(ctx context.Context) {
	if c.count == nil {
		return
	}
	for {
		began := time.Now()
		// What was counted before is shown until it succeeds again.
		if err := c.Count(ctx); err != nil && ctx.Err() == nil {
			c.log.WarnContext(ctx, "figures of campaigns could not be counted", "error", err)
		}
		select {
		case <-time.After(max(countEvery, min(countShare*time.Since(began), countRarest))):
		case <-ctx.Done():
			return
		}
	}
}

// Count counts the figures of all campaigns that show any, for the snapshots from now on. Run does it by itself.
func (c *Catalog) Count(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	all, err := c.All(ctx)
	if err != nil {
		return err
	}
	var asked []Counted
	for i := range all {
		if k := &all[i]; k.State != Draft && k.showsFigures() {
			asked = append(asked, Counted{k.ID, k.counted(), k.StartsAt})
		}
	}
	y, m, d := c.now().In(c.zone).Date()
	counted, err := c.count(ctx, time.Date(y, m, d, 0, 0, 0, 0, c.zone), asked)
	if err != nil {
		err = fmt.Errorf("count the progress of campaigns: %w", err)
	}
	if counted == nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counted = counted
	last := c.latest.Load()
	c.latest.Store(&latest{newSnapshot(last.snapshot.campaigns(), counted, last.snapshot, c.now(), c.zone), last.readAt})
	return err
}

// figures are the placeholders whose figures come from the ledger.
var figures = regexp.MustCompile(`\{(raised|percent|supporters|gave_today)\b`)

// showsFigures reports whether anything of the campaign needs figures from the ledger.
func (c *Content) showsFigures() bool {
	if c.Goal != nil {
		return true
	}
	for _, texts := range c.Texts {
		if texts.showFigures() {
			return true
		}
	}
	for _, v := range c.Variants {
		for _, texts := range v.Texts {
			if texts.showFigures() {
				return true
			}
		}
	}
	return false
}

func (t Texts) showFigures() bool {
	for _, f := range textFields {
		if figures.MatchString(*f.of(&t)) {
			return true
		}
	}
	for _, d := range t.Does {
		if figures.MatchString(d.Text) {
			return true
		}
	}
	return false
}
