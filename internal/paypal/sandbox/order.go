package sandbox

import "net/http"

// The seller to whom orders without a payee are paid.
const (
	sellerEmail    = "newsroom@example.com"
	sellerMerchant = "RDRFNDSANDBX2"
)

// createOrder is POST /v2/checkout/orders.
func (s *Server) createOrder(c *call) (reply, error) {
	id, replay, err := s.onceOnly(c, orderMemory, func() (string, error) { return s.makeOrder(c) })
	if err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.books.orders[id]
	status := http.StatusCreated
	if replay || o.Wallet {
		status = http.StatusOK // [SPEC]: 200 for a replay; for payment_source.paypal PayPal answers 200 at once
	}
	if c.wantsAll() {
		return reply{status, s.viewOrder(o)}, nil
	}
	return reply{status, s.viewOrderMinimal(o)}, nil
}

// makeOrder checks the request and enters the order.
func (s *Server) makeOrder(c *call) (string, error) {
	body, err := c.object()
	if err != nil {
		return "", err
	}
	o, p := checkOrder(body, c.Header.Get("PayPal-Request-Id") != "")
	if p != nil {
		return "", p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range o.Units {
		if p := s.invoiceTaken(opCreate, o.Units[i]); p != nil {
			return "", p
		}
	}
	o.ID, o.Status, o.Created = newID(), statusCreated, s.now()
	if o.Wallet {
		o.Status = statusPayerAction
	}
	s.books.orders[o.ID] = o
	s.books.recent = append(s.books.recent, o.ID)
	s.journal.put("order", o.ID, o)
	return o.ID, nil
}

// invoiceTaken refuses an invoice_id that has been paid: the seller has "Block accidental payments" on. Holds s.mu.
func (s *Server) invoiceTaken(op operation, u unit) *problem {
	if u.InvoiceID == "" || s.books.invoices[u.InvoiceID] == "" {
		return nil
	}
	c := &checker{op: op}
	c.refuse("/purchase_units/@reference_id=='"+u.ReferenceID+"'/invoice_id", u.InvoiceID, "DUPLICATE_INVOICE_ID")
	return c.problem()
}

// showOrder is GET /v2/checkout/orders/{id}.
func (s *Server) showOrder(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.liveOrder(c.id())
	if o == nil {
		return reply{}, notFound(c.op)
	}
	return reply{http.StatusOK, s.viewOrder(o)}, nil
}

// liveOrder finds an order that PayPal still knows; an expired one is as unknown as one that never was. Holds s.mu.
func (s *Server) liveOrder(id string) *order {
	o := s.books.orders[id]
	if o == nil || o.expired(s.now()) {
		return nil
	}
	return o
}

// reverseApprovals tells the seller of approved orders that nobody captured in time.
func (s *Server) reverseApprovals() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for len(s.books.approved) > 0 && now.Sub(s.books.approved[0].at) > orderLife {
		first := s.books.approved[0]
		s.books.approved = s.books.approved[1:]
		o := s.books.orders[first.order]
		if o.Status == statusApproved && o.Approved.Equal(first.at) {
			o.ApprovalReversed = true
			s.journal.put("order", o.ID, o)
			s.emitApprovalReversed(o)
		}
	}
}

// orderLinks are the links that an order has in its status.
func (s *Server) orderLinks(o *order) []link {
	base := s.opts.BaseURL + "/v2/checkout/orders/" + o.ID
	links := []link{{Href: base, Rel: "self", Method: "GET"}}
	switch o.Status {
	case statusPayerAction:
		return append(links, link{Href: s.approveURL(o), Rel: "payer-action", Method: "GET"})
	case statusCreated:
		links = append(links, link{Href: s.approveURL(o), Rel: "approve", Method: "GET"})
	case statusCompleted:
		return links
	}
	return append(links, link{Href: base, Rel: "update", Method: "PATCH"},
		link{Href: base + "/capture", Rel: "capture", Method: "POST"})
}

