package queue

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// Lease is how long work is left to a process that is not heard of. It must be long against the difference of the
	// processes' clocks (NTP: well under a second).
	Lease = 15 * time.Second
	// renewals is how often a lease is renewed in its length.
	renewals = 3
)

// ErrLost is why a run's context ended when another process holds the row now, or nobody could be asked who does.
var ErrLost = errors.New("the work is no longer held by this process")

// KeepLease has renew put the end of a lease off, three times in its length, until ctx ends. renew reports whether the
// work is still ours. The error is ErrLost when it is another's, or renew failed for a whole lease; until then it is
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
