package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// contestant is one side of a comparison.
type contestant struct {
	name    string
	prepare func(context.Context) error                                      // before each turn, not timed; may be nil
	turn    func(ctx context.Context, length time.Duration) (float64, error) // gives how much was done per second
}

// contest gives each contestant a turn in each round and returns what each did in each round. The order turns around
// from round to round, so that what grows or cools over time falls on all alike. A first round is not counted: caches
// fill, connections are opened, pages are made.
func contest(ctx context.Context, p plan, all ...contestant) ([][]float64, error) {
	results := make([][]float64, len(all))
	for round := -1; round < p.rounds; round++ {
		for n := range all {
			if round%2 != 0 {
				n = len(all) - 1 - n
			}
			c := all[n]
			if c.prepare != nil {
				if err := c.prepare(ctx); err != nil {
					return nil, fmt.Errorf("prepare %s: %w", c.name, err)
				}
			}
			length := p.turn
			if round < 0 {
				length /= 2
			}
			rate, err := c.turn(ctx, length)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if round >= 0 {
				results[n] = append(results[n], rate)
			}
		}
	}
	return results, nil
}

// ratios divides round by round: what happened in the same round happened on the same machine.
func ratios(ours, reference []float64) []float64 {
	all := make([]float64, len(ours))
	for i := range ours {
		all[i] = ours[i] / reference[i]
	}
	return all
}

// median is the middle one, or the mean of the two in the middle; 0 of none.
func median[T ~int64 | ~float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// percentile is the value that so many in a hundred do not exceed (nearest rank); 0 of none. It sorts the values.
func percentile[T ~int64 | ~float64](values []T, percent int) T {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[(len(values)*percent+99)/100-1]
}
