package sandbox

import (
	"fmt"
	"strings"
	"time"
)

// Stages, statuses and outcomes of a dispute that the emulator uses [Disputes v1].
const (
	stageInquiry    = "INQUIRY"    // the buyer asks the seller; PayPal holds nothing back
	stageChargeback = "CHARGEBACK" // the buyer claims the money; PayPal holds it back

	statusSellerIsAsked = "WAITING_FOR_SELLER_RESPONSE"
	statusBuyerIsAsked  = "WAITING_FOR_BUYER_RESPONSE"
	statusUnderReview   = "UNDER_REVIEW"
	statusResolved      = "RESOLVED"

	outcomeForBuyer  = "RESOLVED_BUYER_FAVOUR"
	outcomeForSeller = "RESOLVED_SELLER_FAVOUR"
)

// How long the seller has to answer. PayPal says 20 days for an inquiry; of a claim it says only "by this date".
const (
	inquiryTerm = 20 * 24 * time.Hour
	claimTerm   = 10 * 24 * time.Hour
)

// dispute is a buyer's dispute against a capture.
type dispute struct {
	ID, CaptureID, Status, Reason, Outcome, Stage string
	Amount                                        money // what the buyer disputes
	Held                                          int64 // what PayPal holds back now
	Fee                                           int64 // what the dispute costs the seller if the buyer wins
	FeeCharged                                    int64 // what it has cost: less what was given back
	Due                                           time.Time
	Movements                                     []disputeMovement
	Messages                                      []disputeMessage
	Evidences                                     []disputeEvidence
	Offer                                         *disputeOffer
	Created, Updated                              time.Time
}

// disputeMovement is money that moved because of a dispute. The hold is not among them: PayPal has no reason for it.
type disputeMovement struct {
	Party, Type, Reason string
	Amount              money
	At                  time.Time
}

// newDispute is how a dispute begins.
type newDispute struct {
	stage  string
	amount money
	fee    int64
}

// openDispute is the buyer's complaint about a capture, or about a part of it. Holds s.mu.
func (s *Server) openDispute(k *capture, want newDispute) *dispute {
	d := &dispute{
		ID: s.newDisputeID(), CaptureID: k.ID, Status: statusSellerIsAsked, Reason: "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
		Stage: want.stage, Amount: want.amount, Fee: want.fee, Created: s.now(), Updated: s.now(),
		Due: s.now().Add(inquiryTerm),
	}
	s.books.disputes[d.ID] = d
	s.enterLedger(ledgerRef{kindDispute, d.ID})
	k.DisputeID = d.ID
	if d.Stage == stageChargeback {
		s.hold(k, d)
	}
	s.journal.put("capture", k.ID, k)
	s.tellDispute(d, "CUSTOMER.DISPUTE.CREATED", "A new dispute opened with Case # "+d.ID)
	return d
}

func (s *Server) newDisputeID() string {
	for {
		id := "PP-D-" + strings.TrimLeft(newID()[:6], "0")
		if s.books.disputes[id] == nil {
			return id
		}
	}
}

// escalate turns the buyer's question into a claim. Holds s.mu.
func (s *Server) escalate(k *capture, d *dispute) {
	d.Stage, d.Status, d.Offer = stageChargeback, statusSellerIsAsked, nil
	s.hold(k, d)
	s.changeDispute(d)
}

// hold takes the disputed amount, or what is left of it, out of the seller's reach until the dispute ends. The capture
// stays as it is. Holds s.mu.
func (s *Server) hold(k *capture, d *dispute) {
	d.Due = s.now().Add(claimTerm)
	d.Held = min(d.Amount.Minor, k.Amount.Minor-k.Refunded)
	s.enterTransfer(codeHold, money{d.Amount.Currency, -d.Held}, k.ID, k.CustomID)
}

// resolveDispute ends a dispute; if the buyer wins, what was disputed is reversed, and the dispute's fee is due. Holds
// s.mu.
func (s *Server) resolveDispute(k *capture, d *dispute, buyerWins bool) {
	s.closeDispute(k, d)
	d.Outcome = outcomeForSeller
	if buyerWins {
		d.Outcome = outcomeForBuyer
		amount := money{d.Amount.Currency, min(d.Amount.Minor, k.Amount.Minor-k.Refunded)}
		d.settle("SELLER", "DEBIT", "DISPUTE_SETTLEMENT", amount, s.now())
		d.settle("BUYER", "CREDIT", "DISPUTE_SETTLEMENT", amount, s.now())
		k.Reason = "BUYER_COMPLAINT"
		s.enterRefund(k, refundOrder{amount: &amount, note: "Payment reversed", reversal: true})
		s.chargeDispute(k, d)
	}
	s.tellResolved(k, d)
}

// settleByRefund ends a dispute whose payment the seller, or a bank, has given back altogether. Holds s.mu.
func (s *Server) settleByRefund(k *capture, d *dispute) {
	s.closeDispute(k, d)
	d.Outcome = outcomeForBuyer
	s.tellResolved(k, d)
}

// closeDispute gives free what was held. Holds s.mu.
func (s *Server) closeDispute(k *capture, d *dispute) {
	d.Status, k.DisputeID = statusResolved, ""
	if d.Held > 0 {
		s.enterTransfer(codeRelease, money{d.Amount.Currency, d.Held}, k.ID, k.CustomID)
		d.Held = 0
	}
}

// chargeDispute takes the dispute's fee. Holds s.mu.
func (s *Server) chargeDispute(k *capture, d *dispute) {
	if d.Fee == 0 {
		return
	}
	fee := money{d.Amount.Currency, d.Fee}
	d.FeeCharged = d.Fee
	d.settle("SELLER", "DEBIT", "CHARGEBACK_FEE", fee, s.now())
	s.enterTransfer(codeChargebackFee, fee.negated(), k.ID, k.CustomID)
}

// returnFee gives the dispute's fee back. Holds s.mu.
func (s *Server) returnFee(k *capture, d *dispute) error {
	if d.FeeCharged == 0 {
		return fmt.Errorf("dispute %s has cost no fee, or it was given back already", d.ID)
	}
	fee := money{d.Amount.Currency, d.FeeCharged}
	d.FeeCharged = 0
	d.settle("SELLER", "CREDIT", "CHARGEBACK_FEE", fee, s.now())
	s.enterTransfer(codeChargebackFee, fee, k.ID, k.CustomID)
	s.changeDispute(d)
	return nil
}

func (d *dispute) settle(party, kind, reason string, amount money, at time.Time) {
	d.Movements = append(d.Movements, disputeMovement{party, kind, reason, amount, at})
}

func (s *Server) changeDispute(d *dispute) {
	s.tellDispute(d, "CUSTOMER.DISPUTE.UPDATED", "A dispute was updated with case # "+d.ID)
}

func (s *Server) tellResolved(k *capture, d *dispute) {
	s.journal.put("capture", k.ID, k)
	s.tellDispute(d, "CUSTOMER.DISPUTE.RESOLVED", "A dispute was resolved with case # "+d.ID)
}

// tellDispute keeps a dispute as it is now, and says so. Holds s.mu.
func (s *Server) tellDispute(d *dispute, kind, summary string) {
	d.Updated = s.now()
	s.journal.put("dispute", d.ID, d)
	s.emit(news{kind, "dispute", "", summary, d.ID, s.viewDispute(d)})
}

// ledgerStatus is the outcome once there is one.
func (d *dispute) ledgerStatus() string {
	if d.Outcome != "" {
		return d.Outcome
	}
	return "OPEN"
}
