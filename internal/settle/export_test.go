package settle

import (
	"context"

	"github.com/google/uuid"

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

// Together applies several lots of facts in one transaction, as those share one that come at the same time. It says of
// each whether that transaction has it; what it has not, ApplyAll sees to alone.
func (s *Applier) Together(ctx context.Context, lots ...[]Fact) ([]bool, error) {
	var all []booking
	for _, facts := range lots {
		all = append(all, booking{facts, func(*application) error { return nil }})
	}
	results, err := s.bookTogether(ctx, all)
	took := make([]bool, len(results))
	for n, r := range results {
		took[n] = r.done != nil
	}
	return took, err
}

// BrokenFact is one that makes the program fail.
func BrokenFact(id uuid.UUID) Fact { return Fact{contribution: id} }
