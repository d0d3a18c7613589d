package sandbox

import "strings"

// keepSubscription notes the present state of a subscription. Holds s.mu.
func (s *Server) keepSubscription(sub *subscription) { s.journal.put("subscription", sub.ID, sub) }

// setSubscriptionStatus moves a subscription to another status, for a reason that may be empty. Holds s.mu.
func (s *Server) setSubscriptionStatus(sub *subscription, status, note string) {
	sub.Status, sub.StatusNote, sub.StatusAt, sub.Updated = status, note, s.now(), s.now()
	if sub.over() {
		s.dropRevision(sub)
	}
	s.keepSubscription(sub)
}

// activate makes a subscription ACTIVE: one that the payer has approved, or that was suspended. It reports whether it
// was either. Holds s.mu.
func (s *Server) activate(sub *subscription, reason string) bool {
	var tell func()
	switch sub.Status {
	case statusApproved:
		s.setSubscriptionStatus(sub, statusActive, reason)
		tell = s.beginBilling(sub)
	case statusSuspended:
		s.setSubscriptionStatus(sub, statusActive, reason)
		tell = s.resumeBilling(sub)
	default:
		return false
	}
	s.emitSubscription("ACTIVATED", sub)
	s.keepSubscription(sub)
	tell()
	return true
}

// suspend stops the payments of an ACTIVE subscription, and reports whether it was one. Holds s.mu.
func (s *Server) suspend(sub *subscription, reason string) bool {
	if sub.Status != statusActive {
		return false
	}
	s.setSubscriptionStatus(sub, statusSuspended, reason)
	s.stopBilling(sub)
	s.emitSubscription("SUSPENDED", sub)
	return true
}

// end cancels a subscription that is ACTIVE or SUSPENDED, and reports whether it was. Holds s.mu.
func (s *Server) end(sub *subscription, reason string) bool {
	if sub.Status != statusActive && sub.Status != statusSuspended {
		return false
	}
	s.setSubscriptionStatus(sub, statusCancelled, reason)
	s.stopBilling(sub)
	s.emitSubscription("CANCELLED", sub)
	return true
}

// agreed takes the payer's yes to a subscription. Holds s.mu.
func (s *Server) agreed(sub *subscription, by *payer) {
	sub.Payer, sub.Approval, sub.Abandoned = by, nil, false
	if sub.Ships {
		sub.Address = sub.shipsTo()
	}
	s.setSubscriptionStatus(sub, statusApproved, "")
	switch {
	case sub.AwaitsSeller:
	case sub.Start.After(s.now()) && s.books.billing.FutureStart == futureApproved:
		s.enterAgenda(sub.Start, sub)
	default:
		s.activate(sub, "")
	}
}

// awaitsStart reports whether the payer has approved the subscription and it becomes ACTIVE by itself at its start.
func (sub *subscription) awaitsStart() bool { return sub.Status == statusApproved && !sub.AwaitsSeller }

// shipsTo is the address that the seller gave, or the payer's from PayPal's file.
func (sub *subscription) shipsTo() any {
	if given := sub.Hint["shipping_address"]; given != nil {
		return given
	}
	p := sub.Payer
	return shippingView{fullNameView{strings.TrimSpace(p.GivenName + " " + p.Surname)},
		postalView{"1 Main Street", "Town", "12345", p.Country}}
}

// approvalDue takes the payer's yes to a subscription that PayPal was slow about, once its time has come. Holds s.mu.
func (s *Server) approvalDue(sub *subscription) {
	if sub.Approval != nil && sub.Status == statusApprovalPending && !s.now().Before(sub.Approval.At) {
		s.agreed(sub, sub.Approval.Payer)
	}
}
