package settle

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/fault"
	"readerfund/internal/ledger"
)

// AskPayPal brings a contribution up to date with PayPal because a person wants to be sure: its order, its payments
// with their refunds, and the disputes about them. It returns the contribution as it stands then. The error is a
// fault.Unavailable when PayPal does not answer. The audit log gets the outcome even if the caller has stopped
// waiting.
func (s *Settler) AskPayPal(
	ctx context.Context, id uuid.UUID, by contribution.Actor,
) (contribution.Contribution, error) {
	before, err := s.contributions.Get(ctx, id)
	if err != nil {
		return contribution.Contribution{}, err
	}
	return detached.Run(ctx, s.calls, func(ctx context.Context) (contribution.Contribution, error) {
		src := Source{Way: contribution.ByStaff}
		after, err := s.Settle(ctx, id, src)
		if err == nil {
			after, err = s.settlePayments(ctx, after, src)
		}
		detail := map[string]string{"before": string(before.State), "outcome": "answered"}
		err = unanswered(err)
		switch {
		case fault.Is(err, fault.Unavailable):
			detail["outcome"] = "no answer"
		case err != nil:
			detail["outcome"] = "failed"
		}
		return after, errors.Join(err, s.auditAsked(ctx, by, before, detail))
	})
}

// auditAsked records that PayPal was asked. Part of the answer may be booked although another part could not be had,
// so the state is read again.
func (s *Settler) auditAsked(
	ctx context.Context, by contribution.Actor, c contribution.Contribution, detail map[string]string,
) error {
	ctx, cancel := detached.Saving(ctx)
	defer cancel()
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		now, err := contribution.Find(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		detail["after"] = string(now.State)
		return contribution.Audit(ctx, tx, by, contribution.ActionAskPayPal, c, s.now().UTC(), detail)
	})
	return db.Translate(err)
}

// settlePayments asks about every payment of a contribution that has an order or a subscription behind it, and about
// each payment's disputes.
func (s *Settler) settlePayments(
	ctx context.Context, c contribution.Contribution, src Source,
) (contribution.Contribution, error) {
	ids, err := ledger.Captures(ctx, s.db, c.ID)
	if err != nil {
		return c, err
	}
	for _, id := range ids {
		settle := s.payments.SettleCapture
		if c.Frequency.Recurs() {
			settle = s.payments.settleKnownSale
		}
		settled, err := settle(ctx, id, src)
		if err != nil {
			return c, err
		}
		c = settled
		disputes, err := s.paypal.DisputesOf(ctx, id)
		if err != nil {
			return c, fmt.Errorf("ask about disputes of %s: %w", id, err)
		}
		for _, disputeID := range disputes {
			if c, err = s.disputes.Settle(ctx, disputeID, src); err != nil {
				return c, err
			}
		}
	}
	return c, nil
}
