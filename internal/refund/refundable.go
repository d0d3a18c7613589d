package refund

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/ledger"
	"readerfund/internal/money"
)

// UsualLimit is how long after a payment most accounts may refund it. PayPal decides: who shows the payment warns, and
// nothing is refused here. Source: Payments v2, REFUND_TIME_LIMIT_EXCEEDED.
const UsualLimit = 180 * 24 * time.Hour

// Refundable is a payment with what of it can go back now.
type Refundable struct {
	Payment    string // PayPal's id
	Amount     money.Amount
	Left       money.Amount // what has not gone back and is not on its way back
	OccurredAt time.Time    // UTC

	// Why is nil where the payment can be refunded, and otherwise a fault with a sentence for staff.
	Why error
	// Elsewhere is set where the money can go back in PayPal itself, and only there.
	Elsewhere bool

	requests int // that the contribution has had
}

// Refundable says of each payment of a contribution what can go back. It is the one place where that is decided: the
// pages show it, and Request goes by it.
func (s *Service) Refundable(ctx context.Context, id uuid.UUID) ([]Refundable, error) {
	all, err := readRefundable(ctx, s.db, id)
	return all, db.Translate(err)
}

func readRefundable(ctx context.Context, q sqlx.QueryerContext, id uuid.UUID) ([]Refundable, error) {
	var rows []paymentRow
	// What PayPal has not paid out yet cannot be refunded again either.
	err := sqlx.SelectContext(ctx, q, &rows, `
		SELECT p.paypal_id, p.status, p.kind, p.amount_minor, p.currency, p.occurred_at,
		       coalesce(back.gone, 0) AS gone, coalesce(back.reversed, false) AS reversed,
		       coalesce((SELECT max(q.amount_minor) FROM refund_request q
		                 WHERE q.payment_id = p.id AND q.state IN ('asked', 'unknown')), 0) AS under_way,
		       coalesce((SELECT max(q.number) FROM refund_request q
		                 WHERE q.contribution_id = p.contribution_id), 0) AS requests
		FROM payment p
		LEFT JOIN LATERAL (
		    SELECT sum(r.amount_minor)::bigint AS gone, bool_or(r.kind = 'reversal') AS reversed
		    FROM refund r WHERE r.payment_id = p.id AND r.status <> $2) back ON true
		WHERE p.contribution_id = $1 ORDER BY p.occurred_at, p.id`, id, string(ledger.StatusFailed))
	if err != nil {
		return nil, fmt.Errorf("read what can be refunded: %w", err)
	}
	all := make([]Refundable, len(rows))
	for i, row := range rows {
		all[i] = row.refundable()
	}
	return all, nil
}

// paymentRow is a payment with what has gone back of it.
type paymentRow struct {
	PayPalID    string        `db:"paypal_id"`
	Status      ledger.Status `db:"status"`
	Kind        string        `db:"kind"`
	AmountMinor int64         `db:"amount_minor"`
	Currency    string        `db:"currency"`
	OccurredAt  time.Time     `db:"occurred_at"`
	Gone        int64         `db:"gone"`
	Reversed    bool          `db:"reversed"`
	UnderWay    int64         `db:"under_way"`
	Requests    int           `db:"requests"`
}

// refundable is the rule.
func (r paymentRow) refundable() Refundable {
	currency := money.Currency(r.Currency)
	p := Refundable{
		Payment: r.PayPalID, Amount: money.New(r.AmountMinor, currency),
		Left:       money.New(max(r.AmountMinor-r.Gone, 0), currency),
		OccurredAt: r.OccurredAt.UTC(), requests: r.Requests,
	}
	switch {
	case r.Status == ledger.StatusPending:
		p.Why = fault.Input("amount", "refund.payment_pending")
	case r.Status != ledger.StatusCompleted:
		p.Why = errNoMoney()
	case r.UnderWay > 0:
		p.Why = fault.New(fault.Conflict, "refund.another_pending", fault.Args{
			"amount": money.New(r.UnderWay, currency),
		})
	case r.Reversed: // PayPal refunds nothing more of it then: REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK
		p.Why = fault.Input("amount", "refund.reversed")
	case p.Left.Minor == 0:
		p.Why = fault.Input("amount", "refund.nothing_left")
	case r.Kind == "direct": // Payments v2 refunds what an app captured (REFUND_IS_RESTRICTED), and no app did
		p.Elsewhere = true
		p.Why = fault.Input("amount", "refund.only_at_paypal", fault.Args{"payment": r.PayPalID})
	}
	return p
}

func errNoMoney() error {
	return fault.Input("amount", "refund.no_money")
}

// Choose finds the payment that is to be refunded. id is PayPal's, and may be empty where only one can be. The
// error is a fault that says why none can.
func Choose(all []Refundable, id string) (Refundable, error) {
	var open []Refundable
	var why []error
	for _, p := range all {
		switch {
		case id != "" && p.Payment != id:
		case p.Why == nil:
			open = append(open, p)
		default:
			why = append(why, p.Why)
		}
	}
	switch {
	case len(open) == 1:
		return open[0], nil
	case len(open) > 1:
		return Refundable{}, errSeveral
	case len(why) > 0:
		return Refundable{}, mostTelling(why)
	case id != "":
		return Refundable{}, errNoSuchPayment()
	default:
		return Refundable{}, errNoMoney()
	}
}

func errNoSuchPayment() error { return fault.New(fault.NotFound, "refund.no_such_payment") }

// errSeveral is said where more than one payment can be refunded and none was named.
var errSeveral = fault.Input("payment", "refund.several_payments")

// IsSeveral reports whether a payment has to be named because several can be refunded.
func IsSeveral(err error) bool { return errors.Is(err, errSeveral) }

// mostTelling picks among the reasons of several payments: one that passes tells more than one that stays.
func mostTelling(why []error) error {
	for _, err := range why {
		if fault.Is(err, fault.Conflict) {
			return err
		}
	}
	for _, err := range why {
		if err.Error() != errNoMoney().Error() {
			return err
		}
	}
	return why[0]
}
