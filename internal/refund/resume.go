package refund

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/queue"
	"readerfund/internal/settle"
)

// Sending is the queue's kind of work that brings a request to its end. The key is the request's id.
const Sending = "send refund"

// putSending has a request brought on when it is due, in the transaction that decides about it.
func putSending(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, due, now time.Time) error {
	return queue.Put(ctx, tx, queue.Job{Kind: Sending, Key: id.String(), Due: due}, now)
}

// errTakenOver is why a request is tried again that another process had meanwhile.
var errTakenOver = errors.New("another process was sending it")

// Resume brings a request on: it sends again what PayPal has not answered, and asks how one stands that PayPal had not
// paid yet. The queue runs it until the request has ended. What 40 days do not end waits for a person by a review.
func (s *Service) Resume(ctx context.Context, key string) error {
	id, err := uuid.Parse(key)
	if err != nil {
		return queue.Permanent(fmt.Errorf("refund request %q: %w", key, err))
	}
	r, err := find(ctx, s.db, "r.id = $1", id)
	if errors.Is(err, sql.ErrNoRows) {
		return queue.Permanent(err)
	}
	if err != nil {
		return db.Translate(err)
	}
	if r.State == Pending {
		src := settle.Source{Way: contribution.BySweep}
		if _, err := s.payments.SettleRefund(ctx, r.RefundID, false, src); err != nil {
			return err
		}
		if r, err = find(ctx, s.db, "r.id = $1", id); err != nil {
			return db.Translate(err)
		}
	} else if r, err = s.send(ctx, r); err != nil {
		return err
	}
	switch {
	case r.State == Pending:
		return queue.At(s.now().Add(pendingCheck))
	case r.UnderWay() && s.now().Before(r.leaseUntil): // another is sending it
		return queue.At(r.leaseUntil)
	case r.UnderWay():
		why := cmp.Or(r.unanswered, errTakenOver)
		return queue.Unreached(fmt.Errorf("whether PayPal made the refund is not known: %w", why))
	default:
		return nil
	}
}

// catchUpBatch bounds a transaction of CatchUp.
const catchUpBatch = 100

// CatchUp puts into the queue what the version before wrote: requests under way that have no row there. Both versions
// may send a request then; its lease lets one at a time do so, and to PayPal it is one refund. It is periodic work for
// as long as that version may run beside this one.
func (s *Service) CatchUp(ctx context.Context) error {
	for {
		var missing []struct {
			ID      uuid.UUID `db:"id"`
			AskedAt time.Time `db:"asked_at"`
		}
		err := s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			err := tx.SelectContext(ctx, &missing, `
				SELECT id, asked_at FROM refund_request r WHERE ended_at IS NULL
				AND NOT EXISTS (SELECT 1 FROM queue WHERE kind = $1 AND key = r.id::text)
				ORDER BY asked_at LIMIT $2`, Sending, catchUpBatch)
			if err != nil {
				return fmt.Errorf("find refund requests that are not in the queue: %w", err)
			}
			for _, r := range missing {
				if err := putSending(ctx, tx, r.ID, r.AskedAt.Add(firstAnswer), s.now()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(missing) < catchUpBatch {
			return err
		}
	}
}
