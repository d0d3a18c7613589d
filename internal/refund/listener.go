package refund

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/settle"
)

// OnApplied ends the requests whose refunds PayPal told of, whichever way the news came and whatever we thought had
// become of the requests. It is a settle.Listener.
func OnApplied(ctx context.Context, tx *sqlx.Tx, a settle.Applied) error {
	for _, back := range a.Refunds {
		if err := endRequestOf(ctx, tx, a, back); err != nil {
			return err
		}
	}
	return nil
}

// endRequestOf ends the request that a refund belongs to, if there is one. The refund is kept already.
func endRequestOf(ctx context.Context, tx *sqlx.Tx, a settle.Applied, back paypal.Refund) error {
	c := a.Contribution
	var of struct{ ID, Status string }
	err := tx.GetContext(ctx, &of, `
		SELECT q.id, f.status FROM refund f JOIN refund_request q ON q.payment_id = f.payment_id
		WHERE f.paypal_id = $2 AND q.contribution_id = $1
		  AND (q.refund_id = $2 OR q.refund_id IS NULL AND q.number = $3 AND q.amount_minor = f.amount_minor)`,
		c.ID, back.ID, numberOf(c.Receipt, back.InvoiceID))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find the request of refund %s: %w", back.ID, err)
	}
	r, err := find(ctx, tx, "r.id = $1", of.ID)
	if err != nil {
		return err
	}
	state := map[string]State{"pending": Pending, "completed": Done, "failed": Failed}[of.Status]
	if r.RefundID != "" && r.State == state {
		return nil
	}
	if !r.UnderWay() && r.RefundID == "" {
		args := review.Args{"amount": r.Amount.String(), "number": r.invoiceID, "refund": back.ID}
		if _, err := review.Open(ctx, tx, c.ID, review.RefundAfterAll, args, a.At); err != nil {
			return err
		}
	}
	unanswered := review.Match{Code: review.RefundUnanswered, About: review.Args{"number": r.invoiceID}}
	if _, err := review.Resolve(ctx, tx, c.ID, review.Settled, a.At, unanswered); err != nil {
		return err
	}
	r.State, r.RefundID, r.Answer, r.Advice = state, back.ID, "", ""
	if err := update(ctx, tx, r, a.At); err != nil {
		return err
	}
	return auditAnswer(ctx, tx, c, r, a.Before, a.At)
}
