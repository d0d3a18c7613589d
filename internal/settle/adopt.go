package settle

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
)

// Adopter takes into our books what PayPal has and we do not: payments made in PayPal directly, and contributions
// whose row was lost.
type Adopter struct {
	db            *db.DB
	paypal        *paypal.Client
	contributions *contribution.Service
	campaigns     *campaign.Catalog
	subscriptions *subscriptions
	applier       *Applier
	now           func() time.Time
}

// Adopt makes a contribution from a payment that was made in PayPal directly, so that reports count it. t is the
// payment as PayPal's transaction search reports it. Adopting it again gives the same contribution.
//
// Errors: fault.Invalid if it is not a payment to us, fault.NotFound if the campaign does not exist, fault.Conflict
// when the payment belongs to a contribution already.
func (s *Adopter) Adopt(
	ctx context.Context, t paypal.Transaction, campaignSlug string, by contribution.Actor,
) (contribution.Contribution, error) {
	k, err := s.campaigns.BySlug(ctx, campaignSlug)
	if err != nil {
		return contribution.Contribution{}, err
	}
	if t.Amount.Minor <= 0 || t.Status != "S" && t.Status != "V" {
		return contribution.Contribution{}, fault.Input("", "reconcile.not_a_payment", fault.Args{"transaction": t.ID})
	}
	c, err := s.contributions.BeginAdopted(ctx, contribution.Found{
		PayPalID: t.ID, Amount: t.Amount, Name: t.Payer.Name(), Note: t.Note, Campaign: k,
	})
	if err != nil {
		return contribution.Contribution{}, err
	}
	if c.Outcome() == contribution.OutcomeReceived {
		return c, nil
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := contribution.MarkAdopted(ctx, tx, c.ID); err != nil {
			return err
		}
		was := c.State
		paid := moneyFact(c.ID, Source{Way: contribution.ByStaff}, ledger.PaymentReported(t))
		paid.payer = t.Payer
		if c, err = s.applier.Apply(ctx, tx, paid); err != nil {
			return err
		}
		return contribution.Audit(ctx, tx, by, contribution.ActionAdopt, c, s.now().UTC(), map[string]string{
			"transaction": t.ID, "amount": t.Amount.String(), "campaign": k.Slug,
			"before": string(was), "after": string(c.State),
		})
	})
	return c, db.Translate(err)
}

// AdoptRefund books the refund or reversal of an adopted payment, as transaction search reports it. The error is
// ErrNotOurs when the payment it belongs to was not adopted.
func (s *Adopter) AdoptRefund(
	ctx context.Context, t paypal.Transaction, src Source,
) (contribution.Contribution, error) {
	if t.Amount.Minor >= 0 || t.Status != "S" {
		return contribution.Contribution{}, fmt.Errorf("transaction %s gives no money back", t.ID)
	}
	id, direct, err := ledger.Owner(ctx, s.db, t.ReferenceID)
	if err == nil && !direct {
		err = ErrNotOurs
	}
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("refund %s of %s: %w", t.ID, t.ReferenceID, err)
	}
	return s.applier.ApplyAll(ctx, []Fact{moneyFact(id, src, ledger.RefundReported(t))})
}
