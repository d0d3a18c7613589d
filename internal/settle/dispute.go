package settle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// Disputes asks PayPal about a dispute and applies the answer, and accepts one for staff.
type Disputes struct {
	db         *db.DB
	paypal     *paypal.Client
	payments   *Payments
	applier    *Applier
	sweepEvery time.Duration
	now        func() time.Time
	log        *slog.Logger
	calls      *detached.Group // calls to PayPal that outlive their callers
}

// Settle asks PayPal about one dispute and applies the answer to the contribution whose payment it is about. The
// error is ErrNotOurs when the payment belongs to no contribution here.
func (d *Disputes) Settle(ctx context.Context, disputeID string, src Source) (contribution.Contribution, error) {
	seen, err := d.paypal.Dispute(ctx, disputeID)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("ask about dispute %s: %w", disputeID, err)
	}
	id, direct, err := d.disputed(ctx, seen, src)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("dispute %s: %w", disputeID, err)
	}
	c, err := d.applier.ApplyAll(ctx, []Fact{DisputeSeen(id, src, seen)})
	if err != nil || seen.Open() || direct {
		return c, err
	}
	// What became of the money shows how the dispute ended: ask about that too, in case its own news is lost.
	for _, capture := range seen.CaptureIDs {
		settled, err := d.payments.SettleCapture(ctx, capture, src)
		switch {
		case err == nil && settled.ID == id:
			c = settled
		case err != nil && !errors.Is(err, ErrNotOurs) && !paypal.NotFound(err):
			return c, err
		}
	}
	return c, nil
}

// disputed finds the contribution whose payment a dispute is about, and whether that payment was made in PayPal
// directly. It first asks for a payment that we have not heard of.
func (d *Disputes) disputed(ctx context.Context, seen paypal.Dispute, src Source) (uuid.UUID, bool, error) {
	if len(seen.CaptureIDs) == 0 {
		return uuid.Nil, false, contradiction(review.DisputeNamesNoPayment, review.Args{"case": seen.ID})
	}
	id, direct, err := ledger.Owner(ctx, d.db, seen.CaptureIDs...)
	if !errors.Is(err, ErrNotOurs) {
		return id, direct, err
	}
	for _, capture := range seen.CaptureIDs {
		c, err := d.payments.SettleCapture(ctx, capture, src)
		if err == nil {
			return c.ID, false, nil
		}
		if !errors.Is(err, ErrNotOurs) && !paypal.NotFound(err) {
			return uuid.Nil, false, err
		}
	}
	return uuid.Nil, false, ErrNotOurs
}
