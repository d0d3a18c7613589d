package sandbox

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed pages
var pageFiles embed.FS

// pages are what a person sees of the sandbox.
type pages struct {
	approval, consent, index *template.Template
	style                    []byte
}

func loadPages() (pages, error) {
	var p pages
	var errs [4]error
	p.approval, errs[0] = template.ParseFS(pageFiles, "pages/layout.html", "pages/approval.html")
	p.index, errs[1] = template.ParseFS(pageFiles, "pages/layout.html", "pages/index.html")
	p.consent, errs[2] = template.ParseFS(pageFiles, "pages/layout.html", "pages/consent.html")
	p.style, errs[3] = pageFiles.ReadFile("pages/style.css")
	return p, errors.Join(errs[:]...)
}

// approvalView is what the approval page shows.
type approvalView struct {
	State  string // open, approved, completed, gone
	ID     string
	Payee  string
	Locale string // the language that the seller asked for
	Amount string
	Lines  []string // the descriptions of the units
	// Cancelled: the payer pressed cancel before. SentBack: the funding was declined, and another is wanted.
	Cancelled, SentBack bool
	ReturnURL           string
	Payer               *payer
	To                  []string // the origins that the form may lead to
}

// approvalPage is GET /checkoutnow: where the seller sends the payer.
func (s *Server) approvalPage(w http.ResponseWriter, r *http.Request) {
	s.showApproval(w, r.URL.Query().Get("token"))
}

func (s *Server) showApproval(w http.ResponseWriter, id string) {
	v := s.approvalView(id)
	status := http.StatusOK
	if v.State == "gone" {
		status = http.StatusNotFound
	}
	s.render(w, status, s.pages.approval, v, v.To...)
}

func (s *Server) approvalView(id string) approvalView {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.liveOrder(id)
	if o == nil {
		return approvalView{State: "gone", ID: id}
	}
	v := approvalView{
		State: "open", ID: o.ID, Payee: o.seller(), Amount: o.total(), Cancelled: o.Cancelled, Payer: o.Payer,
		Locale:    o.Locale,
		SentBack:  o.Status == statusApproved && (o.Outcome == outcomeDecline || o.Outcome == outcomePayerAction),
		ReturnURL: o.backURL(), To: origins(o.ReturnURL, o.CancelURL),
	}
	for _, u := range o.Units {
		if u.Description != "" {
			v.Lines = append(v.Lines, u.Description)
		}
	}
	switch {
	case o.Status == statusCompleted:
		v.State = "completed"
	case o.Status == statusApproved && !v.SentBack && !o.Cancelled:
		v.State = "approved"
	}
	return v
}

// approvalChoice is POST /checkoutnow: what the payer pressed.
func (s *Server) approvalChoice(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	id, choice := r.FormValue("token"), payerChoice{Outcome: outcome(r.FormValue("choice"))}
	var o *order
	var err error
	var next string
	if choice.Outcome == "cancel" {
		if o, err = s.cancel(id); err == nil {
			next = o.cancelledURL()
		}
	} else if err = choice.check(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	} else if o, err = s.approve(id, choice); err == nil {
		next = o.backURL()
	}
	if err != nil || next == "" {
		s.showApproval(w, id) // it says what stands in the way; without an address to go to, it says what was chosen
		return
	}
	http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // the address that the seller gave when it made the order
}

// seller is the name that the payer is shown.
func (o *order) seller() string {
	switch {
	case o.Brand != "":
		return o.Brand
	case o.Units[0].Payee.Email != "":
		return o.Units[0].Payee.Email
	default:
		return sellerEmail
	}
}

// sum is the total of the units, which have one currency.
func (o *order) sum() money {
	total := money{Currency: o.Units[0].Amount.Currency}
	for _, u := range o.Units {
		total.Minor += u.Amount.Minor
	}
	return total
}

// total is the sum as the payer reads it.
func (o *order) total() string { return o.sum().String() + " " + o.sum().Currency }

// origins are the scheme and host of each address.
func origins(addresses ...string) []string {
	var found []string
	for _, a := range addresses {
		u, err := url.Parse(a)
		if err == nil && u.Host != "" && !slices.Contains(found, u.Scheme+"://"+u.Host) {
			found = append(found, u.Scheme+"://"+u.Host)
		}
	}
	return found
}

// hookPage is GET /sandbox/: what can be done here, and the latest orders and subscriptions.
func (s *Server) hookPage(w http.ResponseWriter, _ *http.Request) {
	type row struct{ ID, Token, Status, Amount, Seller, Created string }
	const latest = 25
	s.mu.Lock()
	var rows []row
	for _, id := range slices.Backward(s.books.recent[max(0, len(s.books.recent)-latest):]) {
		o := s.books.orders[id]
		status := o.Status
		if o.expired(s.now()) {
			status = "expired"
		}
		rows = append(rows, row{o.ID, o.ID, status, o.total(), o.seller(), stamp(o.Created)})
	}
	var subs []row
	for _, id := range slices.Backward(s.books.subscriptionIDs[max(0, len(s.books.subscriptionIDs)-latest):]) {
		sub := s.books.subscriptions[id]
		price := s.books.terms(sub).said(sub.Quantity)
		subs = append(subs, row{id, sub.Token, sub.Status, price, sellerName(sub.Brand), stamp(sub.Created)})
	}
	hooks := len(s.books.webhooks)
	s.mu.Unlock()
	s.render(w, http.StatusOK, s.pages.index, struct {
		BaseURL, ClientID, Now string
		Webhooks               int
		Orders, Subscriptions  []row
	}{s.opts.BaseURL, s.opts.ClientID, stamp(s.now()), hooks, rows, subs})
}

// stylesheet is GET /sandbox/style.css.
func (s *Server) stylesheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(s.pages.style) // a browser that has gone away needs no style
}

// render writes a page, with a policy that lets nothing in but the stylesheet, and its form lead to the given origins.
func (s *Server) render(w http.ResponseWriter, status int, page *template.Template, data any, formTo ...string) {
	var buf bytes.Buffer
	if err := page.ExecuteTemplate(&buf, "layout.html", data); err != nil {
		s.log.Error("page not rendered", "err", err)
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action "+
		strings.Join(append([]string{"'self'"}, formTo...), " "))
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // nor a page
}
