package sandbox

import "time"

// event is something PayPal tells its webhooks. Body is the exact text that every delivery of it carries.
type event struct {
	ID, Type string
	Resource string // the id of what it is about, for the transaction_id filter
	Created  time.Time
	Body     string
}

// eventView is the envelope.
type eventView struct {
	ID              string `json:"id"`
	EventVersion    string `json:"event_version"`
	CreateTime      string `json:"create_time"`
	ResourceType    string `json:"resource_type"`
	ResourceVersion string `json:"resource_version,omitempty"`
	EventType       string `json:"event_type"`
	Summary         string `json:"summary"`
	Resource        any    `json:"resource"`
	Links           []link `json:"links"`
}

// news is what happened: the parts of an event that differ.
type news struct {
	kind, resourceType, resourceVersion, summary, about string
	resource                                            any
}

// emit enters an event and hands it to the webhooks that asked for it. Holds s.mu.
func (s *Server) emit(n news) {
	s.dispatch(s.enterEvent(n), nil)
	s.repeat(n)
}

// repeat tells the same once more, by another event, if repeat_event says so. Holds s.mu.
func (s *Server) repeat(n news) {
	if s.faults.takeEvent(n.kind, kindRepeatEvent) != nil {
		s.dispatch(s.enterEvent(n), nil)
	}
}

// enterEvent takes an event into the books, from which it can be listed; nil if it cannot be written. Holds s.mu.
func (s *Server) enterEvent(n news) *event {
	e, err := s.newEvent("WH-"+newID()+"-"+newID(), n)
	if f := s.faults.takeEvent(n.kind, kindChangeEvent); f != nil && err == nil {
		err = e.change(f.Body)
	}
	if err != nil {
		s.log.Error("event cannot be encoded", "type", n.kind, "err", err)
		return nil
	}
	s.books.events = append(s.books.events, e)
	s.books.byEvent[e.ID] = e
	if extra := len(s.books.events) - s.opts.MaxDeliveries; extra > 0 {
		for _, old := range s.books.events[:extra] {
			delete(s.books.byEvent, old.ID)
		}
		s.books.events = s.books.events[extra:]
	}
	s.journal.put("event", e.ID, e)
	return e
}

// newEvent writes the envelope.
func (s *Server) newEvent(id string, n news) (*event, error) {
	now := s.now()
	self := s.opts.BaseURL + "/v1/notifications/webhooks-events/" + id
	body, err := encode(eventView{
		ID: id, EventVersion: "1.0", CreateTime: stampMillis(now), ResourceType: n.resourceType,
		ResourceVersion: n.resourceVersion, EventType: n.kind, Summary: n.summary, Resource: n.resource,
		Links: []link{{Href: self, Rel: "self", Method: "GET"}, {Href: self + "/resend", Rel: "resend", Method: "POST"}},
	})
	return &event{ID: id, Type: n.kind, Resource: n.about, Created: now, Body: string(body)}, err
}

// emitOrder tells of an order: CHECKOUT.ORDER.APPROVED or CHECKOUT.ORDER.COMPLETED. Holds s.mu.
func (s *Server) emitOrder(kind, summary string, o *order) {
	s.emit(news{kind, "checkout-order", "2.0", summary, o.ID, s.viewOrder(o)})
}

// emitApprovalReversed tells that an approved order was not captured in time. The resource is not an order: its id is
// in order_id. Holds s.mu.
func (s *Server) emitApprovalReversed(o *order) {
	v := s.viewOrder(o)
	s.emit(news{"CHECKOUT.PAYMENT-APPROVAL.REVERSED", "checkout-order", "2.0",
		"A payment has been reversed after approval.", o.ID,
		struct {
			OrderID       string      `json:"order_id"`
			PurchaseUnits []unitView  `json:"purchase_units"`
			PaymentSource *sourceView `json:"payment_source,omitempty"`
		}{o.ID, v.PurchaseUnits, v.PaymentSource}})
}

// emitCapture tells what became of a capture. Holds s.mu.
func (s *Server) emitCapture(k *capture) {
	if k.SubscriptionID != "" {
		s.emitSale(k)
		return
	}
	n := news{resourceType: "capture", resourceVersion: "2.0", about: k.ID, resource: s.viewCaptureAlone(k)}
	switch k.Status {
	case statusPending:
		n.kind, n.summary = "PAYMENT.CAPTURE.PENDING", "Payment pending for "+k.Amount.summary()
	case statusDeclined:
		n.kind, n.summary = "PAYMENT.CAPTURE.DECLINED", "A payment capture for "+k.Amount.summary()+" was declined."
	default:
		n.kind, n.summary = "PAYMENT.CAPTURE.COMPLETED", "Payment completed for "+k.Amount.summary()
	}
	s.emit(n)
}

// emitRefund tells of money that went back. The resource is the refund; the capture is only in its links. Holds s.mu.
func (s *Server) emitRefund(r *refund) {
	if k := s.findSale(r.CaptureID); k != nil && r.Status == statusCompleted {
		s.emitSaleRefund(k, r)
		return
	}
	n := news{
		"PAYMENT.CAPTURE.REFUNDED", "refund", "2.0", "A " + r.Amount.summary() + " capture payment was refunded", r.ID,
		s.viewRefund(r),
	}
	switch {
	case r.Status == statusPending:
		n.kind, n.summary = "PAYMENT.REFUND.PENDING", "A "+r.Amount.summary()+" refund is pending"
	case r.Status == statusFailed:
		n.kind, n.summary = "PAYMENT.REFUND.FAILED", "A "+r.Amount.summary()+" refund failed"
	case r.Reversal:
		n.kind, n.summary = "PAYMENT.CAPTURE.REVERSED", "A "+r.Amount.summary()+" capture payment was reversed"
	}
	s.emit(n)
}
