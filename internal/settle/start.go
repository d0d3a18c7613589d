package settle

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/singleflight"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
)

// Starter records a reader's intent and asks PayPal for its order, or for its subscription.
type Starter struct {
	db            *db.DB
	paypal        *paypal.Client
	contributions *contribution.Service
	applier       *Applier
	plans         Plans
	baseURL       string
	publication   string
	now           func() time.Time
	log           *slog.Logger

	ordering singleflight.Group // one request for an order per contribution and process
	calls    *detached.Group    // calls to PayPal that outlive their callers
}

// Start commits the reader's intent, and only then asks PayPal for an order. The contribution it returns has an
// address to send the reader to, unless it is already further (the same key sent again later). admit is passed to
// contribution.Begin.
//
// Errors: those of contribution.Begin; fault.Unavailable when PayPal does not answer; fault.Refused when PayPal
// refuses. Nothing was charged then. After an Unavailable, sending the same key again cannot make a second order;
// after a Refused it gets the same answer, and a new try needs a new key.
func (s *Starter) Start(
	ctx context.Context, in contribution.Intent, admit func(context.Context) error,
) (contribution.Contribution, error) {
	c, err := s.contributions.Begin(ctx, in, admit)
	switch {
	case err != nil:
		return c, err
	case c.State == contribution.Failed:
		return c, refusal(nil, c.Reason)
	case c.Checkout.PayPalID != "" || c.State != contribution.Started && c.State != contribution.OrderUnknown:
		return c, nil
	}
	// Every caller waits on its own context for the call they share, so one caller's leaving does not fail the
	// others.
	c, err = detached.Run(ctx, s.calls, func(ctx context.Context) (contribution.Contribution, error) {
		got, err, _ := s.ordering.Do(c.ID.String(), func() (any, error) {
			if c.Checkout.Kind == checkout.Subscription {
				return s.subscribe(ctx, c, in.Locale)
			}
			return s.order(ctx, c, in.Locale)
		})
		ordered, _ := got.(contribution.Contribution)
		return ordered, err
	})
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return c, fault.Wrap(err, fault.Unavailable, "outage.paypal_nothing_charged")
	}
	return c, db.Translate(err)
}

// order asks PayPal for the order and saves the outcome.
func (s *Starter) order(
	ctx context.Context, c contribution.Contribution, locale string,
) (contribution.Contribution, error) {
	src := Source{Way: contribution.ByStart}
	o, err := s.createOrder(ctx, c, locale)
	if numberTaken(err) && s.now().Sub(c.CreatedAt) < checkout.OrderLife {
		if c, err = s.renumber(ctx, c); err != nil {
			return c, err
		}
		o, err = s.createOrder(ctx, c, locale)
	}
	if err == nil {
		return s.applier.applyFirst(ctx, c, OrderSeen(c.ID, src, o)...)
	}
	return s.unmade(ctx, c, src, err)
}

// unmade saves the outcome of a request for an order or a subscription that PayPal did not make.
func (s *Starter) unmade(
	ctx context.Context, c contribution.Contribution, src Source, err error,
) (contribution.Contribution, error) {
	s.log.WarnContext(ctx, "PayPal made nothing to approve", "contribution", c.ID, "error", err)
	unavailable := fault.Wrap(err, fault.Unavailable, "outage.paypal_nothing_charged")
	no, refused := refusedBy(err)
	switch {
	case paypal.OutcomeUnknown(err):
		_, saveErr := s.applier.applyFirst(ctx, c, OrderUnanswered(c.ID, src))
		return c, errors.Join(unavailable, saveErr)
	case refused:
		if _, saveErr := s.applier.applyFirst(ctx, c, OrderRefused(c.ID, src, reasonOf(no))); saveErr != nil {
			return c, errors.Join(unavailable, saveErr)
		}
		return c, refusal(err, reasonOf(no))
	case paypal.Temporary(err):
		return c, unavailable // not sent, or asked to come back later: still only started
	default:
		return c, refusal(err, "") // PayPal denies us access until staff correct that: still only started
	}
}

// createOrder asks PayPal for the order. The PayPal-Request-Id names the contribution and its receipt number, so
// asking again within six hours gives the same order, and asking with another number is another request.
func (s *Starter) createOrder(ctx context.Context, c contribution.Contribution, locale string) (paypal.Order, error) {
	address := s.baseURL + "/contributions/" + c.ID.String()
	return s.paypal.CreateOrder(ctx, paypal.OrderRequest{
		RequestID: c.ID.String() + "-" + c.Receipt, CustomID: c.ID.String(), InvoiceID: c.Receipt, ReferenceID: c.Campaign,
		Amount: c.Amount, Description: s.description(), BrandName: s.publication, Locale: locale,
		ReturnURL: address + "/return", CancelURL: address + "/cancel",
	})
}

// numberTaken reports whether PayPal refused the order because its invoice number was paid before: by another system
// or installation that shares the PayPal account. It was not paid by this contribution's own order: within
// checkout.OrderLife PayPal answers the same PayPal-Request-Id with that order, not with a refusal.
func numberTaken(err error) bool {
	return paypal.HasIssue(err, "DUPLICATE_INVOICE_ID") && !paypal.OutcomeUnknown(err)
}

// renumber draws another receipt number and commits it before PayPal hears of it. If another process was quicker, the
// number that it drew is kept.
func (s *Starter) renumber(ctx context.Context, c contribution.Contribution) (contribution.Contribution, error) {
	s.log.WarnContext(ctx, "PayPal knows the receipt number as paid; another is drawn",
		"contribution", c.ID, "receipt", c.Receipt)
	return contribution.Renumber(ctx, s.db, c, s.now())
}

// description is what PayPal shows the reader.
func (s *Starter) description() string { return "Contribution to " + s.publication }

// refusal explains to the reader why PayPal makes no order.
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
