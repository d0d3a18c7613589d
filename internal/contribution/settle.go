package contribution

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
)

// Settle asks PayPal how the contribution's order stands, captures it if the reader has approved, and applies what
// PayPal said. It returns the contribution as it stands then; on trouble, as it stood, together with the error. It may
// be called any number of times, by anybody, at once.
func (d *Desk) Settle(ctx context.Context, id uuid.UUID, src Source) (Contribution, error) {
	c, err := d.Get(ctx, id)
	if err != nil {
		return Contribution{}, err
	}
	if src.Way == ByReader && c.Outcome() == OutcomeReceived {
		return c, nil // the webhook was first: there is nothing the reader needs PayPal for
	}
	if c.OrderID == "" {
		return d.lapse(ctx, c, src)
	}
	settled, err := d.seeThrough(ctx, func(ctx context.Context) (Contribution, error) {
		o, err := d.paypal.Order(ctx, c.OrderID)
		if paypal.NotFound(err) {
			return d.missing(ctx, c, src)
		}
		if err != nil {
			return c, fmt.Errorf("ask about order %s: %w", c.OrderID, err)
		}
		return d.settleOrder(ctx, c, o, src)
	})
	if err != nil {
		if settled.ID != id {
			settled = c
		}
		return settled, unanswered(err)
	}
	return settled, nil
}

// SettleOrder is Settle for an order we may not have saved yet: PayPal's custom_id says whose it is. The error is
// ErrNotOurs when it belongs to nobody here.
func (d *Desk) SettleOrder(ctx context.Context, orderID string, src Source) (Contribution, error) {
	c, err := find(ctx, d.db, "c.order_id = $1", orderID)
	if err == nil {
		return d.Settle(ctx, c.ID, src)
	}
	if !fault.Is(err, fault.NotFound) {
		return Contribution{}, db.Translate(err)
	}
	o, err := d.paypal.Order(ctx, orderID)
	if err != nil {
		return Contribution{}, fmt.Errorf("ask about order %s: %w", orderID, err)
	}
	c, err = d.owner(ctx, o.CustomID)
	if err != nil {
		return Contribution{}, err
	}
	return d.seeThrough(ctx, func(ctx context.Context) (Contribution, error) { return d.settleOrder(ctx, c, o, src) })
}

// SettleCapture asks PayPal about one capture and applies the answer; for one that was refunded, the refunds too.
func (d *Desk) SettleCapture(ctx context.Context, captureID string, src Source) (Contribution, error) {
	seen, err := d.paypal.Capture(ctx, captureID)
	if err != nil {
		return Contribution{}, fmt.Errorf("ask about capture %s: %w", captureID, err)
	}
	c, err := d.owner(ctx, seen.CustomID)
	if err != nil {
		return Contribution{}, fmt.Errorf("capture %s: %w", captureID, err)
	}
	if orderID := cmp.Or(c.OrderID, seen.OrderID); orderID != "" && (seen.Refunded() || !c.hasSupporter) {
		// The order knows what the capture does not tell: the refunds, and who paid.
		if o, err := d.paypal.Order(ctx, orderID); err == nil && o.CustomID == c.ID.String() {
			return d.applyAll(ctx, append(OrderSeen(c.ID, src, o), CaptureSeen(c.ID, src, seen)))
		}
	}
	return d.applyAll(ctx, []Fact{CaptureSeen(c.ID, src, seen)})
}

// SettleRefund asks PayPal about one refund and its capture, and applies both. reversal says that the news called it one.
func (d *Desk) SettleRefund(ctx context.Context, refundID string, reversal bool, src Source) (Contribution, error) {
	r, err := d.paypal.Refund(ctx, refundID)
	if err != nil {
		return Contribution{}, fmt.Errorf("ask about refund %s: %w", refundID, err)
	}
	seen, err := d.paypal.Capture(ctx, r.CaptureID)
	if err != nil {
		return Contribution{}, fmt.Errorf("ask about capture %s of refund %s: %w", r.CaptureID, refundID, err)
	}
	c, err := d.owner(ctx, seen.CustomID)
	if err != nil {
		return Contribution{}, fmt.Errorf("refund %s: %w", refundID, err)
	}
	back := RefundSeen(c.ID, src, r)
	if reversal {
		back = ReversalSeen(c.ID, src, r)
	}
	return d.applyAll(ctx, []Fact{CaptureSeen(c.ID, src, seen), back})
}

// Cancel notes that the reader came back by the cancel address. It changes nothing about money: an approval that comes
// after all still counts.
func (d *Desk) Cancel(ctx context.Context, id uuid.UUID) (Contribution, error) {
	return d.applyAll(ctx, []Fact{ReaderCancelled(id)})
}

// owner finds the contribution that PayPal's custom_id names.
func (d *Desk) owner(ctx context.Context, customID string) (Contribution, error) {
	id, err := uuid.Parse(customID)
	if err != nil {
		return Contribution{}, ErrNotOurs
	}
	c, err := d.Get(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return Contribution{}, ErrNotOurs
	}
	return c, err
}

