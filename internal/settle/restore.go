package settle

import (
	"context"
	"fmt"
	"regexp"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
	"readerfund/internal/subscription"
)

// Restore brings back a contribution whose row was lost, for example after the database was restored from a backup:
// the payment at PayPal carries our id and our receipt number, and its order has the amount, campaign and payer. What
// only we knew (the article, the reader's message) is lost. It then settles the payment like any other.
//
// The error is ErrNotOurs when the payment does not carry the marks that we put on ours.
func (s *Adopter) Restore(ctx context.Context, captureID string, src Source) (contribution.Contribution, error) {
	seen, err := s.paypal.Capture(ctx, captureID)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("ask about capture %s: %w", captureID, err)
	}
	o, err := s.paypal.Order(ctx, seen.OrderID)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("ask about order %s of capture %s: %w", seen.OrderID, captureID, err)
	}
	id, err := Mark(o.CustomID, o.InvoiceID)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("capture %s: %w", captureID, err)
	}
	k, err := s.campaignOf(ctx, o)
	if err != nil {
		return contribution.Contribution{}, err
	}
	now := s.now()
	lost := contribution.Lost{
		ID: id, Receipt: o.InvoiceID, Frequency: contribution.Once, PayPalID: o.ID, Amount: o.Amount, Campaign: k,
		CreatedAt: o.CreatedAt,
	}
	if lost.CreatedAt.IsZero() {
		lost.CreatedAt = now
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return contribution.Reinsert(ctx, tx, lost, now) })
	if err != nil {
		return contribution.Contribution{}, db.Translate(err)
	}
	return s.applier.ApplyAll(ctx, append(OrderSeen(id, src, o), CaptureSeen(id, src, seen)))
}

// RestoreSubscription brings back a monthly or yearly contribution whose row was lost: its subscription carries our
// id, and has the amount, frequency and payer. Its receipt number and its campaign are lost, too: it gets a new
// number, and counts for the default campaign. All its charges that PayPal lists are booked, and so is sale.
//
// The error is ErrNotOurs when the subscription does not carry the marks that we put on ours.
func (s *Adopter) RestoreSubscription(
	ctx context.Context, subscriptionID, saleID string, src Source,
) (contribution.Contribution, error) {
	sub, err := s.paypal.Subscription(ctx, subscriptionID)
	if err != nil {
		return contribution.Contribution{}, fmt.Errorf("ask about subscription %s: %w", subscriptionID, err)
	}
	id, frequency := OwnID(sub.CustomID), contribution.Monthly
	if sub.Every == paypal.Yearly {
		frequency = contribution.Yearly
	}
	if id == uuid.Nil || sub.Amount == nil {
		return contribution.Contribution{}, fmt.Errorf("subscription %s: %w", subscriptionID, ErrNotOurs)
	}
	k, err := s.campaigns.Default(ctx)
	if err != nil {
		return contribution.Contribution{}, err
	}
	now := s.now()
	lost := contribution.Lost{
		ID: id, Receipt: contribution.NewReceipt(), Frequency: frequency, PayPalID: sub.ID, Amount: *sub.Amount,
		Campaign: k, CreatedAt: sub.CreatedAt,
	}
	if lost.CreatedAt.IsZero() {
		lost.CreatedAt = now
	}
	lost.FirstChargeAt = subscription.LaterStart(sub)
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return contribution.Reinsert(ctx, tx, lost, now) })
	if err != nil {
		return contribution.Contribution{}, db.Translate(err)
	}
	if _, err := s.subscriptions.settle(ctx, id, sub, src); err != nil {
		return contribution.Contribution{}, err
	}
	return s.subscriptions.payments.SettleSale(ctx, saleID, sub.ID, src)
}

// OwnID reads the id of a contribution, a UUID of version 7, from PayPal's custom_id; uuid.Nil if it is not one.
func OwnID(customID string) uuid.UUID {
	id, err := uuid.Parse(customID)
	if err != nil || id.Version() != 7 || id.String() != customID {
		return uuid.Nil
	}
	return id
}

var receiptShape = regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`)

// Mark reads the marks that we put on every order: a contribution's id (a UUID of version 7) as custom_id, and its
// receipt number as invoice_id. The error is ErrNotOurs for anything else.
func Mark(customID, invoiceID string) (uuid.UUID, error) {
	id := OwnID(customID)
	if id == uuid.Nil || !receiptShape.MatchString(invoiceID) {
		return uuid.Nil, ErrNotOurs
	}
	return id, nil
}

// campaignOf is the campaign the order was made for, or the default one if that is lost, too.
func (s *Adopter) campaignOf(ctx context.Context, o paypal.Order) (campaign.Campaign, error) {
	k, err := s.campaigns.BySlug(ctx, o.ReferenceID)
	if fault.Is(err, fault.NotFound) {
		return s.campaigns.Default(ctx)
	}
	return k, err
}
