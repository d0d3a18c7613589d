package public

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/settle"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
)

// settleTimeout bounds how long the reader waits on the way back; after it the thanks page says "being confirmed".
const settleTimeout = 8 * time.Second

// Return is where PayPal sends the reader back to.
type Return struct {
	layout

	contributions *contribution.Service
	settler       *settle.Settler
	forms         forms
	cookies       *gift.Cookies
}

// Return answers GET /contributions/{id}/return: PayPal sent the reader back. It settles and goes on to the thanks
// page, which tells the truth whatever came of it. It shows nothing by itself, so it is safe to reload and to open in
// another browser.
func (s *Return) Return(w http.ResponseWriter, r *http.Request) error {
	before, own, err := s.read(r)
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
	caller := checkout.Caller{Present: own, Returning: fromPayPal(r) || r.URL.Query().Has("again")}
	c, err := s.settler.Settle(ctx, before.ID, settle.Source{Way: contribution.ByReader, Caller: caller})
	switch {
	case err != nil:
		s.log.WarnContext(r.Context(), "could not settle on the reader's return", "request", page.RequestID(r.Context()),
			"contribution", c.ID, "error", err)
		to += "&" + unsure
	case own && before.State == contribution.Declined && before.Checkout.Told() &&
		c.Outcome() == contribution.OutcomeDeclined:
		to += "&" + again
	}
	if own && c.State == contribution.Declined && !s.cookies.Owns(r, c.ID) {
		to += "&token=" + url.QueryEscape(c.Checkout.PayPalID) // in another browser it stays the sign that the gift is theirs
	}
	page.Redirect(w, to)
	return nil
}

// fromPayPal reports whether the address is as PayPal sends the reader back by it from its approval page, whatever they
// did there (Orders v2, "return_url"; for a subscription it adds other parameters).
func fromPayPal(r *http.Request) bool {
	return r.URL.Query().Has("PayerID") || r.URL.Query().Has("subscription_id")
}

// Cancel answers GET /contributions/{id}/cancel: the reader turned back at PayPal. Nothing was charged; the form is
// there again. A browser without a sign of whose gift it is, as where an app opened PayPal in its own, gets a page that
// helps and is the same for every gift, and for none. It changes nothing.
func (s *Return) Cancel(w http.ResponseWriter, r *http.Request) error {
	c, own, err := s.read(r)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && !own:
		title := s.pages.Localizer(r).Say("public.headline.turned_back")
		return s.pages.Render(w, r, http.StatusNotFound, "public/turned_back.html", page.Page{Title: title, NoIndex: true})
	case err != nil:
		return err
	}
	if r.Method != http.MethodHead {
		ctx, cancel := context.WithTimeout(r.Context(), settleTimeout)
		defer cancel()
		if c, err = s.settler.Cancel(ctx, c.ID); err != nil {
			s.log.WarnContext(r.Context(), "could not ask PayPal when the reader turned back",
				"request", page.RequestID(r.Context()), "contribution", c.ID, "error", err)
			page.Redirect(w, s.thanksAddress(c.ID)+"&"+unsure)
			return nil
		}
	}
	if o := c.Outcome(); o != contribution.OutcomeCancelled && o != contribution.OutcomeOpen {
		page.Redirect(w, s.thanksAddress(c.ID)) // an old link: it went on since, and "nothing was charged" may be untrue
		return nil
	}
	f, err := s.forms.formLike(r, c)
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "public/cancelled.html",
		page.Page{Title: s.pages.Localizer(r).Say("public.headline.cancelled"), NoIndex: true, Data: f})
}

// read is the contribution that the address names, for the reader whose gift it is (own), or who holds the key of its
// thanks page. It is their own if their browser made it, or if the address has PayPal's order id as token, which PayPal
// adds when it sends the reader back; another token is an address put together by hand, and gets no further. Of a
// subscription PayPal adds the id as subscription_id, and a token that says nothing to us.
func (s *Return) read(r *http.Request) (c contribution.Contribution, own bool, err error) {
	id, err := page.PathID(r)
	if err != nil {
		return contribution.Contribution{}, false, errNotYours()
	}
	token := cmp.Or(r.URL.Query().Get("subscription_id"), r.URL.Query().Get("token"))
	if token == "" && !s.mayOpen(s.cookies, r, id) {
		return contribution.Contribution{}, false, errNotYours()
	}
	c, err = s.contributions.Get(r.Context(), id)
	if c.Checkout.Kind == checkout.Subscription && token != c.Checkout.PayPalID && s.mayOpen(s.cookies, r, id) {
		token = "" // whatever the address names, what was begun here is asked about
	}
	if fault.Is(err, fault.NotFound) || err == nil && token != "" && token != c.Checkout.PayPalID {
		return contribution.Contribution{}, false, errNotYours()
	}
	return c, token != "" || s.cookies.Owns(r, id), err
}

// errNotYours is for a gift's address without a sign of whose gift it is. It says the same whether there is
// such a gift or not.
func errNotYours() error {
	return fault.New(fault.NotFound, "web.link_unknown")
}
