package web

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
)

// settleTimeout bounds how long the reader waits on the way back; after it the thanks page says "being confirmed".
const settleTimeout = 8 * time.Second

// comeBack answers GET /contributions/{id}/return: PayPal sent the reader back. It settles and goes on to the thanks
// page, which tells the truth whatever came of it. It shows nothing by itself, so it is safe to reload and to open in
// another browser.
func (s *site) comeBack(w http.ResponseWriter, r *http.Request) error {
	before, theirs, err := s.named(r)
	if err != nil {
		return err
	}
	to := s.thanksAddress(before.ID)
	if r.Method == http.MethodHead { // a look, by a mail scanner or a preview, is no return
		page.Redirect(w, to)
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), settleTimeout)
	defer cancel()
	c, err := s.Desk.Settle(ctx, before.ID, contribution.Source{
		Way: contribution.ByReader, MayRetry: theirs, Again: fromPayPal(r) || r.URL.Query().Has("again"),
	})
	switch {
	case err != nil:
		s.Log.WarnContext(r.Context(), "could not settle on the reader's return", "request", page.RequestID(r.Context()), "contribution", c.ID, "error", err)
		to += "&" + unsure
	case theirs && before.State == contribution.Declined && c.Outcome() == contribution.OutcomeDeclined:
		to += "&" + again
	}
	if theirs && c.State == contribution.Declined && !s.owns(r, c.ID) {
		to += "&token=" + url.QueryEscape(c.OrderID) // in another browser it stays the sign that the gift is theirs
	}
	page.Redirect(w, to)
	return nil
}

// fromPayPal reports whether the address is as PayPal sends the reader back by it from its approval page, whatever they
// did there (Orders v2, "return_url").
func fromPayPal(r *http.Request) bool { return r.URL.Query().Has("PayerID") }

// cancelled answers GET /contributions/{id}/cancel: the reader turned back at PayPal. Nothing was charged; the form is
// there again.
func (s *site) cancelled(w http.ResponseWriter, r *http.Request) error {
	c, theirs, err := s.named(r)
	switch {
	case err != nil:
		return err
	case !theirs:
		return errNotTheirs()
	}
	if r.Method != http.MethodHead {
		ctx, cancel := context.WithTimeout(r.Context(), settleTimeout)
		defer cancel()
		if c, err = s.Desk.Cancel(ctx, c.ID); err != nil {
			s.Log.WarnContext(r.Context(), "could not ask PayPal when the reader turned back",
				"request", page.RequestID(r.Context()), "contribution", c.ID, "error", err)
			page.Redirect(w, s.thanksAddress(c.ID)+"&"+unsure)
			return nil
		}
	}
	if o := c.Outcome(); o != contribution.OutcomeCancelled && o != contribution.OutcomeOpen {
		page.Redirect(w, s.thanksAddress(c.ID)) // an old link: it went on since, and "nothing was charged" may be untrue
		return nil
	}
	f, err := s.formFor(r, c)
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "public/cancelled.html", page.Page{Title: "Nothing was charged", NoIndex: true, Data: f})
}

// named is the contribution that the address names, for the reader whose gift it is (theirs) or who holds the key of
// its thanks page. It is theirs if their browser made it, or if the address has PayPal's order id as token, which
// PayPal adds when it sends the reader back; another token is an address put together by hand, and gets no further.
func (s *site) named(r *http.Request) (c contribution.Contribution, theirs bool, err error) {
	id, err := page.PathID(r)
	if err != nil {
		return contribution.Contribution{}, false, errNotTheirs()
	}
	token := r.URL.Query().Get("token")
	if token == "" && !s.mayOpen(r, id) {
		return contribution.Contribution{}, false, errNotTheirs()
	}
	c, err = s.Desk.Get(r.Context(), id)
	if fault.Is(err, fault.NotFound) || err == nil && token != "" && token != c.OrderID {
		return contribution.Contribution{}, false, errNotTheirs()
	}
	return c, token != "" || s.owns(r, id), err
}

// errNotTheirs is for an address of somebody's gift without a sign of whose it is. It says the same whether there is
// such a gift or not.
func errNotTheirs() error {
	return fault.NotFoundf("We cannot tell whose gift this link belongs to. If you have just given, your gift does " +
		"not depend on this page, and PayPal confirms it to you by email.")
}

// formFor is a new form filled in like a contribution that came to nothing. What the reader wrote about themselves
// comes back only in their own browser.
func (s *site) formFor(r *http.Request, c contribution.Contribution) (form, error) {
	k, err := s.campaignOrDefault(r.Context(), c.Campaign)
	if err != nil {
		return form{}, err
	}
	f := s.newForm(k, c.Amount.Currency, c.Article)
	f.Back = s.backTo(c.Article)
	f.UTM = c.UTM
	if f.Currency == c.Amount.Currency {
		f.choose(money.New(c.Amount.Minor, c.Amount.Currency).Decimal())
	}
	if s.owns(r, c.ID) {
		f.Name, f.Email, f.Message, f.Naming = c.Name, c.Email, c.Message, c.Naming
	}
	return f, nil
}
