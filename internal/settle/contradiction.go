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

// ContradictionError is a statement of PayPal's about a contribution that is impossible, or that contradicts an
// earlier one. Nothing of it is booked.
type ContradictionError = ledger.ContradictionError

func contradiction(code review.Code, args review.Args) *ContradictionError {
	return &ContradictionError{Code: code, Args: args}
}

// notOurs returns a contradiction about something that belongs to another contribution.
func notOurs(code review.Code, args review.Args) *ContradictionError {
	return &ContradictionError{Code: code, Args: args, Err: ErrNotOurs}
}

// OpenReview opens a review of a contribution, in a transaction of its own. Opening the same one again does nothing.
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

// reviewAnswer opens a review if PayPal's answer about a contribution cannot be right, and returns the error.
func (s *Applier) reviewAnswer(ctx context.Context, id uuid.UUID, err error) error {
	says, odd := paypal.InvalidAnswer(err)
	if !odd {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	return errors.Join(err, s.OpenReview(ctx, id, review.OddAnswer, review.Args{"says": says}))
}

// settledByOrder lists what an order settles once everything in it has been applied: it contains no contradiction any
// more.
func settledByOrder() []review.Match {
	return []review.Match{
		{Code: review.PaymentElsewhere}, {Code: review.PaymentOfAnother}, {Code: review.RefundOfNoPayment},
	}
}
