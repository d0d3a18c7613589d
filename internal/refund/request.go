package refund

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/field"
	"readerfund/internal/money"
)

// Intent is what staff ask for. Amount is a decimal in major units of the payment's currency; empty is all that is
// left. Currency may be empty; otherwise it must be the payment's. Payment is PayPal's id of the capture, needed only
// where a contribution has several. Reason is for us, Note for the reader, who gets it from PayPal. Key belongs to the
// form that was sent: the same key is the same refund, however often it comes. Seen is what the form showed as left;
// where it is given and something has gone back since, the request is refused.
type Intent struct {
	Contribution     uuid.UUID
	Payment          string
	Amount, Currency string
	Seen             string
	Reason, Note     string
	Key              string
	By               contribution.Actor
}

// Longest texts of a refund, in characters. PayPal shows the reader 255 of the note (Payments v2, note_to_payer).
const (
	longestReason  = 500
	longestNote    = 255
	longestPayment = 255
)

// Request gives money of a contribution back. The request is committed, together with its audit entry, before PayPal
// hears of it; its outcome, when PayPal does not answer, is found out by the queue. So a nil error means that the
// request stands, and its State says how far it came.
//
// Errors: fault.Invalid for what cannot be refunded as asked, fault.Conflict when the key was used for another refund
// or one is under way, fault.NotFound.
func (s *Service) Request(ctx context.Context, in Intent) (Request, error) {
	in.Reason, in.Note = field.Normalised(in.Reason), strings.Join(strings.Fields(in.Note), " ")
	if err := in.check(); err != nil {
		return Request{}, err
	}
	r, err := s.write(ctx, in)
	if err != nil {
		return Request{}, err
	}
	return s.send(ctx, r)
}

func (in Intent) check() error {
	if field.Line("payment", in.Payment, longestPayment) != nil {
		return errNoSuchPayment()
	}
	var missing error
	if in.Reason == "" {
		missing = fault.Input("reason", "refund.reason_missing")
	}
	if in.Key == "" {
		missing = errors.Join(missing, fault.Input("", "refund.key_missing"))
	}
	return errors.Join(missing, field.Text("reason", in.Reason, longestReason),
		field.Line("note", in.Note, longestNote), field.Key(in.Key))
}

// write commits the request, or finds the one that the same key made.
func (s *Service) write(ctx context.Context, in Intent) (Request, error) {
	var r Request
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, err := contribution.Lock(ctx, tx, in.Contribution)
		if err != nil {
			return err
		}
		if r, err = find(ctx, tx, "r.form_key = $1", in.Key); !db.IsNotFound(err) {
			return err
		}
		if r, err = s.plan(ctx, tx, c, in); err != nil {
			return err
		}
		return insert(ctx, tx, c, r, in.Key)
	})
	if errors.Is(err, db.ErrCommitUnknown) {
		r, err = find(ctx, s.db, "r.form_key = $1", in.Key)
		if db.IsNotFound(err) {
			return r, fault.Wrap(err, fault.Unavailable, "refund.not_saved")
		}
	}
	if err != nil {
		return Request{}, db.Translate(err)
	}
	if !in.same(r) {
		return Request{}, fault.New(fault.Conflict, "refund.key_used")
	}
	return r, nil
}

// same reports whether a form that came again asks for what it asked for the first time: everything that it says
// counts.
func (in Intent) same(r Request) bool {
	if r.Contribution != in.Contribution || r.Reason != in.Reason || r.Note != in.Note ||
		in.Payment != "" && in.Payment != r.Payment || in.Currency != "" && in.Currency != string(r.Amount.Currency) {
		return false
	}
	if in.Amount == "" {
		return r.whole
	}
	amount, err := money.Parse(in.Amount, r.Amount.Currency)
	return err == nil && amount == r.Amount
}

// plan checks what is asked for against what is left of the payment. The contribution is locked.
func (s *Service) plan(ctx context.Context, tx *sqlx.Tx, c contribution.Contribution, in Intent) (Request, error) {
	all, err := readRefundable(ctx, tx, c.ID)
	if err != nil {
		return Request{}, err
	}
	paid, err := Choose(all, in.Payment)
	if err != nil {
		return Request{}, err
	}
	amount, err := in.amountOf(paid)
	if err != nil {
		return Request{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Request{}, fmt.Errorf("make an id: %w", err)
	}
	number := paid.requests + 1
	return Request{
		ID: id, Contribution: c.ID, Number: number, Payment: paid.Payment, Amount: amount,
		Reason: in.Reason, Note: in.Note, By: in.By, State: Asked, AskedAt: s.now().UTC(),
		invoiceID: invoiceOf(c.Receipt, number), whole: in.Amount == "",
	}, nil
}

// amountOf is how much of a payment goes back.
func (in Intent) amountOf(paid Refundable) (money.Amount, error) {
	currency := paid.Amount.Currency
	if in.Currency != "" && in.Currency != string(currency) {
		return money.Amount{}, fault.Input("amount", "refund.other_currency", fault.Args{"currency": currency})
	}
	amount := paid.Left
	if in.Amount != "" {
		var err error
		if amount, err = money.Parse(in.Amount, currency); err != nil {
			return money.Amount{}, err
		}
	}
	switch seen, err := money.Parse(in.Seen, currency); {
	case amount.Minor <= 0:
		return money.Amount{}, fault.Input("amount", "refund.amount_not_positive")
	case in.Seen != "" && (err != nil || seen != paid.Left):
		return money.Amount{}, fault.New(fault.Conflict, "refund.less_left", fault.Args{"left": paid.Left})
	case amount.Minor > paid.Left.Minor:
		return money.Amount{}, fault.Input("amount", "refund.too_much", fault.Args{"left": paid.Left})
	}
	return amount, nil
}
