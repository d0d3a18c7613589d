// Package gift starts a gift that was sent over HTTP: it checks whether this client may start another one, hands the
// gift to internal/contribution, and returns where its reader goes next. The donation form and the JSON interface both
// call it. It renders nothing, and keeps no state but the browser's own cookies.
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

// Timeout bounds a start, so that the reader has an answer within 10 s, whatever PayPal does.
const Timeout = 9 * time.Second

// The fields that hold the proof of work. The first has ALTCHA's own name, so that its widget can fill it in.
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

// Start starts a gift if this client may start another one; otherwise the error is an *admission.NotYetError. A form
// with a mistake does not count as a gift, and neither does another copy with a known key.
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
	if err := s.Gate.Began(ctx, pass, c.ID); err != nil { // the gift is worth more than the count
		s.Log.WarnContext(ctx, "what becomes of a gift will not be counted",
			"request", page.RequestID(ctx), "error", err)
	}
	return c, nil
}

// Approval is PayPal's page where the reader approves a started gift; empty once the gift is past that.
func (s *Starter) Approval(c contribution.Contribution) (string, error) {
	switch c.Outcome() {
	case contribution.OutcomeOpen, contribution.OutcomeCancelled:
	default:
		return "", nil
	}
	if c.Checkout.ApproveURL == "" {
		return "", fault.New(fault.Unavailable, "outage.paypal_nothing_charged")
	}
	if !s.Approvals.Allow(c.Checkout.ApproveURL) {
		return "", fmt.Errorf("contribution %s: approval address is not one of PayPal's", c.ID)
	}
	return c.Checkout.ApproveURL, nil
}

// Naming is the reader's answer to whether they may be named. anonymous means that they may not be. anonymous=false is
// no answer, because it does not mean that they said yes.
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
