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
	"readerfund/internal/web/public/form"
	"readerfund/internal/web/public/site"
)

// settleTimeout bounds how long the reader waits on the way back; after it the thanks page says "being confirmed".
const settleTimeout = 8 * time.Second

// Return is where PayPal sends the reader back to.
type Return struct {
	site.Layout

	contributions *contribution.Service
	settler       *settle.Settler
	forms         form.Maker
	cookies       *gift.Cookies
}

// Return answers GET /contributions/{id}/return, where PayPal sends the reader back. It settles the contribution and
// redirects to the thanks page, which shows the outcome. It renders nothing itself, so it is safe to reload and to open
// in another browser.
func (s *Return) Return(w http.ResponseWriter, r *http.Request) error {
	before, own, err := s.read(r)
	if err != nil {
		return err
	}
	to := s.ThanksAddress(before.ID)
	if r.Method == http.MethodHead { // a mail scanner or a preview only looks; that is no return
		page.Redirect(w, to)
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), settleTimeout)
	defer cancel()
	caller := checkout.Caller{Present: own, Returning: fromPayPal(r) || r.URL.Query().Has("again")}
	c, err := s.settler.Settle(ctx, before.ID, settle.Source{Way: contribution.ByReader, Caller: caller})
	switch {
	case err != nil:
		s.Log.WarnContext(r.Context(), "could not settle on the reader's return", "request", page.RequestID(r.Context()),
			"contribution", c.ID, "error", err)
		to += "&" + unsure
	case own && before.State == contribution.Declined && before.Checkout.ToldOfRefusal() &&
		c.Outcome() == contribution.OutcomeDeclined:
		to += "&" + again
	}
	if own && c.State == contribution.Declined && !s.cookies.Owns(r, c.ID) {
		to += "&token=" + url.QueryEscape(c.Checkout.PayPalID) // proves in another browser that it is theirs
	}
	page.Redirect(w, to)
	return nil
}

// fromPayPal reports whether the address looks as PayPal leaves it when its approval page sends the reader back,
// whatever they did there (Orders v2, "return_url"; for a subscription PayPal adds other parameters).
func fromPayPal(r *http.Request) bool {
	return r.URL.Query().Has("PayerID") || r.URL.Query().Has("subscription_id")
}

// Cancel answers GET /contributions/{id}/cancel: the reader turned back at PayPal. Nothing was charged, and the form is
// shown again. A browser that cannot prove whose gift it is, for example because an app opened PayPal in its own
// browser, gets a help page that is the same for every id, existing or not. Cancel changes nothing.
func (s *Return) Cancel(w http.ResponseWriter, r *http.Request) error {
	c, own, err := s.read(r)
	r = page.InLanguage(r, c.Locale)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && !own:
		title := s.Pages.Localizer(r).Say("public.headline.turned_back")
		return s.Pages.Render(w, r, http.StatusNotFound, "public/turned_back.html", page.Page{Title: title, NoIndex: true})
	case err != nil:
		return err
	}
	if r.Method != http.MethodHead {
		ctx, cancel := context.WithTimeout(r.Context(), settleTimeout)
		defer cancel()
		if c, err = s.settler.Cancel(ctx, c.ID); err != nil {
			s.Log.WarnContext(r.Context(), "could not ask PayPal when the reader turned back",
				"request", page.RequestID(r.Context()), "contribution", c.ID, "error", err)
			page.Redirect(w, s.ThanksAddress(c.ID)+"&"+unsure)
			return nil
		}
	}
	if o := c.Outcome(); o != contribution.OutcomeCancelled && o != contribution.OutcomeOpen {
		// An old link: the gift has moved on since, and "nothing was charged" may be untrue.
		page.Redirect(w, s.ThanksAddress(c.ID))
		return nil
	}
	f, err := s.forms.Like(r, c)
	if err != nil {
		return err
	}
	f.Back = backWith(f.Back, contribution.OutcomeCancelled, c.Campaign)
	s.forms.Speak(s.Pages.Localizer(r), &f)
	return s.Pages.Render(w, r, http.StatusOK, "public/cancelled.html",
		page.Page{Title: s.Pages.Localizer(r).Say("public.headline.cancelled"), NoIndex: true, Data: f})
}

// read returns the contribution that the address names, if the request comes from the reader who made it (own) or
// carries the key of its thanks page. It is the reader's own if their browser made it, or if the address has PayPal's
// order id as token, which PayPal adds when it sends the reader back; with any other token the address was made by hand
// and is refused. For a subscription PayPal adds its id as subscription_id, and a token that we ignore.
func (s *Return) read(r *http.Request) (c contribution.Contribution, own bool, err error) {
	id, err := page.PathID(r)
	if err != nil {
		return contribution.Contribution{}, false, errNotYours()
	}
	token := cmp.Or(r.URL.Query().Get("subscription_id"), r.URL.Query().Get("token"))
	if token == "" && !s.MayOpen(s.cookies, r, id) {
		return contribution.Contribution{}, false, errNotYours()
	}
	c, err = s.contributions.Get(r.Context(), id)
	if c.Checkout.Kind == checkout.Subscription && token != c.Checkout.PayPalID && s.MayOpen(s.cookies, r, id) {
		token = "" // whatever the address names, the check is against what was started here
	}
	if fault.Is(err, fault.NotFound) || err == nil && token != "" && token != c.Checkout.PayPalID {
		return contribution.Contribution{}, false, errNotYours()
	}
	return c, token != "" || s.cookies.Owns(r, id), err
}

// errNotYours is the error for a gift's address without proof of whose gift it is. It is the same whether or not the
// gift exists.
func errNotYours() error {
	return fault.New(fault.NotFound, "web.link_unknown")
}
