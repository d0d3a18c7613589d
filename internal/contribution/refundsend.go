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
	"readerfund/internal/review"
)

const (
	// requestMemory is how long we rely on PayPal remembering a refund's PayPal-Request-Id: it keeps it for 45 days
	// (Payments v2). After that the same request could pay twice.
	requestMemory = 40 * 24 * time.Hour
	// refundLease is how long one process has a request for itself: longer than its call to PayPal may take.
	refundLease = time.Minute
	// refundSettles is how long a refund may take to show in PayPal's books. Before that, not finding it says nothing.
	refundSettles = time.Minute
)

// sendRefund has PayPal make the refund, and saves what came of it. Sending it again is the same refund to PayPal;
// still, one process at a time does it, so that what each of them was told can be told apart.
func (d *Desk) sendRefund(ctx context.Context, r RefundRequest) (RefundRequest, error) {
	if !r.UnderWay() {
		return r, nil
	}
	sent, err := seeThrough(ctx, d, func(ctx context.Context) (RefundRequest, error) {
		r, mine, err := d.leaseRefund(ctx, r.ID)
		if err != nil || !mine {
			return r, err
		}
		if d.now().Sub(r.AskedAt) > requestMemory {
			return d.giveUpRefund(ctx, r)
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

// leaseRefund takes a request for sending, unless another process has it or it has ended. From now on PayPal may
// have made the refund: that is committed before PayPal hears of it, so that a process that dies leaves the doubt
// behind. The request that comes back still says what was in doubt before.
func (d *Desk) leaseRefund(ctx context.Context, id uuid.UUID) (r RefundRequest, mine bool, err error) {
	err = d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// The row's lock is the referee between two processes that want it at once.
		if r, err = refundRequest(ctx, tx, "r.id = $1 FOR UPDATE OF r", id); err != nil {
			return err
		}
		now := d.now().UTC().Truncate(time.Microsecond) // as PostgreSQL keeps it: the lease is told by it
		if mine = r.UnderWay() && !now.Before(r.leaseUntil); !mine {
			return nil
		}
		r.leaseUntil = now.Add(refundLease)
		_, err = tx.ExecContext(ctx, `UPDATE refund_request SET doubt_at = $2, lease_until = $3 WHERE id = $1`, id, now,
			r.leaseUntil)
		return err
	})
	if err != nil {
		return r, false, fmt.Errorf("take a refund for sending: %w", err)
	}
	return r, mine, nil
}

// noteRefund saves what PayPal answered to a refund. What an earlier attempt may have done, no later answer
// undoes: where one is in doubt, PayPal's books tell.
func (d *Desk) noteRefund(ctx context.Context, r RefundRequest, made paypal.Refund, err error) (RefundRequest, error) {
	if err == nil {
		return d.refundMade(ctx, r, made)
	}
	d.log.WarnContext(ctx, "PayPal made no refund", "contribution", r.Contribution, "request", r.ID, "error", err)
	if paypal.OutcomeUnknown(err) {
		r.doubtAt = d.now()
	}
	refused := !paypal.OutcomeUnknown(err) && definite(err)
	// DUPLICATE_INVOICE_ID says that PayPal has a refund with this number, by a request that it has forgotten.
	if r.doubtAt.IsZero() && !paypal.HasIssue(err, "DUPLICATE_INVOICE_ID") {
		if refused {
			code, advice := paypal.Advice(err)
			return d.endRefund(ctx, r, RefundRefused, code, advice)
		}
		return d.putOffRefund(ctx, r, r.State) // not sent, or told to come back
	}
	if !refused {
		return d.putOffRefund(ctx, r, RefundUnknown)
	}
	code, advice := paypal.Advice(err)
	return d.endIfNotMade(ctx, r, RefundRefused, code, advice)
}

// definite reports whether PayPal's answer stands: it understood, and does not do it.
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

// giveUpRefund ends a request that PayPal no longer remembers: sending it again could pay twice. Where PayPal's
// books do not tell either, a person has to look.
func (d *Desk) giveUpRefund(ctx context.Context, r RefundRequest) (RefundRequest, error) {
	r, err := d.endIfNotMade(ctx, r, RefundFailed, "",
		"PayPal was asked for this refund for 40 days and never answered. "+
			"It is not among the refunds that PayPal lists for the payment, so you can request it again.")
	if err != nil || !r.UnderWay() {
		return r, err
	}
	return r, d.askForALook(ctx, r.Contribution, review.RefundUnanswered,
		review.Args{"amount": r.Amount.String(), "number": r.invoiceID, "payment": r.Payment})
}

// endIfNotMade ends a request that may have been carried out, if PayPal's books say that it was not. While they
// cannot be read, it stays unknown.
func (d *Desk) endIfNotMade(
	ctx context.Context, r RefundRequest, state RefundState, code, advice string,
) (RefundRequest, error) {
	if err := d.lookForRefund(ctx, r); err != nil {
		d.log.WarnContext(ctx, "whether PayPal made a refund cannot be told yet", "contribution", r.Contribution,
			"request", r.ID, "error", err)
		return d.putOffRefund(ctx, r, RefundUnknown)
	}
	found, err := refundRequest(ctx, d.db, "r.id = $1", r.ID)
	if err != nil || !found.UnderWay() {
		return found, err
	}
	if d.now().Sub(r.doubtAt) < refundSettles {
		return d.putOffRefund(ctx, r, RefundUnknown)
	}
	return d.endRefund(ctx, r, state, code, advice)
}

// lookForRefund reads the payment and everything that went back of it at PayPal. What belongs to the request ends it
// (answerRequest). A nil error means that all of it was seen.
func (d *Desk) lookForRefund(ctx context.Context, r RefundRequest) error {
	c, err := d.Get(ctx, r.Contribution)
	if err != nil {
		return err
	}
	seen, err := d.paypal.Capture(ctx, r.Payment)
	if err != nil {
		return fmt.Errorf("ask about capture %s: %w", r.Payment, err)
	}
	o, err := d.paypal.Order(ctx, c.OrderID)
	if err != nil {
		return fmt.Errorf("ask about the refunds of order %s: %w", c.OrderID, err)
	}
	listed := int64(0)
	for i, back := range o.Refunds {
		if back.CaptureID != r.Payment {
			continue
		}
		if back.Status == paypal.RefundCompleted {
			listed += back.Amount.Minor
		}
		if back.InvoiceID == "" {
			if o.Refunds[i], err = d.paypal.Refund(ctx, back.ID); err != nil {
				return fmt.Errorf("ask about refund %s: %w", back.ID, err)
			}
			o.Refunds[i].InvoiceID = d.likelyInvoice(ctx, r, o.Refunds[i])
		}
	}
	if seen.Refunded() && listed == 0 || seen.Status == paypal.CaptureRefunded && listed < seen.Amount.Minor {
		return fmt.Errorf("capture %s was refunded, and order %s does not list all of it", r.Payment, c.OrderID)
	}
	src := Source{Way: ByStaff}
	_, err = d.applyAll(ctx, append(OrderSeen(c.ID, src, o), CaptureSeen(c.ID, src, seen)))
	return err
}

// likelyInvoice says whose a refund is that PayPal gives without its invoice number: the request's, where nothing
// speaks against it. That way round nobody is paid twice.
func (d *Desk) likelyInvoice(ctx context.Context, r RefundRequest, back paypal.Refund) string {
	if back.InvoiceID != "" {
		return back.InvoiceID
	}
	var taken bool
	err := d.db.GetContext(ctx, &taken, `SELECT EXISTS (SELECT 1 FROM refund_request WHERE refund_id = $1)`, back.ID)
	if err != nil || taken || back.Amount != r.Amount || back.CreatedAt.Before(r.AskedAt.Add(-time.Minute)) {
		return ""
	}
	return r.invoiceID
}

// refundMade books the refund, which ends the request.
func (d *Desk) refundMade(ctx context.Context, r RefundRequest, made paypal.Refund) (RefundRequest, error) {
	if _, err := d.applyAll(ctx, []Fact{RefundSeen(r.Contribution, Source{Way: ByStaff}, made)}); err != nil {
		r.doubtAt = d.now()
		_, putOff := d.putOffRefund(ctx, r, RefundUnknown)
		return r, errors.Join(err, putOff)
	}
	return refundRequest(ctx, d.db, "r.id = $1", r.ID)
}

// endRefund ends a request without a refund, unless another process has taken it over.
func (d *Desk) endRefund(
	ctx context.Context, r RefundRequest, state RefundState, code, advice string,
) (RefundRequest, error) {
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, err := lock(ctx, tx, r.Contribution)
		if err != nil {
			return err
		}
		leased := r.leaseUntil
		if r, err = refundRequest(ctx, tx, "r.id = $1", r.ID); err != nil {
			return err
		}
		if !r.UnderWay() || !r.leaseUntil.Equal(leased) {
			return nil
		}
		now := d.now().UTC()
		r.State, r.Answer, r.Advice = state, code, advice
		if err := updateRefund(ctx, tx, r, now); err != nil {
			return err
		}
		told := Fact{contribution: c.ID, source: Source{Way: ByStaff}, news: "refund_refused", detail: code, ref: r.Payment}
		if err := record(ctx, tx, c, told, c.State, now); err != nil {
			return err
		}
		return auditRefund(ctx, tx, c, r, c.State, now)
	})
	return r, err
}

// putOffRefund leaves the request to the sweep, and the lease to whoever comes next. What was in doubt before
// stays so.
func (d *Desk) putOffRefund(ctx context.Context, r RefundRequest, state RefundState) (RefundRequest, error) {
	ctx, cancel := saving(ctx)
	defer cancel()
	_, err := d.db.ExecContext(ctx, `
		UPDATE refund_request
		SET state = $2, doubt_at = $4, lease_until = NULL,
		    check_at = $3::timestamptz + least(interval '1 hour', interval '5 seconds' * power(2, least(tries, 20)))
		WHERE id = $1 AND state IN ('asked', 'unknown') AND lease_until = $5`,
		r.ID, string(state), d.now(), null(r.doubtAt), r.leaseUntil)
	if err != nil {
		return r, fmt.Errorf("put off refund request: %w", err)
	}
	r.State = state
	return r, nil
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
