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

// The limits of trying again after a refusal, so that nobody tests stolen cards here: between the beginnings of two
// attempts, and of one contribution in all.
const (
	attemptPause = 30 * time.Second
	mostAttempts = 5
)

// captureTimeout bounds the call for a capture, above what the client allows itself. captureLease is for how long
// nobody else calls meanwhile: PayPal "might fail the second" of two requests at once, and a refusal of that one
// would be no answer about the first. Should the one who calls die, another one calls after it.
const (
	captureTimeout = 10 * time.Second
	captureLease   = captureTimeout + 2*time.Second
	leasePoll      = 50 * time.Millisecond
)

// capture takes the money of an approved order, or waits for the call that does.
func (d *Desk) capture(ctx context.Context, c Contribution, src Source) (Contribution, error) {
	for {
		claimed, claim, err := d.claimAttempt(ctx, c.ID, src)
		switch {
		case err != nil:
			return c, err
		case claim == claimRefused, claim == claimLater:
			return claimed, nil
		case claim != claimBusy:
			return d.sendCapture(ctx, claimed, src, claim == claimAgain)
		case src.Way == BySweep:
			return claimed, d.lookAgain(ctx, claimed)
		}
		select {
		case <-ctx.Done():
			return claimed, context.Cause(ctx)
		case <-time.After(leasePoll):
		}
	}
}

// sendCapture asks PayPal for the money and applies the answer. The attempt's number is part of the
// PayPal-Request-Id, so that asking again for the same attempt gives the same capture.
func (d *Desk) sendCapture(ctx context.Context, c Contribution, src Source, again bool) (Contribution, error) {
	defer d.endAttempt(ctx, c)
	call, cancel := context.WithTimeout(ctx, captureTimeout)
	defer cancel()
	o, err := d.paypal.CaptureOrder(call, c.OrderID, c.captureRequestID())
	no, refused := refusedBy(err)
	switch {
	case err == nil && len(o.Captures) > 0:
		return d.applyAll(ctx, OrderSeen(c.ID, src, o))
	case err == nil || paypal.HasIssue(err, "ORDER_ALREADY_CAPTURED"):
		return d.applyOrder(ctx, c, src)
	case paypal.NotFound(err):
		return d.missing(ctx, c, src)
	case paypal.OutcomeUnknown(err):
		return d.noteFailure(ctx, err, CaptureUnanswered(c.ID, src, c.captureAttempt))
	case refused:
		d.log.InfoContext(ctx, "PayPal refused the capture", "contribution", c.ID, "attempt", c.captureAttempt, "error", err)
		no := CaptureRefused(c.ID, src, c.captureAttempt, reasonOf(no), no.RedirectURL())
		if again { // what an earlier call of this attempt may have done, this answer does not undo
			return d.applyOrder(ctx, c, src, no)
		}
		return d.applyAll(ctx, []Fact{no})
	default:
		return c, fmt.Errorf("capture order %s: %w", c.OrderID, err) // not sent, or told to come back: the sweep will
	}
}

// applyOrder asks how the order stands and applies that, and the facts given unless it was captured.
func (d *Desk) applyOrder(ctx context.Context, c Contribution, src Source, unless ...Fact) (Contribution, error) {
	o, err := d.paypal.Order(ctx, c.OrderID)
	if err != nil {
		return c, d.noteOdd(ctx, c.ID, fmt.Errorf("read order %s after its capture: %w", c.OrderID, err))
	}
	facts := OrderSeen(c.ID, src, o)
	if len(o.Captures) == 0 {
		facts = append(facts, unless...)
	}
	return d.applyAll(ctx, facts)
}

// noteFailure applies what a failed call left us knowing, and passes the failure on.
func (d *Desk) noteFailure(ctx context.Context, failure error, f Fact) (Contribution, error) {
	c, err := d.applyAll(ctx, []Fact{f})
	return c, errors.Join(failure, err)
}

// claim is what claimAttempt decided.
type claim int

const (
	claimRefused claim = iota // there is nothing to capture, or it is not for this caller to try
	claimLater                // the reader wishes for a new attempt, which has to wait: it is written down
	claimBusy                 // another call is under way
	claimNew                  // a new attempt is written down: send it
	claimAgain                // an attempt whose answer nobody saw: send it again
)

