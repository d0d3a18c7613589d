package sandbox

import (
	"net/http"
	"strings"
	"unicode/utf8"
)

// saleRefundView is the refund of a sale as v1 and its webhooks give it. What the webhooks leave out is empty there.
type saleRefundView struct {
	ID            string     `json:"id"`
	SaleID        string     `json:"sale_id,omitempty"`
	ParentPayment string     `json:"parent_payment,omitempty"`
	State         string     `json:"state"`
	ReasonCode    string     `json:"refund_reason_code,omitempty"` // in webhooks only
	Amount        saleAmount `json:"amount"`
	FromFee       *saleMoney `json:"refund_from_transaction_fee,omitempty"`
	FromReceived  *saleMoney `json:"refund_from_received_amount,omitempty"`
	TotalRefunded *saleMoney `json:"total_refunded_amount,omitempty"` // of all refunds up to this one
	InvoiceNumber string     `json:"invoice_number,omitempty"`
	Custom        string     `json:"custom,omitempty"`
	Description   string     `json:"description,omitempty"`
	CreateTime    string     `json:"create_time"`
	UpdateTime    string     `json:"update_time,omitempty"`
	Links         []link     `json:"links"`
}

// refundSale is POST /v1/payments/sale/{id}/refund.
func (s *Server) refundSale(c *call) (reply, error) {
	id, replay, err := s.onceOnly(c, refundMemory, func() (string, error) { return s.makeSaleRefund(c) })
	if err != nil {
		return reply{}, err
	}
	status := http.StatusCreated
	if replay {
		status = http.StatusOK
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.books.refunds[id]
	v := s.viewSaleRefund(r)
	v.FromFee = money{r.Amount.Currency, r.FeeReturned}.saleView()
	v.FromReceived = r.Amount.minus(r.FeeReturned).saleView()
	v.TotalRefunded = money{r.Amount.Currency, r.TotalRefunded}.saleView()
	v.Custom = r.CustomID
	return reply{status, v}, nil
}

// makeSaleRefund checks the request and gives the money back.
func (s *Server) makeSaleRefund(c *call) (string, error) {
	body, err := decodeObject(c.body)
	if err != nil {
		return "", paymentProblem(http.StatusBadRequest, "MALFORMED_REQUEST")
	}
	want, p := checkSaleRefund(body)
	if p != nil {
		return "", p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.findSale(c.id())
	if k == nil {
		return "", unknownPayment()
	}
	if p := s.refundRefusal(k, want); p != nil {
		return "", asV1Problem(p)
	}
	want.pending = s.faults.take(c.Method, c.URL.Path, kindPendingRefund) != nil
	return s.enterRefund(k, want).ID, nil
}

// checkSaleRefund reads a refund request of v1.
func checkSaleRefund(body map[string]any) (refundOrder, *problem) {
	var want refundOrder
	var faults []detail
	text := func(obj map[string]any, at, name string, most int) string {
		value, isText := obj[name].(string)
		if obj[name] != nil && !isText || utf8.RuneCountInString(value) > most {
			faults = append(faults, detail{Field: at + name, Issue: "Value is invalid"})
		}
		return value
	}
	want.note, want.invoiceID = text(body, "", "description", 255), text(body, "", "invoice_number", 127)
	text(body, "", "reason", 30)
	if body["amount"] != nil {
		amount, _ := body["amount"].(map[string]any)
		total, currency := text(amount, "amount.", "total", 10), text(amount, "amount.", "currency", 3)
		for name, value := range map[string]string{"total": total, "currency": currency} {
			if value == "" {
				faults = append(faults, detail{Field: "amount." + name, Issue: "Required field is missing"})
			}
		}
		minor, issue := parseMinor(currency, total)
		if _, settled := decimals[currency]; len(faults) == 0 && (!settled || issue != "" || minor <= 0) {
			faults = append(faults, detail{Field: "amount.total",
				Issue: "Amount cannot be zero, and has as many decimals as its currency"})
		}
		want.amount = &money{currency, minor}
	}
	if len(faults) > 0 {
		return want, paymentProblem(http.StatusBadRequest, "VALIDATION_ERROR", faults...)
	}
	return want, nil
}

// showSaleRefund is GET /v1/payments/refund/{id}.
func (s *Server) showSaleRefund(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.books.refunds[c.id()]
	if r == nil || s.findSale(r.CaptureID) == nil {
		return reply{}, unknownPayment()
	}
	return reply{http.StatusOK, s.viewSaleRefund(r)}, nil
}

// viewSaleRefund is the refund of a sale as GET gives it.
func (s *Server) viewSaleRefund(r *refund) saleRefundView {
	return saleRefundView{
		ID: r.ID, SaleID: r.CaptureID, State: strings.ToLower(r.Status), Description: r.Note, InvoiceNumber: r.InvoiceID,
		Amount:     saleAmount{Total: r.Amount.String(), Currency: r.Amount.Currency},
		CreateTime: stamp(r.Created), UpdateTime: stamp(r.updated()), Links: s.saleRefundLinks(r),
	}
}

func (s *Server) saleRefundLinks(r *refund) []link {
	base := s.opts.BaseURL + "/v1/payments/"
	return []link{
		{Href: base + "refund/" + r.ID, Rel: "self", Method: "GET"},
		{Href: base + "sale/" + r.CaptureID, Rel: "sale", Method: "GET"},
	}
}

// emitSaleRefund tells of money that went back from a sale, in the shape that is set. Holds s.mu.
func (s *Server) emitSaleRefund(k *capture, r *refund) {
	if r.Reversal {
		s.emitReversal(k, r)
		return
	}
	v, kind := s.viewSaleRefund(r), "refund"
	switch s.books.billing.RefundEvent {
	case refundSimulated:
		v, kind = s.simulatedRefund(r, "PAY-"+newID()), "sale"
	case refundBare: // as it was recorded in 2015: the link alone leads to the refund
		v.SaleID, v.Links = "", v.Links[:1]
		v.Amount.Total = r.Amount.negated().String()
	default: // as it was recorded in 2020
		v.ReasonCode = "REFUND"
		v.FromFee = money{r.Amount.Currency, r.FeeReturned}.saleView()
		v.FromReceived = r.Amount.minus(r.FeeReturned).saleView()
		v.TotalRefunded = money{r.Amount.Currency, r.TotalRefunded}.saleView()
	}
	s.emit(news{"PAYMENT.SALE.REFUNDED", kind, "", "A " + r.Amount.summary() + " sale payment was refunded", r.ID, v})
}

// simulatedRefund is a refund as the events of PayPal's simulator have it.
func (s *Server) simulatedRefund(r *refund, payment string) saleRefundView {
	v := s.viewSaleRefund(r)
	v.ParentPayment, v.Amount.Total = payment, r.Amount.negated().String()
	v.Links = append(v.Links, link{
		Href: s.opts.BaseURL + "/v1/payments/payment/" + payment, Rel: "parent_payment", Method: "GET",
	})
	return v
}

// simulatedReversal is a reversal as those events have it: a refund that does not name the sale.
func (s *Server) simulatedReversal(r *refund) saleRefundView {
	amount := r.Amount.negated().String()
	return saleRefundView{
		ID: r.ID, State: "completed", CreateTime: stamp(r.Created), Links: s.saleRefundLinks(r)[:1],
		Amount: saleAmount{amount, r.Amount.Currency, &saleDetails{Subtotal: amount}},
	}
}

// emitReversal tells that PayPal or a bank took a sale's money back. The resource is a refund without the sale's id, as
// the simulator has it, or the sale itself, as others read it. Holds s.mu.
func (s *Server) emitReversal(k *capture, r *refund) {
	n := news{"PAYMENT.SALE.REVERSED", "sale", "", "A " + r.Amount.summary() + " sale payment was reversed", r.ID, nil}
	if s.books.billing.ReversalEvent == reversalOfSale {
		n.about, n.resource = k.ID, s.viewSale(k)
	} else {
		n.resource = s.simulatedReversal(r)
	}
	s.emit(n)
}
