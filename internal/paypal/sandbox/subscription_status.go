package sandbox

// keepSubscription notes the present state of a subscription. Holds s.mu.
func (s *Server) keepSubscription(sub *subscription) { s.journal.put("subscription", sub.ID, sub) }

// setSubscriptionStatus moves a subscription to another status, for a reason that may be empty. Holds s.mu.
func (s *Server) setSubscriptionStatus(sub *subscription, status, note string) {
	sub.Status, sub.StatusNote, sub.StatusAt, sub.Updated = status, note, s.now(), s.now()
	if sub.over() && sub.Revision != nil {
		delete(s.books.byToken, sub.Revision.Token)
		sub.Revision = nil
	}
	s.keepSubscription(sub)
}

// subscriptionNews are the events of a subscription, and how PayPal sums each up.
var subscriptionNews = map[string]string{
	"CREATED": "Subscription created", "ACTIVATED": "Subscription activated", "UPDATED": "Subscription updated",
	"SUSPENDED": "Subscription suspended", "CANCELLED": "Subscription cancelled", "EXPIRED": "Subscription expired",
	"PAYMENT.FAILED": "Payment failed for subscription",
}

// emitSubscription tells of a subscription; kind is the end of the event's name: ACTIVATED. Holds s.mu.
func (s *Server) emitSubscription(kind string, sub *subscription) {
	s.emit(news{"BILLING.SUBSCRIPTION." + kind, "subscription", "2.0", subscriptionNews[kind], sub.ID,
		s.viewSubscription(sub, kind == "PAYMENT.FAILED")})
}
