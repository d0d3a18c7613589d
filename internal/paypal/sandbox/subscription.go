package sandbox

import "net/http"

// refusedPlan is the plan id for which PayPal's sandbox says NOT_AUTHORIZED. Source: PayPal, Subscriptions, test and go
// live.
const refusedPlan = "ERRSUB033"

// createSubscription is POST /v1/billing/subscriptions.
func (s *Server) createSubscription(c *call) (reply, error) {
	id, replay, err := s.onceOnly(c, billingMemory, func() (string, error) { return s.makeSubscription(c) })
	if err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.books.subscriptions[id]
	if c.wantsAll() {
		return reply{created(replay), s.viewSubscription(sub, false)}, nil
	}
	return reply{created(replay), subscriptionView{
		ID: sub.ID, Status: sub.Status, CreateTime: stamp(sub.Created), Links: s.subscriptionLinks(sub),
	}}, nil
}

// makeSubscription checks the request and enters the subscription.
func (s *Server) makeSubscription(c *call) (string, error) {
	body, err := c.someBody()
	if err != nil {
		return "", err
	}
	overrides := body["plan"] != nil
	if body["plan_id"] == refusedPlan || overrides && s.faults.take(c.Method, c.URL.Path, kindRefuseOverride) != nil {
		return "", overrideRefused()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	check := &checker{op: c.op}
	sub := check.subscription(body, s.now())
	offered := s.books.plans[sub.PlanID]
	if offered != nil {
		sub.Own = check.override(body, &offered.Terms, s.now())
		check.agree(body, sub, offered)
	}
	switch p := check.problem(); {
	case p != nil && p.Status == http.StatusBadRequest:
		return "", p
	case offered == nil:
		return "", notFound(c.op)
	case offered.Status != statusActive:
		return "", issueProblem(c.op, "PLAN_STATUS_INVALID")
	case p != nil:
		return "", p
	}
	s.addSubscription(sub)
	return sub.ID, nil
}

// addSubscription takes a new subscription into the books. Holds s.mu.
func (s *Server) addSubscription(sub *subscription) {
	now := s.now()
	sub.ID, sub.Token, sub.Status = newSubscriptionID(), newApprovalToken(), statusApprovalPending
	sub.Created, sub.Updated, sub.StatusAt = now, now, now
	if sub.Start.IsZero() {
		sub.Start = now
	}
	s.books.subscriptions[sub.ID] = sub
	s.books.subscriptionIDs = append(s.books.subscriptionIDs, sub.ID)
	s.books.byToken[sub.Token] = sub
	s.emitSubscription("CREATED", sub)
	s.keepSubscription(sub)
}

// overrideRefused is PayPal's answer to a caller who may not override a plan.
func overrideRefused() *problem {
	return statusProblem(http.StatusForbidden, detail{Issue: "PERMISSION_DENIED",
		Description: "Billing Plan Override is not allowed due to insufficient permissions."})
}

// showSubscription is GET /v1/billing/subscriptions/{id}.
func (s *Server) showSubscription(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.books.subscriptions[c.id()]
	if sub == nil {
		return reply{}, notFound(c.op)
	}
	asked := fields(c.URL.Query().Get("fields"))
	v := s.viewSubscription(sub, asked["last_failed_payment"])
	if asked["plan"] {
		v.Plan = s.viewAgreed(sub)
	}
	return reply{http.StatusOK, v}, nil
}

// suspendSubscription is POST /v1/billing/subscriptions/{id}/suspend.
func (s *Server) suspendSubscription(c *call) (reply, error) {
	return s.moveSubscription(c, func(sub *subscription, reason string) bool { return s.suspend(sub, reason) })
}

// cancelSubscription is POST /v1/billing/subscriptions/{id}/cancel.
func (s *Server) cancelSubscription(c *call) (reply, error) {
	return s.moveSubscription(c, func(sub *subscription, reason string) bool { return s.end(sub, reason) })
}

// activateSubscription is POST /v1/billing/subscriptions/{id}/activate.
func (s *Server) activateSubscription(c *call) (reply, error) {
	return s.moveSubscription(c, func(sub *subscription, reason string) bool { return s.activate(sub, reason) })
}

// moveSubscription brings a subscription into another status; move reports whether that was possible.
func (s *Server) moveSubscription(c *call, move func(*subscription, string) bool) (reply, error) {
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.books.subscriptions[c.id()]
	check := &checker{op: c.op}
	reason := check.text(body, "", "reason", textRule{
		required: c.op != opActivate || sub != nil && sub.Status == statusSuspended, min: 1, max: 128,
	})
	switch p := check.problem(); {
	case p != nil:
		return reply{}, p
	case sub == nil:
		return reply{}, notFound(c.op)
	case !move(sub, reason):
		return reply{}, issueProblem(c.op, "SUBSCRIPTION_STATUS_INVALID")
	}
	return reply{http.StatusNoContent, nil}, nil
}
