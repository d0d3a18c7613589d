package contribution

import (
	"context"
	"errors"
	"fmt"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
)

// order asks PayPal for the order and saves what came of it.
func (d *Desk) order(ctx context.Context, c Contribution, locale string) (Contribution, error) {
	src := Source{Way: ByStart}
	o, err := d.createOrder(ctx, c, locale)
	if numberTaken(err) && d.now().Sub(c.CreatedAt) < orderLife {
		if c, err = d.renumber(ctx, c); err != nil {
			return c, err
		}
		o, err = d.createOrder(ctx, c, locale)
	}
	if err == nil {
		return d.applyAll(ctx, OrderSeen(c.ID, src, o))
	}
	d.log.WarnContext(ctx, "PayPal made no order", "contribution", c.ID, "error", err)
	unavailable := fault.Wrap(err, fault.Unavailable, "paypal.silent_nothing_charged")
	no, refused := refusedBy(err)
	switch {
	case paypal.OutcomeUnknown(err):
		_, saveErr := d.applyAll(ctx, []Fact{OrderUnanswered(c.ID, src)})
		return c, errors.Join(unavailable, saveErr)
	case refused:
		if _, saveErr := d.applyAll(ctx, []Fact{OrderRefused(c.ID, src, reasonOf(no))}); saveErr != nil {
			return c, errors.Join(unavailable, saveErr)
		}
		return c, refusal(err, reasonOf(no))
	case paypal.Passing(err):
		return c, unavailable // it was not sent, or PayPal told us to come back: still only started
	default:
		return c, refusal(err, "") // we are not let in, which lasts until staff mend it: still only started
	}
}

// createOrder asks PayPal for the order. The PayPal-Request-Id names the contribution and its receipt number, so asking
// again within six hours gives the same order, and asking under another number is another request.
func (d *Desk) createOrder(ctx context.Context, c Contribution, locale string) (paypal.Order, error) {
	address := d.baseURL + "/contributions/" + c.ID.String()
	return d.paypal.CreateOrder(ctx, paypal.OrderRequest{
		RequestID: c.ID.String() + "-" + c.Receipt, CustomID: c.ID.String(), InvoiceID: c.Receipt, ReferenceID: c.Campaign,
		Amount: c.Amount, Description: d.description(), BrandName: d.publication, Locale: locale,
		ReturnURL: address + "/return", CancelURL: address + "/cancel",
	})
}

// numberTaken reports whether PayPal refused the order because its invoice number was paid before: by another system
// or installation that shares the PayPal account. It was not paid by this contribution's own order: within orderLife
// PayPal answers the same PayPal-Request-Id with that order, not with a refusal.
func numberTaken(err error) bool {
	return paypal.HasIssue(err, "DUPLICATE_INVOICE_ID") && !paypal.OutcomeUnknown(err)
}

// renumber draws another receipt number, committed before PayPal hears of it. Where another process was quicker, its
// number counts.
func (d *Desk) renumber(ctx context.Context, c Contribution) (Contribution, error) {
	d.log.WarnContext(ctx, "PayPal knows the receipt number as paid; another is drawn",
		"contribution", c.ID, "receipt", c.Receipt)
	_, err := d.db.ExecContext(ctx, `
		UPDATE contribution SET receipt = $3, updated_at = $4
		WHERE id = $1 AND receipt = $2 AND order_id IS NULL AND state IN ('started', 'order_unknown')`,
		c.ID, c.Receipt, newReceipt(), d.now())
	if err != nil {
		return c, db.Translate(fmt.Errorf("draw another receipt number for %s: %w", c.ID, err))
	}
	return d.Get(ctx, c.ID)
}

// description is what PayPal shows the reader.
func (d *Desk) description() string { return "Contribution to " + d.publication }

// refusal says in words why PayPal makes no order.
func refusal(cause error, reason string) error {
	switch reason {
	case "MAX_VALUE_EXCEEDED", "TRANSACTION_LIMIT_EXCEEDED", "CANNOT_BE_ZERO_OR_NEGATIVE":
		return fault.Input("amount", "contribution.amount_refused")
	case "CURRENCY_NOT_SUPPORTED", "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER", "INVALID_CURRENCY_CODE",
		"DECIMALS_NOT_SUPPORTED":
		return fault.Input("currency", "contribution.currency_refused")
	default:
		return fault.Wrap(cause, fault.Refused, "contribution.refused")
	}
}
