// Package plan provides the PayPal plans from which monthly and yearly contributions are made: one for each currency
// and interval, with a price that is only a placeholder, because each subscription brings its own amount. If PayPal
// does not allow that, there is a plan for each amount. There is nothing to set up: a missing plan is found at
// PayPal, or created, before the first reader needs it, or when they do.
package plan

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// Config is what Plans needs.
type Config struct {
	DB          *db.DB
	PayPal      *paypal.Client
	Publication string // in the plans' names
	ProductID   string // of the product that all plans belong to; see ProductID
	Now         func() time.Time
	Log         *slog.Logger
}

// Plans knows the plans of one publication. It is safe for concurrent use, and beside other processes.
type Plans struct {
	db          *db.DB
	paypal      *paypal.Client
	publication string
	productID   string
	now         func() time.Time
	log         *slog.Logger

	making singleflight.Group // one search for a plan in each process
	calls  detached.Group     // searches that continue after their caller has stopped waiting

	mu        sync.Mutex
	known     map[terms]string // PayPal's id of each plan
	product   bool             // whether the product is known to exist
	overrides overrides
}

// terms identify a plan.
type terms struct {
	every paypal.Interval
	price money.Amount
}

// New returns the plans of a publication. It makes no calls.
func New(cfg Config) *Plans {
	return &Plans{
		db: cfg.DB, paypal: cfg.PayPal, publication: cfg.Publication, productID: cfg.ProductID, now: cfg.Now, log: cfg.Log,
		known: map[terms]string{},
	}
}

// Close waits for the searches under way.
func (p *Plans) Close() { p.calls.Wait() }

// For returns the plan from which to make a subscription of this amount and interval, and the amount that the
// subscription sets in place of the plan's price; nil when the plan's own price is the amount.
//
// A known plan is returned at once. For any other, PayPal is asked, which can take it ten seconds. The search
// continues after ctx ends, so that the next caller finds its result. An error of PayPal's is a *paypal.Error;
// whatever it says about the outcome, no subscription was made.
func (p *Plans) For(
	ctx context.Context, every paypal.Interval, amount money.Amount,
) (planID string, override *money.Amount, err error) {
	if p.name(every) == "" || amount.Minor <= 0 || !amount.Currency.Known() {
		return "", nil, fmt.Errorf("plan: nobody is offered %s each %s", amount, every)
	}
	refused, err := p.overrideRefused(ctx)
	if err != nil {
		return "", nil, err
	}
	price := neutral(amount.Currency)
	if refused || amount == price {
		id, err := p.id(ctx, terms{every, amount})
		return id, nil, err
	}
	id, err := p.id(ctx, terms{every, price})
	return id, &amount, err
}

// Refused takes PayPal's reason for refusing a subscription of a plan that For returned. It reports whether For may
// now return another plan, to try once more with another PayPal-Request-Id: PayPal does not let the subscription have
// its own amount, or no longer has the plan.
func (p *Plans) Refused(ctx context.Context, planID string, cause error) (again bool, err error) {
	switch {
	case paypal.PlanUnusable(cause):
		p.log.WarnContext(ctx, "PayPal does not take the plan any more; another one is looked for",
			"plan", planID, "error", cause)
		return true, p.forget(ctx, planID)
	case paypal.OverrideRefused(cause):
		p.log.WarnContext(ctx, "PayPal refuses an amount beside the plan's; there will be a plan for each amount",
			"plan", planID, "error", cause)
		return true, p.noteOverrideRefused(ctx, planID)
	default:
		return false, nil
	}
}

// neutral is a plan's price that is only a placeholder: no subscription is charged it.
func neutral(c money.Currency) money.Amount {
	one, err := money.Parse("1", c)
	if err != nil {
		return money.New(1, c)
	}
	return one
}

// longestName is the most characters PayPal accepts in a plan's name.
const longestName = 127

// name is what PayPal shows the reader before they approve, in its mails, and in their account there; empty for an
// interval that is not offered. It is in English, whatever the reader's language: all readers share the plan.
func (p *Plans) name(every paypal.Interval) string {
	args := i18n.Args{"publication": strings.Join(strings.Fields(p.publication), " ")}
	var name i18n.Message
	switch every {
	case paypal.Monthly:
		name = i18n.New("plan.monthly", args)
	case paypal.Yearly:
		name = i18n.New("plan.yearly", args)
	default:
		return ""
	}
	runes := []rune(name.String())
	return string(runes[:min(len(runes), longestName)])
}
