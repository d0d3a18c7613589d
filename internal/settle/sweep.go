package settle

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/metrics"
	"readerfund/internal/paypal"
)

// sweepBatch is how many contributions one sweep takes at a time, sweepWorkers how many of them it asks PayPal about at
// once: enough to catch up after an outage, few enough to leave PayPal's rate limit to the readers.
const (
	sweepBatch   = 40
	sweepWorkers = 4
)

// Sweeper settles the contributions of which nobody may have told us.
type Sweeper struct {
	db      *db.DB
	paypal  *paypal.Client // only to leave it alone while it asks us to slow down
	settler *Settler
	every   time.Duration
	now     func() time.Time
	log     *slog.Logger
	metrics *metrics.Metrics
}

// Sweep asks PayPal about every contribution that is due, because nobody may have told us: a reader closed the tab, a
// webhook was lost, an answer was not seen. What may be money comes first, however many orders wait that nobody paid.
// It returns how many it asked about. Several processes may sweep at once. While PayPal asks us to slow down it asks
// about none.
func (s *Sweeper) Sweep(ctx context.Context) (int, error) {
	total := 0
	for ctx.Err() == nil {
		if s.paypal.Busy() > 0 {
			return total, nil // what is due stays so for the next sweep
		}
		due, err := contribution.ClaimDue(ctx, s.db, sweepBatch, s.now(), s.every)
		if err != nil || len(due) == 0 {
			return total, err
		}
		s.settleEach(ctx, due)
		total += len(due)
	}
	return total, ctx.Err()
}

func (s *Sweeper) settleEach(ctx context.Context, due []uuid.UUID) {
	queue := make(chan uuid.UUID)
	var workers sync.WaitGroup
	for range sweepWorkers {
		workers.Go(func() {
			for id := range queue {
				c, err := s.settler.Settle(ctx, id, Source{Way: contribution.BySweep})
				s.metrics.Swept(err == nil)
				if err != nil {
					s.log.WarnContext(ctx, "sweep could not settle a contribution",
						"contribution", id, "state", c.State, "error", err)
				}
			}
		})
	}
	for _, id := range due {
		queue <- id
	}
	close(queue)
	workers.Wait()
}
