package contribution

import (
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
)

// Restore brings a contribution back whose row was lost, as after a database was restored from a backup: the payment at
// PayPal carries our id and our receipt number, and its order tells amount, campaign and payer. What only we knew (the
// article, the reader's message) is lost. It then settles the payment like any other.
//
// The error is ErrNotOurs when the payment does not carry what we put on ours.
func (d *Desk) Restore(ctx context.Context, captureID string, src Source) (Contribution, error) {
	seen, err := d.paypal.Capture(ctx, captureID)
	if err != nil {
		return Contribution{}, fmt.Errorf("ask about capture %s: %w", captureID, err)
	}
	o, err := d.paypal.Order(ctx, seen.OrderID)
	if err != nil {
		return Contribution{}, fmt.Errorf("ask about order %s of capture %s: %w", seen.OrderID, captureID, err)
	}
	id, err := Mark(o.CustomID, o.InvoiceID)
	if err != nil {
		return Contribution{}, fmt.Errorf("capture %s: %w", captureID, err)
	}
	k, err := d.campaignOf(ctx, o)
	if err != nil {
		return Contribution{}, err
	}
	err = d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return d.reinsert(ctx, tx, id, o, k) })
	if err != nil {
		return Contribution{}, db.Translate(err)
	}
	return d.applyAll(ctx, append(OrderSeen(id, src, o), CaptureSeen(id, src, seen)))
}

var receiptShape = regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`)

// Mark reads what we put on every order: a contribution's id (a UUID of version 7) as custom_id, its receipt number as
// invoice_id. The error is ErrNotOurs for anything else.
func Mark(customID, invoiceID string) (uuid.UUID, error) {
	id, err := uuid.Parse(customID)
	if err != nil || id.Version() != 7 || id.String() != customID || !receiptShape.MatchString(invoiceID) {
		return uuid.Nil, ErrNotOurs
	}
	return id, nil
}

// campaignOf is the campaign the order was made for, or the default one when it is gone, too.
func (d *Desk) campaignOf(ctx context.Context, o paypal.Order) (campaign.Campaign, error) {
	k, err := d.campaigns.BySlug(ctx, o.ReferenceID)
	if fault.Is(err, fault.NotFound) {
		return d.campaigns.Default(ctx)
	}
	return k, err
}

// reinsert writes the row anew unless it is there. Whether the reader may be named is not known any more. Its digest fits
// no form: whoever sends the old one again is told to load the page.
func (d *Desk) reinsert(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, o paypal.Order, k campaign.Campaign) error {
	now := d.now()
	createdAt := o.CreatedAt
	if createdAt.IsZero() {
		createdAt = now
	}
	sum := sha256.Sum256([]byte("restored " + id.String()))
	made, err := tx.ExecContext(ctx, `
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state, origin,
		                          created_at, updated_at)
		VALUES ($1, $2, $3, $4, 'once', $5, $6, 'started', 'restored', $7, $8) ON CONFLICT (id) DO NOTHING`,
		id, o.InvoiceID, sum[:], k.ID, o.Amount.Minor, string(o.Amount.Currency), createdAt, now)
	if err != nil {
		return fmt.Errorf("restore contribution %s: %w", id, err)
	}
	if n, err := made.RowsAffected(); err != nil || n == 0 {
		return err
	}
	restored := Event{Kind: "restored", Way: ByReconcile, Ref: o.ID}
	return addEvent(ctx, tx, Contribution{ID: id, State: Started}, "", restored, now)
}
