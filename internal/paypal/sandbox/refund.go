package sandbox

import (
	"net/http"
	"regexp"
	"time"
)

// refundWindow is how long after a capture it may be refunded.
const refundWindow = 180 * 24 * time.Hour

// refundCustom is what the custom_id of a refund may hold [Payments v2, refund].
var refundCustom = regexp.MustCompile(`^[A-Za-z0-9_.,-]*$`)

// refundOrder is what is asked of a refund; a nil amount means all that is left.
type refundOrder struct {
	amount                    *money
	invoiceID, customID, note string
	reversal                  bool  // taken back by PayPal or a bank, not given back by the seller
	pending                   bool  // on its way for some days
	feeReturned               int64 // of the payment's fee
}

// refundCapture is POST /v2/payments/captures/{id}/refund.
func (s *Server) refundCapture(c *call) (reply, error) {
	id, replay, err := s.onceOnly(c, refundMemory, func() (string, error) { return s.makeRefund(c) })
	if err != nil {
		return reply{}, err
	}
	status := http.StatusCreated
	if replay {
		status = http.StatusOK
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.viewRefund(s.books.refunds[id])
	if !c.wantsAll() {
		v = refundView{ID: v.ID, Status: v.Status, Links: v.Links}
	}
	return reply{status, v}, nil
}

// makeRefund checks the request and gives the money back.
func (s *Server) makeRefund(c *call) (string, error) {
	body, err := c.object()
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.books.captures[c.id()]
	if k == nil {
		return "", notFound(c.op)
	}
	want, p := checkRefund(body)
	if p == nil {
		p = s.refundRefusal(k, want)
	}
	if p != nil {
		return "", p
	}
	want.pending = s.faults.take(c.Method, c.URL.Path, kindPendingRefund) != nil
	return s.enterRefund(k, want).ID, nil
}

// checkRefund reads a refund request.
func checkRefund(body map[string]any) (refundOrder, *problem) {
	c := &checker{op: opRefund}
	want := refundOrder{
		invoiceID: c.text(body, "", "invoice_id", textRule{min: 1, max: 127, pattern: oneLinePattern}),
		customID:  c.text(body, "", "custom_id", textRule{min: 1, max: 127, pattern: oneLinePattern}),
		note:      c.text(body, "", "note_to_payer", textRule{min: 1, max: 255, pattern: oneLinePattern}),
	}
	if amount := c.object(body, "", "amount"); amount != nil {
		if m, ok := c.amount(amount, amountRule{at: "/amount", named: "/amount"}); ok {
			want.amount = &m
		}
	}
	return want, c.problem()
}

// refundRefusal is why the capture cannot be refunded so. Holds s.mu.
func (s *Server) refundRefusal(k *capture, want refundOrder) *problem {
	left := k.Amount.Minor - k.Refunded
	c := &checker{op: opRefund}
	switch {
	case k.Status == statusPending:
		return issueProblem(opRefund, "PENDING_CAPTURE")
	case k.Reversed:
		return issueProblem(opRefund, "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK")
	case k.Status == statusRefunded, left == 0 && k.Returning > 0:
		return issueProblem(opRefund, "CAPTURE_FULLY_REFUNDED")
	case k.Status != statusCompleted && k.Status != statusPartlyRefunded:
		return issueProblem(opRefund, "REFUND_NOT_ALLOWED")
	case s.now().Sub(k.Created) > refundWindow && !want.reversal:
		return issueProblem(opRefund, "REFUND_TIME_LIMIT_EXCEEDED")
	case want.invoiceID != "" && s.books.returned[want.invoiceID] != "":
		c.refuse("/invoice_id", want.invoiceID, "DUPLICATE_INVOICE_ID")
	case want.amount == nil:
		return nil
	case want.amount.Currency != k.Amount.Currency:
		c.refuse("/amount/currency_code", want.amount.Currency, "REFUND_CAPTURE_CURRENCY_MISMATCH")
	case want.amount.Minor > left:
		c.refuse("/amount/value", want.amount.String(), "REFUND_AMOUNT_EXCEEDED")
	case k.DisputeID != "" && want.amount.Minor < left && !want.reversal:
		return issueProblem(opRefund, "TRANSACTION_DISPUTED")
	}
	return c.problem()
}

// enterRefund gives money back, by the seller's refund or by a reversal, and says so. The fee of the payment is not
// given back, unless a test says so. Holds s.mu.
func (s *Server) enterRefund(k *capture, want refundOrder) *refund {
	amount := k.Amount.minus(k.Refunded)
	if want.amount != nil {
		amount = *want.amount
	}
	k.Refunded += amount.Minor
	customID := want.customID
	if customID == "" {
		customID = k.CustomID
	}
	r := &refund{
		ID: newID(), CaptureID: k.ID, Status: statusCompleted, Reversal: want.reversal, Amount: amount,
		TotalRefunded: k.Refunded,
		InvoiceID:     want.invoiceID, CustomID: customID, Note: want.note, FeeReturned: want.feeReturned, Created: s.now(),
		Updated: s.now(),
	}
	if want.pending {
		r.Status = statusPending
		k.Returning += amount.Minor
	}
	k.RefundIDs = append(k.RefundIDs, r.ID)
	s.books.refunds[r.ID] = r
	if r.InvoiceID != "" {
		s.books.returned[r.InvoiceID] = r.ID
	}
	k.Reversed = k.Reversed || want.reversal
	s.enterLedger(ledgerRef{kindRefund, r.ID})
	s.enterMovement(r)
	s.returned(k, r)
	return r
}

// settleRefund ends the waiting for a pending refund. Holds s.mu.
func (s *Server) settleRefund(r *refund, status string) {
	k := s.books.captures[r.CaptureID]
	k.Returning -= r.Amount.Minor
	if r.Status, r.Updated = status, s.now(); status == statusFailed {
		k.Refunded -= r.Amount.Minor
		delete(s.books.returned, r.InvoiceID)
	}
	s.returned(k, r)
}

// returned brings the capture up to what has become of a refund, and says so. What is pending cannot be refunded again,
// but does not show yet. Holds s.mu.
func (s *Server) returned(k *capture, r *refund) {
	k.Updated = r.Updated
	switch k.Refunded - k.Returning {
	case 0:
		k.Status = statusCompleted
	case k.Amount.Minor:
		k.Status = statusRefunded
	default:
		k.Status = statusPartlyRefunded
	}
	s.journal.put("refund", r.ID, r)
	s.journal.put("capture", k.ID, k)
	s.emitRefund(r)
	if d := s.books.disputes[k.DisputeID]; d != nil && k.Status == statusRefunded {
		s.settleByRefund(k, d)
	}
}

// showRefund is GET /v2/payments/refunds/{id}.
func (s *Server) showRefund(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.books.refunds[c.id()]
	if r == nil {
		return reply{}, notFound(c.op)
	}
	return reply{http.StatusOK, s.viewRefund(r)}, nil
}

// updated is when the refund last changed; in a journal of before there were pending ones it has no such time.
func (r *refund) updated() time.Time {
	if r.Updated.IsZero() {
		return r.Created
	}
	return r.Updated
}

// viewRefund is the whole refund. A custom_id that came from the order may hold characters that the document does not
// allow in a refund's; then it is left out.
func (s *Server) viewRefund(r *refund) refundView {
	total := money{r.Amount.Currency, r.TotalRefunded}
	v := refundView{
		ID: r.ID, Status: r.Status, Amount: r.Amount.view(), NoteToPayer: r.Note, InvoiceID: r.InvoiceID,
		Breakdown: &payableView{
			r.Amount.view(), money{r.Amount.Currency, r.FeeReturned}.view(), r.Amount.minus(r.FeeReturned).view(), total.view(),
		},
		Links: []link{
			{Href: s.opts.BaseURL + "/v2/payments/refunds/" + r.ID, Rel: "self", Method: "GET"},
			{Href: s.opts.BaseURL + "/v2/payments/captures/" + r.CaptureID, Rel: "up", Method: "GET"},
		},
		CreateTime: stamp(r.Created), UpdateTime: stamp(r.updated()),
	}
	if r.Status == statusPending || r.Status == statusFailed {
		v.StatusDetails = &reasonView{"ECHECK"}
	}
	if refundCustom.MatchString(r.CustomID) {
		v.CustomID = r.CustomID
	}
	return v
}