// approveURL is the page to which the seller sends the payer.
func (s *Server) approveURL(o *order) string { return s.opts.WebURL + "/checkoutnow?token=" + o.ID }

// viewOrderMinimal is the answer to Prefer: return=minimal, which is the default.
func (s *Server) viewOrderMinimal(o *order) orderView {
	return orderView{ID: o.ID, Status: o.Status, PaymentSource: o.source(), Links: s.orderLinks(o)}
}

// viewOrder is the whole order. Holds s.mu.
func (s *Server) viewOrder(o *order) orderView {
	v := s.viewOrderMinimal(o)
	v.Intent, v.Payer, v.CreateTime = o.Intent, o.payerView(), stamp(o.Created)
	if !o.Updated.IsZero() {
		v.UpdateTime = stamp(o.Updated)
	}
	for i := range o.Units {
		u := s.viewUnit(o, &o.Units[i])
		if o.Brand != "" {
			u.Payee.DisplayData = &displayView{o.Brand}
		}
		v.PurchaseUnits = append(v.PurchaseUnits, u)
	}
	return v
}

// viewCaptured is the answer to a capture. As recorded, the minimal one leaves out what the seller knows already, and
// the whole one the soft descriptor and the brand. Holds s.mu.
func (s *Server) viewCaptured(o *order, all bool) orderView {
	v := s.viewOrder(o)
	for i := range v.PurchaseUnits {
		u := &v.PurchaseUnits[i]
		u.SoftDescriptor, u.Payee.DisplayData = "", nil
		if !all {
			*u = unitView{ReferenceID: u.ReferenceID, Shipping: u.Shipping, Payments: u.Payments}
		}
	}
	if !all {
		v.Intent, v.CreateTime, v.UpdateTime = "", "", ""
	}
	return v
}

func (s *Server) viewUnit(o *order, u *unit) unitView {
	to := payeeView{EmailAddress: u.Payee.Email, MerchantID: u.Payee.MerchantID}
	if to.EmailAddress == "" && to.MerchantID == "" {
		to = payeeView{EmailAddress: sellerEmail, MerchantID: sellerMerchant}
	} else if to.MerchantID == "" && o.Status == statusCompleted {
		to.MerchantID = sellerMerchant
	}
	return unitView{
		ReferenceID: u.ReferenceID, Amount: &amountView{*u.Amount.view(), u.Extra["breakdown"]}, Payee: &to,
		PaymentInstruction: u.Extra["payment_instruction"], Description: u.Description, CustomID: u.CustomID,
		InvoiceID: u.InvoiceID, SoftDescriptor: u.SoftDescriptor, Items: u.Extra["items"], Shipping: u.Extra["shipping"],
		SupplementaryData: u.Extra["supplementary_data"], Payments: s.viewPayments(u.CaptureID),
	}
}

// viewPayments are the capture of a unit and the refunds of it; nil before there is one. Holds s.mu.
func (s *Server) viewPayments(captureID string) *paymentsView {
	k := s.books.captures[captureID]
	if k == nil {
		return nil
	}
	v := &paymentsView{Captures: []captureView{s.viewCapture(k)}}
	for _, id := range k.RefundIDs {
		v.Refunds = append(v.Refunds, s.viewRefund(s.books.refunds[id]))
	}
	return v
}

// source is payment_source: there once the payer is known, and empty from the start if the seller named the wallet.
func (o *order) source() *sourceView {
	switch {
	case o.Payer != nil && o.Status != statusCreated && o.Status != statusPayerAction:
		p := o.Payer
		return &sourceView{walletView{
			p.Email, p.PayerID, "VERIFIED", &nameView{p.GivenName, p.Surname}, &addressView{p.Country},
		}}
	case o.Wallet:
		return &sourceView{}
	default:
		return nil
	}
}

func (o *order) payerView() *payerView {
	if o.Payer == nil {
		return nil
	}
	p := o.Payer
	return &payerView{nameView{p.GivenName, p.Surname}, p.Email, p.PayerID, addressView{p.Country}}
}
