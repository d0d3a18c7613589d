package sandbox

import (
	"net/http"
	"time"
)

// subscriptionMemory is how long PayPal remembers the request ids of Subscriptions v1.
const subscriptionMemory = 72 * time.Hour

// transactionsView is the list of a subscription's payments; without any member it says that PayPal does not know.
type transactionsView struct {
	Transactions []transactionOf `json:"transactions"`
	Items        int             `json:"total_items"`
	Pages        int             `json:"total_pages"`
	Links        []link          `json:"links"`
}

// transactionOf is one payment of a subscription.
type transactionOf struct {
	ID         string          `json:"id"`
	Status     string          `json:"status"`
	Details    *reasonView     `json:"status_details,omitempty"`
	Amount     breakdownAmount `json:"amount_with_breakdown"`
	PayerName  *nameView       `json:"payer_name,omitempty"`
	PayerEmail string          `json:"payer_email,omitempty"`
	Time       string          `json:"time"`
}

type breakdownAmount struct {
	Gross    *moneyView `json:"gross_amount"`
	Items    *moneyView `json:"total_item_amount,omitempty"`
	Fee      *moneyView `json:"fee_amount,omitempty"`
	Shipping *moneyView `json:"shipping_amount,omitempty"`
	Tax      *moneyView `json:"tax_amount,omitempty"`
	Net      *moneyView `json:"net_amount,omitempty"`
}

// subscriptionTransactions is GET /v1/billing/subscriptions/{id}/transactions. Attempts that failed are not in it.
func (s *Server) subscriptionTransactions(c *call) (reply, error) {
	q := &queryReader{values: c.URL.Query()}
	from, to := q.moment("start_time", true), q.moment("end_time", true)
	for i := range q.faults {
		q.faults[i].Description = describe(c.op, q.faults[i].Issue)
	}
	if p := q.problem(); p != nil {
		return reply{}, p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.books.subscriptions[c.id()]
	if sub == nil {
		return reply{}, notFound(c.op)
	}
	if s.books.billing.Unknown {
		return reply{http.StatusOK, struct{}{}}, nil
	}
	if known := s.now().Add(-time.Duration(s.books.billing.Lag)); to.After(known) {
		to = known
	}
	v := transactionsView{Transactions: []transactionOf{}, Links: []link{{
		Href: s.opts.BaseURL + c.URL.RequestURI(), Rel: "self", Method: "GET",
	}}}
	for _, k := range s.books.sales[sub.ID] {
		if !k.Created.Before(from) && !k.Created.After(to) {
			v.Transactions = append(v.Transactions, viewTransactionOf(sub, k))
		}
	}
	v.Items = len(v.Transactions)
	v.Pages = min(1, v.Items)
	return reply{http.StatusOK, v}, nil
}

func viewTransactionOf(sub *subscription, k *capture) transactionOf {
	v := transactionOf{
		ID: k.ID, Status: k.Status, Amount: breakdownAmount{Gross: k.Amount.view()}, Time: stampMillis(k.Created),
	}
	if k.Status != statusPending {
		v.Amount.Fee, v.Amount.Net = money{k.Amount.Currency, k.Fee}.view(), k.Amount.minus(k.Fee).view()
	}
	if k.Tax+k.Shipping > 0 {
		v.Amount.Items = k.items().view()
		v.Amount.Tax, v.Amount.Shipping = money{k.Amount.Currency, k.Tax}.view(), money{k.Amount.Currency, k.Shipping}.view()
	}
	if k.Reason != "" {
		v.Details = &reasonView{k.Reason}
	}
	if p := sub.Payer; p != nil {
		v.PayerName, v.PayerEmail = &nameView{p.GivenName, p.Surname}, p.Email
	}
	return v
}

// captureOutstanding is POST /v1/billing/subscriptions/{id}/capture.
func (s *Server) captureOutstanding(c *call) (reply, error) {
	id, _, err := s.onceOnly(c, subscriptionMemory, func() (string, error) { return s.makeOutstanding(c) })
	if err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.books.billing.Accepted {
		return reply{http.StatusAccepted, nil}, nil
	}
	k := s.books.captures[id]
	return reply{http.StatusOK, viewTransactionOf(s.books.subscriptions[k.SubscriptionID], k)}, nil
}

// makeOutstanding checks the request and charges the payer.
func (s *Server) makeOutstanding(c *call) (string, error) {
	body, err := c.object()
	if err != nil {
		return "", err
	}
	amount, p := checkOutstanding(c.op, body)
	if p != nil {
		return "", p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.books.subscriptions[c.id()]
	if sub == nil {
		return "", notFound(c.op)
	}
	if p := s.outstandingRefusal(c.op, sub, amount); p != nil {
		return "", p
	}
	outcome, _ := s.outcomeOf(sub)
	if outcome == saleFailed {
		s.changed(sub)
		return "", issueProblem(c.op, "SUBSCRIBER_ACCOUNT_RESTRICTED")
	}
	sub.Billing.Outstanding -= amount.Minor
	k := s.take(sub, bill{money: amount}, outcome)
	s.emitSale(k)
	return k.ID, nil
}

// checkOutstanding reads the request.
func checkOutstanding(op operation, body map[string]any) (money, *problem) {
	c := &checker{op: op}
	c.text(body, "", "note", textRule{required: true, min: 1, max: 128})
	c.text(body, "", "capture_type", textRule{required: true, oneOf: []string{"OUTSTANDING_BALANCE"}})
	var m money
	if amount := c.object(body, "", "amount"); amount != nil {
		m, _ = c.amount(amount, amountRule{at: "/amount", named: "/amount"})
	} else {
		c.bad("/amount", "", "MISSING_REQUIRED_PARAMETER")
	}
	return m, c.problem()
}

// outstandingRefusal is why an outstanding balance cannot be captured so. Holds s.mu.
func (s *Server) outstandingRefusal(op operation, sub *subscription, amount money) *problem {
	switch {
	case sub.Status != statusActive && sub.Status != statusSuspended && sub.Status != statusExpired:
		return issueProblem(op, "SUBSCRIPTION_STATUS_INVALID")
	case amount.Currency != s.books.terms(sub).Currency:
		return issueProblem(op, "CURRENCY_MISMATCH")
	case sub.Billing.Outstanding == 0:
		return issueProblem(op, "ZERO_OUTSTANDING_BALANCE")
	case amount.Minor > sub.Billing.Outstanding:
		return issueProblem(op, "AMOUNT_GREATER_THAN_OUTSTANDING_BALANCE")
	}
	return nil
}
