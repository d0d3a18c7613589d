package contribution

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// ContradictionError is something PayPal says of a contribution that cannot be, or that contradicts what it said before.
// Nothing of it is booked.
type ContradictionError struct {
	Code review.Code
	Args review.Args
	Err  error // ErrNotOurs where it belongs to another contribution; may be nil
}

// Error gives a whole sentence for staff.
func (e *ContradictionError) Error() string { return review.Sentence(e.Code, e.Args) }

// Unwrap gives the cause.
func (e *ContradictionError) Unwrap() error { return e.Err }

func contradiction(code review.Code, args review.Args) *ContradictionError {
	return &ContradictionError{Code: code, Args: args}
}

// notOurs is a contradiction about something that belongs to another contribution.
func notOurs(code review.Code, args review.Args) *ContradictionError {
	return &ContradictionError{Code: code, Args: args, Err: ErrNotOurs}
}

// withoutOdd applies facts and leaves out those that cannot be, so that one odd refund does not keep the gift itself out
// of the books. A person is asked to look at each contradiction, and the first is given back.
func (d *Desk) withoutOdd(ctx context.Context, facts []Fact) (Contribution, error) {
	about := facts[0].contribution
	var first error
	for {
		c, at, err := d.tryAll(ctx, facts, first == nil)
		odd, is := errors.AsType[*ContradictionError](err)
		if !is {
			return c, errors.Join(first, err)
		}
		if first == nil {
			first = odd
		}
		// Before the rest is applied: where PayPal says it rightly elsewhere among the facts, that settles it.
		if err := d.askForALook(ctx, about, odd.Code, odd.Args); err != nil {
			return c, errors.Join(first, err)
		}
		rest := make([]Fact, 0, len(facts))
		if facts = append(append(rest, facts[:at]...), facts[at+1:]...); len(facts) == 0 {
			return c, first
		}
	}
}

// askForALook asks a person to look at a contribution, outside of a transaction.
func (d *Desk) askForALook(ctx context.Context, id uuid.UUID, code review.Code, args review.Args) error {
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := lock(ctx, tx, id); err != nil {
			return err
		}
		_, err := review.Open(ctx, tx, id, code, args, d.now())
		return err
	})
	if err != nil {
		return db.Translate(fmt.Errorf("ask for a look at %s: %w", id, err))
	}
	return nil
}

// noteOdd asks for a look where PayPal's answer about a contribution cannot be right, and passes the error on.
func (d *Desk) noteOdd(ctx context.Context, id uuid.UUID, err error) error {
	says, odd := paypal.Odd(err)
	if !odd {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	return errors.Join(err, d.askForALook(ctx, id, review.OddAnswer, review.Args{"says": says}))
}

// settledBy lists what a fact that could be applied settles: contradictions in earlier answers about the same thing.
// Where money is in the books, that also settles that an earlier answer about its order could not be used.
func settledBy(f Fact) []review.Match {
	match := func(about review.Args, codes ...review.Code) []review.Match {
		all := make([]review.Match, len(codes))
		for i, code := range codes {
			all[i] = review.Match{Code: code, About: about}
		}
		return all
	}
	switch {
	case f.capture != nil:
		about := review.Args{"payment": f.capture.ID}
		settled := match(about, review.PaymentStatus, review.PaymentOfAnother, review.PaymentMisnumbered)
		if f.capture.Fee != nil && !feeImpossible(*f.capture) {
			settled = append(settled, match(about, review.FeeImpossible)...)
		}
		if status, _ := captureStatus(f.capture.Status); status == paymentCompleted {
			settled = append(settled, match(nil, review.OddAnswer, review.OrderOfAnother)...)
		}
		return settled
	case f.refund != nil:
		about := review.Args{"refund": f.refund.ID}
		settled := match(about, review.RefundOfNoPayment, review.RefundImpossible, review.RefundTooLarge, review.RefundStatus)
		if back := f.refund.FeeRefunded; back.Minor == 0 || back.Currency == f.refund.Amount.Currency {
			settled = append(settled, match(about, review.RefundFeeImpossible)...)
		}
		return settled
	case f.news == orderCreated || f.news == orderApproved:
		return match(nil, review.OddAnswer, review.OrderOfAnother)
	default:
		return nil
	}
}

// settledByOrder is what an order settles of which everything could be applied: it lists nothing odd any more.
func settledByOrder() []review.Match {
	return []review.Match{
		{Code: review.PaymentElsewhere}, {Code: review.PaymentOfAnother}, {Code: review.RefundOfNoPayment},
	}
}
