package sandbox

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"
)

// What can stand in the way of a payer's choice.
var (
	errNoOrder   = errors.New("there is no such order, or it has expired")
	errCompleted = errors.New("the order is completed")
	errSame      = errors.New("convert_to is the currency of the order")
)

// payerChoice is who approves, and what comes of it at the capture.
type payerChoice struct {
	Outcome    outcome `json:"outcome"`
	Payer      person  `json:"payer"`
	ConvertTo  string  `json:"convert_to"` // the currency of the seller's account, if it is another
	Rate       string  `json:"rate"`
	conversion *conversion
}

// check says whether the outcome is one that the sandbox knows; none means approve.
func (c *payerChoice) check() error {
	switch c.Outcome {
	case "":
		c.Outcome = outcomeApprove
	case outcomeApprove, outcomeDecline, outcomePending, outcomeDeclinedCapture, outcomePayerAction:
	default:
		return errors.New("outcome: it has to be approve, decline, pending, declined_capture or payer_action")
	}
	var err error
	c.conversion, err = newConversion(c.ConvertTo, c.Rate)
	return err
}

// person is who pays, as a test names them.
type person struct {
	Email     string `json:"email"`
	GivenName string `json:"given_name"`
	Surname   string `json:"surname"`
	Country   string `json:"country"`
}

// payer fills in what is missing; the payer id follows from the address, as one person has one account.
func (named person) payer() *payer {
	p := &payer{Email: named.Email, GivenName: named.GivenName, Surname: named.Surname, Country: named.Country}
	if p.Email == "" {
		p.Email = "reader@example.com"
	}
	if p.GivenName == "" && p.Surname == "" {
		p.GivenName, p.Surname = "Robin", "Reader"
	}
	if p.Country == "" {
		p.Country = "DE"
	}
	p.PayerID = accountID(p.Email)
	return p
}

// accountAlphabet is that of PayPal's account ids: 2-9, and capitals without I and O.
const accountAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

func accountID(email string) string {
	sum := sha256.Sum256([]byte(email))
	id := make([]byte, 13)
	for i := range id {
		id[i] = accountAlphabet[int(sum[i])%len(accountAlphabet)]
	}
	return string(id)
}

// approve is the payer's yes. Said again it changes the choice, and makes no second event unless the payer had been
// sent back.
func (s *Server) approve(id string, choice payerChoice) (*order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.liveOrder(id)
	switch {
	case o == nil:
		return nil, errNoOrder
	case o.Status == statusCompleted:
		return nil, errCompleted
	case choice.conversion != nil && choice.conversion.To == o.Units[0].Amount.Currency:
		return nil, errSame
	}
	sentBack := o.Outcome == outcomeDecline || o.Outcome == outcomePayerAction
	isNews := o.Status != statusApproved || sentBack
	o.Status, o.Outcome, o.Payer, o.Cancelled = statusApproved, choice.Outcome, choice.Payer.payer(), false
	o.Conversion = choice.conversion
	if isNews {
		o.Approved = s.now()
		s.books.approved = append(s.books.approved, approval{o.ID, o.Approved})
		s.emitOrder("CHECKOUT.ORDER.APPROVED", "An order has been approved by buyer", o)
	}
	s.journal.put("order", o.ID, o)
	copied := *o
	return &copied, nil
}

// cancel is the payer's no. At PayPal the order stays as it is: the payer may come back and approve.
func (s *Server) cancel(id string) (*order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.liveOrder(id)
	switch {
	case o == nil:
		return nil, errNoOrder
	case o.Status == statusCompleted:
		return nil, errCompleted
	}
	o.Cancelled = true
	s.journal.put("order", o.ID, o)
	copied := *o
	return &copied, nil
}

// backURL is where the payer goes after approving; empty if the seller named no address.
func (o *order) backURL() string {
	if o.ReturnURL == "" || o.Payer == nil {
		return ""
	}
	return withQuery(o.ReturnURL, "token", o.ID, "PayerID", o.Payer.PayerID)
}

// cancelledURL is where the payer goes after cancelling.
func (o *order) cancelledURL() string {
	if o.CancelURL == "" {
		return ""
	}
	return withQuery(o.CancelURL, "token", o.ID)
}

// withQuery adds parameters to an address, after those it has.
func withQuery(address string, pairs ...string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += url.QueryEscape(pairs[i]) + "=" + url.QueryEscape(pairs[i+1])
	}
	return u.String()
}

// hookApprove is POST /sandbox/orders/{id}/approve.
func (s *Server) hookApprove(w http.ResponseWriter, r *http.Request) {
	var choice payerChoice
	if !readHook(w, r, &choice) {
		return
	}
	if err := choice.check(); err != nil {
		hookError(w, http.StatusBadRequest, "%v", err)
		return
	}
	o, err := s.approve(chi.URLParam(r, "id"), choice)
	if err != nil {
		hookRefusal(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"id": o.ID, "status": o.Status, "return_url": o.backURL()})
}

// hookCancel is POST /sandbox/orders/{id}/cancel.
func (s *Server) hookCancel(w http.ResponseWriter, r *http.Request) {
	o, err := s.cancel(chi.URLParam(r, "id"))
	if err != nil {
		hookRefusal(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"id": o.ID, "status": o.Status, "cancel_url": o.cancelledURL()})
}

func hookRefusal(w http.ResponseWriter, err error) {
	status := http.StatusConflict
	if errors.Is(err, errNoOrder) {
		status = http.StatusNotFound
	}
	hookError(w, status, "%v", err)
}
