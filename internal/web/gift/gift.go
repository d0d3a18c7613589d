// Package gift starts a gift that was sent over HTTP: it asks whether one more may be started from where the request
// comes, hands it to internal/contribution, and says where its reader goes on. The donation form and the JSON interface
// both call it. It renders nothing, and keeps no state but the browser's own cookies.
package gift

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"readerfund/internal/admission"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/settle"
	"readerfund/internal/web/page"
)

// Timeout bounds a start: the reader has an answer within 10 s, whatever PayPal does.
const Timeout = 9 * time.Second

// The fields that prove a reader. The first has ALTCHA's own name, so that its widget can fill it in.
const (
	SolutionField = "altcha"
	TurnField     = "turn"
)

// Starter starts gifts.
type Starter struct {
	Gifts     *settle.Starter
	Gate      *admission.Gate // nil lets every gift in
	Cookies   *Cookies
	Approvals Approvals
	Log       *slog.Logger
	Now       func() time.Time
}

// Start starts a gift, if one more may be started from where the request comes: else the error is a
// *admission.NotYetError. A mistake in the form is no gift yet and not counted, and neither is one more copy of a key.
func (s *Starter) Start(
	ctx context.Context, r *http.Request, in contribution.Intent, p admission.Proof,
) (contribution.Contribution, error) {
	if s.Gate == nil {
		return s.Gifts.Start(ctx, in, nil)
	}
	var pass admission.Pass
	c, err := s.Gifts.Start(ctx, in, func(ctx context.Context) (err error) {
		from := page.ClientOf(ctx)
		pass, err = s.Gate.Admit(ctx, admission.Visitor{
			Address: from.Address.String(), Network: from.Network.String(), Key: in.IdempotencyKey,
			Begun: s.Cookies.startedSince(r, s.Now().Add(-admission.Window)),
		}, p)
		return err
	})
	if err != nil {
		return c, err
	}
	if err := s.Gate.Began(ctx, pass, c.ID); err != nil { // the gift counts for more than the count
		s.Log.WarnContext(ctx, "what becomes of a gift will not be counted",
			"request", page.RequestID(ctx), "error", err)
	}
	return c, nil
}

// Approval is PayPal's page where the reader of a started gift approves it; empty when the gift is past that.
func (s *Starter) Approval(c contribution.Contribution) (string, error) {
	switch c.Outcome() {
	case contribution.OutcomeOpen, contribution.OutcomeCancelled:
	default:
		return "", nil
	}
	if c.Checkout.ApproveURL == "" {
		return "", fault.New(fault.Unavailable, "paypal.silent_nothing_charged")
	}
	if !s.Approvals.Allow(c.Checkout.ApproveURL) {
		return "", fmt.Errorf("contribution %s: approval address is not one of PayPal's", c.ID)
	}
	return c.Checkout.ApproveURL, nil
}

// Naming is the reader's answer. anonymous is a wish not to be named; without it a yes was never said, so false is no
// answer.
func Naming(named *bool, anonymous bool) contribution.Naming {
	switch {
	case anonymous, named != nil && !*named:
		return contribution.MayNotName
	case named != nil:
		return contribution.MayName
	default:
		return contribution.NotAsked
	}
}
