package web

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/money"
)

// settleTimeout bounds how long the reader waits on the way back; after it the thanks page says "being confirmed".
const settleTimeout = 8 * time.Second

// comeBack answers GET /contributions/{id}/return: PayPal sent the reader back. It settles and goes on to the thanks
// page, which tells the truth whatever came of it. It shows nothing by itself, so it is safe to reload and to open in
// another browser.
func (s *site) comeBack(w http.ResponseWriter, r *http.Request) error {
	c, err := s.named(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), settleTimeout)
	defer cancel()
	to := s.thanksAddress(c.ID)
	if _, err := s.Desk.Settle(ctx, c.ID, contribution.Source{Way: contribution.ByReader}); err != nil {
		s.Log.WarnContext(r.Context(), "could not settle on the reader's return", "request", RequestID(r.Context()), "contribution", c.ID, "error", err)
		to += "&" + unsure
	}
	redirect(w, to)
	return nil
}

// cancelled answers GET /contributions/{id}/cancel: the reader turned back at PayPal. Nothing was charged; the form is
// there again.
func (s *site) cancelled(w http.ResponseWriter, r *http.Request) error {
	c, err := s.named(r)
	if err != nil {
		return err
	}
	if c, err = s.Desk.Cancel(r.Context(), c.ID); err != nil {
		return err
	}
	if o := c.Outcome(); o != contribution.OutcomeCancelled && o != contribution.OutcomeOpen {
		redirect(w, s.thanksAddress(c.ID)) // an old link: it went on since, and "nothing was charged" may be untrue
		return nil
	}
	f, err := s.formFor(r, c)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "public/cancelled.html", page{Title: "Nothing was charged", NoIndex: true, Data: f})
}

// named is the contribution that the address names. PayPal adds its order id as token; when that is another's, the
// address was put together by hand and gets no further.
func (s *site) named(r *http.Request) (contribution.Contribution, error) {
	id, err := pathID(r)
	if err != nil {
		return contribution.Contribution{}, err
	}
	c, err := s.Desk.Get(r.Context(), id)
	if err != nil {
		return contribution.Contribution{}, err
	}
	if token := r.URL.Query().Get("token"); token != "" && token != c.OrderID {
		return contribution.Contribution{}, errNoPage()
	}
	return c, nil
}

// pathID reads the id in the address, in the one way we write it.
func pathID(r *http.Request) (uuid.UUID, error) {
	text := chi.URLParam(r, "id")
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		return uuid.UUID{}, errNoPage()
	}
	return id, nil
}

// formFor is a new form filled in like a contribution that came to nothing. What the reader wrote about themselves comes
// back only in their own browser.
func (s *site) formFor(r *http.Request, c contribution.Contribution) (form, error) {
	k, err := s.Campaigns.BySlug(r.Context(), c.Campaign)
	if err != nil {
		return form{}, err
	}
	f := s.newForm(k, c.Amount.Currency, c.Article)
	if f.Currency == c.Amount.Currency {
		f.choose(money.New(c.Amount.Minor, c.Amount.Currency).Decimal())
	}
	if s.owns(r, c.ID) {
		f.Name, f.Email, f.Message, f.Anonymous = c.Name, c.Email, c.Message, c.Anonymous
	}
	return f, nil
}
