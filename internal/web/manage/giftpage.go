package manage

import (
	"errors"
	"net/http"
	"time"

	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/manage"
	"readerfund/internal/money"
	"readerfund/internal/subscription"
	"readerfund/internal/web/page"
)

// giftPage is what the page of one recurring gift shows.
type giftPage struct {
	Act         string // where its buttons post to
	Key         string
	Full        bool // a session: it may be changed, and there is a way to the other gifts
	Amount      money.Amount
	Frequency   string
	Standing    manage.Standing // as standing has it
	Next        string          // the day of the next charge; empty where PayPal names none
	Retry       string          // the day of the next try after a failed payment; likewise
	Until       string          // the day a pause ends; empty for one without an end
	Disputed    bool            // a payment of it is disputed at this moment, so that the reader cannot resume it
	OverDispute bool            // it was paused because of a dispute
	Ended       string          // the day it ended
	News        *page.Flash
	Consent     string         // PayPal's page where a change waits for the reader's consent
	Pauses      []int          // how many months it may be paused for
	Written     string         // the amount of a pending change, as typed
	Meant       []money.Amount // to choose from, where what was typed can be read as either
	Again       string         // the donation page
	page.FormErrors
}

func (s *Gift) render(
	w http.ResponseWriter, r *http.Request, status int, v visit, written string, wrong error,
) error {
	sub, err := s.service.Subscription(r.Context(), v.id)
	if fault.Is(err, fault.NotFound) {
		return s.refuse(w, r, errNotYours) // a one-time gift, or one that never reached PayPal
	}
	if err != nil {
		return err
	}
	changes, err := s.service.Changes(r.Context(), v.id)
	if err != nil {
		return err
	}
	disputed, err := s.service.Disputed(r.Context(), v.id)
	if err != nil {
		return err
	}
	loc := s.pages.Localizer(r)
	p := giftPage{
		Act: home + "/gift/" + v.id.String(), Key: v.key, Full: v.key == "", Amount: sub.Amount, Frequency: sub.Frequency,
		Disputed: disputed, Standing: standing(sub, s.now()), Next: s.next(loc, sub), Until: s.dayOf(loc, sub.PausedUntil),
		Ended:       s.dayOf(loc, sub.EndedAt),
		OverDispute: manage.PausedForDispute(sub, s.now()), Again: "/",
		Written: money.FormatField(sub.Amount, loc.Tag()),
	}
	if sub.RetryAt.After(s.now()) {
		p.Retry = s.day(loc, sub.RetryAt)
	}
	for months := range manage.LongestPause {
		p.Pauses = append(p.Pauses, months+1)
	}
	if written != "" {
		p.Written = written
	}
	title := i18n.New("manage.title.gift_" + string(p.Standing))
	if twice, ok := errors.AsType[*money.AmbiguousError](wrong); ok {
		p.Written, p.Meant = "", []money.Amount{twice.Larger, twice.Smaller}
	}
	if len(changes) > 0 && wrong == nil {
		if p.News = s.news(loc, sub, changes[0]); p.News != nil {
			title = i18n.Verbatim(p.News.Title)
		}
	}
	if len(changes) > 0 && changes[0].State == manage.Approval && p.Full && s.approvals.Allow(changes[0].ApproveURL) {
		p.Consent = changes[0].ApproveURL
	}
	if wrong != nil {
		title = i18n.New("manage.title.unchanged")
		p.Put(loc, wrong, "amount", "frequency", "months")
	}
	return s.show(w, r, status, "manage/gift.html", title, p)
}

// ended is the standing of every gift that has ended, on readers' pages.
const ended manage.Standing = "ended"

// standing is the state of a gift as readers' pages show it: they do not say who ended it, nor that a charge failed
// once and arrived later.
func standing(sub subscription.Subscription, now time.Time) manage.Standing {
	switch st := manage.StandingOf(sub, now); {
	case sub.State.Ended():
		return ended
	case st == manage.Recovered:
		return manage.Running
	default:
		return st
	}
}

// next is the day of the next charge, which may be the first.
func (l layout) next(loc i18n.Localizer, sub subscription.Subscription) string {
	if first := sub.FirstCharge(); !first.IsZero() {
		return l.day(loc, first)
	}
	return l.dayOf(loc, sub.NextCharge())
}

// newsLast is how long the page reports the outcome of a change.
const newsLast = 15 * time.Minute

// news reports the outcome of the latest change, for a while. It reads the current state on each request, so it is
// still true when the page is reloaded.
func (s *Gift) news(loc i18n.Localizer, sub subscription.Subscription, c manage.Change) *page.Flash {
	if !c.UnderWay() && (c.EndedAt.IsZero() || s.now().Sub(c.EndedAt) > newsLast) {
		return nil
	}
	switch {
	case c.State == manage.Approval:
		return page.Pending(loc, "manage.news.consent")
	case c.UnderWay():
		return page.Pending(loc, "manage.news.under_way")
	case c.State == manage.Refused:
		return page.Bad(loc, "manage.news.refused")
	case c.State == manage.Expired:
		return page.Pending(loc, "manage.news.not_consented")
	case c.State == manage.Done:
		return s.done(loc, sub, c)
	default:
		return nil
	}
}

// done says that a change has taken effect.
func (s *Gift) done(loc i18n.Localizer, sub subscription.Subscription, c manage.Change) *page.Flash {
	switch {
	case c.Kind == manage.Stop:
		return page.Good(loc, "manage.news.stopped")
	case c.Kind == manage.Pause && c.Until.IsZero(): // paused because of a dispute, about which the page says more
		return page.Pending(loc, "manage.news.paused_open")
	case c.Kind == manage.Pause:
		return page.Good(loc, "manage.news.paused", i18n.Args{"until": s.day(loc, c.Until)})
	case c.Kind == manage.Resume:
		return page.Good(loc, "manage.news.resumed")
	case c.MissesNext && !sub.NextCharge().IsZero():
		return page.Good(loc, "manage.news.changed_after_next", i18n.Args{"next": s.day(loc, sub.NextCharge())})
	default:
		return page.Good(loc, "manage.news.changed")
	}
}
