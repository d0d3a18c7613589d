package settle

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/metrics"
	"readerfund/internal/paypal"
	"readerfund/internal/subscription"
)

// sweepBatch is how many contributions one sweep takes at a time, sweepWorkers how many of them it asks PayPal about
// concurrently: enough to catch up after an outage, few enough to leave PayPal's rate limit to the readers.
const (
	sweepBatch   = 40
	sweepWorkers = 4
)

// Sweeper settles contributions whose news may have been lost.
type Sweeper struct {
	db      *db.DB
	paypal  *paypal.Client // only to pause while PayPal asks us to slow down
	settler *Settler
	every   time.Duration
	now     func() time.Time
	log     *slog.Logger
	metrics *metrics.Metrics
}

// Sweep asks PayPal about every contribution that is due, because its news may be lost: a reader closed the tab, a
// webhook did not arrive, an answer was not seen. Contributions that may be money come first, however many unpaid
// orders wait. It returns how many it asked about. Several processes may sweep at once. While PayPal asks us to slow
// down, it asks about none.
func (s *Sweeper) Sweep(ctx context.Context) (int, error) {
	total := 0
	for ctx.Err() == nil {
		if s.paypal.Busy() > 0 {
			return total, nil // what is due stays due for the next sweep
		}
		due, err := contribution.ClaimDue(ctx, s.db, sweepBatch, s.now(), s.every)
		if err != nil || len(due) == 0 {
			return total, err
		}
		each(due, func(id uuid.UUID) {
			c, err := s.settler.Settle(ctx, id, Source{Way: contribution.BySweep})
			s.metrics.Swept(err == nil)
			if err != nil {
				s.log.WarnContext(ctx, "sweep could not settle a contribution",
					"contribution", id, "state", c.State, "error", err)
			}
		})
		total += len(due)
	}
	return total, ctx.Err()
}

// SweepSubscriptions is Sweep for running subscriptions: a cancel or a pause made at PayPal is seen within a day, and
// a charge whose news was lost is found. Those that could not be asked about are due again an hour later. One that
// PayPal does not know is due a day later, like those it does know: a review tells staff of it.
func (s *Sweeper) SweepSubscriptions(ctx context.Context) (int, error) {
	total := 0
	for ctx.Err() == nil {
		if s.paypal.Busy() > 0 {
			return total, nil
		}
		claimed := s.now()
		due, err := subscription.ClaimDue(ctx, s.db, sweepBatch, claimed)
		if err != nil || len(due) == 0 {
			return total, err
		}
		var mu sync.Mutex
		var asked []string
		each(due, func(id string) {
			_, err := s.settler.SettleSubscription(ctx, id, Source{Way: contribution.BySweep})
			s.metrics.Swept(err == nil)
			if err != nil {
				s.log.WarnContext(ctx, "sweep could not settle a subscription", "subscription", id, "error", err)
			}
			if err != nil && !errors.Is(err, errRunsUnknown) {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, id)
		})
		if err := subscription.Postpone(ctx, s.db, claimed, s.now(), asked...); err != nil {
			return total, err
		}
		total += len(due)
	}
	return total, ctx.Err()
}

// each calls f for every due item, a few at once.
func each[T any](due []T, f func(T)) {
	queue := make(chan T)
	var workers sync.WaitGroup
	for range sweepWorkers {
		workers.Go(func() {
			for one := range queue {
				f(one)
			}
		})
	}
	for _, one := range due {
		queue <- one
	}
	close(queue)
	workers.Wait()
}
