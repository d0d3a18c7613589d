package public

import (
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/form"
)

// Donate is the donation page.
type Donate struct {
	forms     form.Maker
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

// Support answers GET /support/{campaign}. A link to a campaign that does not exist, or no longer does, is an error for
// a program that checks links, but still leads a reader to the form.
func (s *Donate) Support(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("campaign")
	k, err := s.forms.CampaignOrDefault(r.Context(), slug)
	if err != nil {
		return err
	}
	if k.Slug != slug {
		return s.show(w, r, k, http.StatusNotFound, i18n.New("public.link_to_no_campaign"))
	}
	return s.show(w, r, k, http.StatusOK)
}

// show shows the form, filled in from the address. Values that the form cannot use are left out: the reader did not
// write them. A note says where the form does not offer what the link promised. The page is never stored, because it
// holds the key that makes sending the form twice one gift.
func (s *Donate) show(
	w http.ResponseWriter, r *http.Request, k campaign.Campaign, status int, notes ...i18n.Message,
) error {
	q := r.URL.Query()
	article, source := contribution.LinkedArticle(q.Get("article")), contribution.SourceFrom(q.Get)
	if source.Referrer == "" && article == "" {
		source.Referrer = s.forms.Referrer(r)
	}
	k.Content = k.As(source.Variant)
	code := money.Code(strings.TrimSpace(q.Get("currency")))
	in := code
	if in == "" && q.Get("amount") == "" { // an amount without a currency is in the campaign's own
		in = localCurrency(r)
	}
	f := s.forms.New(k, in, article)
	f.Source, f.Back = source, s.forms.BackTo(article)
	f.Often(contribution.Frequency(q.Get("frequency")))
	if code != "" && code != f.Currency { // the same number would be another amount in our currency
		notes = append(notes, otherCurrency(code, f.Currency))
	} else if a, err := money.ParseWritten(q.Get("amount"), f.Currency); err == nil && f.Accepts(a) {
		f.Choose(money.FormatField(a, s.forms.Pages.Localizer(r).Tag()))
	}
	for _, note := range notes {
		f.Notes = append(f.Notes, s.forms.Pages.Localizer(r).Message(note))
	}
	return s.forms.Show(w, r, status, f)
}

// localCurrency is that of the region which the reader's first language names ("de-CH"); empty where it names none. It
// is a guess: the form says which currency it is in, and offers the others.
func localCurrency(r *http.Request) money.Currency {
	wanted, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(wanted) == 0 {
		return ""
	}
	region, confidence := wanted[0].Region()
	unit, known := currency.FromRegion(region)
	if confidence != language.Exact || !known {
		return ""
	}
	return money.Currency(unit.String())
}

// otherCurrency says that the currency of a link is not available. It names the code if that is a real currency.
func otherCurrency(code, ours money.Currency) i18n.Message {
	if _, err := currency.ParseISO(string(code)); err != nil {
		return i18n.New("public.link_in_no_currency", i18n.Args{"ours": ours})
	}
	return i18n.New("public.link_in_other_currency", i18n.Args{"theirs": code, "ours": ours})
}

// ChangeCurrency answers POST /support/{campaign}: the form in another currency, with everything that was filled in. It
// starts no gift. It is a POST so that no name or message ends up in an address.
func (s *Donate) ChangeCurrency(w http.ResponseWriter, r *http.Request) error {
	k, err := s.forms.CampaignOrDefault(r.Context(), r.PathValue("campaign"))
	if err != nil {
		return err
	}
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	in := intentOf(v, r)
	k.Content = k.As(in.Source.Variant)
	from := s.forms.New(k, money.Currency(in.Currency), "")
	from.Often(contribution.Frequency(in.Frequency))
	from.Choose(in.Amount)
	f := s.forms.New(k, money.Code(v.Get("to")), in.Article)
	f.Back = s.forms.BackTo(in.Article)
	f.Often(contribution.Frequency(in.Frequency))
	in.Amount = f.AmountFrom(from, s.forms.Pages.Localizer(r).Tag())
	f.Refill(in)
	return s.forms.Show(w, r, http.StatusOK, f)
}

// Redirect answers GET /contributions, the address that the form posts to: the reader reloaded, or a link names the
// wrong address. The parameters that a link may carry are kept.
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
	for _, p := range contribution.SourceFrom(q.Get).Params() {
		known.Set(p.Name, p.Value)
	}
	if len(known) > 0 {
		to += "?" + known.Encode()
	}
	page.Redirect(w, to)
	return nil
}
