package refund

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/settle"
)

// sweepBatch is how many requests one sweep takes at a time.
const sweepBatch = 40

// Sweep goes on with the refunds that staff asked for and whose end nobody saw. Several processes may sweep at once.
func (s *Service) Sweep(ctx context.Context) error {
	for ctx.Err() == nil {
		var due []uuid.UUID
		// SKIP LOCKED: what another process is taking at this moment is its. The pause grows with each try, up to an hour.
		err := s.db.SelectContext(ctx, &due, `
			UPDATE refund_request
			SET tries = tries + 1,
			    check_at = $1::timestamptz + least(interval '1 hour', interval '30 seconds' * power(2, least(tries, 20)))
			WHERE id IN (SELECT id FROM refund_request WHERE check_at <= $1 ORDER BY check_at LIMIT $2 FOR UPDATE SKIP LOCKED)
			RETURNING id`, s.now(), sweepBatch)
		if err != nil {
			return db.Translate(fmt.Errorf("find refunds that are due: %w", err))
		}
		for _, id := range due {
			if err := s.resume(ctx, id); err != nil {
				s.log.WarnContext(ctx, "sweep could not bring a refund to its end", "request", id, "error", err)
			}
		}
		if len(due) < sweepBatch {
			return nil
		}
	}
	return ctx.Err()
}

// resume sends a request again whose answer nobody saw, and asks how one stands that PayPal had not paid yet.
func (s *Service) resume(ctx context.Context, id uuid.UUID) error {
	r, err := find(ctx, s.db, "r.id = $1", id)
	if err != nil {
		return db.Translate(err)
	}
	if r.State == Pending {
		src := settle.Source{Way: contribution.BySweep}
		_, err = s.settle.SettleRefund(ctx, r.RefundID, false, src)
		return err
	}
	_, err = s.send(ctx, r)
	return err
}
