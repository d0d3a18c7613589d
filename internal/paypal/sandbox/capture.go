package sandbox

import "net/http"

// captureOrder is POST /v2/checkout/orders/{id}/capture.
func (s *Server) captureOrder(c *call) (reply, error) {
	id, replay, err := s.onceOnly(c, orderMemory, func() (string, error) { return s.makeCapture(c) })
	if err != nil {
		return reply{}, err
	}
	status := http.StatusCreated
	if replay {
		status = http.StatusOK
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return reply{status, s.viewCaptured(s.books.orders[id], c.wantsAll())}, nil
}

// makeCapture takes the money of an approved order, one capture for each of its units.
func (s *Server) makeCapture(c *call) (string, error) {
	if _, err := c.object(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.liveOrder(c.id())
	if o == nil {
		return "", notFound(c.op)
	}
	if p := s.captureRefusal(o); p != nil {
		return "", p
	}
	status, reason := s.captureStatus(o, c)
	o.Status = statusCompleted
	o.Updated = s.now()
	for i := range o.Units {
		s.enterCapture(o, &o.Units[i], status, reason)
	}
	s.journal.put("order", o.ID, o)
	for i := range o.Units {
		s.emitCapture(s.books.captures[o.Units[i].CaptureID])
	}
	s.emitOrder("CHECKOUT.ORDER.COMPLETED", "Checkout Order Completed", o)
	return o.ID, nil
}

// captureRefusal is why the order cannot be captured now. Holds s.mu.
func (s *Server) captureRefusal(o *order) *problem {
	switch {
	case o.Status == statusCompleted:
		return issueProblem(opCapture, "ORDER_ALREADY_CAPTURED")
	case o.Status != statusApproved:
		return issueProblem(opCapture, "ORDER_NOT_APPROVED")
	case o.Outcome == outcomeDecline:
		return s.sendBack(o, "INSTRUMENT_DECLINED", "redirect")
	case o.Outcome == outcomePayerAction:
		return s.sendBack(o, "PAYER_ACTION_REQUIRED", "payer-action")
	}
	for i := range o.Units {
		if p := s.invoiceTaken(opCapture, o.Units[i]); p != nil {
			return p
		}
	}
	return nil
}

// sendBack is a refusal that the payer can mend: its links, beside the one to the documentation, say where to send
// them. The order stays APPROVED.
func (s *Server) sendBack(o *order, code, rel string) *problem {
	p := issueProblem(opCapture, code)
	p.Links = append(p.Links, link{Href: s.approveURL(o), Rel: rel, Method: "GET"})
	return p
}

// captureStatus decides how the captures come out: as a fault says, or as the payer chose.
func (s *Server) captureStatus(o *order, c *call) (status, reason string) {
	switch {
	case s.faults.take(c.Method, c.URL.Path, kindPendingCapture) != nil:
		return statusPending, "PENDING_REVIEW"
	case s.faults.take(c.Method, c.URL.Path, kindDeclineCapture) != nil:
		return statusDeclined, ""
	case o.Outcome == outcomePending:
		return statusPending, "RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION"
	case o.Outcome == outcomeDeclinedCapture:
		return statusDeclined, ""
	default:
		return statusCompleted, ""
	}
}

// enterCapture makes the capture of one unit. Holds s.mu.
func (s *Server) enterCapture(o *order, u *unit, status, reason string) {
	k := &capture{
		ID: newID(), OrderID: o.ID, Status: status, Reason: reason, Amount: u.Amount,
		Fee:       s.fees[u.Amount.Currency].of(u.Amount),
		InvoiceID: u.InvoiceID, CustomID: u.CustomID, Payee: u.Payee, Conversion: o.Conversion, Created: s.now(),
		Updated: s.now(),
	}
	u.CaptureID = k.ID
	s.books.captures[k.ID] = k
	if k.InvoiceID != "" && status != statusDeclined {
		s.books.invoices[k.InvoiceID] = k.ID
	}
	s.enterLedger(ledgerRef{kindCapture, k.ID})
	s.enterMovement(k)
	s.journal.put("capture", k.ID, k)
	s.convert(k)
}

// settleCapture ends PayPal's hold on a pending capture. Holds s.mu.
func (s *Server) settleCapture(k *capture, status string) {
	k.Status, k.Reason, k.Updated = status, "", s.now()
	if status == statusDeclined && k.InvoiceID != "" {
		delete(s.books.invoices, k.InvoiceID)
	}
	s.convert(k)
	s.journal.put("capture", k.ID, k)
	s.emitCapture(k)
}

// showCapture is GET /v2/payments/captures/{id}.
func (s *Server) showCapture(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.books.captures[c.id()]
	if k == nil {
		return reply{}, notFound(c.op)
	}
	return reply{http.StatusOK, s.viewCaptureAlone(k)}, nil
}

// viewCapture is a capture as it stands inside an order.
func (s *Server) viewCapture(k *capture) captureView {
	base := s.opts.BaseURL + "/v2/payments/captures/" + k.ID
	v := captureView{
		ID: k.ID, Status: k.Status, Amount: k.Amount.view(), FinalCapture: true,
		SellerProtection: &protectionView{"ELIGIBLE", []string{"ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"}},
		Breakdown:        k.breakdown(), InvoiceID: k.InvoiceID, CustomID: k.CustomID,
		Links: []link{
			{Href: base, Rel: "self", Method: "GET"}, {Href: base + "/refund", Rel: "refund", Method: "POST"},
		},
		CreateTime: stamp(k.Created), UpdateTime: stamp(k.Updated),
	}
	if k.OrderID != "" {
		v.Links = append(v.Links, link{Href: s.opts.BaseURL + "/v2/checkout/orders/" + k.OrderID, Rel: "up", Method: "GET"})
	}
	if k.Reason != "" {
		v.StatusDetails = &reasonView{k.Reason}
	}
	if k.Status == statusDeclined {
		v.ProcessorResponse = &processorView{"5120"} // insufficient funds, as recorded
	}
	return v
}

// viewCaptureAlone is a capture as GET and the webhooks give it.
func (s *Server) viewCaptureAlone(k *capture) captureView {
	v := s.viewCapture(k)
	v.DisbursementMode = "INSTANT"
	if k.OrderID != "" {
		v.SupplementaryData = &supplementaryView{relatedView{k.OrderID}}
	}
	v.Payee = &payeeView{EmailAddress: k.Payee.Email, MerchantID: k.Payee.MerchantID}
	if v.Payee.MerchantID == "" {
		v.Payee.MerchantID = sellerMerchant
	}
	if v.Payee.EmailAddress == "" {
		v.Payee.EmailAddress = sellerEmail
	}
	return v
}

// breakdown is what the seller gets. While the payment is pending PayPal gives none; of a declined one it gives fee and
// net although no money moved (both as recorded).
func (k *capture) breakdown() *receivableView {
	if k.Status == statusPending {
		return nil
	}
	net := k.Amount.minus(k.Fee)
	v := &receivableView{
		GrossAmount: k.Amount.view(), PayPalFee: money{k.Amount.Currency, k.Fee}.view(), NetAmount: net.view(),
	}
	if k.Conversion != nil {
		v.Receivable = k.Conversion.of(net).view()
		v.ExchangeRate = &exchangeView{k.Amount.Currency, k.Conversion.To, k.Conversion.Rate}
	}
	return v
}
