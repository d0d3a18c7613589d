package public

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"readerfund/internal/admission"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/monthly"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/site"
)

// Monthly takes the answer to "make it monthly?", which the thanks page of a one-time gift asks.
type Monthly struct {
	site.Layout

	contributions *contribution.Service
	questions     *monthly.Service
	starter       *gift.Starter
	cookies       *gift.Cookies
	thanks        *Thanks
}

// question is the part of the thanks page that asks it.
type question struct {
	Act     string // where its buttons post to
	Amount  money.Amount
	First   string // the day of the first charge
	Trouble string // why a yes did not go through
}

// ask puts the question on the thanks page of the browser that made the gift. If looking up whether to ask fails, the
// page is shown without the question.
func (s *Thanks) ask(r *http.Request, t *thanksPage) {
	if s.questions == nil || !t.Own || t.Shown != contribution.OutcomeReceived {
		return
	}
	q, asked, err := s.questions.Ask(r.Context(), t.Contribution)
	if err != nil {
		s.Log.WarnContext(r.Context(), "could not find out whether to ask for a monthly gift",
			"request", page.RequestID(r.Context()), "contribution", t.ID, "error", err)
	}
	if asked && err == nil {
		t.Question = s.question(r, t.Contribution, q)
	}
}

func (s *Thanks) question(r *http.Request, c contribution.Contribution, q monthly.Question) *question {
	return &question{Act: monthlyAddress(c), Amount: q.Amount, First: s.Day(r, q.FirstCharge)}
}

func monthlyAddress(c contribution.Contribution) string {
	return "/contributions/" + c.ID.String() + "/monthly"
}

// Answer answers POST /contributions/{id}/monthly, from the browser that made the gift. A yes starts a monthly gift and
// sends the reader to PayPal; a no leads back to the thanks page, which does not ask again.
func (s *Monthly) Answer(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), gift.Timeout)
	defer cancel()
	id, err := page.PathID(r)
	if err != nil || !s.cookies.Owns(r, id) {
		return errNotYours()
	}
	form, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	c, err := s.contributions.Get(ctx, id)
	if err != nil {
		return err
	}
	r = page.InLanguage(r, c.Locale)
	switch form.Get("answer") {
	case "yes":
		proof := admission.Proof{Solution: form.Get(gift.SolutionField), Turn: form.Get(gift.TurnField)}
		return s.yes(ctx, w, r, c, proof)
	case "no":
		if err := s.questions.Keep(ctx, id, false); err != nil {
			return err
		}
		page.Redirect(w, s.ThanksAddress(id))
		return nil
	default:
		return fault.Input("answer", "public.answer")
	}
}

func (s *Monthly) yes(
	ctx context.Context, w http.ResponseWriter, r *http.Request, c contribution.Contribution, proof admission.Proof,
) error {
	in, err := s.questions.Yes(ctx, c)
	if errors.Is(err, monthly.ErrNotAsked) { // an old page: the thanks page says how it stands
		page.Redirect(w, s.ThanksAddress(c.ID))
		return nil
	}
	if err != nil {
		return err
	}
	in.Locale = s.Pages.Locale(r)
	begun, err := s.starter.Start(ctx, r, in, proof)
	if n, ok := errors.AsType[*admission.NotYetError](err); ok {
		return showChallenge(s.Layout, w, r, monthlyAddress(c), map[string][]string{"answer": {"yes"}}, n)
	}
	if err != nil {
		return s.showTrouble(w, r, c, in, err)
	}
	if err := s.questions.Keep(ctx, c.ID, true); err != nil {
		return err
	}
	s.cookies.Remember(w, r, begun.ID)
	to, err := s.starter.Approval(begun)
	if err != nil {
		return err
	}
	page.Redirect(w, cmp.Or(to, s.ThanksAddress(begun.ID)))
	return nil
}

// showTrouble shows the thanks page with the question again, and says why the yes failed: PayPal did not answer, or
// refused. Answering yes again starts the same gift, not a second one.
func (s *Monthly) showTrouble(
	w http.ResponseWriter, r *http.Request, c contribution.Contribution, in contribution.Intent, failure error,
) error {
	kind := fault.KindOf(failure)
	amount, err := money.Parse(in.Amount, money.Currency(in.Currency))
	if err != nil || kind != fault.Unavailable && kind != fault.Refused && kind != fault.Invalid {
		return failure
	}
	status, loc := page.StatusOf(kind), s.Pages.Localizer(r)
	s.Pages.LogFailure(r, status, failure)
	t := s.thanks.page(r, c)
	t.Each, t.Every = c.Amount, string(c.Frequency)
	t.Question = s.thanks.question(r, c, monthly.Question{Amount: amount, FirstCharge: in.FirstChargeAt})
	t.Question.Trouble = loc.Message(fault.All(failure)[0].Message)
	return s.thanks.render(w, r, status, &t)
}
