package sandbox

import (
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// disputeHook is what POST /sandbox/captures/{id}/dispute may say.
type disputeHook struct {
	Outcome string `json:"outcome"` // buyer or seller: the dispute ends
	Stage   string `json:"stage"`   // where it begins, or where an inquiry goes on
	Amount  string `json:"amount"`  // what the buyer disputes; default: what is left
	Fee     string `json:"fee"`     // what the dispute costs if the buyer wins
}

// hookDispute is POST /sandbox/captures/{id}/dispute: without an outcome a dispute is opened, or goes from inquiry to
// chargeback; with one it ends (and is opened first if there is none).
func (s *Server) hookDispute(w http.ResponseWriter, r *http.Request) {
	var body disputeHook
	if !readHook(w, r, &body) {
		return
	}
	if err := body.check(); err != nil {
		hookError(w, http.StatusBadRequest, "%v", err)
		return
	}
	s.withCapture(w, r, func(k *capture) (any, error) { return s.moveDispute(k, body) })
}

func (h disputeHook) check() error {
	switch {
	case h.Outcome != "" && h.Outcome != "buyer" && h.Outcome != "seller":
		return fmt.Errorf("outcome %q: it has to be buyer or seller, or absent to open the dispute", h.Outcome)
	case h.Stage != "" && h.Stage != stageInquiry && h.Stage != stageChargeback:
		return fmt.Errorf("stage %q: it has to be INQUIRY or CHARGEBACK", h.Stage)
	default:
		return nil
	}
}

// moveDispute opens a dispute, moves it on, ends it, or several of these. Holds s.mu.
func (s *Server) moveDispute(k *capture, want disputeHook) (any, error) {
	d := s.books.disputes[k.DisputeID]
	escalates := d != nil && d.Stage == stageInquiry && want.Stage == stageChargeback
	begin, err := want.begin(k)
	switch {
	case err != nil:
		return nil, err
	case d == nil && k.Status != statusCompleted && k.Status != statusPartlyRefunded:
		return nil, fmt.Errorf("a capture that is %s cannot be disputed", k.Status)
	case d != nil && want.Amount != "":
		return nil, fmt.Errorf("dispute %s is open already: its amount cannot be changed", d.ID)
	case d != nil && want.Outcome == "" && !escalates:
		return nil, fmt.Errorf("dispute %s is open already", d.ID)
	case d == nil:
		d = s.openDispute(k, begin)
	case want.Fee != "":
		d.Fee = begin.fee
	}
	if escalates {
		s.escalate(k, d)
	}
	if want.Outcome != "" {
		s.resolveDispute(k, d, want.Outcome == "buyer")
	}
	return s.viewDispute(d), nil
}

// begin reads the amounts, and fills in what was left out.
func (h disputeHook) begin(k *capture) (newDispute, error) {
	begin := newDispute{stage: h.Stage, amount: k.Amount.minus(k.Refunded)}
	if begin.stage == "" {
		begin.stage = stageChargeback
	}
	if h.Amount != "" {
		amount, err := hookAmount(k.Amount.Currency, h.Amount)
		if err != nil {
			return begin, err
		}
		if amount.Minor > begin.amount.Minor {
			return begin, fmt.Errorf("amount %s: no more than %s is left", amount, begin.amount)
		}
		begin.amount = amount
	}
	if h.Fee != "" {
		fee, err := hookAmount(k.Amount.Currency, h.Fee)
		if err != nil {
			return begin, fmt.Errorf("fee: %w", err)
		}
		begin.fee = fee.Minor
	}
	return begin, nil
}

// hookFeeReturn is POST /sandbox/disputes/{id}/fee-return: PayPal gives the fee of a dispute back.
func (s *Server) hookFeeReturn(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "id")
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.books.disputes[id]
	if d == nil {
		hookError(w, http.StatusNotFound, "there is no dispute %s", id)
		return
	}
	if err := s.returnFee(s.books.captures[d.CaptureID], d); err != nil {
		hookError(w, http.StatusConflict, "%v", err)
		return
	}
	writeJSON(w, http.StatusOK, s.viewDispute(d))
}
