package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
)

// direct is a payment outside any order, made on PayPal's own pages: it has no capture to be fetched, and no webhook
// tells of it, because no app made it. Transaction search alone knows it.
type direct struct {
	ID, Code, Note   string
	Amount           money
	Fee              int64
	Payer            *payer
	Refunded         int64
	Created, Updated time.Time
}

func (d *direct) begun() time.Time { return d.Created }
func (d *direct) moved() bool      { return true }

func (d *direct) row(*books) statementLine {
	l := statementLine{
		id: d.ID, code: d.Code, status: "S", amount: d.Amount, fee: -d.Fee, begun: d.Created, updated: d.Updated,
		note: d.Note, payer: d.Payer,
	}
	if d.Refunded == d.Amount.Minor {
		l.status = "V"
	}
	return l
}

// status is the same in the words of a capture.
func (d *direct) status() string {
	switch d.Refunded {
	case 0:
		return statusCompleted
	case d.Amount.Minor:
		return statusRefunded
	default:
		return statusPartlyRefunded
	}
}

// hookPayment is POST /sandbox/payments: somebody gives without coming by an order.
func (s *Server) hookPayment(w http.ResponseWriter, r *http.Request) {
	body := struct {
		Amount   string `json:"amount"`
		Currency string `json:"currency"`
		Note     string `json:"note"`
		Email    string `json:"payer_email"`
		Kind     string `json:"kind"`
	}{Currency: "EUR", Kind: "donation"}
	if !readHook(w, r, &body) {
		return
	}
	code, known := map[string]string{"donation": codeDonation, "payment": codeGeneral}[body.Kind]
	amount, err := hookAmount(body.Currency, body.Amount)
	if !known {
		err = fmt.Errorf("kind %q: it has to be donation or payment", body.Kind)
	}
	if err != nil {
		hookError(w, http.StatusBadRequest, "%v", err)
		return
	}
	s.mu.Lock()
	d := &direct{
		ID: newID(), Code: code, Note: body.Note, Amount: amount, Fee: s.fees[amount.Currency].of(amount),
		Payer:   person{Email: body.Email}.payer(),
		Created: s.now(), Updated: s.now(),
	}
	s.books.directs[d.ID] = d
	s.enterMovement(d)
	s.enterLedger(ledgerRef{kindSale, d.ID})
	s.journal.put("direct", d.ID, d)
	entry := s.books.entry(ledgerRef{kindSale, d.ID})
	s.mu.Unlock()
	writeJSON(w, http.StatusCreated, entry)
}

// hookPaymentRefund is POST /sandbox/payments/{id}/refund: the seller gives it back on PayPal's own site.
func (s *Server) hookPaymentRefund(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Amount string `json:"amount"`
	}
	if !readHook(w, r, &body) {
		return
	}
	id := chi.URLParam(r, "id")
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.books.directs[id]
	if d == nil {
		hookError(w, http.StatusNotFound, "there is no payment %s", id)
		return
	}
	amount, err := d.Amount.minus(d.Refunded), error(nil)
	if body.Amount != "" {
		amount, err = hookAmount(d.Amount.Currency, body.Amount)
	}
	switch {
	case err != nil:
		hookError(w, http.StatusBadRequest, "%v", err)
		return
	case amount.Minor == 0 || amount.Minor > d.Amount.Minor-d.Refunded:
		hookError(w, http.StatusConflict, "no more than %s is left", d.Amount.minus(d.Refunded))
		return
	}
	d.Refunded += amount.Minor
	d.Updated = s.now()
	t := s.enterTransfer(codeRefund, amount.negated(), d.ID, "")
	s.enterLedger(ledgerRef{kindReturn, t.ID})
	s.journal.put("direct", d.ID, d)
	writeJSON(w, http.StatusOK, s.books.entry(ledgerRef{kindReturn, t.ID}))
}

// hookAmount reads the positive amount of a test hook.
func hookAmount(currency, value string) (money, error) {
	if _, settled := decimals[currency]; !settled {
		return money{}, fmt.Errorf("currency %q: not a currency that PayPal settles", currency)
	}
	minor, code := parseMinor(currency, value)
	if code != "" || minor <= 0 {
		return money{}, errors.New("amount " + fmt.Sprintf("%q", value) + ": it has to be a positive amount in " + currency)
	}
	return money{currency, minor}, nil
}
