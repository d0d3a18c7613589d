package sandbox

import (
	"net/http"
	"time"
)

// A sale is the payment of a subscription. It is kept among the captures, whose ids it shares: PayPal serves it as a
// sale (v1) and as a capture (v2).

// What PayPal says of the seller's funds when it holds them back, and when it has let them go.
const (
	holdHeld     = "HELD"
	holdReleased = "RELEASED"
)

// clearingTime is how long an eCheck takes.
const clearingTime = 4 * 24 * time.Hour

// saleView is a sale on PayPal's wire.
type saleView struct {
	ID             string           `json:"id"`
	State          string           `json:"state"`
	ReasonCode     string           `json:"reason_code,omitempty"`
	Agreement      string           `json:"billing_agreement_id,omitempty"`
	Amount         saleAmount       `json:"amount"`
	PaymentMode    string           `json:"payment_mode"`
	Protection     string           `json:"protection_eligibility"`
	ProtectionType string           `json:"protection_eligibility_type,omitempty"`
	ClearingTime   string           `json:"clearing_time,omitempty"`
	HoldStatus     string           `json:"payment_hold_status,omitempty"`
	HoldReasons    []holdReasonView `json:"payment_hold_reasons,omitempty"`
	Fee            *saleMoney       `json:"transaction_fee,omitempty"`
	ParentPayment  string           `json:"parent_payment,omitempty"` // in the simulator's events only
	InvoiceNumber  *string          `json:"invoice_number,omitempty"` // in webhooks only
	CreateTime     string           `json:"create_time"`
	UpdateTime     string           `json:"update_time"`
	Links          []link           `json:"links"`
}

// saleAmount is the total of a sale or of its refund.
type saleAmount struct {
	Total    string       `json:"total"`
	Currency string       `json:"currency"`
	Details  *saleDetails `json:"details,omitempty"`
}

type saleDetails struct {
	Subtotal string `json:"subtotal"`
	Tax      string `json:"tax,omitempty"`
	Shipping string `json:"shipping,omitempty"`
}

type saleMoney struct {
	Currency string `json:"currency"`
	Value    string `json:"value"`
}

type holdReasonView struct {
	Reason string `json:"payment_hold_reason"`
}

func (m money) saleView() *saleMoney { return &saleMoney{m.Currency, m.String()} }

// saleStates are the statuses of a capture in the words of v1.
var saleStates = map[string]string{
	statusCompleted: "completed", statusPending: "pending", statusDeclined: "denied", statusRefunded: "refunded",
	statusPartlyRefunded: "partially_refunded",
}

// enterSale takes a payment of a subscription at a time. Holds s.mu.
func (s *Server) enterSale(sub *subscription, due bill, outcome saleOutcome, at time.Time) *capture {
	k := &capture{
		ID: newID(), SubscriptionID: sub.ID, Status: statusCompleted, Amount: due.money, CustomID: sub.CustomID,
		Fee: s.fees[due.Currency].of(due.money), Tax: due.tax, Shipping: due.shipping, Created: at, Updated: at,
	}
	switch outcome {
	case salePending:
		k.Status, k.Reason = statusPending, "ECHECK"
	case saleHeld:
		k.Hold = holdHeld
	case saleCompleted, saleFailed:
	}
	s.books.captures[k.ID] = k
	s.indexSale(k)
	s.enterLedger(ledgerRef{kindCapture, k.ID})
	s.enterMovement(k)
	s.journal.put("capture", k.ID, k)
	return k
}

// indexSale makes a sale findable by its subscription. Holds s.mu.
func (s *Server) indexSale(k *capture) {
	if k.SubscriptionID != "" {
		s.books.sales[k.SubscriptionID] = append(s.books.sales[k.SubscriptionID], k)
	}
}

// details are what the amount of a sale is made of.
func (k *capture) details() *saleDetails {
	d := &saleDetails{Subtotal: k.items().String()}
	if k.Tax > 0 {
		d.Tax = money{k.Amount.Currency, k.Tax}.String()
	}
	if k.Shipping > 0 {
		d.Shipping = money{k.Amount.Currency, k.Shipping}.String()
	}
	return d
}

// items is what of a sale is neither tax nor shipping.
func (k *capture) items() money { return k.Amount.minus(k.Tax + k.Shipping) }

// emitSale tells what became of a sale. Holds s.mu.
func (s *Server) emitSale(k *capture) {
	v := s.viewSale(k)
	v.InvoiceNumber = &k.InvoiceID
	n := news{resourceType: "sale", about: k.ID, resource: v}
	switch k.Status {
	case statusPending:
		n.kind, n.summary = "PAYMENT.SALE.PENDING", "Payment pending for "+k.Amount.summary()
	case statusDeclined:
		n.kind, n.summary = "PAYMENT.SALE.DENIED", "Payment denied for "+k.Amount.summary()
	default:
		n.kind, n.summary = "PAYMENT.SALE.COMPLETED", "Payment completed for "+k.Amount.summary()
	}
	s.emit(n)
}

// showSale is GET /v1/payments/sale/{id}.
func (s *Server) showSale(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.findSale(c.id())
	if k == nil {
		return reply{}, unknownPayment()
	}
	return reply{http.StatusOK, s.viewSale(k)}, nil
}

// findSale gives the sale with an id; nil for the capture of an order, which v1 does not know. Holds s.mu.
func (s *Server) findSale(id string) *capture {
	if k := s.books.captures[id]; k != nil && k.SubscriptionID != "" {
		return k
	}
	return nil
}

// viewSale is a sale as GET and the webhooks give it. As recorded, it names neither a payment that it belongs to nor
// who paid.
func (s *Server) viewSale(k *capture) saleView {
	base := s.opts.BaseURL + "/v1/payments/sale/" + k.ID
	v := saleView{
		ID: k.ID, State: saleStates[k.Status], Agreement: k.SubscriptionID, PaymentMode: "INSTANT_TRANSFER",
		Amount:     saleAmount{k.Amount.String(), k.Amount.Currency, k.details()},
		Protection: "ELIGIBLE", ProtectionType: "ITEM_NOT_RECEIVED_ELIGIBLE,UNAUTHORIZED_PAYMENT_ELIGIBLE",
		HoldStatus: k.Hold, CreateTime: stamp(k.Created), UpdateTime: stamp(k.Updated),
		Links: []link{
			{Href: base, Rel: "self", Method: "GET"}, {Href: base + "/refund", Rel: "refund", Method: "POST"},
		},
	}
	if k.Status == statusPending {
		v.PaymentMode, v.ReasonCode = "ECHECK", k.Reason
		v.ClearingTime = stamp(k.Created.Add(clearingTime))
	} else {
		v.Fee = money{k.Amount.Currency, k.Fee}.saleView()
	}
	if k.Reversed {
		v.ReasonCode = k.Reason
	}
	if k.Hold == holdHeld {
		v.HoldReasons = []holdReasonView{{"PAYMENT_HOLD"}}
	}
	return v
}
