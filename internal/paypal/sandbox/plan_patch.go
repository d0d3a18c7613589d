package sandbox

import (
	"net/http"
	"strconv"
	"strings"
)

// patchPlan is PATCH /v1/billing/plans/{id}. All steps are taken, or none.
func (s *Server) patchPlan(c *call) (reply, error) {
	steps, err := c.patch()
	if err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.plans[c.id()]
	switch {
	case p == nil:
		return reply{}, notFound(c.op)
	case p.Status == statusInactive:
		return reply{}, issueProblem(c.op, "PLAN_STATUS_INACTIVE")
	}
	next := *p
	next.Terms = *p.Terms.clone()
	check := &checker{op: c.op}
	for _, step := range steps {
		check.patchPlan(&next, step)
	}
	if wrong := check.problem(); wrong != nil {
		return reply{}, wrong
	}
	next.Updated = s.now()
	*p = next
	s.keepPlan(p, "UPDATED", "A billing plan was updated.")
	return reply{http.StatusNoContent, nil}, nil
}

// patchPlan takes one step on a plan.
func (c *checker) patchPlan(p *plan, step patchStep) {
	at, name := "", strings.TrimPrefix(step.Path, "/")
	if i := strings.LastIndex(step.Path, "/"); i > 0 {
		at, name = step.Path[:i], step.Path[i+1:]
	}
	object := map[string]any{name: step.Value}
	switch {
	case step.Op != "replace":
		c.bad(step.Path, step.Op, "UNSUPPORTED_PATCH_OPERATION")
	case step.Path == "/name":
		p.Name = c.text(object, at, name, textRule{required: true, min: 1, max: 127})
	case step.Path == "/description":
		p.Description = c.text(object, at, name, textRule{required: true, min: 1, max: 127})
	case step.Path == "/taxes/percentage" && p.Terms.Taxes != nil:
		c.taxes(object, at, p.Terms.Taxes)
	case at == "/payment_preferences" && preferenceNames[name]:
		c.preferences(map[string]any{"payment_preferences": object}, "", &p.Terms)
	default:
		c.bad(step.Path, step.Op, "UNSUPPORTED_PATCH_OPERATION")
	}
}

var preferenceNames = map[string]bool{
	"auto_bill_outstanding": true, "payment_failure_threshold": true, "setup_fee": true, "setup_fee_failure_action": true,
}

// repricePlan is POST /v1/billing/plans/{id}/update-pricing-schemes. It changes what everybody pays who subscribed to
// the plan as it is.
func (s *Server) repricePlan(c *call) (reply, error) {
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.plans[c.id()]
	if p == nil {
		return reply{}, notFound(c.op)
	}
	next := p.Terms.clone()
	check, now := &checker{op: c.op}, s.now()
	check.need(body, "", "pricing_schemes")
	for i, given := range check.objects(body, "", "pricing_schemes", 99) {
		at := "/pricing_schemes/" + strconv.Itoa(i)
		check.need(given, at, "billing_cycle_sequence")
		check.need(given, at, "pricing_scheme")
		sequence := check.integer(given, at, "billing_cycle_sequence", 0, 1, 99)
		scheme := check.pricing(given, at, next, now)
		switch one := next.find(sequence); {
		case scheme == nil:
		case one == nil:
			check.refuse(at+"/billing_cycle_sequence", strconv.Itoa(sequence), "INVALID_BILLING_CYCLE_SEQUENCE")
		case one.Pricing == nil:
			one.Pricing = scheme
		default:
			one.Pricing.change(scheme.Price, now)
		}
	}
	if wrong := check.problem(); wrong != nil {
		return reply{}, wrong
	}
	p.Terms, p.Updated = *next, now
	s.keepPlan(p, "PRICING-CHANGE.ACTIVATED", "A price change for the plan was activated.")
	return reply{http.StatusNoContent, nil}, nil
}
