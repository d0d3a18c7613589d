package sandbox_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// resourceSchemas are the schemas that an event's resource has to fit, by the event's type up to a dot. PayPal's
// documents do not say so in machine-readable form; its text on webhooks does: the resource is the resource.
var resourceSchemas = []struct{ events, document, schema string }{
	{"CHECKOUT.ORDER.", ordersDocument, "order"},
	{"CHECKOUT.PAYMENT-APPROVAL.REVERSED", ordersDocument, "order"},
	{"PAYMENT.CAPTURE.REFUNDED", paymentsDocument, "refund"},
	{"PAYMENT.CAPTURE.REVERSED", paymentsDocument, "refund"},
	{"PAYMENT.REFUND.", paymentsDocument, "refund"},
	{"PAYMENT.CAPTURE.", paymentsDocument, "capture-2"},
	{"PAYMENT.SALE.REFUNDED", salesDocument, "detailed_refund"},
	{"PAYMENT.SALE.REVERSED", salesDocument, "detailed_refund"},
	{"PAYMENT.SALE.", salesDocument, "sale"},
	{"BILLING.SUBSCRIPTION.", billingDocument, "subscription"},
	{"CUSTOMER.DISPUTE.", disputesDocument, "dispute"},
	{"BILLING.SUBSCRIPTION.", billingDocument, "subscription"},
	{"BILLING.PLAN.", billingDocument, "plan"},
	{"CATALOG.PRODUCT.", productsDocument, "product"},
}

// checkEvent holds a delivered event's envelope and its resource against their schemas.
func (in *inspector) checkEvent(t *testing.T, body []byte) {
	t.Helper()
	var event struct {
		Type     string          `json:"event_type"`
		Resource json.RawMessage `json:"resource"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		t.Fatal(err)
	}
	for _, fault := range fit(in.docs.schema(t, webhooksDocument, "event"), body) {
		in.complain(event.Type, "event", "envelope: "+fault)
	}
	against := "the envelope alone"
	for _, s := range resourceSchemas {
		if strings.HasPrefix(event.Type, s.events) {
			against = fmt.Sprintf("`%s` of %s", strings.TrimSuffix(s.schema, "-2"), s.document)
			for _, fault := range fit(in.docs.schema(t, s.document, s.schema), event.Resource) {
				in.complain(event.Type, "event", "resource: "+fault)
			}
			break
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.events["`"+event.Type+"` | "+against]++
}

// fit is what a schema says against a value that PayPal sends.
func fit(schema *openapi3.Schema, body []byte) []string {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return []string{err.Error()}
	}
	faults := reasons(schema.VisitJSON(value, append(strictly(), openapi3.VisitAsResponse())...))
	return append(faults, undeclaredIn([]*openapi3.Schema{schema}, value, "")...)
}
