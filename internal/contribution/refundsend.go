package contribution

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/paypal"
)

// requestMemory is how long we rely on PayPal remembering a refund's PayPal-Request-Id: it keeps it for 45 days (Payments
// v2). After that the same request could pay twice.
const requestMemory = 40 * 24 * time.Hour

// sendRefund has PayPal make the refund, and saves what came of it. Sending it again, from another process too, is the
// same refund to PayPal.
func (d *Desk) sendRefund(ctx context.Context, r RefundRequest) (RefundRequest, error) {
	if r.State != RefundAsked && r.State != RefundUnknown {
		return r, nil
	}
	sent, err := seeThrough(ctx, d, func(ctx context.Context) (RefundRequest, error) {
		if d.now().Sub(r.AskedAt) > requestMemory {
			return d.endRefund(ctx, r, RefundFailed, "", "PayPal was asked for this refund and never answered. Look at the payment in PayPal before asking for it again.")
		}
		made, err := d.paypal.RefundCapture(ctx, r.Payment, paypal.RefundRequest{
			RequestID: "refund-" + r.ID.String(), Amount: r.Amount, InvoiceID: r.invoiceID, Note: r.Note, CustomID: r.Contribution.String(),
		})
		return d.noteRefund(ctx, r, made, err)
	})
	if err != nil {
		return r, db.Translate(err)
	}
	return sent, nil
}

// noteRefund saves what PayPal answered to a refund.
func (d *Desk) noteRefund(ctx context.Context, r RefundRequest, made paypal.Refund, err error) (RefundRequest, error) {
	if err == nil {
		return d.refundMade(ctx, r, made)
	}
	d.log.WarnContext(ctx, "PayPal made no refund", "contribution", r.Contribution, "request", r.ID, "error", err)
	switch {
	case paypal.OutcomeUnknown(err):
		return d.putOffRefund(ctx, r, RefundUnknown)
	case paypal.HasIssue(err, "DUPLICATE_INVOICE_ID"):
		// The refund was made, by a request that PayPal has forgotten: its books say which it is.
		return d.findRefund(ctx, r, err)
	case definite(err):
		code, advice := paypal.Advice(err)
		return d.endRefund(ctx, r, RefundRefused, code, advice)
	default:
		return d.putOffRefund(ctx, r, r.State) // not sent, or told to come back
	}
}

// definite tells whether PayPal's answer stands: it understood, and does not do it.
func definite(err error) bool {
	e, ok := errors.AsType[*paypal.Error](err)
	if !ok || e.Name == "" {
		return false
	}
	switch e.Status {
	case 400, 403, 404, 422:
		return true
	default:
		return false
	}
}

// refundMade books the refund and ends the request, in one transaction.
func (d *Desk) refundMade(ctx context.Context, r RefundRequest, made paypal.Refund) (RefundRequest, error) {
	state := RefundPending
	switch made.Status {
	case paypal.RefundCompleted:
		state = RefundDone
	case paypal.RefundFailed, paypal.RefundCancelled:
		state = RefundFailed
	case paypal.RefundPending:
	}
	return d.saveRefund(ctx, r, func(r *RefundRequest) { r.State, r.RefundID = state, made.ID }, RefundSeen(r.Contribution, Source{Way: ByStaff}, made))
}

// endRefund ends a request without a refund.
func (d *Desk) endRefund(ctx context.Context, r RefundRequest, state RefundState, code, advice string) (RefundRequest, error) {
	told := Fact{contribution: r.Contribution, source: Source{Way: ByStaff}, news: "refund_refused", detail: code, ref: r.Payment}
	return d.saveRefund(ctx, r, func(r *RefundRequest) { r.State, r.Answer, r.Advice = state, code, advice }, told)
}

// saveRefund saves what became of a request, unless somebody else did: two processes may hear PayPal's answer.
func (d *Desk) saveRefund(ctx context.Context, r RefundRequest, change func(*RefundRequest), f Fact) (RefundRequest, error) {
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, err := lock(ctx, tx, r.Contribution)
		if err != nil {
			return err
		}
		if r, err = refundRequest(ctx, tx, "r.id = $1", r.ID); err != nil {
			return err
		}
		if r.State != RefundAsked && r.State != RefundUnknown {
			return nil
		}
		before, now := c.State, d.now().UTC()
		change(&r)
		if f.refund != nil {
			c, err = d.Apply(ctx, tx, f)
		} else {
			err = record(ctx, tx, c, f, c.State, now)
		}
		if err != nil {
			return err
		}
		if err := updateRefund(ctx, tx, r, now); err != nil {
			return err
		}
		return audit(ctx, tx, r.By, ActionRefundAnswer, c, now, map[string]string{
			"amount": r.Amount.String(), "number": fmt.Sprint(r.Number), "outcome": string(r.State), "answer": r.Answer, "refund": r.RefundID,
			"before": string(before), "after": string(c.State),
		})
	})
	return r, err
}

// pendingLook is how often we ask PayPal about a refund that it has not paid yet.
const pendingLook = 6 * time.Hour

