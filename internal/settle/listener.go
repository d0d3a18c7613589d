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

// Applied is the combined effect of the facts that were applied to a contribution.
type Applied struct {
	Contribution contribution.Contribution // as it stands now
	Before       contribution.State
	Refunds      []paypal.Refund  // and reversals that the facts were about, new or known
	Payments     []ledger.Payment // whose money came in by these facts
	Subscription *SubscriptionChange
	At           time.Time // UTC
}

// SubscriptionChange is the effect of facts on a subscription; nil if they were about none, or brought nothing new
// about it. For a subscription that was not known before, Before is zero except for SeenAt.
type SubscriptionChange struct{ Before, After subscription.Subscription }

// A Listener handles the consequences of applied facts, in the transaction that applies them (which other
// contributions' facts may share) and under the contribution's lock. It makes no network calls; its error undoes the
// facts. It is called if anything in the facts was new, and whenever they are about a refund; but not for the answer
// to our first request for an order, which has no consequences.
type Listener func(ctx context.Context, tx *sqlx.Tx, a Applied) error

// notify calls the listeners, in the order they were given. answered reports that an acceptance ended with the facts.
func (s *Applier) notify(ctx context.Context, tx *sqlx.Tx, a *application, answered bool) error {
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
