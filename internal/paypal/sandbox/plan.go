package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// createPlan is POST /v1/billing/plans.
func (s *Server) createPlan(c *call) (reply, error) {
	id, replay, err := s.onceOnly(c, billingMemory, func() (string, error) { return s.makePlan(c) })
	if err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.plans[id]
	if c.wantsAll() {
		return reply{created(replay), s.viewPlan(p)}, nil
	}
	return reply{created(replay), planView{ID: p.ID, Status: p.Status, Links: s.planLinks(p)}}, nil
}

// makePlan checks the request and enters the plan.
func (s *Server) makePlan(c *call) (string, error) {
	body, err := c.object()
	if err != nil {
		return "", err
	}
	p, wrong := checkPlan(body, s.now())
	if wrong != nil {
		return "", wrong
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.books.products[p.ProductID] == nil {
		return "", notFound(c.op)
	}
	p.ID, p.Created, p.Updated = newPlanID(), s.now(), s.now()
	s.books.plans[p.ID] = p
	s.books.planIDs = append(s.books.planIDs, p.ID)
	s.keepPlan(p, "CREATED", "A billing plan was created.")
	return p.ID, nil
}

// keepPlan notes the present state of a plan and tells of it. Holds s.mu.
func (s *Server) keepPlan(p *plan, kind, summary string) {
	s.journal.put("plan", p.ID, p)
	s.emit(news{"BILLING.PLAN." + kind, "plan", "2.0", summary, p.ID, s.viewPlan(p)})
}

// showPlan is GET /v1/billing/plans/{id}.
func (s *Server) showPlan(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.plans[c.id()]
	if p == nil {
		return reply{}, notFound(c.op)
	}
	return reply{http.StatusOK, s.viewPlan(p)}, nil
}

// listPlans is GET /v1/billing/plans: short, unless the caller asks for the whole.
func (s *Server) listPlans(c *call) (reply, error) {
	want, p := readPage(c)
	check, query := &checker{op: c.op}, c.URL.Query()
	product, some := query.Get("product_id"), query.Get("plan_ids")
	if query.Has("product_id") && (len(product) < 6 || len(product) > 50) {
		check.badQuery("product_id", product)
	}
	if strings.Count(some, ",") >= 10 {
		check.badQuery("plan_ids", some)
	}
	if p == nil {
		p = check.problem()
	}
	if p != nil {
		return reply{}, p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ids, answer := want.cut(slices.DeleteFunc(slices.Clone(s.books.planIDs), func(id string) bool {
		return product != "" && s.books.plans[id].ProductID != product ||
			some != "" && !slices.Contains(strings.Split(some, ","), id)
	}))
	for _, id := range ids {
		v := s.viewPlan(s.books.plans[id])
		if !c.wantsAll() {
			v.Cycles, v.Preferences, v.Taxes, v.QuantitySupported, v.UpdateTime = nil, nil, nil, nil, ""
		}
		answer.Plans = append(answer.Plans, v)
	}
	answer.Links = want.links(s.opts.BaseURL, c.URL)
	return reply{http.StatusOK, answer}, nil
}

// activatePlan is POST /v1/billing/plans/{id}/activate.
func (s *Server) activatePlan(c *call) (reply, error) {
	return s.offerPlan(c, statusActive, statusCreated, statusInactive)
}

// deactivatePlan is POST /v1/billing/plans/{id}/deactivate: nobody can subscribe any more; who has goes on.
func (s *Server) deactivatePlan(c *call) (reply, error) {
	return s.offerPlan(c, statusInactive, statusActive)
}

func (s *Server) offerPlan(c *call, status string, from ...string) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.plans[c.id()]
	switch {
	case p == nil:
		return reply{}, notFound(c.op)
	case !slices.Contains(from, p.Status):
		return reply{}, issueProblem(c.op, "PLAN_STATUS_INVALID")
	}
	p.Status, p.Updated = status, s.now()
	kind := map[string]string{statusActive: "ACTIVATED", statusInactive: "DEACTIVATED"}[status]
	s.keepPlan(p, kind, "A billing plan was "+strings.ToLower(kind)+".")
	return reply{http.StatusNoContent, nil}, nil
}

func (s *Server) planLinks(p *plan) []link {
	self := s.opts.BaseURL + "/v1/billing/plans/" + p.ID
	links := []link{{self, "self", "GET", "application/json"}, {self, "edit", "PATCH", "application/json"}}
	if p.Status == statusActive {
		return append(links, link{self + "/deactivate", "deactivate", "POST", "application/json"})
	}
	return append(links, link{self + "/activate", "activate", "POST", "application/json"})
}

func (s *Server) viewPlan(p *plan) planView {
	v := planView{
		ID: p.ID, ProductID: p.ProductID, Name: p.Name, Status: p.Status, Description: p.Description,
		QuantitySupported: &p.QuantitySupported, CreateTime: stamp(p.Created), UpdateTime: stamp(p.Updated),
		Links: s.planLinks(p),
	}
	p.Terms.viewInto(&v)
	return v
}
