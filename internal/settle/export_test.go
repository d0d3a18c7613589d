package settle

import (
	"context"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/paypal"
)

// What the tests of this package's flows need to know.
const (
	CaptureLease = captureLease
	SecondLook   = secondLook
	SweepBatch   = sweepBatch
	SweepWorkers = sweepWorkers
)

// ClaimCapture begins an attempt as a process does that dies before PayPal hears of it.
func (s *Applier) ClaimCapture(
	ctx context.Context, c contribution.Contribution, o paypal.Order, src Source,
) (claim checkout.Claim, err error) {
	_, err = s.applyAnd(ctx, OrderSeen(c.ID, src, o), func(a *application) (err error) {
		claim, err = a.claim(src)
		return err
	})
	return claim, err
}

// CaptureAsSeen goes on with an order as somebody saw it earlier.
func (s *Settler) CaptureAsSeen(
	ctx context.Context, c contribution.Contribution, o paypal.Order, src Source,
) (contribution.Contribution, error) {
	return s.orders.capture(ctx, c, o, src)
}
