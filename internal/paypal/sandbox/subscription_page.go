package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Where the payer agrees to a subscription, and to a change of it.
const (
	consentPath = "/webapps/billing/subscriptions"
	updatePath  = consentPath + "/update"
)

// slowly is how long PayPal takes when the payer has chosen that it takes long.
const slowly = 10 * time.Second

// otherPayer is who approves instead of the made-up reader.
var otherPayer = person{Email: "kim.other@example.com", GivenName: "Kim", Surname: "Other", Country: "GB"}

// consentView is what the page shows.
type consentView struct {
	State         string // open, change, wait, agreed, ended, gone
	Token         string
	Payee         string
	Locale        string // the language that the seller asked for
	Price, Before string // what it costs, and before the change
	First         string // the day of the first payment, where that is to come later; else empty
	Button        string
	Cancelled     bool // the payer pressed cancel before
	Ships         bool // the seller gets the payer's address
	ReturnURL     string
	Action        string
	To            []string // the origins that the form may lead to
}

// consentPage is GET /webapps/billing/subscriptions, and …/update.
func (s *Server) consentPage(w http.ResponseWriter, r *http.Request) {
	s.showConsent(w, r.URL.Query().Get("ba_token"))
}

func (s *Server) showConsent(w http.ResponseWriter, token string) {
	v, status := s.consentView(token), http.StatusOK
	if v.State == "gone" {
		status = http.StatusNotFound
	}
	s.render(w, status, s.pages.consent, v, v.To...)
}

func (s *Server) consentView(token string) consentView {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.books.byToken[token]
	if sub == nil {
		return consentView{State: "gone", Token: token}
	}
	v := consentView{
		State: "open", Token: token, Action: consentPath, Payee: sellerName(sub.Brand), Cancelled: sub.Abandoned,
		Locale: sub.Locale,
		Price:  s.books.terms(sub).said(sub.Quantity), Button: "Agree and subscribe",
		ReturnURL: sub.back(sub.ReturnURL, token), To: origins(sub.ReturnURL, sub.CancelURL),
	}
	v.Ships = sub.Ships
	if sub.Start.After(s.now()) {
		v.First = sub.Start.Format("2 January 2006")
	}
	if sub.AwaitsSeller {
		v.Button = "Continue"
	}
	switch {
	case sub.Revision != nil && sub.Revision.Token == token:
		r := sub.Revision
		next := r.Own
		if next == nil {
			next = &s.books.plans[r.PlanID].Terms
		}
		v.State, v.Action, v.Button, v.Cancelled = "change", updatePath, "Agree to the change", false
		v.Before, v.Price, v.Payee = v.Price, next.said(r.Quantity), sellerName(r.Brand)
		v.Locale = r.Locale
		v.To = origins(r.ReturnURL, r.CancelURL)
	case sub.over():
		v.State = "ended"
	case sub.Approval != nil:
		v.State = "wait"
	case sub.Status != statusApprovalPending:
		v.State = "agreed"
	}
	return v
}

// sellerName is the name that the payer is shown.
func sellerName(brand string) string {
	if brand == "" {
		return sellerEmail
	}
	return brand
}

// consentChoice is POST to the same addresses: what the payer pressed.
func (s *Server) consentChoice(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	token := r.FormValue("ba_token")
	var next string
	var err error
	switch r.FormValue("choice") {
	case "approve":
		next, err = s.approveSubscription(token, consent{})
	case "slow":
		next, err = s.approveSubscription(token, consent{After: duration(slowly)})
	case "fail":
		next, err = s.approveSubscription(token, consent{FirstFails: true})
	case "other":
		next, err = s.approveSubscription(token, consent{Payer: otherPayer})
	case "cancel":
		next, err = s.declineSubscription(token)
	default:
		http.Error(w, "choice: it has to be approve, slow, fail, other or cancel", http.StatusBadRequest)
		return
	}
	if err != nil || next == "" {
		s.showConsent(w, token) // it says how things stand
		return
	}
	http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // the address that the seller gave
}

// said is what the terms cost, as the payer reads it: "12.50 EUR every month".
func (t *terms) said(quantity int64) string {
	var parts []string
	for _, one := range t.Cycles {
		price := "free"
		if one.Pricing != nil && one.Pricing.Price.Minor > 0 {
			total := money{t.Currency, one.Pricing.Price.Minor * quantity}
			price = total.String() + " " + t.Currency
		}
		part := price + " every " + strings.ToLower(one.Unit)
		if one.Count > 1 {
			part = price + " every " + strconv.Itoa(one.Count) + " " + strings.ToLower(one.Unit) + "s"
		}
		if one.Total > 0 {
			part += ", " + strconv.Itoa(one.Total) + "×"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", then ")
}
