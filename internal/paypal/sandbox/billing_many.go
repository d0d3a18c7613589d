package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

const maxMany = 1_000_000 // subscriptions that one call may make

// manySubscriptions is what POST /sandbox/subscriptions is asked for.
type manySubscriptions struct {
	Count     int      `json:"count"`
	CustomID  string   `json:"custom_id"`  // of each; {n} stands for its number, from 1
	CustomIDs []string `json:"custom_ids"` // of each in turn, instead
	Currency  string   `json:"currency"`
	Amount    string   `json:"amount"`
	Unit      string   `json:"interval_unit"`
	Threshold int      `json:"payment_failure_threshold"`
	AutoBill  bool     `json:"auto_bill_outstanding"`
	Total     int      `json:"total_cycles"`
	// when the first payment was due; those until now have been made, and no webhook tells of them
	Start time.Time `json:"start"`
	Plan  string    `json:"plan_id"` // instead of one of their own
}

// madeSubscription is one of them in the answer.
type madeSubscription struct {
	ID       string   `json:"id"`
	CustomID string   `json:"custom_id"`
	Sales    []string `json:"sales"`
}

// check fills in what was left out, and says what cannot be.
func (m *manySubscriptions) check(now time.Time) (price money, err error) {
	if m.Count == 0 {
		m.Count = max(1, len(m.CustomIDs))
	}
	if m.Start.IsZero() {
		m.Start = now
	}
	switch {
	case m.Count < 1 || m.Count > maxMany:
		return price, fmt.Errorf("count %d: it has to be between 1 and %d", m.Count, maxMany)
	case len(m.CustomIDs) != 0 && len(m.CustomIDs) != m.Count:
		return price, fmt.Errorf("custom_ids: there are %d for %d subscriptions", len(m.CustomIDs), m.Count)
	case m.Unit != "DAY" && m.Unit != "WEEK" && m.Unit != "MONTH" && m.Unit != "YEAR":
		return price, fmt.Errorf("interval_unit %q: it has to be DAY, WEEK, MONTH or YEAR", m.Unit)
	}
	return hookAmount(m.Currency, m.Amount)
}

// customID is that of the subscription with this number, counted from 0.
func (m *manySubscriptions) customID(n int) string {
	past := pastPayments{CustomID: m.CustomID, CustomIDs: m.CustomIDs}
	return past.customID(n)
}

// hookSubscriptions is POST /sandbox/subscriptions: many subscriptions that are ACTIVE, each with a payer of its own.
// No webhook tells of them; their next payments are made as anybody's.
func (s *Server) hookSubscriptions(w http.ResponseWriter, r *http.Request) {
	want := manySubscriptions{Currency: "EUR", Amount: "10.00", Unit: "MONTH", Threshold: 3}
	if !readLongHook(w, r, &want, maxHistoryBody) {
		return
	}
	price, err := want.check(s.now())
	if err != nil {
		hookError(w, http.StatusBadRequest, "%v", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.plans[want.Plan]
	switch {
	case p == nil && want.Plan != "":
		hookError(w, http.StatusConflict, "there is no plan %s", want.Plan)
		return
	case p == nil:
		p = s.enterPlan(&want, price)
	case p.Terms.Currency != price.Currency:
		hookError(w, http.StatusConflict, "the plan is in %s", p.Terms.Currency)
		return
	}
	made := make([]madeSubscription, want.Count)
	for n := range made {
		made[n] = s.enterSubscription(p, &want, price, n)
	}
	writeJSON(w, http.StatusCreated, map[string]any{"plan_id": p.ID, "subscriptions": made})
}

// enterPlan makes the plan that many subscriptions share. Holds s.mu.
func (s *Server) enterPlan(want *manySubscriptions, price money) *plan {
	now := s.now()
	product := &product{ID: newProductID(), Name: "Many subscriptions", Type: "SERVICE", Created: now, Updated: now}
	p := &plan{
		ID: newPlanID(), ProductID: product.ID, Name: product.Name, Status: statusActive, Created: now, Updated: now,
		Terms: terms{
			Currency:    price.Currency,
			Preferences: preferences{AutoBill: want.AutoBill, Threshold: want.Threshold, SetupFeeFailure: setupCancels},
			Cycles: []cycle{{
				Sequence: 1, Tenure: tenureRegular, Unit: want.Unit, Count: 1, Total: want.Total,
				Pricing: &pricing{Version: 1, Price: price, Created: now, Updated: now},
			}},
		},
	}
	s.books.products[product.ID], s.books.plans[p.ID] = product, p
	s.books.productIDs = append(s.books.productIDs, product.ID)
	s.books.planIDs = append(s.books.planIDs, p.ID)
	s.journal.put("product", product.ID, product)
	s.journal.put("plan", p.ID, p)
	return p
}

// enterSubscription makes one of them. Holds s.mu.
func (s *Server) enterSubscription(p *plan, want *manySubscriptions, price money, n int) madeSubscription {
	payer := person{Email: fmt.Sprintf("supporter-%d@example.com", len(s.books.subscriptionIDs)+1)}.payer()
	start := want.Start.UTC()
	sub := &subscription{
		ID: newSubscriptionID(), PlanID: p.ID, Status: statusActive, StatusAt: start, CustomID: want.customID(n), Quantity: 1,
		Created: start, Updated: start, Start: start, Token: newApprovalToken(), Payer: payer,
		Billing: billing{Completed: map[int]int{}, Anchor: start.Day(), Scheduled: start},
	}
	if c := p.Terms.regular(); c.Pricing == nil || c.Pricing.Price != price || want.Plan != "" {
		sub.Own = p.Terms.clone()
		sub.Own.regular().Pricing = &pricing{Version: 1, Price: price, Created: start, Updated: start}
	}
	s.books.subscriptions[sub.ID], s.books.byToken[sub.Token] = sub, sub
	s.books.subscriptionIDs = append(s.books.subscriptionIDs, sub.ID)
	made := madeSubscription{ID: sub.ID, CustomID: sub.CustomID, Sales: []string{}}
	sub.Billing.Due = start
	if start.After(s.now()) {
		s.schedule(sub, tenOClock(start))
	}
	for due := sub.Billing.Due; !due.IsZero() && !due.After(s.now()); due = sub.Billing.Due {
		made.Sales = append(made.Sales, s.enterSale(sub, bill{money: price}, saleCompleted, due).ID)
		sub.Billing.LastPayment = &payment{price, due}
		s.next(sub, s.books.terms(sub).regular())
	}
	return made
}
