package contribution

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/review"
)

// answerRequest ends the request that a refund at PayPal belongs to, whichever way the news of the refund came and
// whatever we thought had become of the request. It reports whether anything of the request was new. The refund is
// kept already, and the contribution is locked.
func answerRequest(
	ctx context.Context, tx *sqlx.Tx, c *Contribution, f Fact, now time.Time,
) (RefundRequest, bool, error) {
	var of struct{ ID, Status string }
	err := tx.GetContext(ctx, &of, `
		SELECT q.id, f.status FROM refund f JOIN refund_request q ON q.payment_id = f.payment_id
		WHERE f.paypal_id = $2 AND q.contribution_id = $1
		  AND (q.refund_id = $2 OR q.refund_id IS NULL AND q.number = $3 AND q.amount_minor = f.amount_minor)`,
		c.ID, f.refund.ID, requestNumber(c.Receipt, f.refund.InvoiceID))
	if errors.Is(err, sql.ErrNoRows) {
		return RefundRequest{}, false, nil
	}
	if err != nil {
		return RefundRequest{}, false, fmt.Errorf("find the request of refund %s: %w", f.refund.ID, err)
	}
	r, err := refundRequest(ctx, tx, "r.id = $1", of.ID)
	if err != nil {
		return RefundRequest{}, false, err
	}
	state := map[string]RefundState{"pending": RefundPending, "completed": RefundDone, "failed": RefundFailed}[of.Status]
	if r.RefundID != "" && r.State == state {
		return r, false, nil
	}
	if !r.UnderWay() && r.RefundID == "" {
		args := review.Args{"amount": r.Amount.String(), "number": r.invoiceID, "refund": f.refund.ID}
		if _, err := review.Open(ctx, tx, c.ID, review.RefundAfterAll, args, now); err != nil {
			return RefundRequest{}, false, err
		}
	}
	unanswered := review.Match{Code: review.RefundUnanswered, About: review.Args{"number": r.invoiceID}}
	if _, err := review.Resolve(ctx, tx, c.ID, review.Settled, now, unanswered); err != nil {
		return RefundRequest{}, false, err
	}
	r.State, r.RefundID, r.Answer, r.Advice = state, f.refund.ID, "", ""
	return r, true, updateRefund(ctx, tx, r, now)
}

// pendingLook is how often we ask PayPal about a refund that it has not paid yet.
const pendingLook = 6 * time.Hour

// updateRefund writes down what became of a request. Nothing of it is in doubt any more.
func updateRefund(ctx context.Context, tx *sqlx.Tx, r RefundRequest, now time.Time) error {
	check := null(time.Time{})
	ended := null(now)
	if r.State == RefundPending {
		check, ended = null(now.Add(pendingLook)), check
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE refund_request
		SET state = $2, answer = $3, advice = $4, refund_id = nullif($5, ''), check_at = $6, ended_at = $7,
		    doubt_at = NULL, lease_until = NULL
		WHERE id = $1`,
		r.ID, string(r.State), r.Answer, r.Advice, r.RefundID, check, ended)
	if err != nil {
		return fmt.Errorf("save refund request: %w", err)
	}
	return nil
}

// auditRefund notes what became of a request.
func auditRefund(ctx context.Context, tx *sqlx.Tx, c Contribution, r RefundRequest, before State,
	now time.Time) error {
	return writeAudit(ctx, tx, r.By, ActionRefundAnswer, c, now, map[string]string{
		"amount": r.Amount.String(), "number": fmt.Sprint(r.Number), "outcome": string(r.State), "answer": r.Answer,
		"refund": r.RefundID,
		"before": string(before), "after": string(c.State),
	})
}
