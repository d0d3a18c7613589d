package sandbox

import (
	"slices"
	"sort"
	"time"
)

// Transaction event codes that the emulator uses. Source: PayPal, "Transaction event codes".
const (
	codeCheckout      = "T0006"
	codeSubscription  = "T0002"
	codeGeneral       = "T0000"
	codeDonation      = "T0013"
	codeChargebackFee = "T0106"
	codeConversion    = "T0200"
	codeReversal      = "T1106"
	codeRefund        = "T1107"
	codeHold          = "T1110"
	codeRelease       = "T1111"
)

// record is something that transaction search lists.
type record interface {
	begun() time.Time           // when PayPal began work on it, which is what the search goes by
	moved() bool                // whether the balance has changed by it
	row(b *books) statementLine // how it is listed now
}

// movement is the place of a record in the statement.
type movement struct {
	at int64 // seconds since 1970: PayPal's search knows no fractions
	record
}

// statementLine is one transaction of the account's statement. Amount and fee are signed: what came is positive.
type statementLine struct {
	id, code, status         string
	reference, referenceType string
	amount                   money
	fee                      int64
	begun, updated           time.Time
	customID, invoiceID      string
	note                     string
	payer                    *payer
}

// transfer is money that moved without being a payment or the refund of a capture: a hold and its release, the fee of a
// dispute, a currency conversion, the refund of a payment that was made outside any order.
type transfer struct {
	ID, Code  string
	Amount    money  // signed
	Reference string // the payment that it belongs to
	CustomID  string
	Created   time.Time
}

// enterMovement gives a record its place in the statement. Holds s.mu.
func (s *Server) enterMovement(r record) {
	b := &s.books
	if n := len(b.statement); n > 0 && b.statement[n-1].begun().After(r.begun()) {
		b.disordered = true
	}
	b.statement = append(b.statement, movement{r.begun().Unix(), r})
}

// enterTransfer moves money that belongs to a payment. Holds s.mu.
func (s *Server) enterTransfer(code string, amount money, reference, customID string) *transfer {
	t := &transfer{ID: newID(), Code: code, Amount: amount, Reference: reference, CustomID: customID, Created: s.now()}
	s.books.transfers[t.ID] = t
	s.enterMovement(t)
	s.journal.put("transfer", t.ID, t)
	return t
}

// window is the part of the statement between two seconds, both included. Holds s.mu.
func (b *books) window(from, to time.Time) []movement {
	if b.disordered {
		slices.SortStableFunc(b.statement, func(x, y movement) int { return x.begun().Compare(y.begun()) })
		b.disordered = false
	}
	first := sort.Search(len(b.statement), func(i int) bool { return b.statement[i].at >= ceilSecond(from) })
	after := sort.Search(len(b.statement), func(i int) bool { return b.statement[i].at > to.Unix() })
	return b.statement[first:max(first, after)]
}

// ceilSecond is the first whole second that is not before t.
func ceilSecond(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

func (k *capture) begun() time.Time  { return k.Created }
func (r *refund) begun() time.Time   { return r.Created }
func (t *transfer) begun() time.Time { return t.Created }

func (k *capture) moved() bool { return k.Status != statusPending && k.Status != statusDeclined }
func (r *refund) moved() bool  { return r.Status == statusCompleted }
func (t *transfer) moved() bool {
	return true
}

func (k *capture) row(b *books) statementLine {
	l := statementLine{
		id: k.ID, code: codeCheckout, status: "S", reference: k.OrderID, referenceType: "ODR", amount: k.Amount, fee: -k.Fee,
		begun: k.Created, updated: k.Updated, customID: k.CustomID, invoiceID: k.InvoiceID,
	}
	switch k.Status {
	case statusPending:
		l.status, l.fee = "P", 0
	case statusDeclined:
		l.status, l.fee = "D", 0
	case statusRefunded:
		l.status = "V"
	}
	if k.SubscriptionID != "" {
		l.code, l.reference, l.referenceType = codeSubscription, k.SubscriptionID, "SUB"
		if !b.billing.CustomField {
			l.customID = ""
		}
	}
	l.payer = b.payerOf(k)
	return l
}

// payerOf is who made a payment; nil if nobody is known.
func (b *books) payerOf(k *capture) *payer {
	if sub := b.subscriptions[k.SubscriptionID]; sub != nil {
		return sub.Payer
	}
	if o := b.orders[k.OrderID]; o != nil {
		return o.Payer
	}
	return nil
}

func (r *refund) row(b *books) statementLine {
	l := statementLine{
		id: r.ID, code: codeRefund, status: "S", reference: r.CaptureID, referenceType: "TXN", amount: r.Amount.negated(),
		fee: r.FeeReturned, begun: r.Created, updated: r.updated(), customID: r.CustomID, invoiceID: r.InvoiceID,
	}
	switch r.Status {
	case statusPending:
		l.status, l.fee = "P", 0
	case statusFailed:
		l.status, l.fee = "D", 0
	}
	if r.Reversal {
		l.code = codeReversal
	}
	if k := b.captures[r.CaptureID]; k != nil {
		l.payer = b.payerOf(k)
	}
	return l
}

func (t *transfer) row(*books) statementLine {
	return statementLine{
		id: t.ID, code: t.Code, status: "S", reference: t.Reference, referenceType: "TXN", amount: t.Amount, begun: t.Created,
		updated: t.Created, customID: t.CustomID,
	}
}
