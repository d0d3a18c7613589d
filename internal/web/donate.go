package web

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"readerfund/internal/campaign"
	"readerfund/internal/money"
)

// home answers GET /: the default campaign's donation page.
func (s *site) home(w http.ResponseWriter, r *http.Request) error {
	k, err := s.Campaigns.Default(r.Context())
	if err != nil {
		return err
	}
	return s.donate(w, r, k)
}

// support answers GET /support/{campaign}.
func (s *site) support(w http.ResponseWriter, r *http.Request) error {
	k, err := s.Campaigns.BySlug(r.Context(), chi.URLParam(r, "campaign"))
	if err != nil {
		return err
	}
	return s.donate(w, r, k)
}

// donate shows the form, filled in by the address. What cannot be used there is left out without a word: the reader did
// not write it. The page is never stored, because it holds the key that makes sending it twice one gift.
func (s *site) donate(w http.ResponseWriter, r *http.Request, k campaign.Campaign) error {
	q := r.URL.Query()
	f := s.newForm(k, money.Currency(q.Get("currency")), webAddress(q.Get("article")))
	if a, err := money.Parse(q.Get("amount"), f.Currency); err == nil && a.Minor >= f.Least.Minor && a.Minor <= f.Most.Minor {
		f.choose(a.Decimal())
	}
	return s.showForm(w, r, http.StatusOK, f)
}

func (s *site) showForm(w http.ResponseWriter, r *http.Request, status int, f form) error {
	title := "Support us"
	if len(f.Errors) > 0 {
		title = "Please check: " + title // the first thing a screen reader says
	}
	return s.render(w, r, status, "public/donate.html", page{Title: title, NoIndex: status != http.StatusOK, Data: f})
}
