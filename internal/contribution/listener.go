package contribution

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/paypal"
)

// Applied is what the facts that were applied to a contribution together came to.
type Applied struct {
	Contribution Contribution // as it stands now
	Before       State
	Refunds      []paypal.Refund // and reversals that the facts were about, whether they were new or known
	At           time.Time       // UTC
}

// A Listener does what follows from applied facts, in the transaction that applies them and under the contribution's
// lock. It makes no network calls; its error undoes the facts. It is called where something of the facts was new, and
// whenever they are about a refund.
type Listener func(ctx context.Context, tx *sqlx.Tx, a Applied) error

// tell calls the listeners, in the order they were given in.
func (d *Desk) tell(ctx context.Context, tx *sqlx.Tx, c Contribution, facts []Fact, news bool, before State) error {
	a := Applied{Contribution: c, Before: before, At: d.now().UTC()}
	for _, f := range facts {
		if f.money != nil && f.money.Refund() != nil {
			a.Refunds = append(a.Refunds, *f.money.Refund())
		}
	}
	if !news && len(a.Refunds) == 0 {
		return nil
	}
	for _, listen := range d.listeners {
		if err := listen(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}
