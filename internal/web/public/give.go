package public

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"readerfund/internal/admission"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/form"
	"readerfund/internal/web/public/site"
)

// Give takes the donation form.
type Give struct {
	site.Layout

	forms   form.Maker
	starter *gift.Starter
	cookies *gift.Cookies
}

// Submit answers POST /contributions with a form: it starts a contribution and sends the reader to PayPal.
func (s *Give) Submit(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), gift.Timeout)
	defer cancel()
	values, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	in := intentOf(values, r)
	in.Locale = s.Pages.Locale(r)
	k, err := s.forms.CampaignOrDefault(ctx, in.Campaign)
	if err != nil {
		return err
	}
	in.Campaign = k.Slug
	c, err := s.starter.Start(ctx, r, in, admission.Proof{Solution: values.Get(gift.SolutionField),
		Turn: values.Get(gift.TurnField)})
	if n, ok := errors.AsType[*admission.NotYetError](err); ok {
		if values.Get("idempotency_key") == "" { // as from the appeal without JavaScript: from here on it stays
			values.Set("idempotency_key", rand.Text())
		}
		return showChallenge(s.Layout, w, r, "/contributions", values, n)
	}
	if err != nil {
		return s.showAgain(w, r, in, values.Get("idempotency_key"), err)
	}
	s.cookies.Remember(w, r, c.ID)
	if o := c.Outcome(); o == contribution.OutcomeReceived || o == contribution.OutcomeConfirming {
		return s.showAlreadyGiven(w, r, in, c)
	}
	to, err := s.starter.Approval(c)
	if err != nil {
		return err
	}
	page.Redirect(w, cmp.Or(to, s.Pages.To(r, s.ThanksAddress(c.ID))))
	return nil
}

// intentOf reads the form. If the reader typed an amount of their own, it counts and the choice above it does not:
// without JavaScript a choice stays marked when an amount is typed. Each frequency has its own choices, and only those
// of the chosen frequency count.
func intentOf(v url.Values, r *http.Request) contribution.Intent {
	frequency := cmp.Or(v.Get("frequency"), string(contribution.Once))
	amount := strings.TrimSpace(v.Get("amount"))
	if amount == "" {
		amount = v.Get(form.ChoiceField(contribution.Frequency(frequency)))
	}
	in := contribution.Intent{
		Campaign: v.Get("campaign"), Amount: amount, Written: true, Currency: string(money.Code(v.Get("currency"))),
		Frequency: frequency,
		Article:   contribution.LinkedArticle(v.Get("article")),
		Source:    contribution.SourceFrom(v.Get),
		Name:      v.Get("name"), Email: v.Get("email"), Message: strings.ReplaceAll(v.Get("message"), "\r\n", "\n"),
		Naming: namingOf(v), CoverFee: ticked(v.Get("cover_fee")),
		Tribute: contribution.Tribute{Kind: v.Get("tribute"), Name: v.Get("tribute_name")},
	}
	in.IdempotencyKey = r.Header.Get("Idempotency-Key")
	if key := v.Get("idempotency_key"); in.IdempotencyKey == "" && key != "" {
		in.IdempotencyKey = formKey(key, in)
	}
	return in
}

// namingOf reads whether the reader may be named. Our form always sends named=no, followed by named=yes if the box is
// ticked. A reader who wrote a name and left the box empty said no; a reader who wrote no name gave no answer.
func namingOf(v url.Values) contribution.Naming {
	var named *bool
	switch answers := v["named"]; {
	case slices.Contains(answers, "yes"):
		named = new(true)
	case slices.Contains(answers, "no") && strings.TrimSpace(v.Get("name")) != "":
		named = new(false)
	}
	return gift.Naming(named, ticked(v.Get("anonymous")))
}

// ticked reads a checkbox.
func ticked(value string) bool {
	return value != "" && value != "false" && value != "0" && value != "off" && value != "no"
}

// formKey derives the idempotency key from the form's hidden field and what was filled in. A double click or a reload
// sends the same values and finds the same order. A reader who comes back from PayPal to change the amount sends other
// values and gets a new order, instead of an error about a key they have never seen.
func formKey(hidden string, in contribution.Intent) string {
	in.IdempotencyKey, in.Locale = "", ""
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q", hidden, fmt.Sprintf("%#v", in)))
	return "form-" + hex.EncodeToString(sum[:])
}

