package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/go-chi/chi/v5"
)

// failureReason is what the reason of a failed payment may be [Billing subscriptions v1].
var failureReason = regexp.MustCompile(`^[A-Z_]{1,120}$`)

// script is what a test sends to have payments come out otherwise.
type script struct {
	Times   int         `json:"times"`
	Outcome saleOutcome `json:"outcome"`
	Reason  string      `json:"reason_code"`
}

func newScript() script { return script{Times: 1, Outcome: saleFailed, Reason: "PAYMENT_DENIED"} }

func (c script) check() error {
	switch c.Outcome {
	case saleCompleted, salePending, saleHeld, saleFailed:
	default:
		return fmt.Errorf("outcome %q: it has to be completed, pending, held or failed", c.Outcome)
	}
	switch {
	case c.Times < 1:
		return fmt.Errorf("times %d: it has to be 1 or more", c.Times)
	case !failureReason.MatchString(c.Reason):
		return fmt.Errorf("reason_code %q: it has to be capitals, as PAYMENT_DENIED", c.Reason)
	}
	return nil
}

func (c script) keep() failureScript { return failureScript(c) }

// outcomeOf takes the next outcome that a test wants for a charge: the subscription's own, then its payer's. Holds
// s.mu.
func (s *Server) outcomeOf(sub *subscription) (outcome saleOutcome, reason string) {
	wanted := &sub.Billing.Script
	if wanted.Times == 0 && sub.Payer != nil {
		if of := s.books.scripts[sub.Payer.Email]; of != nil && of.Times > 0 {
			wanted = of
			defer func() { s.journal.put("script", sub.Payer.Email, of) }()
		}
	}
	if wanted.Times == 0 {
		return saleCompleted, ""
	}
	wanted.Times--
	return wanted.Outcome, wanted.Reason
}

// withSubscription runs a hook on the subscription that the path names, under the lock. The hook gives an error to
// refuse.
func (s *Server) withSubscription(w http.ResponseWriter, r *http.Request, hook func(*subscription) error) {
	id := chi.URLParam(r, "id")
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.books.subscriptions[id]
	if sub == nil {
		hookError(w, http.StatusNotFound, "there is no subscription %s", id)
		return
	}
	if err := hook(sub); err != nil {
		hookError(w, http.StatusConflict, "%v", err)
		return
	}
	writeJSON(w, http.StatusOK, s.viewBilled(sub))
}

// billedView is a subscription as the hooks about its payments show it.
type billedView struct {
	ID          string `json:"id"`
	Status      string `json:"status"`
	NextBilling string `json:"next_billing_time,omitempty"`
	Outstanding string `json:"outstanding_balance"`
	Sale        string `json:"sale,omitempty"` // the latest
}

func (s *Server) viewBilled(sub *subscription) billedView {
	b := &sub.Billing
	v := billedView{
		ID: sub.ID, Status: sub.Status, Outstanding: money{s.books.terms(sub).Currency, b.Outstanding}.String(),
	}
	if !b.NextBilling.IsZero() {
		v.NextBilling = stamp(b.NextBilling)
	}
	if sales := s.books.sales[sub.ID]; len(sales) > 0 {
		v.Sale = sales[len(sales)-1].ID
	}
	return v
}

// hookBilled is GET /sandbox/subscriptions/{id}.
func (s *Server) hookBilled(w http.ResponseWriter, r *http.Request) {
	s.withSubscription(w, r, func(*subscription) error { return nil })
}

// hookFail is POST /sandbox/subscriptions/{id}/fail: what comes of the next attempts to charge it.
func (s *Server) hookFail(w http.ResponseWriter, r *http.Request) {
	want, ok := readScript(w, r)
	if !ok {
		return
	}
	s.withSubscription(w, r, func(sub *subscription) error {
		if sub.over() {
			return fmt.Errorf("the subscription is %s", sub.Status)
		}
		sub.Billing.Script = want.keep()
		s.keepSubscription(sub)
		return nil
	})
}

func readScript(w http.ResponseWriter, r *http.Request) (script, bool) {
	want := newScript()
	if !readHook(w, r, &want) {
		return want, false
	}
	if err := want.check(); err != nil {
		hookError(w, http.StatusBadRequest, "%v", err)
		return want, false
	}
	return want, true
}

// hookPayerFails is POST /sandbox/payers/{email}/fail: the same for whatever this payer has subscribed to.
func (s *Server) hookPayerFails(w http.ResponseWriter, r *http.Request) {
	want, ok := readScript(w, r)
	if !ok {
		return
	}
	email, kept := chi.URLParam(r, "email"), want.keep()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books.scripts[email] = &kept
	s.journal.put("script", email, kept)
	writeJSON(w, http.StatusOK, map[string]any{"payer": email, "times": want.Times})
}

