package public

import (
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/text/currency"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
)

// Donate is the donation page.
type Donate struct {
	forms     forms
	campaigns *campaign.Catalog
}

// Home answers GET /: the default campaign's donation page.
func (s *Donate) Home(w http.ResponseWriter, r *http.Request) error {
	k, err := s.campaigns.Default(r.Context())
	if err != nil {
		return err
	}
	return s.show(w, r, k, http.StatusOK)
}

// Support answers GET /support/{campaign}. A link to a campaign that is not here, or no longer, is an error to a
// program that checks links, and leads a reader to the form all the same.
func (s *Donate) Support(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("campaign")
	k, err := s.forms.campaignOrDefault(r.Context(), slug)
	if err != nil {
		return err
	}
	if k.Slug != slug {
		return s.show(w, r, k, http.StatusNotFound, i18n.New("public.link_to_no_campaign"))
	}
	return s.show(w, r, k, http.StatusOK)
}

// show shows the form, filled in by the address. What cannot be used there is left out: the reader did not write it.
// They are told where the form is not for what the link promised. The page is never stored, because it holds the key
// that makes sending it twice one gift.
func (s *Donate) show(
	w http.ResponseWriter, r *http.Request, k campaign.Campaign, status int, notes ...i18n.Message,
) error {
	q := r.URL.Query()
	code := money.Code(strings.TrimSpace(q.Get("currency")))
	f := s.forms.newForm(k, code, contribution.LinkedArticle(q.Get("article")))
	f.UTM = contribution.UTMFrom(q.Get)
	f.often(contribution.Frequency(q.Get("frequency")))
	if code != "" && code != f.Currency { // an amount of it would be another in ours
		notes = append(notes, otherCurrency(code, f.Currency))
	} else if a, err := money.ParseWritten(q.Get("amount"), f.Currency); err == nil && f.accepts(a) {
		f.choose(a.Decimal())
	}
	for _, note := range notes {
		f.Notes = append(f.Notes, s.forms.pages.Localizer(r).Message(note))
	}
	return s.forms.show(w, r, status, f)
}

// otherCurrency says that a link's currency is not to be had. Its code is said where it is one.
func otherCurrency(code, ours money.Currency) i18n.Message {
	if _, err := currency.ParseISO(string(code)); err != nil {
		return i18n.New("public.link_in_no_currency", i18n.Args{"ours": ours})
	}
	return i18n.New("public.link_in_other_currency", i18n.Args{"theirs": code, "ours": ours})
}

// ChangeCurrency answers POST /support/{campaign}: the form in another currency, with everything that was filled in. It
// begins no gift. It is a POST so that no name or message comes into an address.
func (s *Donate) ChangeCurrency(w http.ResponseWriter, r *http.Request) error {
	k, err := s.forms.campaignOrDefault(r.Context(), r.PathValue("campaign"))
	if err != nil {
		return err
	}
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	in := intentOf(v, r)
	from := s.forms.newForm(k, money.Currency(in.Currency), "")
	from.often(contribution.Frequency(in.Frequency))
	from.choose(in.Amount)
	f := s.forms.newForm(k, money.Code(v.Get("to")), in.Article)
	f.often(contribution.Frequency(in.Frequency))
	in.Amount = f.amountFrom(from)
	f.refill(in)
	return s.forms.show(w, r, http.StatusOK, f)
}

// Redirect answers GET /contributions, where a form was sent to: a reload, or a link that names the wrong address. What
// a link may say goes along.
func (s *Donate) Redirect(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	to, known := "/", url.Values{}
	if slug := q.Get("campaign"); slug != "" {
		to = "/support/" + url.PathEscape(slug)
	}
	for _, name := range []string{"amount", "currency", "frequency", "article"} {
		if q.Has(name) {
			known.Set(name, q.Get(name))
		}
	}
	for _, p := range contribution.UTMFrom(q.Get).Params() {
		known.Set(p.Name, p.Value)
	}
	if len(known) > 0 {
		to += "?" + known.Encode()
	}
	page.Redirect(w, to)
	return nil
}
