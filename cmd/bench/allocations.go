package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"readerfund/internal/campaign"
)

// measureAllocations counts what a request for a fragment allocates, net/http's part included, among ten campaigns and
// among a thousand.
func (b *bench) measureAllocations(ctx context.Context, p *pair) error {
	var made [2][]float64
	for i, n := range []int{10, 1000} {
		if err := p.addCampaigns(ctx, n); err != nil {
			return err
		}
		each, err := p.allocations(ctx, b.turn)
		if err != nil {
			return err
		}
		made[i] = []float64{each}
	}
	b.add(compare("CTA fragment among 1,000 campaigns", "allocations", "among 10", made[1], made[0], 0).atMost(1))
	return nil
}

// addCampaigns adds copies of the default campaign until there are n, and waits until the service shows them.
func (p *pair) addCampaigns(ctx context.Context, n int) error {
	if _, err := p.pool.ExecContext(ctx, `
		INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, content, created_at,
		                      updated_at)
		SELECT gen_random_uuid(), 'campaign-' || n, heading, why, ask, button, reassurance, currency, suggested, content,
		       created_at, updated_at
		FROM campaign, generate_series((SELECT count(*) FROM campaign) + 1, $1::int) n WHERE is_default`, n); err != nil {
		return fmt.Errorf("add campaigns: %w", err)
	}
	time.Sleep(campaign.Fresh)
	return nil
}

// allocations is how many objects the service allocates for a fragment, to the nearest whole one. What it allocates in
// the same time without a request is taken off.
func (p *pair) allocations(ctx context.Context, length time.Duration) (float64, error) {
	asking := fragmentLoad{process: p.service, path: fragmentOnArticle}
	if _, err := asking.turn(ctx, length/4); err != nil { // caches fill
		return 0, err
	}
	idle, err := p.allocated(ctx, func() error { time.Sleep(length); return nil })
	if err != nil {
		return 0, err
	}
	var requests float64
	busy, err := p.allocated(ctx, func() error {
		began := time.Now()
		rate, err := asking.turn(ctx, length)
		requests = rate * time.Since(began).Seconds()
		return err
	})
	return math.Round((busy - idle) / requests), err
}

// allocated is how many objects the service allocates while f runs.
func (p *pair) allocated(ctx context.Context, f func() error) (float64, error) {
	const objects = "go_memstats_mallocs_total "
	before, err := counted(ctx, p.admin, objects)
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := counted(ctx, p.admin, objects)
	return after - before, err
}
