package contribution

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/money"
)

// adopted is the prefix of adopted contributions' keys. Readers' keys are ASCII, so no reader can take one
// beforehand.
const adopted = "§adopted:"

// Found is a payment that was made in PayPal directly and for which a contribution is to be created.
type Found struct {
	PayPalID   string
	Amount     money.Amount
	Name, Note string // PayPal's name for the payer, and the payer's note; too long a text is cut
	Campaign   campaign.Campaign
}

// BeginAdopted writes a contribution for a payment that was made in PayPal directly. The same payment always gives
// the same contribution. The error is fault.Conflict when the payment belongs to a contribution that began here.
func (s *Service) BeginAdopted(ctx context.Context, f Found) (Contribution, error) {
	var receipt string
	err := s.db.GetContext(ctx, &receipt, `
		SELECT c.receipt FROM payment p JOIN contribution c ON c.id = p.contribution_id
		WHERE p.paypal_id = $1 AND c.origin <> 'adopted'`, f.PayPalID)
	if err == nil {
		return Contribution{}, fault.New(fault.Conflict, "reconcile.payment_taken", fault.Args{
			"payment": f.PayPalID, "receipt": receipt,
		})
	}
	if !db.IsNotFound(err) {
		return Contribution{}, db.Translate(fmt.Errorf("find the owner of %s: %w", f.PayPalID, err))
	}
	sum := sha256.Sum256([]byte(adopted + f.PayPalID))
	in := intent{
		campaign: f.Campaign, amount: f.Amount, frequency: Once, name: truncate(f.Name, longestName),
		message: truncate(f.Note, longestMessage), digest: sum[:],
		key: sql.NullString{String: adopted + f.PayPalID, Valid: true},
	}
	c, err := find(ctx, s.db, "c.idempotency_key = $1", in.key)
	if fault.Is(err, fault.NotFound) {
		return s.write(ctx, in)
	}
	return c, db.Translate(err)
}

// MarkAdopted records that a contribution began at PayPal.
func MarkAdopted(ctx context.Context, tx *sqlx.Tx, id uuid.UUID) error {
	if _, err := tx.ExecContext(ctx, `UPDATE contribution SET origin = 'adopted' WHERE id = $1`, id); err != nil {
		return fmt.Errorf("mark %s as adopted: %w", id, err)
	}
	return nil
}

// truncate cuts a text to its first longest characters.
func truncate(text string, longest int) string {
	all := []rune(text)
	return string(all[:min(len(all), longest)])
}

// Lost is what PayPal knows about a contribution whose row was lost: what we put on its order or subscription.
type Lost struct {
	ID        uuid.UUID
	Receipt   string
	Frequency Frequency
	PayPalID  string // the order's, or the subscription's
	Amount    money.Amount
	Campaign  campaign.Campaign
	CreatedAt time.Time // when the order or subscription was created

	FirstChargeAt time.Time // of a subscription: when its first charge is due, unless that was at once
}

// Reinsert writes a lost contribution again, unless it exists. Whether the reader may be named is no longer known.
// Its digest matches no form: a reader who sends the old form again is asked to reload the page.
func Reinsert(ctx context.Context, tx *sqlx.Tx, l Lost, now time.Time) error {
	sum := sha256.Sum256([]byte("restored " + l.ID.String()))
	made, err := tx.ExecContext(ctx, `
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state, origin,
		                          created_at, updated_at, first_charge_at)
		VALUES ($1, $2, $3, $4, $10, $5, $6, $9, 'restored', $7, $8, $11) ON CONFLICT (id) DO NOTHING`,
		l.ID, l.Receipt, sum[:], l.Campaign.ID, l.Amount.Minor, string(l.Amount.Currency), l.CreatedAt, now,
		string(Started), string(l.Frequency), null(l.FirstChargeAt))
	if err != nil {
		return fmt.Errorf("restore contribution %s: %w", l.ID, err)
	}
	if n, err := made.RowsAffected(); err != nil || n == 0 {
		return err
	}
	restored := Event{Kind: "restored", Way: ByReconcile, Ref: l.PayPalID, To: Started}
	return addEvent(ctx, tx, Contribution{ID: l.ID}, restored, now)
}
