package inbox

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
)

// event is a stored event that is due.
type event struct {
	ID         int64     `db:"id"`
	EventID    string    `db:"event_id"`
	Type       string    `db:"event_type"`
	Body       []byte    `db:"body"` // its envelope; for an event stored before envelopes were, the body
	State      string    `db:"state"`
	Attempts   int       `db:"attempts"`
	ReceivedAt time.Time `db:"received_at"`
	DueAt      time.Time `db:"due_at"` // the end of the lease
}

func (i *Inbox) workOn(ctx context.Context, e event) {
	working, end := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { i.keepLease(working, e) })
	c, err := i.apply(ctx, e)
	end()
	renewing.Wait()
	v := resolve(e, c, err, i.now())
	if err != nil && v.state != "ignored" {
		i.log.WarnContext(ctx, "webhook event not settled", "event", e.EventID, "type", e.Type, "attempt", e.Attempts,
			"then", v.outcome, "error", err)
	}
	if _, err = i.results.Do(ctx, result{e.ID, v}); err != nil {
		i.log.ErrorContext(ctx, "outcome of a webhook event not saved; it will be worked on again", "event", e.EventID,
			"error", err)
		return
	}
	i.metrics.Event(v.outcome)
}

// subject is what an event is about.
type subject int

const (
	nothing subject = iota
	anOrder
	aCapture
	aRefund
	aDispute
	aSale
	aSubscription
)

// subjectOf returns what to ask PayPal's API for when an event of this type comes.
// Source: PayPal, "Webhook event names" (developer.paypal.com/api/rest/webhooks/event-names). PAYMENT.CAPTURE.DENIED
// is in that list, DECLINED is what the API's version 2 sends; RE-ACTIVATED is of the older subscriptions. For a
// charge that succeeded PayPal sends nothing but PAYMENT.SALE.COMPLETED.
func subjectOf(eventType string) subject {
	switch eventType {
	case "CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED", "CHECKOUT.PAYMENT-APPROVAL.REVERSED":
		return anOrder
	case "PAYMENT.CAPTURE.PENDING", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.DENIED", "PAYMENT.CAPTURE.DECLINED":
		return aCapture
	case "PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED", "PAYMENT.REFUND.PENDING", "PAYMENT.REFUND.FAILED",
		"PAYMENT.SALE.REFUNDED", "PAYMENT.SALE.REVERSED":
		return aRefund
	case "PAYMENT.SALE.COMPLETED", "PAYMENT.SALE.PENDING", "PAYMENT.SALE.DENIED":
		return aSale
	case "BILLING.SUBSCRIPTION.CREATED", "BILLING.SUBSCRIPTION.ACTIVATED", "BILLING.SUBSCRIPTION.RE-ACTIVATED",
		"BILLING.SUBSCRIPTION.UPDATED", "BILLING.SUBSCRIPTION.SUSPENDED", "BILLING.SUBSCRIPTION.CANCELLED",
		"BILLING.SUBSCRIPTION.EXPIRED", "BILLING.SUBSCRIPTION.PAYMENT.FAILED":
		return aSubscription
	case "CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED", "CUSTOMER.DISPUTE.RESOLVED":
		return aDispute
	default:
		return nothing
	}
}

// handled reports whether events of this type are processed; the others are kept and marked ignored.
func handled(eventType string) bool { return subjectOf(eventType) != nothing }

// EventTypes lists the types to register the webhook for, as far as PayPal offers them: PayPal's pages name different
// ones.
func EventTypes() []string {
	return []string{
		"CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED", "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
		"PAYMENT.CAPTURE.PENDING", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.DENIED", "PAYMENT.CAPTURE.DECLINED",
		"PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED", "PAYMENT.REFUND.PENDING", "PAYMENT.REFUND.FAILED",
		"CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED", "CUSTOMER.DISPUTE.RESOLVED",
		"PAYMENT.SALE.COMPLETED", "PAYMENT.SALE.PENDING", "PAYMENT.SALE.DENIED", "PAYMENT.SALE.REFUNDED",
		"PAYMENT.SALE.REVERSED",
		"BILLING.SUBSCRIPTION.CREATED", "BILLING.SUBSCRIPTION.ACTIVATED", "BILLING.SUBSCRIPTION.RE-ACTIVATED",
		"BILLING.SUBSCRIPTION.UPDATED", "BILLING.SUBSCRIPTION.SUSPENDED", "BILLING.SUBSCRIPTION.CANCELLED",
		"BILLING.SUBSCRIPTION.EXPIRED", "BILLING.SUBSCRIPTION.PAYMENT.FAILED",
	}
}

// apply brings the contribution that the event is about up to date. A panic in our own code fails this event alone.
func (i *Inbox) apply(ctx context.Context, e event) (c contribution.Contribution, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			i.log.ErrorContext(ctx, "a webhook event made the program fail", "event", e.EventID, "type", e.Type,
				"panic", reason, "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	src := settle.Source{Way: contribution.ByWebhook, Event: e.ID}
	parsed, err := paypal.ParseEvent(e.Body)
	if err != nil {
		return c, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	switch kind := subjectOf(e.Type); {
	case kind == nothing:
		return c, settle.ErrNotOurs
	case kind == anOrder && parsed.OrderID != "":
		return i.settler.SettleOrder(ctx, parsed.OrderID, src)
	case kind == aRefund && parsed.RefundID != "":
		return i.payments.SettleRefund(ctx, parsed.RefundID, strings.HasSuffix(e.Type, ".REVERSED"), src)
	case kind == aRefund && parsed.CaptureID != "" && strings.HasPrefix(e.Type, "PAYMENT.SALE."):
		return i.payments.SettleReturned(ctx, parsed.CaptureID, parsed.SubscriptionID, src)
	case kind == aDispute && parsed.DisputeID != "":
		return i.disputes.Settle(ctx, parsed.DisputeID, src)
	case kind == aSubscription && parsed.SubscriptionID != "":
		return i.settler.SettleSubscription(ctx, parsed.SubscriptionID, src)
	case kind == aSale && parsed.CaptureID != "":
		return i.payments.SettleSale(ctx, parsed.CaptureID, parsed.SubscriptionID, src)
	// We ask about the capture it names even if its type suggests something else: PayPal's answer decides.
	case parsed.CaptureID != "" && parsed.OrderID != "":
		return i.payments.SettlePayment(ctx, parsed.OrderID, parsed.CaptureID, src)
	case parsed.CaptureID != "":
		return i.payments.SettleCapture(ctx, parsed.CaptureID, src)
	case parsed.RefundID != "":
		return i.payments.SettleRefund(ctx, parsed.RefundID, false, src)
	case parsed.OrderID != "":
		return i.settler.SettleOrder(ctx, parsed.OrderID, src)
	default:
		return c, errNamesNothing
	}
}
