package contribution

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/paypal"
)

// ContradictionError is something PayPal says of a contribution that cannot be, or that contradicts what it said before.
// Nothing of it is booked. Message is a whole sentence for staff.
type ContradictionError struct {
	Message string
	Err     error // ErrNotOurs where it belongs to another contribution; may be nil
}

// Error gives the sentence.
func (e *ContradictionError) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *ContradictionError) Unwrap() error { return e.Err }

func contradictionf(format string, args ...any) error {
	return &ContradictionError{Message: fmt.Sprintf(format, args...)}
}

// notOursf is a contradiction about something that belongs to another contribution.
func notOursf(format string, args ...any) error {
	return &ContradictionError{Message: fmt.Sprintf(format, args...), Err: ErrNotOurs}
}

// withoutOdd applies facts and leaves out those that cannot be, so that one odd refund does not keep the gift itself out
// of the books. The first contradiction is given back, and stands on the contribution for a person to look at.
func (d *Desk) withoutOdd(ctx context.Context, facts []Fact) (Contribution, error) {
	var first *ContradictionError
	for {
		c, at, err := d.tryAll(ctx, facts)
		odd, is := errors.AsType[*ContradictionError](err)
		switch {
		case !is && first == nil:
			return c, err
		case !is:
			return c, errors.Join(first, err, d.look(ctx, facts, first.Message))
		}
		if first == nil {
			first = odd
		}
		rest := make([]Fact, 0, len(facts))
		rest = append(append(rest, facts[:at]...), facts[at+1:]...)
		if len(rest) == 0 {
			return c, errors.Join(first, d.look(ctx, facts, first.Message))
		}
		facts = rest
	}
}

// look asks a person to look at the contribution that the facts are about.
func (d *Desk) look(ctx context.Context, facts []Fact, why string) error {
	return d.askForALook(ctx, facts[0].contribution, why)
}

// askForALook keeps the first reason: it is nearest to the cause.
func (d *Desk) askForALook(ctx context.Context, id uuid.UUID, why string) error {
	_, err := d.db.ExecContext(ctx, `
		UPDATE contribution SET attention = $2, updated_at = $3
		WHERE id = $1 AND attention = '' AND NOT $2 = ANY (string_to_array(attention_seen, chr(10)))`, id, why, d.now())
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
	return errors.Join(err, d.askForALook(context.WithoutCancel(ctx), id, "PayPal's answer about it cannot be right: "+says+". Nothing of it was booked. Look at it in PayPal."))
}
