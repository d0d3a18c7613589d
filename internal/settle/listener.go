package settle

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/paypal"
)

// Applied is what the facts that were applied to a contribution together came to.
type Applied struct {
	Contribution contribution.Contribution // as it stands now
	Before       contribution.State
	Refunds      []paypal.Refund // and reversals that the facts were about, whether they were new or known
	At           time.Time       // UTC
}

// A Listener does what follows from applied facts, in the transaction that applies them and under the contribution's
// lock. It makes no network calls; its error undoes the facts. It is called where something of the facts was new, and
// whenever they are about a refund; but not for the answer to our first request for an order, from which nothing
// follows.
type Listener func(ctx context.Context, tx *sqlx.Tx, a Applied) error

// tell calls the listeners, in the order they were given in.
func (s *Applier) tell(
	ctx context.Context, tx *sqlx.Tx, c contribution.Contribution, facts []Fact, news bool, before contribution.State,
) error {
	a := Applied{Contribution: c, Before: before, At: s.now().UTC()}
	for _, f := range facts {
		if f.money != nil && f.money.Refund() != nil {
			a.Refunds = append(a.Refunds, *f.money.Refund())
		}
	}
	if !news && len(a.Refunds) == 0 {
		return nil
	}
	for _, listen := range s.listeners {
		if err := listen(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}
