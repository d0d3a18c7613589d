package sandbox

import (
	"net/http"
	"strings"
)

// disputeView is a case as the Disputes API and its webhooks give it.
type disputeView struct {
	DisputeID    string                `json:"dispute_id"`
	CreateTime   string                `json:"create_time"`
	UpdateTime   string                `json:"update_time"`
	Transactions []disputedTransaction `json:"disputed_transactions,omitempty"`
	Reason       string                `json:"reason"`
	Status       string                `json:"status"`
	Amount       *moneyView            `json:"dispute_amount"`
	Outcome      *disputeOutcomeView   `json:"dispute_outcome,omitempty"`
	Stage        string                `json:"dispute_life_cycle_stage"`
	Channel      string                `json:"dispute_channel"`
	Links        []link                `json:"links"`
}

type disputedTransaction struct {
	SellerTransactionID string     `json:"seller_transaction_id"`
	CreateTime          string     `json:"create_time"`
	Status              string     `json:"transaction_status"`
	GrossAmount         *moneyView `json:"gross_amount"`
	Custom              string     `json:"custom,omitempty"`
	InvoiceNumber       string     `json:"invoice_number,omitempty"`
}

type disputeOutcomeView struct {
	Code     string     `json:"outcome_code"`
	Refunded *moneyView `json:"amount_refunded,omitempty"`
}

// openDispute is the buyer's complaint about what is left of a capture. Holds s.mu.
func (s *Server) openDispute(k *capture) *dispute {
	d := &dispute{
		ID: "PP-D-" + strings.TrimLeft(newID()[:6], "0"), CaptureID: k.ID, Status: "WAITING_FOR_SELLER_RESPONSE",
		Reason: "MERCHANDISE_OR_SERVICE_NOT_RECEIVED", Amount: k.Amount.minus(k.Refunded), Created: s.now(), Updated: s.now(),
	}
	s.books.disputes[d.ID] = d
	s.enterLedger(ledgerRef{kindDispute, d.ID})
	k.DisputeID = d.ID
	s.journal.put("dispute", d.ID, d)
	s.journal.put("capture", k.ID, k)
	s.emit(news{"CUSTOMER.DISPUTE.CREATED", "dispute", "", "A new dispute opened with Case # " + d.ID, d.ID, s.viewDispute(d)})
	return d
}

// resolveDispute ends a case; if the buyer wins, what is left of the capture is reversed. Holds s.mu.
func (s *Server) resolveDispute(k *capture, d *dispute, buyerWins bool) {
	d.Status, d.Outcome, d.Updated = "RESOLVED", "RESOLVED_SELLER_FAVOUR", s.now()
	k.DisputeID = ""
	if buyerWins {
		d.Outcome = "RESOLVED_BUYER_FAVOUR"
		k.Reason = "BUYER_COMPLAINT"
		s.enterRefund(k, refundOrder{note: "Payment reversed", reversal: true})
	}
	s.journal.put("dispute", d.ID, d)
	s.journal.put("capture", k.ID, k)
	s.emit(news{"CUSTOMER.DISPUTE.RESOLVED", "dispute", "", "A dispute was resolved with case # " + d.ID, d.ID, s.viewDispute(d)})
}

// ledgerStatus is the outcome once there is one.
func (d *dispute) ledgerStatus() string {
	if d.Outcome != "" {
		return d.Outcome
	}
	return "OPEN"
}

// listDisputes is GET /v1/customer/disputes; disputed_transaction_id narrows it down.
func (s *Server) listDisputes(c *call) (reply, error) {
	about := c.URL.Query().Get("disputed_transaction_id")
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []disputeView{}
	for _, ref := range s.books.ledger {
		if ref.kind != kindDispute {
			continue
		}
		if d := s.books.disputes[ref.id]; about == "" || about == d.CaptureID {
			v := s.viewDispute(d)
			v.Transactions, v.Outcome = nil, nil // the list has neither [Disputes v1, dispute_info]
			items = append(items, v)
		}
	}
	self := link{Href: s.opts.BaseURL + c.URL.RequestURI(), Rel: "self", Method: "GET"}
	return reply{http.StatusOK, map[string]any{"items": items, "links": []link{self}}}, nil
}

// showDispute is GET /v1/customer/disputes/{id}.
func (s *Server) showDispute(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.books.disputes[c.id()]
	if d == nil {
		return reply{}, notFound(c.op)
	}
	return reply{http.StatusOK, s.viewDispute(d)}, nil
}

// viewDispute writes a case. Holds s.mu.
func (s *Server) viewDispute(d *dispute) disputeView {
	k := s.books.captures[d.CaptureID]
	self := s.opts.BaseURL + "/v1/customer/disputes/" + d.ID
	v := disputeView{
		DisputeID: d.ID, CreateTime: stampMillis(d.Created), UpdateTime: stampMillis(d.Updated), Reason: d.Reason,
		Status: d.Status, Amount: d.Amount.view(), Stage: "CHARGEBACK", Channel: "INTERNAL",
		Transactions: []disputedTransaction{{k.ID, stampMillis(k.Created), "COMPLETED", k.Amount.view(), k.CustomID, k.InvoiceID}},
		Links:        []link{{Href: self, Rel: "self", Method: "GET"}},
	}
	if d.Outcome != "" {
		v.Outcome = &disputeOutcomeView{Code: d.Outcome}
		if d.Outcome == "RESOLVED_BUYER_FAVOUR" {
			v.Outcome.Refunded = d.Amount.view()
		}
	}
	return v
}
