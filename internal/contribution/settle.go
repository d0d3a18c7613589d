package contribution

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// Settle asks PayPal how the contribution's order stands, captures it if the reader has approved, and applies what
// PayPal said. It returns the contribution as it stands then; on trouble, as it stood, together with the error. It may
// be called any number of times, by anybody, at once.
func (d *Desk) Settle(ctx context.Context, id uuid.UUID, src Source) (Contribution, error) {
	c, err := d.Get(ctx, id)
	if err != nil {
		return Contribution{}, err
	}
	return d.settle(ctx, c, src)
}

func (d *Desk) settle(ctx context.Context, c Contribution, src Source) (Contribution, error) {
	if src.Way == ByReader && c.Outcome() == OutcomeReceived {
		return c, nil // the webhook was first: there is nothing the reader needs PayPal for
	}
	src.Again = c.asksAgain(src, d.now())
	switch {
	case c.OrderID == "" && c.Outcome() == OutcomeReceived: // adopted
		return d.settleOpenDisputes(ctx, c, src)
	case c.OrderID == "":
		return d.lapse(ctx, c, src)
	}
	settled, err := detached.Run(ctx, &d.calls, func(ctx context.Context) (Contribution, error) {
		o, err := d.paypal.Order(ctx, c.OrderID)
		if paypal.NotFound(err) {
			return d.missing(ctx, c, src)
		}
		if err != nil {
			return c, d.noteOdd(ctx, c.ID, fmt.Errorf("ask about order %s: %w", c.OrderID, err))
		}
		settled, err := d.settleOrder(ctx, c, o, src)
		if err != nil || settled.Outcome() != OutcomeReceived || src.Way == ByReader {
			return settled, err
		}
		return d.settleOpenDisputes(ctx, settled, src)
	})
	if err != nil && settled.ID != c.ID {
		settled = c
	}
	if o := settled.Outcome(); src.Way == ByReader && (o == OutcomeOpen || o == OutcomeCancelled) {
		err = errors.Join(err, d.noteReturn(ctx, settled))
	}
	if src.Way == ByReader && src.MayRetry && err == nil {
		err = d.noteTold(ctx, settled)
	}
	return settled, unanswered(err)
}

// noteReturn has the sweep ask soon about an order whose reader came back, most likely having approved it, while PayPal
// did not say so.
func (d *Desk) noteReturn(ctx context.Context, c Contribution) error {
	if c.returned {
		return nil
	}
	now := d.now()
	_, err := d.db.ExecContext(context.WithoutCancel(ctx), `
		UPDATE contribution SET returned_at = $2, check_at = least(check_at, $3::timestamptz)
		WHERE id = $1 AND returned_at IS NULL AND check_at IS NOT NULL`, c.ID, now, now.Add(d.sweepEvery))
	if err != nil {
		return fmt.Errorf("note the return of %s: %w", c.ID, err)
	}
	return nil
}

// settleOpenDisputes asks how the contribution's open cases stand.
func (d *Desk) settleOpenDisputes(ctx context.Context, c Contribution, src Source) (Contribution, error) {
	var open []string
	err := d.db.SelectContext(ctx, &open, `
		SELECT d.paypal_id FROM dispute d JOIN payment p ON p.id = d.payment_id WHERE p.contribution_id = $1 AND d.status = 'open' ORDER BY d.id`, c.ID)
	if err != nil {
		return c, db.Translate(fmt.Errorf("find open disputes: %w", err))
	}
	for _, id := range open {
		settled, err := d.SettleDispute(ctx, id, src)
		if err != nil {
			return c, err
		}
		c = settled
	}
	return c, nil
}

