package sandbox

import (
	"maps"
	"net/http"
	"slices"
)

// eventTypes are the names a webhook may subscribe to: those the emulator sends, and those that only its simulator or
// PayPal itself does. Source: PayPal, "Webhook event names".
var eventTypes = map[string]string{
	"CHECKOUT.ORDER.APPROVED":               "A buyer approved a checkout order",
	"CHECKOUT.ORDER.COMPLETED":              "A checkout order is processed.",
	"CHECKOUT.ORDER.SAVED":                  "A checkout order is saved.",
	"CHECKOUT.PAYMENT-APPROVAL.REVERSED":    "A problem occurred after the buyer approved the order but before you captured the payment.",
	"PAYMENT.CAPTURE.COMPLETED":             "A payment capture completes.",
	"PAYMENT.CAPTURE.DECLINED":              "A payment capture is declined.",
	"PAYMENT.CAPTURE.DENIED":                "A payment capture is denied.",
	"PAYMENT.CAPTURE.PENDING":               "The state of a payment capture changes to pending.",
	"PAYMENT.CAPTURE.REFUNDED":              "A merchant refunds a payment capture.",
	"PAYMENT.CAPTURE.REVERSED":              "PayPal reverses a payment capture.",
	"PAYMENT.AUTHORIZATION.CREATED":         "A payment authorization is created, approved, executed, or a future payment authorization is created.",
	"PAYMENT.AUTHORIZATION.VOIDED":          "A payment authorization is voided.",
	"PAYMENT.REFUND.PENDING":                "A refund is pending.",
	"PAYMENT.REFUND.FAILED":                 "A refund failed.",
	"PAYMENT.SALE.COMPLETED":                "A sale completes.",
	"PAYMENT.SALE.DENIED":                   "The state of a sale changes from pending to denied.",
	"PAYMENT.SALE.PENDING":                  "The state of a sale changes to pending.",
	"PAYMENT.SALE.REFUNDED":                 "A merchant refunds a sale.",
	"PAYMENT.SALE.REVERSED":                 "PayPal reverses a sale.",
	"CUSTOMER.DISPUTE.CREATED":              "A dispute is created.",
	"CUSTOMER.DISPUTE.RESOLVED":             "A dispute is resolved.",
	"CUSTOMER.DISPUTE.UPDATED":              "A dispute is updated.",
	"BILLING.PLAN.ACTIVATED":                "A billing plan is activated.",
	"BILLING.PLAN.CREATED":                  "A billing plan is created.",
	"BILLING.PLAN.DEACTIVATED":              "A billing plan is deactivated.",
	"BILLING.PLAN.PRICING-CHANGE.ACTIVATED": "A price change for the plan is activated.",
	"BILLING.PLAN.UPDATED":                  "A billing plan is updated.",
	"BILLING.SUBSCRIPTION.ACTIVATED":        "A subscription is activated.",
	"BILLING.SUBSCRIPTION.CANCELLED":        "A subscription is cancelled.",
	"BILLING.SUBSCRIPTION.CREATED":          "A subscription is created.",
	"BILLING.SUBSCRIPTION.EXPIRED":          "A subscription expires.",
	"BILLING.SUBSCRIPTION.PAYMENT.FAILED":   "Payment failed on subscription.",
	"BILLING.SUBSCRIPTION.RE-ACTIVATED":     "A subscription is re-activated.",
	"BILLING.SUBSCRIPTION.SUSPENDED":        "A subscription is suspended.",
	"BILLING.SUBSCRIPTION.UPDATED":          "A subscription is updated.",
	"CATALOG.PRODUCT.CREATED":               "A product is created.",
	"CATALOG.PRODUCT.UPDATED":               "A product is updated.",
}

// listEventTypes is GET /v1/notifications/webhooks-event-types.
func (s *Server) listEventTypes(*call) (reply, error) {
	names := slices.Sorted(maps.Keys(eventTypes))
	return reply{http.StatusOK, map[string]any{"event_types": viewEventTypes(names)}}, nil
}

func viewEventTypes(names []string) []eventTypeView {
	views := []eventTypeView{}
	for _, name := range names {
		v := eventTypeView{Name: name, Description: eventTypes[name], Status: "ENABLED"}
		if name == "*" {
			v.Description = "ALL"
		}
		views = append(views, v)
	}
	return views
}
