package plan

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// Prepare has the plans made that the first readers to give in these currencies would wait for, one for each interval.
// Those that are there cost nothing but a look at our table. Where PayPal lets no subscription have its own amount,
// nothing is made ahead: each amount has a plan then, and any of them may be the next.
//
// What PayPal says against a plan is logged and no error, for readers lose nothing but time; `readerfund doctor` says
// it, too. A plan that PayPal does not make as it is keeps no other one back. Where PayPal does not answer, or lets
// nobody make plans, the rest waits for the next time.
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