// SettleOrder is Settle for an order we may not have saved yet: PayPal's custom_id says whose it is. The error is
// ErrNotOurs when it belongs to nobody here.
func (d *Desk) SettleOrder(ctx context.Context, orderID string, src Source) (Contribution, error) {
	c, err := find(ctx, d.db, "c.order_id = $1", orderID)
	if err == nil {
		return d.settle(ctx, c, src)
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
	return detached.Run(ctx, &d.calls, func(ctx context.Context) (Contribution, error) { return d.settleOrder(ctx, c, o, src) })
}

// SettlePayment is SettleCapture for news that names the capture's order. The order is asked for instead: it carries the
// capture with its fee, its refunds and who paid, so that one question does. The capture itself is asked for where the
// order does not say how it ended, or is another than the one that the contribution was started with.
func (d *Desk) SettlePayment(ctx context.Context, orderID, captureID string, src Source) (Contribution, error) {
	o, err := d.paypal.Order(ctx, orderID)
	if paypal.Unanswered(err) {
		return Contribution{}, fmt.Errorf("ask about order %s of capture %s: %w", orderID, captureID, err)
	}
	if err == nil && o.Concludes(captureID) {
		if c, err := d.owner(ctx, o.CustomID); err == nil && cmp.Or(c.OrderID, o.ID) == o.ID {
			return d.applyAll(ctx, OrderSeen(c.ID, src, o))
		}
	}
	return d.SettleCapture(ctx, captureID, src)
}

// SettleCapture asks PayPal about one capture and applies the answer; for one that was refunded, the refunds too.
func (d *Desk) SettleCapture(ctx context.Context, captureID string, src Source) (Contribution, error) {
	seen, err := d.paypal.Capture(ctx, captureID)
	if err != nil {
		return Contribution{}, fmt.Errorf("ask about capture %s: %w", captureID, err)
	}
	c, err := d.ownerOfCapture(ctx, seen)
	if err != nil {
		return Contribution{}, fmt.Errorf("capture %s: %w", captureID, err)
	}
	facts := []Fact{CaptureSeen(c.ID, src, seen)}
	if seen.Refunded() || !c.hasSupporter {
		// The order knows what the capture does not tell: the refunds, and who paid.
		facts = append(d.orderFacts(ctx, c, seen.OrderID, src), facts...)
	}
	return d.applyAll(ctx, facts)
}

// SettleRefund asks PayPal about one refund and its capture, and applies both. reversal says that the news called it
// one; PayPal's API tells that of the capture only.
func (d *Desk) SettleRefund(ctx context.Context, refundID string, reversal bool, src Source) (Contribution, error) {
	r, err := d.paypal.Refund(ctx, refundID)
	if err != nil {
		return Contribution{}, fmt.Errorf("ask about refund %s: %w", refundID, err)
	}
	if r.CaptureID == "" {
		return Contribution{}, contradiction(review.RefundNamesNoPayment, review.Args{"refund": refundID})
	}
	seen, err := d.paypal.Capture(ctx, r.CaptureID)
	if err != nil {
		return Contribution{}, fmt.Errorf("ask about capture %s of refund %s: %w", r.CaptureID, refundID, err)
	}
	c, err := d.ownerOfCapture(ctx, seen)
	if err != nil {
		return Contribution{}, fmt.Errorf("refund %s: %w", refundID, err)
	}
	facts := []Fact{CaptureSeen(c.ID, src, seen)}
	if seen.Reversed() {
		facts = append(d.orderFacts(ctx, c, seen.OrderID, src), facts...)
	}
	if reversal {
		return d.applyAll(ctx, append(facts, ReversalSeen(c.ID, src, r)))
	}
	return d.applyAll(ctx, append(facts, RefundSeen(c.ID, src, r)))
}

// orderFacts is what the order of a capture says, where PayPal still knows it; nothing otherwise.
func (d *Desk) orderFacts(ctx context.Context, c Contribution, orderID string, src Source) []Fact {
	orderID = cmp.Or(c.OrderID, orderID)
	if orderID == "" {
		return nil
	}
	o, err := d.paypal.Order(ctx, orderID)
	if err != nil || o.CustomID != c.ID.String() {
		return nil
	}
	return OrderSeen(c.ID, src, o)
}

// SettleDispute asks PayPal about one case and applies the answer to the contribution whose payment it is about. The
// error is ErrNotOurs when that belongs to nobody here.
func (d *Desk) SettleDispute(ctx context.Context, disputeID string, src Source) (Contribution, error) {
	seen, err := d.paypal.Dispute(ctx, disputeID)
	if err != nil {
		return Contribution{}, fmt.Errorf("ask about dispute %s: %w", disputeID, err)
	}
	id, direct, err := d.disputed(ctx, seen, src)
	if err != nil {
		return Contribution{}, fmt.Errorf("dispute %s: %w", disputeID, err)
	}
	c, err := d.applyAll(ctx, []Fact{DisputeSeen(id, src, seen)})
	if err != nil || seen.Open() || direct {
		return c, err
	}
	// How the case ended shows in what became of the money: ask for that too, should its own news be lost.
	for _, capture := range seen.CaptureIDs {
		settled, err := d.SettleCapture(ctx, capture, src)
		switch {
		case err == nil && settled.ID == id:
			c = settled
		case err != nil && !errors.Is(err, ErrNotOurs) && !paypal.NotFound(err):
			return c, err
		}
	}
	return c, nil
}

// disputed finds whose payment a case is about, and whether it was made in PayPal directly. A payment we have not heard
// of is asked for first.
func (d *Desk) disputed(ctx context.Context, seen paypal.Dispute, src Source) (uuid.UUID, bool, error) {
	var of struct {
		Contribution uuid.UUID `db:"contribution_id"`
		Kind         string    `db:"kind"`
	}
	if len(seen.CaptureIDs) == 0 {
		return uuid.Nil, false, contradiction(review.DisputeNamesNoPayment, review.Args{"case": seen.ID})
	}
	err := d.db.GetContext(ctx, &of, `SELECT contribution_id, kind FROM payment WHERE paypal_id = ANY($1) ORDER BY id LIMIT 1`, db.Array(seen.CaptureIDs))
	if err == nil {
		return of.Contribution, of.Kind == "direct", nil
	}
	if !db.IsNotFound(err) {
		return uuid.Nil, false, db.Translate(fmt.Errorf("find the disputed payment: %w", err))
	}
	for _, capture := range seen.CaptureIDs {
		c, err := d.SettleCapture(ctx, capture, src)
		if err == nil {
			return c.ID, false, nil
		}
		if !errors.Is(err, ErrNotOurs) && !paypal.NotFound(err) {
			return uuid.Nil, false, err
		}
	}
	return uuid.Nil, false, ErrNotOurs
}

// Cancel notes that the reader came back by the cancel address. It asks PayPal first: who approved before they turned
// back is not told that nothing was charged. It changes nothing about money: an approval that comes after all still
// counts. A wish for another try after a refusal ends. On trouble it returns the contribution as it stood, with the error.
func (d *Desk) Cancel(ctx context.Context, id uuid.UUID) (Contribution, error) {
	c, err := d.Get(ctx, id)
	if err == nil && !c.RetryAt().IsZero() {
		return d.dropWish(ctx, c)
	}
	if err != nil || c.OrderID == "" || c.Outcome() != OutcomeOpen {
		return c, err
	}
	settled, err := detached.Run(ctx, &d.calls, func(ctx context.Context) (Contribution, error) {
		facts := []Fact{ReaderCancelled(id)}
		o, err := d.paypal.Order(ctx, c.OrderID)
		switch {
		case err == nil && o.CustomID == id.String():
			facts = append(OrderSeen(id, Source{Way: ByReader}, o), facts...)
		case err != nil && !paypal.NotFound(err):
			return c, fmt.Errorf("ask about order %s: %w", c.OrderID, err)
		}
		return d.applyAll(ctx, facts)
	})
	if err != nil {
		return c, unanswered(err)
	}
	return settled, nil
}

// ApplySeen applies what PayPal said of one contribution, in a transaction of its own. A fact that contradicts what is
// known is left out and brought to a person's attention; the first such contradiction is the error.
func (d *Desk) ApplySeen(ctx context.Context, facts []Fact) (Contribution, error) {
	return d.applyAll(ctx, facts)
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

// ownerOfCapture finds the contribution that a capture is for. It is a contradiction when the capture names one and its
// order is another's; where PayPal leaves the custom_id out, the order tells.
func (d *Desk) ownerOfCapture(ctx context.Context, seen paypal.Capture) (Contribution, error) {
	c, err := d.owner(ctx, seen.CustomID)
	if err != nil && !errors.Is(err, ErrNotOurs) || seen.OrderID == "" || err == nil && seen.OrderID == c.OrderID {
		return c, err
	}
	buyer, problem := find(ctx, d.db, "c.order_id = $1", seen.OrderID)
	switch {
	case fault.Is(problem, fault.NotFound):
		return c, err
	case problem != nil:
		return Contribution{}, db.Translate(problem)
	case err == nil && buyer.ID == c.ID, seen.CustomID == "":
		return buyer, nil
	}
	odd := notOurs(review.PaymentMisnumbered, review.Args{"payment": seen.ID, "number": seen.CustomID})
	return Contribution{}, errors.Join(odd, d.askForALook(ctx, buyer.ID, odd.Code, odd.Args))
}

// settleOrder applies an order as PayPal gave it, and captures it if it is approved.
func (d *Desk) settleOrder(ctx context.Context, c Contribution, o paypal.Order, src Source) (Contribution, error) {
	if o.CustomID != c.ID.String() {
		odd := notOurs(review.OrderOfAnother, review.Args{"order": o.ID, "number": o.CustomID})
		return c, errors.Join(odd, d.askForALook(ctx, c.ID, odd.Code, odd.Args))
	}
	settled, err := d.applyAll(ctx, OrderSeen(c.ID, src, o))
	if err != nil {
		return c, err
	}
	if o.Status != paypal.OrderApproved {
		return d.dropWish(ctx, settled)
	}
	return d.capture(ctx, settled, src)
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

// lapse ends a contribution whose order we never got to know: nobody had its approval link, so once the order's life
// has passed nobody can pay it.
func (d *Desk) lapse(ctx context.Context, c Contribution, src Source) (Contribution, error) {
	if c.State != Started && c.State != OrderUnknown || d.now().Sub(c.CreatedAt) <= orderLife {
		return c, nil
	}
	return d.applyAll(ctx, []Fact{OrderGone(c.ID, src)})
}

// unanswered makes a failed call to PayPal a fault that can be shown; the cause stays for the log.
func unanswered(err error) error {
	if err == nil {
		return nil
	}
	if fault.KindOf(err) != fault.Internal || errors.Is(err, ErrNotOurs) {
		return err
	}
	if _, ok := errors.AsType[*paypal.Error](err); ok || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fault.Wrap(err, fault.Unavailable, "paypal.silent")
	}
	return err
}
