package sandbox

import "strings"

// subscriptionNews are the events of a subscription, and how PayPal sums each up.
var subscriptionNews = map[string]string{
	"CREATED": "Subscription created", "ACTIVATED": "Subscription activated", "UPDATED": "Subscription updated",
	"SUSPENDED": "Subscription suspended", "CANCELLED": "Subscription cancelled", "EXPIRED": "Subscription expired",
	"PAYMENT.FAILED": "Payment failed for subscription",
}

// internalHost is a machine of PayPal's own, as it has been seen in the links of an event.
const internalHost = "https://node-sb-subscriptionmgmtserv-vip.slc.paypal.com:19472"

// emitSubscription tells of a subscription; kind is the end of the event's name: ACTIVATED. Holds s.mu.
func (s *Server) emitSubscription(kind string, sub *subscription) {
	n := news{"BILLING.SUBSCRIPTION." + kind, "subscription", "2.0", subscriptionNews[kind], sub.ID, nil}
	v := s.viewSubscription(sub, kind == "PAYMENT.FAILED")
	if s.faults.takeEvent(n.kind, kindInternalLinks) != nil {
		for i := range v.Links {
			v.Links[i].Href = strings.Replace(v.Links[i].Href, s.opts.BaseURL, internalHost, 1)
		}
	}
	n.resource = v
	e := s.enterEvent(n)
	if kind == "CREATED" && s.faults.takeEvent(n.kind, kindLateCreated) != nil && e != nil {
		sub.LateCreated = e.ID
		return
	}
	var late *event
	if kind == "ACTIVATED" && sub.LateCreated != "" {
		late, sub.LateCreated = s.books.byEvent[sub.LateCreated], ""
	}
	s.dispatch(e, late)
	s.repeat(n)
}
