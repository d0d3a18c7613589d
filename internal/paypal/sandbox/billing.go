package sandbox

import "time"

// billing is how far a subscription has been paid.
type billing struct {
	Completed   map[int]int // cycles billed, by sequence
	Outstanding int64
	Failed      int // payments in a row
	LastPayment *payment
	LastFailed  *failedPayment
	NextBilling time.Time
	Script      failureScript
}

type payment struct {
	Amount money
	At     time.Time
}

type failedPayment struct {
	Amount  money
	At      time.Time
	Reason  string
	RetryAt time.Time // zero: it is not tried again
}

// failureScript is what a test wants to go wrong: the next Times attempts to charge the payer fail.
type failureScript struct {
	Times  int
	Reason string
}

// beginBilling bills a subscription that has just become ACTIVE for the first time, and gives what is to be told after
// the event ACTIVATED. Holds s.mu.
func (s *Server) beginBilling(sub *subscription) (tell func()) {
	sub.Billing = billing{Completed: map[int]int{}, NextBilling: s.now()}
	return func() {}
}

// resumeBilling goes on with a subscription that is ACTIVE again. Holds s.mu.
func (s *Server) resumeBilling(*subscription) {}

// stopBilling leaves a subscription that is suspended, or has ended, alone. Holds s.mu.
func (s *Server) stopBilling(*subscription) {}

// scheduleBilling takes a subscription that the journal kept into the run of payments.
func (s *Server) scheduleBilling(*subscription) {}

type billingInfoView struct {
	Outstanding  *moneyView         `json:"outstanding_balance"`
	Executions   []executionView    `json:"cycle_executions"`
	Failed       int                `json:"failed_payments_count"`
	LastPayment  *paymentTimeView   `json:"last_payment,omitempty"`
	NextBilling  string             `json:"next_billing_time,omitempty"`
	FinalPayment string             `json:"final_payment_time,omitempty"`
	LastFailed   *failedPaymentView `json:"last_failed_payment,omitempty"`
}

type executionView struct {
	Tenure    string `json:"tenure_type"`
	Sequence  int    `json:"sequence"`
	Completed int    `json:"cycles_completed"`
	Remaining int    `json:"cycles_remaining"`
	Version   int    `json:"current_pricing_scheme_version,omitempty"`
	Total     int    `json:"total_cycles"`
}

type paymentTimeView struct {
	Amount *moneyView `json:"amount"`
	Time   string     `json:"time"`
}

type failedPaymentView struct {
	Amount *moneyView `json:"amount"`
	Time   string     `json:"time"`
	Reason string     `json:"reason_code,omitempty"`
	Retry  string     `json:"next_payment_retry_time,omitempty"`
}

// billingInfo is billing_info; the last failed payment is in it only for a caller who asks for it. Holds s.mu.
func (s *Server) billingInfo(sub *subscription, withFailed bool) *billingInfoView {
	agreed, b := s.books.terms(sub), &sub.Billing
	v := &billingInfoView{
		Outstanding: money{agreed.Currency, b.Outstanding}.looseView(), Executions: []executionView{}, Failed: b.Failed,
	}
	for _, c := range agreed.Cycles {
		e := executionView{Tenure: c.Tenure, Sequence: c.Sequence, Completed: b.Completed[c.Sequence], Total: c.Total}
		if c.Total > 0 {
			e.Remaining = max(0, c.Total-e.Completed)
		}
		if c.Pricing != nil {
			e.Version = c.Pricing.Version
		}
		v.Executions = append(v.Executions, e)
	}
	if p := b.LastPayment; p != nil {
		v.LastPayment = &paymentTimeView{p.Amount.looseView(), stamp(p.At)}
	}
	if !b.NextBilling.IsZero() && !sub.over() {
		v.NextBilling = stamp(b.NextBilling)
	}
	if withFailed && b.LastFailed != nil {
		v.LastFailed = b.LastFailed.view()
	}
	return v
}

func (f *failedPayment) view() *failedPaymentView {
	v := &failedPaymentView{Amount: f.Amount.looseView(), Time: stamp(f.At), Reason: f.Reason}
	if !f.RetryAt.IsZero() {
		v.Retry = stamp(f.RetryAt)
	}
	return v
}
