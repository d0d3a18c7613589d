package contribution

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
)

// adopted begins the keys of adopted contributions. A reader's key is ASCII, so that nobody can take one beforehand.
const adopted = "§adopted:"

// Adopt makes a contribution of a payment that was made in PayPal directly, so that reports count it. t is the payment as
// PayPal's transaction search reports it. Adopting it again gives the same contribution.
//
// Errors: fault.Invalid for what is no payment to us, fault.NotFound for a campaign that there is not, fault.Conflict
// when the payment belongs to a contribution already.
func (d *Desk) Adopt(ctx context.Context, t paypal.Transaction, campaignSlug string, by Actor) (Contribution, error) {
	k, err := d.campaigns.BySlug(ctx, campaignSlug)
	if err != nil {
		return Contribution{}, err
	}
	if t.Amount.Minor <= 0 || t.Status != "S" && t.Status != "V" {
		return Contribution{}, fault.Input("", "contribution.not_a_payment", fault.Args{"transaction": t.ID})
	}
	if err := d.checkUnowned(ctx, t.ID); err != nil {
		return Contribution{}, err
	}
	c, err := d.write(ctx, adoption(t, k))
	if err != nil {
		return Contribution{}, err
	}
	if c.Outcome() == OutcomeReceived {
		return c, nil
	}
	err = d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE contribution SET origin = 'adopted' WHERE id = $1`, c.ID); err != nil {
			return fmt.Errorf("mark as adopted: %w", err)
		}
		was := c.State
		paid := moneySeen(c.ID, Source{Way: ByStaff}, ledger.PaymentReported(t))
		paid.payer = t.Payer
		if c, err = d.Apply(ctx, tx, paid); err != nil {
			return err
		}
		return Audit(ctx, tx, by, ActionAdopt, c, d.now().UTC(), map[string]string{
			"transaction": t.ID, "amount": t.Amount.String(), "campaign": k.Slug, "before": string(was), "after": string(c.State),
		})
	})
	return c, db.Translate(err)
}

// checkUnowned refuses a payment that a contribution of ours has, other than by adoption.
func (d *Desk) checkUnowned(ctx context.Context, paypalID string) error {
	var receipt string
	err := d.db.GetContext(ctx, &receipt, `
		SELECT c.receipt FROM payment p JOIN contribution c ON c.id = p.contribution_id WHERE p.paypal_id = $1 AND c.origin <> 'adopted'`, paypalID)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return db.Translate(fmt.Errorf("find the owner of %s: %w", paypalID, err))
	}
	return fault.New(fault.Conflict, "contribution.payment_taken", fault.Args{
		"payment": paypalID, "receipt": receipt,
	})
}

func adoption(t paypal.Transaction, k campaign.Campaign) intent {
	sum := sha256.Sum256([]byte(adopted + t.ID))
	return intent{
		campaign: k, amount: t.Amount, frequency: Once, name: short(t.Payer.Name(), longestName),
		message: short(t.Note, longestMessage), key: sql.NullString{String: adopted + t.ID, Valid: true}, digest: sum[:],
	}
}

// short is as many characters of a text as may be kept.
func short(text string, longest int) string {
	all := []rune(text)
	return string(all[:min(len(all), longest)])
}

// AdoptRefund books the refund or reversal of an adopted payment, as transaction search reports it. The error is ErrNotOurs when
// the payment it belongs to was not adopted.
func (d *Desk) AdoptRefund(ctx context.Context, t paypal.Transaction, src Source) (Contribution, error) {
	if t.Amount.Minor >= 0 || t.Status != "S" {
		return Contribution{}, fmt.Errorf("transaction %s gives no money back", t.ID)
	}
	var id uuid.UUID
	err := d.db.GetContext(ctx, &id, `SELECT contribution_id FROM payment WHERE paypal_id = $1 AND kind = 'direct'`, t.ReferenceID)
	if db.IsNotFound(err) {
		return Contribution{}, fmt.Errorf("refund %s of %s: %w", t.ID, t.ReferenceID, ErrNotOurs)
	}
	if err != nil {
		return Contribution{}, db.Translate(fmt.Errorf("find the payment of refund %s: %w", t.ID, err))
	}
	return d.applyAll(ctx, []Fact{moneySeen(id, src, ledger.RefundReported(t))})
}
