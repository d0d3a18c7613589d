package plan

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// Prepare creates the plans that the first readers to give in these currencies would wait for, one for each interval.
// Existing plans cost only a look at our table. If PayPal lets no subscription have its own amount, nothing is
// created ahead: then each amount has its own plan, and any of them may be needed next.
//
// PayPal's objection to a plan is logged and is not an error, because readers only lose time; `readerfund doctor`
// shows it, too. If PayPal refuses one plan as it is, the others are still tried. If PayPal does not answer, or lets
// the account make no plans, the rest waits for the next time.
func (p *Plans) Prepare(ctx context.Context, currencies ...money.Currency) error {
	refused, err := p.overrideRefused(ctx)
	if err != nil || refused {
		return err
	}
	for _, c := range currencies {
		for _, every := range []paypal.Interval{paypal.Monthly, paypal.Yearly} {
			t := terms{every, neutral(c)}
			_, err := p.id(ctx, t)
			if err == nil {
				continue
			}
			said, byPayPal := errors.AsType[*paypal.Error](err)
			if !byPayPal {
				return fmt.Errorf("prepare the plan of %s each %s: %w", t.price, t.every, err)
			}
			p.log.WarnContext(ctx, "PayPal gives no plan for monthly or yearly gifts ahead of the first reader",
				"every", t.every, "currency", c, "error", err)
			if said.Status != http.StatusUnprocessableEntity { // it is not about this plan
				return nil
			}
		}
	}
	return nil
}
