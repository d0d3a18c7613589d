package settle

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
	"readerfund/internal/subscription"
)

// Applied is what the facts that were applied to a contribution together came to.
type Applied struct {
	Contribution contribution.Contribution // as it stands now
	Before       contribution.State
	Refunds      []paypal.Refund  // and reversals that the facts were about, whether they were new or known
	Payments     []ledger.Payment // whose money is in by these facts
	Subscription *SubscriptionChange
	At           time.Time // UTC
}

// SubscriptionChange is what became of a subscription by facts; nil where they were about none, or told nothing new of
// it. Before is the zero Subscription, but for SeenAt, for one that was not heard of before.
type SubscriptionChange struct{ Before, After subscription.Subscription }

// A Listener does what follows from applied facts, in the transaction that applies them, which those of other
// contributions may share, and under the contribution's lock. It makes no network calls; its error undoes the facts. It
// is called where something of the facts was new, and whenever they are about a refund; but not for the answer to our
// first request for an order, from which nothing follows.
type Listener func(ctx context.Context, tx *sqlx.Tx, a Applied) error

// tell calls the listeners, in the order they were given in. answered says that an acceptance ended with the facts.
func (s *Applier) tell(ctx context.Context, tx *sqlx.Tx, a *application, answered bool) error {
	applied := Applied{Contribution: a.Contribution, Before: a.before, Payments: a.completed(), At: s.now().UTC()}
	for _, f := range a.facts {
		if f.money != nil && f.money.Refund() != nil {
			applied.Refunds = append(applied.Refunds, *f.money.Refund())
		}
	}
	for _, change := range a.subscriptionChanges() {
		if change.Before.SeenAt = change.After.SeenAt; change.Before != change.After {
			applied.Subscription = &change
		}
	}
	if !a.news && !answered && len(applied.Refunds) == 0 && applied.Subscription == nil {
		return nil
	}
	for _, listen := range s.listeners {
		if err := listen(ctx, tx, applied); err != nil {
			return err
		}
	}
	return nil
}
