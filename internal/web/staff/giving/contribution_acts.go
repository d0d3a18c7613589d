package giving

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// flash reports the outcome of the last action, which the address names.
func (s *Contribution) flash(loc i18n.Localizer, v url.Values, h dashboard.History) *page.Flash {
	for _, q := range h.Asked {
		if v.Get("refund") == strconv.Itoa(q.Number) {
			return refundNotice(loc, q)
		}
	}
	for _, d := range h.Disputes {
		if v.Get("accepted") == d.PayPalID {
			return acceptNotice(loc, d)
		}
	}
	if notice := s.changedNotice(loc, v, h); notice != nil {
		return notice
	}
	switch {
	case v.Get("noted") != "":
		return page.Good(loc, "staff.noted")
	case v.Get("looked") != "":
		return page.Good(loc, "staff.reviewed")
	case v.Get("unanswered") != "":
		return page.Bad(loc, "staff.paypal_silent")
	case v.Get("asked") != "":
		since, err := strconv.ParseInt(v.Get("asked"), 10, 64)
		if err != nil {
			return nil
		}
		return s.askedFlash(loc, h, since)
	default:
		return nil
	}
}

func refundNotice(loc i18n.Localizer, q dashboard.RefundRequest) *page.Flash {
	args, meaning := i18n.Args{"amount": money.Format(q.Amount, loc.Tag())}, words.RefundRequest(loc, q.State).Meaning
	switch q.State {
	case "done":
		return page.Good(loc, "staff.refund_done", args)
	case "pending":
		return page.Pending(loc, "staff.refund_pending", args)
	case "refused", "failed":
		return &page.Flash{
			Tone: "bad", Title: loc.Say("staff.refund_refused"), Text: strings.TrimSpace(meaning + " " + q.Advice),
		}
	default:
		return &page.Flash{Tone: "wait", Title: loc.Say("staff.refund_unconfirmed", args), Text: meaning}
	}
}

func acceptNotice(loc i18n.Localizer, d dashboard.Dispute) *page.Flash {
	args := i18n.Args{"amount": money.Format(d.Amount, loc.Tag())}
	switch {
	case d.Open && d.Acceptance == "accepted":
		return page.Good(loc, "staff.dispute_accepted", args)
	case d.Open:
		return page.Pending(loc, "staff.dispute_unconfirmed")
	case d.Outcome == "ACCEPTED" || d.Outcome == "RESOLVED_BUYER_FAVOUR":
		return page.Good(loc, "staff.dispute_ended", args)
	default:
		return &page.Flash{
			Tone: "wait", Title: loc.Say("staff.dispute_ended_before"), Text: words.DisputeOutcome(loc, d.Outcome).Meaning,
		}
	}
}

// askedFlash reports the news from PayPal since an event of the history.
func (s *Contribution) askedFlash(loc i18n.Localizer, h dashboard.History, since int64) *page.Flash {
	var news []string
	for _, line := range timeline(s.Layout, loc, dashboard.History{
		Frequency: h.Frequency, Events: eventsAfter(h.Events, since), Asked: h.Asked, Disputes: h.Disputes,
	}) {
		what := line.Title
		if line.To != "" {
			what = loc.Say("staff.changed_to", i18n.Args{"what": what, "from": line.From, "to": line.To})
		}
		news = append(news, what)
	}
	if len(news) == 0 {
		return page.Good(loc, "staff.no_news")
	}
	return page.Pending(loc, "staff.news", i18n.Args{"news": strings.Join(news, ". ")})
}

func eventsAfter(all []dashboard.Event, id int64) []dashboard.Event {
	var later []dashboard.Event
	for _, e := range all {
		if e.ID > id {
			later = append(later, e)
		}
	}
	return later
}

// Ask answers POST /staff/contributions/{id}/ask.
func (s *Contribution) Ask(w http.ResponseWriter, r *http.Request) error {
	id, err := page.PathID(r)
	if err != nil {
		return err
	}
	before, err := s.views.History(r.Context(), id)
	if err != nil {
		return err
	}
	since := int64(0)
	for _, e := range before.Events {
		since = max(since, e.ID)
	}
	_, err = s.settler.AskPayPal(r.Context(), id, screen.Actor(r))
	if fault.Is(err, fault.Unavailable) {
		s.Log.WarnContext(r.Context(), "PayPal could not be asked", "contribution", id, "error", err)
		page.Redirect(w, screen.ContributionAddress(id)+"?unanswered=1")
		return nil
	}
	if err != nil {
		return err
	}
	page.Redirect(w, screen.ContributionAddress(id)+"?asked="+strconv.FormatInt(since, 10))
	return nil
}

// noteForm is the field for a remark, empty or shown again with an error.
type noteForm struct {
	page.FormErrors
	Text string
}

// AddNote answers POST /staff/contributions/{id}/notes.
func (s *Contribution) AddNote(w http.ResponseWriter, r *http.Request) error {
	keep := func(id uuid.UUID, v url.Values) error {
		return s.contributions.Note(r.Context(), id, v.Get("note"), screen.Actor(r))
	}
	return s.remark(w, r, "note", "noted", keep, func(p *contributionPage) *noteForm { return &p.Remark })
}

// Review answers POST /staff/contributions/{id}/looked.
func (s *Contribution) Review(w http.ResponseWriter, r *http.Request) error {
	var about int64 // the review that the form is for
	keep := func(id uuid.UUID, v url.Values) error {
		about, _ = strconv.ParseInt(v.Get("review"), 10, 64) // 0 is no review
		return s.contributions.CloseReview(r.Context(), id, about, v.Get("found"), screen.Actor(r))
	}
	return s.remark(w, r, "found", "looked", keep, func(p *contributionPage) *noteForm {
		for i := range p.Reviews {
			if p.Reviews[i].ID == about {
				return &p.Reviews[i].Looked
			}
		}
		return new(noteForm) // closed in the meantime: the page no longer shows the form
	})
}

// remark saves one of the page's text fields and returns to the page, with the text if it was rejected.
func (s *Contribution) remark(w http.ResponseWriter, r *http.Request, field, done string,
	keep func(uuid.UUID, url.Values) error, of func(*contributionPage) *noteForm) error {
	id, err := page.PathID(r)
	if err != nil {
		return err
	}
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	err = keep(id, v)
	if err == nil {
		page.Redirect(w, screen.ContributionAddress(id)+"?"+done+"=1")
		return nil
	}
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	h, historyErr := s.views.History(r.Context(), id)
	if historyErr != nil {
		return historyErr
	}
	p, pageErr := s.page(r, h)
	if pageErr != nil {
		return pageErr
	}
	form := of(&p)
	form.Text = v.Get(field)
	form.Put(s.Pages.Localizer(r), err, field)
	return s.render(w, r, http.StatusUnprocessableEntity, p)
}
