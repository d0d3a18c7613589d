package queue

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// Lease is how long work is left to a process that has stopped reporting. It must be long compared with the
	// difference of the processes' clocks (NTP: well under a second).
	Lease = 15 * time.Second
	// renewals is how often a lease is renewed within its length.
	renewals = 3
)

// ErrLost ends a run's context when another process has the row now, or when we could not find out who has it.
var ErrLost = errors.New("the work is no longer held by this process")

// KeepLease calls renew to extend a lease, three times in its length, until ctx ends. renew reports whether the work
// is still ours. The error is ErrLost when another process has it, or renew failed for a whole lease; otherwise it is
// nil.
func KeepLease(ctx context.Context, lease time.Duration, renew func(context.Context) (bool, error)) error {
	tick := time.NewTicker(lease / renewals)
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		ours, err := renew(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && !ours:
			return ErrLost
		case err == nil:
			renewed = time.Now()
		case time.Since(renewed) >= lease:
			return fmt.Errorf("%w: %w", ErrLost, err)
		}
	}
}