// claimAttempt decides, under the contribution's lock, who sends which attempt, and writes it down before PayPal
// hears of it. The first attempt is anybody's. A reader who was told that nothing was charged is not charged behind
// their back: a new attempt after a refusal, or for an order we called expired, begins only while they are there or
// after they asked for it (see retry.go), and within the limits.
func (d *Desk) claimAttempt(ctx context.Context, id uuid.UUID, src Source) (Contribution, claim, error) {
	var c Contribution
	var got claim
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var err error
		if c, err = lock(ctx, tx, id); err != nil {
			return err
		}
		now := d.now()
		switch got = c.claim(src, now); got {
		case claimRefused, claimBusy:
			return nil
		case claimLater:
			return noteWish(ctx, tx, &c, now)
		case claimNew:
			if c, err = d.beginAttempt(ctx, tx, c, src, now); err != nil {
				return err
			}
		case claimAgain:
		}
		c.captureUntil = now.Add(captureLease).UTC().Truncate(time.Microsecond) // as PostgreSQL keeps it
		_, err = tx.ExecContext(ctx, `UPDATE contribution SET capture_until = $2, updated_at = $3 WHERE id = $1`,
			id, c.captureUntil, now)
		return err
	})
	return c, got, db.Translate(err)
}

func (c Contribution) claim(src Source, now time.Time) claim {
	ended := c.Outcome() == OutcomeReceived || c.State == Pending || c.State == Expired && !src.MayRetry
	switch {
	case ended:
		return claimRefused
	case now.Before(c.captureUntil):
		return claimBusy
	case c.captureAttempt > c.captureRefused:
		return claimAgain
	case c.captureRefused == 0 || (src.MayRetry || !c.RetryAt().IsZero()) && c.mayTryAt(now):
		return claimNew
	case c.asksAgain(src, now):
		return claimLater
	default:
		return claimRefused
	}
}

// mayTryAt reports whether the limits allow a new attempt after a refused one.
func (c Contribution) mayTryAt(now time.Time) bool {
	return c.MayTryAgain() && now.Sub(c.captureBegun) >= attemptPause
}

// beginAttempt writes a new attempt down. After a refusal its outcome is unknown from now on: "nothing was charged"
// is said to nobody while PayPal is being asked.
func (d *Desk) beginAttempt(
	ctx context.Context, tx *sqlx.Tx, c Contribution, src Source, now time.Time,
) (Contribution, error) {
	attempt := c.captureRefused + 1
	_, err := tx.ExecContext(ctx, `UPDATE contribution SET capture_attempt = $2, capture_begun_at = $3 WHERE id = $1`,
		c.ID, attempt, now)
	if err != nil {
		return c, fmt.Errorf("begin attempt %d of %s: %w", attempt, c.ID, err)
	}
	if attempt > 1 {
		return d.Apply(ctx, tx, CaptureUnanswered(c.ID, src, attempt))
	}
	c.captureAttempt, c.captureBegun = attempt, now
	return c, nil
}

// endAttempt says that our call is over. Should that fail, the lease lapses.
func (d *Desk) endAttempt(ctx context.Context, c Contribution) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), captureLease)
	defer cancel()
	_, err := d.db.ExecContext(ctx, `UPDATE contribution SET capture_until = NULL WHERE id = $1 AND capture_until = $2`,
		c.ID, c.captureUntil)
	if err != nil {
		d.log.WarnContext(ctx, "the end of a capture's call was not noted; its lease lapses",
			"contribution", c.ID, "error", err)
	}
}

// lookAgain has the sweep look when the call under way must be over.
func (d *Desk) lookAgain(ctx context.Context, c Contribution) error {
	_, err := d.db.ExecContext(ctx, `UPDATE contribution SET check_at = least(check_at, $2::timestamptz) WHERE id = $1`,
		c.ID, c.captureUntil)
	return db.Translate(err)
}

// captureRequestID is the PayPal-Request-Id of the attempt written down last.
func (c Contribution) captureRequestID() string {
	return fmt.Sprintf("%s-capture-%d", c.ID, c.captureAttempt)
}

// MayTryAgain reports whether another attempt may follow a refused one, now or in half a minute.
func (c Contribution) MayTryAgain() bool { return c.captureRefused < mostAttempts }
