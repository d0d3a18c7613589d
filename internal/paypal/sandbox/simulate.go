package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// simulatorWebhook is the webhook id under which PayPal's simulator signs, as it was recorded: the literal word.
const simulatorWebhook = "WEBHOOK_ID"

// simulateEvent is POST /v1/notifications/simulate-event: a made-up event, sent once to an address. As PayPal's, its
// bodies are always the same, and those of subscriptions carry a create_time with a nineteenth month.
func (s *Server) simulateEvent(c *call) (reply, error) {
	var want struct {
		WebhookID string `json:"webhook_id"`
		URL       string `json:"url"`
		EventType string `json:"event_type"`
	}
	if err := decodeOne(c.body, &want); err != nil {
		return reply{}, webhookProblem(http.StatusBadRequest, "MALFORMED_REQUEST", "Json request is not well formed.")
	}
	if _, known := eventTypes[want.EventType]; !known {
		return reply{}, invalidWebhook("event_type", want.EventType, "Not a valid webhook event name")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if want.WebhookID != "" {
		h := s.findWebhook(want.WebhookID)
		if h == nil {
			return reply{}, unknownWebhook()
		}
		want.URL = h.URL
	}
	if p := checkWebhookURL(want.URL); p != nil {
		return reply{}, p
	}
	e, err := s.sampleEvent(want.EventType)
	if err != nil {
		return reply{}, err
	}
	d := s.newDelivery(simulatorWebhook, want.URL, e)
	d.Attempts = maxAttempts - 1 // the simulator does not try again
	s.post.enqueue(d)
	return reply{http.StatusAccepted, json.RawMessage(e.Body)}, nil
}

// sampleEvent is the simulator's event of a type.
func (s *Server) sampleEvent(kind string) (*event, error) {
	n := news{kind: kind, resourceType: "capture", resourceVersion: "2.0", about: "12A34567BC123456S"}
	amount := money{"USD", 3000}
	switch {
	case kind == "PAYMENT.CAPTURE.REFUNDED", kind == "PAYMENT.CAPTURE.REVERSED":
		n.resourceType, n.summary = "refund", "A "+amount.summary()+" capture payment was refunded"
		n.resource = s.viewRefund(&refund{
			ID: "1Y107995YT783435V", CaptureID: n.about, Status: statusCompleted, Amount: amount, TotalRefunded: amount.Minor,
		})
	case strings.HasPrefix(kind, "PAYMENT.CAPTURE."):
		k := &capture{ID: n.about, OrderID: "1AB234567A1234567", Status: statusCompleted, Amount: amount, Fee: 154}
		n.summary = "Payment completed for " + amount.summary()
		switch strings.TrimPrefix(kind, "PAYMENT.CAPTURE.") {
		case "PENDING":
			k.Status, k.Reason, n.summary = statusPending, "UNILATERAL", "Payment pending for "+amount.summary()
		case "DECLINED", "DENIED":
			k.Status, n.summary = statusDeclined, "A payment capture for "+amount.summary()+" was declined."
		}
		n.resource = s.viewCaptureAlone(k)
	case strings.HasPrefix(kind, "PAYMENT.SALE."):
		s.sampleSale(&n, strings.TrimPrefix(kind, "PAYMENT.SALE."))
	default:
		n.resourceType, n.resourceVersion, n.summary = "resource", "", eventTypes[kind]
		n.resource = map[string]string{sampleKey(kind): "I-BW452GLLEP1G"}
	}
	e, err := s.newEvent("WH-58D329510W468432D-8HN650336L201105X", n)
	if err == nil && strings.HasPrefix(kind, "BILLING.SUBSCRIPTION.") {
		e.Body = strings.Replace(e.Body, stampMillis(e.Created), "2018-19-12T22:20:32.000Z", 1)
	}
	return e, err
}

// sampleSale makes the simulator's event about a sale, which belongs to a payment and to no subscription.
func (s *Server) sampleSale(n *news, what string) {
	const payment = "PAY-1PA12106FU478450MKRETS4A"
	amount, at := money{"USD", 48}, time.Date(2014, 10, 23, 17, 22, 56, 0, time.UTC)
	k := &capture{ID: "80021663DE681814L", Status: statusCompleted, Amount: amount, Created: at, Updated: at}
	r := &refund{ID: "6YX43824R4443062K", CaptureID: k.ID, Status: statusCompleted, Amount: amount, Created: at}
	n.resourceType, n.resourceVersion, n.about = "sale", "", k.ID
	n.summary = "A successful sale payment was made for " + amount.summary()
	switch what {
	case "REFUNDED":
		n.about, n.resource, n.summary = r.ID, s.simulatedRefund(r,
			payment), "A "+amount.summary()+" sale payment was refunded"
		return
	case "REVERSED":
		n.about, n.resource, n.summary = r.ID, s.simulatedReversal(r), "A "+amount.summary()+" sale payment was reversed"
		return
	case "PENDING":
		k.Status, n.summary = statusPending, "Payment pending for "+amount.summary()
	case "DENIED":
		k.Status, n.summary = statusDeclined, "A "+amount.summary()+" sale payment was denied"
	}
	v := s.viewSale(k)
	v.ParentPayment, v.Fee = payment, nil
	n.resource = v
}

// sampleKey is the member that holds the id in the resource of an event.
func sampleKey(kind string) string {
	switch {
	case strings.HasPrefix(kind, "CUSTOMER.DISPUTE."):
		return "dispute_id"
	case kind == "CHECKOUT.PAYMENT-APPROVAL.REVERSED":
		return "order_id"
	default:
		return "id"
	}
}
