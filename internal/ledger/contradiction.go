package ledger

import (
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// ContradictionError is a statement of PayPal's about money that is impossible, or that contradicts an earlier one.
// Nothing of it is booked, and a review is opened.
type ContradictionError struct {
	Code review.Code
	Args review.Args
	Err  error // ErrNotOurs if it belongs to another contribution; may be nil
}

// Error gives a whole sentence for staff.
func (e *ContradictionError) Error() string { return review.Sentence(e.Code, e.Args).String() }

// Unwrap gives the cause.
func (e *ContradictionError) Unwrap() error { return e.Err }

func contradiction(code review.Code, args review.Args) *ContradictionError {
	return &ContradictionError{Code: code, Args: args}
}

// notOurs returns a contradiction about something that belongs to another contribution.
func notOurs(code review.Code, args review.Args) *ContradictionError {
	return &ContradictionError{Code: code, Args: args, Err: ErrNotOurs}
}

// Settles lists the reviews that are settled once the fact has been applied: contradictions in earlier answers about
// the same thing. If the money is booked, that also settles that an earlier answer about its order could not be used.
func (f Fact) Settles() []review.Match {
	switch {
	case f.capture != nil:
		return captureSettles(*f.capture)
	case f.refund != nil:
		about := review.Args{"refund": f.refund.ID}
		settled := matches(about,
			review.RefundOfNoPayment, review.RefundImpossible, review.RefundTooLarge, review.RefundStatus)
		if back := f.refund.FeeRefunded; back.Minor == 0 || back.Currency == f.refund.Amount.Currency {
			settled = append(settled, matches(about, review.RefundFeeImpossible)...)
		}
		return settled
	default:
		return nil
	}
}

func captureSettles(seen paypal.Capture) []review.Match {
	about := review.Args{"payment": seen.ID}
	settled := matches(about, review.PaymentStatus, review.PaymentOfAnother, review.PaymentMisnumbered)
	if seen.Fee != nil && !feeImpossible(seen) {
		settled = append(settled, matches(about, review.FeeImpossible)...)
	}
	if status, _ := statusOf(seen.Status); status == StatusCompleted {
		settled = append(settled, matches(nil, review.OddAnswer, review.OrderOfAnother)...)
	}
	return settled
}

func matches(about review.Args, codes ...review.Code) []review.Match {
	all := make([]review.Match, len(codes))
	for i, code := range codes {
		all[i] = review.Match{Code: code, About: about}
	}
	return all
}
