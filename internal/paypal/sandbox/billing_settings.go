package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// What can be chosen where PayPal's documents are silent, or where different things were seen.
const (
	monthEndClamp = "clamp" // 31 January, 28 February, 31 March
	monthEndDrift = "drift" // 31 July, 31 August, 1 October, 1 November

	thresholdCycle   = "cycle"   // payment_failure_threshold counts payments, each with all its attempts
	thresholdAttempt = "attempt" // it counts attempts

	refundDetailed  = "detailed"
	refundSimulated = "simulated"
	refundBare      = "bare"

	reversalOfRefund = "refund"
	reversalOfSale   = "sale"

	futureActive   = "active"   // a subscription that starts later is ACTIVE as soon as its payer agrees
	futureApproved = "approved" // it is APPROVED until it starts
)

// maxJitter is how long the run of a day takes at PayPal.
const maxJitter = 6 * time.Hour

// billingSettings are what POST /sandbox/billing changes.
type billingSettings struct {
	MonthEnd      string   `json:"month_end"`
	Threshold     string   `json:"threshold"`
	Jitter        duration `json:"jitter"`
	FirstSale     duration `json:"first_sale"`           // how long after the activation the first payment is made
	Lag           duration `json:"transactions_lag"`     // how late a subscription's list of transactions is
	Unknown       bool     `json:"transactions_unknown"` // the list is {}
	Accepted      bool     `json:"capture_accepted"`     // an outstanding balance is captured with 202, without a body
	CustomField   bool     `json:"custom_field"`         // transaction search shows a sale's custom_id
	RefundEvent   string   `json:"refund_event"`
	ReversalEvent string   `json:"reversal_event"`
	FutureStart   string   `json:"future_start"`
}

func defaultBilling() billingSettings {
	return billingSettings{
		MonthEnd: monthEndClamp, Threshold: thresholdCycle, Jitter: duration(maxJitter), CustomField: true,
		RefundEvent: refundDetailed, ReversalEvent: reversalOfRefund, FutureStart: futureActive,
	}
}

func (b *billingSettings) drifts() bool { return b.MonthEnd == monthEndDrift }

// check says what is wrong with settings as they were sent.
func (b *billingSettings) check() error {
	for name, choice := range map[string][]string{
		"month_end": {b.MonthEnd, monthEndClamp, monthEndDrift}, "threshold": {b.Threshold, thresholdCycle, thresholdAttempt},
		"refund_event":   {b.RefundEvent, refundDetailed, refundSimulated, refundBare},
		"reversal_event": {b.ReversalEvent, reversalOfRefund, reversalOfSale},
		"future_start":   {b.FutureStart, futureActive, futureApproved},
	} {
		if !slices.Contains(choice[1:], choice[0]) {
			return fmt.Errorf("%s %q: it has to be one of %v", name, choice[0], choice[1:])
		}
	}
	if b.Jitter < 0 || b.Jitter > duration(maxJitter) {
		return errors.New("jitter: it has to be a duration from 0s to 6h")
	}
	if b.FirstSale < 0 || b.Lag < 0 {
		return errors.New(`first_sale and transactions_lag: give a duration such as "2h", or "0s"`)
	}
	return nil
}

// showBilling is GET /sandbox/billing.
func (s *Server) showBilling(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	writeJSON(w, http.StatusOK, s.books.billing)
}

// hookBilling is POST /sandbox/billing: how subscriptions are billed from now on. What it does not name stays.
func (s *Server) hookBilling(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	want := s.books.billing
	s.mu.Unlock()
	if !readHook(w, r, &want) {
		return
	}
	if err := want.check(); err != nil {
		hookError(w, http.StatusBadRequest, "%v", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books.billing = want
	s.journal.put("billing", "settings", want)
	writeJSON(w, http.StatusOK, want)
}
