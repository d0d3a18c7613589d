package settle

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// ContradictionError is something PayPal says of a contribution that cannot be, or that contradicts what it said
// before. Nothing of it is booked.
type ContradictionError = ledger.ContradictionError

func contradiction(code review.Code, args review.Args) *ContradictionError {
	return &ContradictionError{Code: code, Args: args}
}

// notOurs is a contradiction about something that belongs to another contribution.
func notOurs(code review.Code, args review.Args) *ContradictionError {
	return &ContradictionError{Code: code, Args: args, Err: ErrNotOurs}
}

// OpenReview asks a person to look at a contribution, in a transaction of its own. Asking again for the same does
// nothing.
func (s *Applier) OpenReview(ctx context.Context, id uuid.UUID, code review.Code, args review.Args) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := contribution.Lock(ctx, tx, id); err != nil {
			return err
		}
		_, err := review.Open(ctx, tx, id, code, args, s.now())
		return err
	})
	if err != nil {
		return db.Translate(fmt.Errorf("open a review of %s: %w", id, err))
	}
	return nil
}

// reviewAnswer asks for a look where PayPal's answer about a contribution cannot be right, and passes the error on.
func (s *Applier) reviewAnswer(ctx context.Context, id uuid.UUID, err error) error {
	says, odd := paypal.Odd(err)
	if !odd {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	return errors.Join(err, s.OpenReview(ctx, id, review.OddAnswer, review.Args{"says": says}))
}

// settledByOrder is what an order settles of which everything could be applied: it lists no contradiction any more.
func settledByOrder() []review.Match {
	return []review.Match{
		{Code: review.PaymentElsewhere}, {Code: review.PaymentOfAnother}, {Code: review.RefundOfNoPayment},
	}
}
