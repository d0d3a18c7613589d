package sandbox

import (
	"cmp"
	"net/http"
)

// reviseView is the answer to a revision that waits for the payer.
type reviseView struct {
	PlanID         string     `json:"plan_id"`
	PlanOverridden bool       `json:"plan_overridden"`
	ShippingAmount *moneyView `json:"shipping_amount,omitempty"`
	Links          []link     `json:"links"`
}

// reviseSubscription is POST /v1/billing/subscriptions/{id}/revise. Nothing changes until the payer agrees.
func (s *Server) reviseSubscription(c *call) (reply, error) {
	body, err := c.someBody()
	if err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.books.subscriptions[c.id()]
	if sub == nil {
		return reply{}, notFound(c.op)
	}
	check := &checker{op: c.op}
	planID := cmp.Or(check.text(body, "", "plan_id", textRule{min: 3, max: 50}), sub.PlanID)
	check.object(body, "", "shipping_address")
	shown := check.consent(body)
	offered := s.books.plans[planID]
	if offered == nil {
		return reply{}, cmp.Or(check.problem(), notFound(c.op))
	}
	next := revision{
		Token: newApprovalToken(), PlanID: planID, Own: check.override(body, &offered.Terms, s.now()),
		Brand: shown.brand, Locale: shown.locale, ReturnURL: shown.returnURL, CancelURL: shown.cancelURL,
	}
	agreed := cmp.Or(next.Own, &offered.Terms).clone()
	next.Quantity, next.Shipping = check.quantity(body, offered), check.price(body, "", "shipping_amount", agreed)
	if agreed.Currency != s.books.terms(sub).Currency {
		check.refuse("/plan_id", planID, "CURRENCY_MISMATCH")
	}
	if offered.ProductID != s.books.plans[sub.PlanID].ProductID {
		check.refuse("/plan_id", planID, "PLAN_PRODUCT_NOT_COMPATIBLE")
	}
	switch p := check.problem(); {
	case p != nil:
		return reply{}, p
	case sub.Status != statusActive && sub.Status != statusSuspended:
		return reply{}, issueProblem(c.op, "SUBSCRIPTION_STATUS_INVALID")
	}
	s.dropRevision(sub)
	sub.Revision = &next
	s.books.byToken[next.Token] = sub
	s.keepSubscription(sub)
	return reply{http.StatusOK, s.viewRevision(sub)}, nil
}

// viewRevision leads to the page on which the payer agrees. Holds s.mu.
func (s *Server) viewRevision(sub *subscription) reviseView {
	r := sub.Revision
	v := reviseView{PlanID: r.PlanID, PlanOverridden: r.Own != nil}
	if r.Shipping != nil {
		v.ShippingAmount = r.Shipping.looseView()
	}
	v.Links = append([]link{{Href: s.opts.WebURL + updatePath + "?ba_token=" + r.Token, Rel: "approve", Method: "GET"}},
		s.subscriptionLinks(sub)...)
	return v
}

// takeRevision makes the change to which the payer has agreed: at the next payment it is what is charged. Holds s.mu.
func (s *Server) takeRevision(sub *subscription) {
	r := sub.Revision
	sub.PlanID, sub.Own, sub.Quantity, sub.Updated = r.PlanID, r.Own, r.Quantity, s.now()
	if r.Shipping != nil {
		sub.Shipping = r.Shipping
	}
	s.dropRevision(sub)
	s.keepSubscription(sub)
	s.emitSubscription("UPDATED", sub)
}

// dropRevision forgets a change that waits for the payer. Holds s.mu.
func (s *Server) dropRevision(sub *subscription) {
	if sub.Revision != nil {
		delete(s.books.byToken, sub.Revision.Token)
		sub.Revision = nil
	}
}
