package staff

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/text/language"

	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
)

// flash says what became of what was just done, as the address names it.
func (s *Contribution) flash(v url.Values, h dashboard.History, tag language.Tag) *page.Flash {
	for _, q := range h.Asked {
		if v.Get("refund") == strconv.Itoa(q.Number) {
			return refundNotice(q, tag)
		}
	}
	for _, d := range h.Disputes {
		if v.Get("accepted") == d.PayPalID {
			return acceptNotice(d, tag)
		}
	}
	switch {
	case v.Get("noted") != "":
		return page.Good("Note saved", "It is at the end of the history.")
	case v.Get("looked") != "":
		return page.Good("Marked as reviewed", "What you found is at the end of the history.")
	case v.Get("unanswered") != "":
		return page.Bad("PayPal did not answer", "Nothing has changed here. Try again in a few minutes; Readerfund also "+
			"asks on its own.")
	case v.Get("asked") != "":
		since, err := strconv.ParseInt(v.Get("asked"), 10, 64)
		if err != nil {
			return nil
		}
		return s.askedFlash(h, since)
	default:
		return nil
	}
}

func refundNotice(q dashboard.RefundRequest, tag language.Tag) *page.Flash {
	amount, is := money.Format(q.Amount, tag), askedInWords(q.State)
	switch q.State {
	case "done":
		return page.Good("Refunded", amount+" was refunded to the reader.")
	case "pending":
		return page.Pending("The refund is pending", amount+" goes to the reader later, usually because the money has to "+
			"come from a bank account first. There is nothing more to do.")
	case "refused", "failed":
		return page.Bad("Not refunded", strings.TrimSpace(is.Meaning+" "+q.Advice))
	default:
		return page.Pending("The refund of "+amount+" is not confirmed yet", is.Meaning)
	}
}

func acceptNotice(d dashboard.Dispute, tag language.Tag) *page.Flash {
	amount := money.Format(d.Amount, tag)
	switch {
	case d.Open && d.Acceptance == "accepted":
		return page.Good("The dispute is accepted", "PayPal will end it shortly, and "+amount+
			" goes back to the reader.")
	case d.Open:
		return page.Pending("Not confirmed yet", "PayPal has not confirmed that the dispute is accepted. Readerfund keeps "+
			"asking; the dispute below shows when it is.")
	case d.Outcome == "ACCEPTED" || d.Outcome == "RESOLVED_BUYER_FAVOUR":
		return page.Good("The dispute is accepted", amount+" goes back to the reader, and the dispute has ended.")
	default:
		return page.Pending("The dispute has already ended", outcomeInWords(d.Outcome).Meaning)
	}
}

// askedFlash says what PayPal told since an event of the history.
func (s *Contribution) askedFlash(h dashboard.History, since int64) *page.Flash {
	var news []string
	for _, line := range s.timeline(dashboard.History{Events: eventsAfter(h.Events, since), Asked: h.Asked,
		Disputes: h.Disputes}) {
		what := line.Title
		if line.To != "" {
			what += fmt.Sprintf(" (%s is now %s)", line.From, line.To)
		}
		news = append(news, what)
	}
	if len(news) == 0 {
		return page.Good("Nothing new at PayPal", "PayPal's answer matches our books.")
	}
	return page.Pending("PayPal has news", strings.Join(news, ". ")+".")
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
	_, err = s.settler.AskPayPal(r.Context(), id, actor(r))
	if fault.Is(err, fault.Unavailable) {
		s.log.WarnContext(r.Context(), "PayPal could not be asked", "contribution", id, "error", err)
		page.Redirect(w, "/staff/contributions/"+id.String()+"?unanswered=1")
		return nil
	}
	if err != nil {
		return err
	}
	page.Redirect(w, "/staff/contributions/"+id.String()+"?asked="+strconv.FormatInt(since, 10))
	return nil
}

// noteForm is the field for a remark, fresh or given back.
type noteForm struct {
	page.FormErrors
	Text string
}

// AddNote answers POST /staff/contributions/{id}/notes.
func (s *Contribution) AddNote(w http.ResponseWriter, r *http.Request) error {
	keep := func(id uuid.UUID, v url.Values) error {
		return s.contributions.Note(r.Context(), id, v.Get("note"), actor(r))
	}
	return s.remark(w, r, "note", "noted", keep, func(p *contributionPage) *noteForm { return &p.Remark })
}

// Review answers POST /staff/contributions/{id}/looked.
func (s *Contribution) Review(w http.ResponseWriter, r *http.Request) error {
	var about int64 // the review that the form is for
	keep := func(id uuid.UUID, v url.Values) error {
		about, _ = strconv.ParseInt(v.Get("review"), 10, 64) // 0 is no review
		return s.contributions.CloseReview(r.Context(), id, about, v.Get("found"), actor(r))
	}
	return s.remark(w, r, "found", "looked", keep, func(p *contributionPage) *noteForm {
		for i := range p.Reviews {
			if p.Reviews[i].ID == about {
				return &p.Reviews[i].Looked
			}
		}
		return new(noteForm) // closed in the meantime: the page shows it no more
	})
}

// remark takes one of the page's text fields and goes back to the page, with the text where it was wrong.
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
		page.Redirect(w, "/staff/contributions/"+id.String()+"?"+done+"=1")
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
	form.Put(err, field)
	return s.render(w, r, http.StatusUnprocessableEntity, p)
}
