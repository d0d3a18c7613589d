package sandbox

import (
	"net/http"
	"time"
)

// ledgerKind is what an entry of the ledger is.
type ledgerKind string

const (
	kindCapture  ledgerKind = "capture"
	kindRefund   ledgerKind = "refund"
	kindReversal ledgerKind = "reversal"
	kindDispute  ledgerKind = "dispute"
	kindSale     ledgerKind = "sale"   // a payment outside any order; as which a subscription's payment shows, too
	kindReturn   ledgerKind = "return" // its refund, which the ledger calls a refund, too
)

// ledgerRef points at the thing an entry is about; the entry is made when it is asked for, as the thing stands then.
type ledgerRef struct {
	kind ledgerKind // a reversal is kept among the refunds
	id   string
}

// ledgerEntry is one line of what PayPal believes. Amounts are positive whichever way the money went: kind tells.
type ledgerEntry struct {
	ID       string     `json:"id"`
	Kind     ledgerKind `json:"kind"`
	Amount   string     `json:"amount"`
	Currency string     `json:"currency"`
	Fee      string     `json:"fee"`
	Status   string     `json:"status"`
	CustomID string     `json:"custom_id"`
	Parent   string     `json:"parent,omitempty"` // a capture's order; the payment of anything else
	// of a sale that a subscription made
	SubscriptionID string `json:"subscription_id,omitempty"`
	At             string `json:"at"`
	Held           string `json:"held,omitempty"`  // of a dispute: what PayPal holds back now
	Stage          string `json:"stage,omitempty"` // of a dispute

	Receivable         string `json:"receivable,omitempty"` // of a capture that was converted: what the seller got of it
	ReceivableCurrency string `json:"receivable_currency,omitempty"`
}

// enterLedger adds an entry. Holds s.mu.
func (s *Server) enterLedger(ref ledgerRef) { s.books.ledger = append(s.books.ledger, ref) }

// showLedger is GET /sandbox/ledger.
func (s *Server) showLedger(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	entries := make([]ledgerEntry, 0, len(s.books.ledger))
	for _, ref := range s.books.ledger {
		entries = append(entries, s.books.entry(ref))
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, entries)
}

// entry writes one line as it stands now.
func (b *books) entry(ref ledgerRef) ledgerEntry {
	switch ref.kind {
	case kindCapture:
		k := b.captures[ref.id]
		fee := k.Fee
		if k.Status == statusPending || k.Status == statusDeclined {
			fee = 0 // no money has moved
		}
		if k.SubscriptionID != "" {
			ref.kind = kindSale
		}
		e := newEntry(ref, k.Amount, fee, k.Status, k.CustomID, k.OrderID, k.Created)
		e.SubscriptionID = k.SubscriptionID
		if k.Conversion != nil && k.moved() {
			got := k.Conversion.of(k.Amount.minus(k.Fee))
			e.Receivable, e.ReceivableCurrency = got.String(), got.Currency
		}
		return e
	case kindRefund:
		r := b.refunds[ref.id]
		if r.Reversal {
			ref.kind = kindReversal
		}
		return newEntry(ref, r.Amount, r.FeeReturned, r.Status, r.CustomID, r.CaptureID, r.Created)
	case kindSale:
		d := b.directs[ref.id]
		return newEntry(ref, d.Amount, d.Fee, d.status(), "", "", d.Created)
	case kindReturn:
		t := b.transfers[ref.id]
		ref.kind = kindRefund
		return newEntry(ref, t.Amount.negated(), 0, statusCompleted, "", t.Reference, t.Created)
	default:
		d := b.disputes[ref.id]
		e := newEntry(ref, d.Amount, d.FeeCharged, d.ledgerStatus(), b.captures[d.CaptureID].CustomID, d.CaptureID, d.Created)
		e.Held, e.Stage = money{d.Amount.Currency, d.Held}.String(), d.Stage
		return e
	}
}

func newEntry(ref ledgerRef, amount money, fee int64, status, customID, parent string, at time.Time) ledgerEntry {
	return ledgerEntry{
		ID: ref.id, Kind: ref.kind, Amount: amount.String(), Currency: amount.Currency,
		Fee:    money{amount.Currency, fee}.String(),
		Status: status, CustomID: customID, Parent: parent, At: stampMillis(at),
	}
}
