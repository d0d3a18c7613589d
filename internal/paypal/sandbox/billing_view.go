package sandbox

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