func updateRefund(ctx context.Context, tx *sqlx.Tx, r RefundRequest, now time.Time) error {
	check := null(time.Time{})
	ended := null(now)
	if r.State == RefundPending {
		check, ended = null(now.Add(pendingLook)), check
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE refund_request SET state = $2, answer = $3, advice = $4, refund_id = nullif($5, ''), check_at = $6, ended_at = $7 WHERE id = $1`,
		r.ID, string(r.State), r.Answer, r.Advice, r.RefundID, check, ended)
	if err != nil {
		return fmt.Errorf("save refund request: %w", err)
	}
	return nil
}

// putOffRefund leaves the request to the sweep.
func (d *Desk) putOffRefund(ctx context.Context, r RefundRequest, state RefundState) (RefundRequest, error) {
	now := d.now()
	_, err := d.db.ExecContext(ctx, `
		UPDATE refund_request SET state = $2, check_at = $3::timestamptz + least(interval '1 hour', interval '5 seconds' * power(2, least(tries, 20)))
		WHERE id = $1 AND state IN ('asked', 'unknown')`, r.ID, string(state), now)
	if err != nil {
		return r, fmt.Errorf("put off refund request: %w", err)
	}
	r.State = state
	return r, nil
}

// findRefund looks in PayPal's books for the refund of a request that PayPal has forgotten.
func (d *Desk) findRefund(ctx context.Context, r RefundRequest, refusal error) (RefundRequest, error) {
	if _, err := d.SettleCapture(ctx, r.Payment, Source{Way: ByStaff}); err != nil {
		return d.putOffRefund(ctx, r, RefundUnknown)
	}
	var id, status string
	err := d.db.QueryRowxContext(ctx, `
		SELECT r.paypal_id, r.status FROM refund r JOIN payment p ON p.id = r.payment_id
		WHERE p.paypal_id = $1 AND r.kind = 'refund' AND r.amount_minor = $2 AND r.occurred_at >= $3
		  AND NOT EXISTS (SELECT 1 FROM refund_request q WHERE q.refund_id = r.paypal_id)
		ORDER BY r.id LIMIT 1`, r.Payment, r.Amount.Minor, r.AskedAt.Add(-time.Minute)).Scan(&id, &status)
	if db.IsNotFound(err) {
		code, advice := paypal.Advice(refusal)
		return d.endRefund(ctx, r, RefundRefused, code, advice)
	}
	if err != nil {
		return r, fmt.Errorf("find refund: %w", err)
	}
	made, err := d.paypal.Refund(ctx, id)
	if err != nil {
		return d.putOffRefund(ctx, r, RefundUnknown)
	}
	return d.refundMade(ctx, r, made)
}

// sweepRefunds goes on with the refunds that staff asked for and whose end nobody saw. Several processes may sweep at
// once.
func (d *Desk) sweepRefunds(ctx context.Context) error {
	for ctx.Err() == nil {
		now := d.now()
		var due []uuid.UUID
		// SKIP LOCKED: what another process is taking at this moment is its. The pause grows with each try, up to an hour.
		err := d.db.SelectContext(ctx, &due, `
			UPDATE refund_request
			SET tries = tries + 1, check_at = $1::timestamptz + least(interval '1 hour', interval '30 seconds' * power(2, least(tries, 20)))
			WHERE id IN (SELECT id FROM refund_request WHERE check_at <= $1 ORDER BY check_at LIMIT $2 FOR UPDATE SKIP LOCKED)
			RETURNING id`, now, sweepBatch)
		if err != nil {
			return db.Translate(fmt.Errorf("find refunds that are due: %w", err))
		}
		for _, id := range due {
			if err := d.resumeRefund(ctx, id); err != nil {
				d.log.WarnContext(ctx, "sweep could not bring a refund to its end", "request", id, "error", err)
			}
		}
		if len(due) < sweepBatch {
			return nil
		}
	}
	return ctx.Err()
}

// resumeRefund sends a request again whose answer nobody saw, and asks how one stands that PayPal had not paid yet.
func (d *Desk) resumeRefund(ctx context.Context, id uuid.UUID) error {
	r, err := refundRequest(ctx, d.db, "r.id = $1", id)
	if err != nil {
		return db.Translate(err)
	}
	if r.State == RefundPending {
		_, err = d.SettleRefund(ctx, r.RefundID, false, Source{Way: BySweep})
		return err
	}
	_, err = d.sendRefund(ctx, r)
	return err
}

// endPending ends the request of a refund that PayPal held, whichever way the news of it came.
func endPending(ctx context.Context, tx *sqlx.Tx, refundID, status string, now time.Time) error {
	state := map[string]RefundState{"completed": RefundDone, "failed": RefundFailed}[status]
	if state == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE refund_request SET state = $2, check_at = NULL, ended_at = $3 WHERE refund_id = $1 AND state = 'pending'`, refundID, string(state), now)
	if err != nil {
		return fmt.Errorf("end refund request: %w", err)
	}
	return nil
}
