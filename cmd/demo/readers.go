package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/config"
	"readerfund/internal/count"
	"readerfund/internal/db"
)

const readersEach = 240 // a day, of the fund drive's appeal

// countReaders lets the days of the fund drive have their readers: most only read, some look closer, and what they saw
// is counted as it is when their browsers tell it.
func (d *demo) countReaders(ctx context.Context, cfg config.Config) error {
	pool, err := db.Open(ctx, string(cfg.DatabaseURL), db.Options{MaxOpen: 1})
	if err != nil {
		return err
	}
	now := time.Now().AddDate(0, 0, -driveDays+1)
	clock := func() time.Time { return now }
	counter := count.New(count.Config{
		DB: pool, Campaigns: campaign.NewCatalog(pool, clock), Zone: cfg.Timezone, Now: clock, Log: d.log,
	})
	draw := rand.New(rand.NewPCG(driveDays, readersEach)) //nolint:gosec // sample data, not a secret
	for range driveDays {
		for range readersEach {
			counter.Count(ctx, netip.Prefix{}, netip.Prefix{}, looks(draw))
		}
		now = now.AddDate(0, 0, 1)
	}
	written, stop := context.WithCancel(ctx)
	stop() // Run writes what there is, and ends
	counter.Run(written)
	return errors.Join(ctx.Err(), pool.Close())
}

// looks are what one reader does with the appeal, on one or two articles.
func looks(draw *rand.Rand) []count.Event {
	variant := variants[draw.IntN(len(variants))]
	seen := func(kind count.Kind) count.Event {
		return count.Event{
			Kind: kind, Campaign: driveSlug, Variant: variant, Format: campaign.FormatInline, Article: pick(draw, articles),
		}
	}
	events := []count.Event{seen(count.First), seen(count.View)}
	if draw.IntN(3) == 0 {
		events = append(events, seen(count.View))
	}
	switch chance := draw.IntN(200); {
	case chance < 8:
		events = append(events, seen(count.Click))
	case chance == 8:
		events = append(events, seen(count.OptOut))
	}
	return events
}