// settleOrder applies an order as PayPal gave it, and captures it if it is approved.
func (d *Desk) settleOrder(ctx context.Context, c Contribution, o paypal.Order, src Source) (Contribution, error) {
	if o.CustomID != c.ID.String() {
		return c, fmt.Errorf("order %s carries custom_id %q: %w", o.ID, o.CustomID, ErrNotOurs)
	}
	settled, err := d.applyAll(ctx, OrderSeen(c.ID, src, o))
	if err != nil {
		return c, err
	}
	if o.Status != paypal.OrderApproved {
		return settled, nil
	}
	// After a refused capture the order stays approved. Only the reader coming back, having picked another way to pay,
	// is a reason to try again: asking on our own would try their card over and over.
	if settled.captureRefused > 0 && src.Way != ByReader {
		return settled, nil
	}
	return d.capture(ctx, settled, src)
}

// capture takes the money of an approved order. The attempt is written down first: its number is part of the
// PayPal-Request-Id, so that whoever asks again for the same attempt gets the same capture.
func (d *Desk) capture(ctx context.Context, c Contribution, src Source) (Contribution, error) {
	c, err := d.claimAttempt(ctx, c.ID)
	if err != nil || c.Outcome() == OutcomeReceived || c.State == Pending {
		return c, err
	}
	o, err := d.paypal.CaptureOrder(ctx, c.OrderID, c.captureRequestID())
	no, refused := refusedBy(err)
	switch {
	case err == nil && len(o.Captures) > 0:
		return d.applyAll(ctx, OrderSeen(c.ID, src, o))
	case err == nil || paypal.HasIssue(err, "ORDER_ALREADY_CAPTURED"):
		if o, err = d.paypal.Order(ctx, c.OrderID); err != nil {
			return c, fmt.Errorf("read captured order %s: %w", c.OrderID, err)
		}
		return d.applyAll(ctx, OrderSeen(c.ID, src, o))
	case paypal.NotFound(err):
		return d.missing(ctx, c, src)
	case paypal.OutcomeUnknown(err):
		return d.noteFailure(ctx, err, CaptureUnanswered(c.ID, src, c.captureAttempt))
	case refused:
		d.log.InfoContext(ctx, "PayPal refused the capture", "contribution", c.ID, "attempt", c.captureAttempt, "error", err)
		return d.applyAll(ctx, []Fact{CaptureRefused(c.ID, src, c.captureAttempt, reasonOf(no), no.RedirectURL())})
	default:
		return c, fmt.Errorf("capture order %s: %w", c.OrderID, err) // not sent, or told to come back: the sweep will
	}
}

// noteFailure applies what a failed call left us knowing, and passes the failure on.
func (d *Desk) noteFailure(ctx context.Context, failure error, f Fact) (Contribution, error) {
	c, err := d.applyAll(ctx, []Fact{f})
	return c, errors.Join(failure, err)
}

// claimAttempt writes down that we are about to capture. The attempt goes on until it is refused; then the next begins.
func (d *Desk) claimAttempt(ctx context.Context, id uuid.UUID) (Contribution, error) {
	var c Contribution
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var err error
		if c, err = lock(ctx, tx, id); err != nil {
			return err
		}
		if c.captureAttempt > c.captureRefused {
			return nil
		}
		c.captureAttempt = c.captureRefused + 1
		_, err = tx.ExecContext(ctx, `UPDATE contribution SET capture_attempt = $2, updated_at = $3 WHERE id = $1`, id, c.captureAttempt, d.now())
		return err
	})
	return c, err
}

// captureRequestID is the PayPal-Request-Id of the attempt written down last.
func (c Contribution) captureRequestID() string {
	return fmt.Sprintf("%s-capture-%d", c.ID, c.captureAttempt)
}

// secondLook is how long we wait before we believe PayPal that it knows no such order: right after it made one, a
// reader at another of its machines may not see it yet.
const secondLook = 10 * time.Second

// missing is for an order that PayPal says it does not know. Long after an order's life that is what we expect;
// before, it must say so twice.
func (d *Desk) missing(ctx context.Context, c Contribution, src Source) (Contribution, error) {
	now := d.now()
	if now.Sub(c.CreatedAt) > orderLife || !c.goneSince.IsZero() && now.Sub(c.goneSince) >= secondLook {
		return d.applyAll(ctx, []Fact{OrderGone(c.ID, src)})
	}
	_, err := d.db.ExecContext(ctx, `
		UPDATE contribution SET gone_since = coalesce(gone_since, $2::timestamptz), check_at = least(check_at, $3::timestamptz)
		WHERE id = $1 AND check_at IS NOT NULL`, c.ID, now, now.Add(secondLook))
	return c, db.Translate(err)
}

// lapse ends a contribution whose order we never got to know: nobody had its approval link, so once the order's life has
// passed nobody can pay it.
func (d *Desk) lapse(ctx context.Context, c Contribution, src Source) (Contribution, error) {
	if c.State != Started && c.State != OrderUnknown || d.now().Sub(c.CreatedAt) <= orderLife {
		return c, nil
	}
	return d.applyAll(ctx, []Fact{OrderGone(c.ID, src)})
}

// unanswered makes a failed call to PayPal a fault that can be shown; the cause stays for the log.
func unanswered(err error) error {
	if fault.KindOf(err) != fault.Internal || errors.Is(err, ErrNotOurs) {
		return err
	}
	if _, ok := errors.AsType[*paypal.Error](err); ok || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fault.Unavailablef(err, "PayPal does not answer at the moment.")
	}
	return err
}