// hookRenew is POST /sandbox/subscriptions/{id}/renew: its next charge, or the next attempt at it, is made now. A
// subscription that is not ACTIVE is not charged, unless the charge is to be a late one, which changes nothing else.
func (s *Server) hookRenew(w http.ResponseWriter, r *http.Request) {
	body := struct {
		script
		Late bool `json:"late"`
	}{script: newScript()}
	body.Outcome = ""
	if !readHook(w, r, &body) {
		return
	}
	asked := body.Outcome != ""
	if !asked {
		body.Outcome = saleCompleted
	}
	if err := body.check(); err != nil {
		hookError(w, http.StatusBadRequest, "%v", err)
		return
	}
	s.withSubscription(w, r, func(sub *subscription) error {
		switch {
		case body.Late && sub.over() && body.Outcome != saleFailed:
			s.emitSale(s.enterSale(sub, s.price(sub, s.books.terms(sub).regular()), body.Outcome, s.now()))
			return nil
		case sub.Status != statusActive:
			return fmt.Errorf("the subscription is %s", sub.Status)
		case asked:
			sub.Billing.Script = body.keep()
		}
		s.charge(sub)()
		return nil
	})
}

// hookMend is POST /sandbox/subscriptions/{id}/mend: the payer has put a card in order. What failed is charged, if
// outstanding balances are billed by themselves or the test says so, and a suspended subscription goes on.
func (s *Server) hookMend(w http.ResponseWriter, r *http.Request) {
	var body mending
	if readHook(w, r, &body) {
		s.withSubscription(w, r, func(sub *subscription) error { return s.mend(sub, body) })
	}
}

// mending is what a payer's mended card leads to.
type mending struct {
	Charge *bool `json:"charge"` // what is outstanding; default: as auto_bill_outstanding says
}

// mend clears what was to go wrong. Holds s.mu.
func (s *Server) mend(sub *subscription, want mending) error {
	b, t := &sub.Billing, s.books.terms(sub)
	if sub.over() {
		return fmt.Errorf("the subscription is %s", sub.Status)
	}
	b.Script = failureScript{}
	if sub.Payer != nil && s.books.scripts[sub.Payer.Email] != nil {
		delete(s.books.scripts, sub.Payer.Email)
		s.journal.put("script", sub.Payer.Email, failureScript{})
	}
	charges := t.Preferences.AutoBill
	if want.Charge != nil {
		charges = *want.Charge
	}
	var sale *capture
	if charges && b.Outstanding > 0 {
		sale = s.take(sub, bill{money: money{t.Currency, b.Outstanding}}, saleCompleted)
		b.Outstanding = 0
	}
	if sub.Status == statusSuspended && b.Lapsed {
		b.Failed = 0
		s.setSubscriptionStatus(sub, statusActive, "")
		tell := s.resumeBilling(sub)
		s.emitSubscription("ACTIVATED", sub)
		tell()
	}
	s.changed(sub)
	if sale != nil {
		s.emitSale(sale)
	}
	return nil
}

// hookPayerMends is POST /sandbox/payers/{email}/mend: the same for whatever this payer has subscribed to.
func (s *Server) hookPayerMends(w http.ResponseWriter, r *http.Request) {
	var body mending
	if !readHook(w, r, &body) {
		return
	}
	email := chi.URLParam(r, "email")
	mended := []billedView{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.books.subscriptionIDs {
		sub := s.books.subscriptions[id]
		if sub.Payer == nil || !strings.EqualFold(sub.Payer.Email, email) || sub.over() {
			continue
		}
		if err := s.mend(sub, body); err != nil {
			hookError(w, http.StatusConflict, "%v", err)
			return
		}
		mended = append(mended, s.viewBilled(sub))
	}
	writeJSON(w, http.StatusOK, mended)
}

// hookRelease is POST /sandbox/captures/{id}/release: PayPal lets go of the funds of a sale that it held back, and
// tells of the sale a second time, by another event.
func (s *Server) hookRelease(w http.ResponseWriter, r *http.Request) {
	s.withCapture(w, r, func(k *capture) (any, error) {
		if k.SubscriptionID == "" || k.Hold != holdHeld {
			return nil, errors.New("nothing of this payment is held back")
		}
		k.Hold, k.Updated = holdReleased, s.now()
		s.journal.put("capture", k.ID, k)
		s.emitSale(k)
		return s.viewSale(k), nil
	})
}