// showAgain shows the reader what to do after a start that failed, and keeps everything they typed.
func (s *Give) showAgain(w http.ResponseWriter, r *http.Request, in contribution.Intent, key string,
	failure error) error {
	kind := fault.KindOf(failure)
	switch kind {
	case fault.Invalid, fault.Conflict, fault.Unavailable, fault.Refused:
	default:
		return failure
	}
	k, err := s.forms.CampaignOrDefault(r.Context(), in.Campaign)
	if err != nil { // the database is down too: there is no form to show
		return failure
	}
	k.Content = k.As(in.Source.Variant)
	f := s.forms.New(k, money.Currency(in.Currency), in.Article)
	f.Back = s.forms.BackTo(in.Article)
	f.Refill(in)
	loc := s.Pages.Localizer(r)
	if twice, ok := errors.AsType[*money.AmbiguousError](failure); ok {
		f.Offer(twice.Larger, twice.Smaller)
	}
	switch kind {
	case fault.Invalid:
		f.Put(loc, failure, formFields...)
		return s.forms.Show(w, r, http.StatusUnprocessableEntity, f)
	case fault.Conflict:
		f.Put(loc, failure, formFields...)
		return s.forms.Show(w, r, http.StatusConflict, f)
	case fault.Refused:
		return s.showRetry(w, r, f, in, f.Key, failure)
	default:
		return s.showRetry(w, r, f, in, cmp.Or(key, f.Key), failure)
	}
}

// formFields are the fields that can have an error beside them, as they follow each other on the page.
var formFields = []string{"frequency", "currency", "amount", "name", "email", "message", "tribute_name"}

// retry is a form that sends the same again.
type retry struct {
	Intent  contribution.Intent
	Key     string
	Message string
	Refused bool // PayPal answered, and refused
	Amount  money.Amount
	Form    string // the donation page, filled in
	Given   *given // the gift that the same form made before
}

// given is a gift that was made already.
type given struct {
	contribution.Contribution
	Shown   contribution.Outcome
	Day     string
	Address string // its thanks page
}

// showAlreadyGiven answers a form whose gift was already paid, because a page from the browser's history was sent
// again. Only the reader knows whether they meant a second gift, so the page asks. A second gift gets a new key.
func (s *Give) showAlreadyGiven(
	w http.ResponseWriter, r *http.Request, in contribution.Intent, c contribution.Contribution,
) error {
	at := c.CompletedAt
	if at.IsZero() {
		at = c.CreatedAt
	}
	again := retry{
		Intent: in, Key: rand.Text(), Amount: c.Amount,
		Form:  againAddress(c),
		Given: &given{Contribution: c, Shown: c.Outcome(), Day: s.Day(r, at), Address: s.ThanksAddress(c.ID)},
	}
	p := page.Page{Title: s.Pages.Localizer(r).Say("public.already_given"), NoIndex: true, Data: again}
	return s.Pages.Render(w, r, http.StatusConflict, "public/given.html", p)
}

// showRetry says that nothing was charged, and offers to try again. If PayPal did not answer, the retry uses the same
// key: should the first order exist after all, the second request finds it. If PayPal refused, the retry is a new
// attempt with a new key.
func (s *Give) showRetry(w http.ResponseWriter, r *http.Request, f form.Form, in contribution.Intent, key string,
	failure error) error {
	status := page.StatusOf(fault.KindOf(failure))
	s.Pages.LogFailure(r, status, failure)
	loc := s.Pages.Localizer(r)
	again := retry{
		Intent: in, Key: key, Message: loc.Message(fault.All(failure)[0].Message),
		Refused: fault.Is(failure, fault.Refused),
		Form: site.SupportAddress(f.Campaign.Slug, f.Currency, in.Amount, contribution.Frequency(in.Frequency),
			site.Referral{Article: f.Article, Source: f.Source}),
	}
	if a, err := money.ParseWritten(in.Amount, money.Currency(in.Currency)); err == nil {
		if again.Amount = a; in.CoverFee && f.Fee != nil {
			again.Amount.Minor = f.Fee.Covering(a.Minor)
		}
	}
	if !again.Refused {
		w.Header().Set("Retry-After", "30")
	}
	return s.Pages.Render(w, r, status, "public/retry.html",
		page.Page{Title: loc.Say("public.not_through"), NoIndex: true, Data: again})
}
