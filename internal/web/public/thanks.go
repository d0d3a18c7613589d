package public

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/manage"
	"readerfund/internal/managelink"
	"readerfund/internal/money"
	"readerfund/internal/monthly"
	"readerfund/internal/subscription"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/site"
)

// Thanks is the page that tells the truth about one gift.
type Thanks struct {
	site.Layout

	contributions *contribution.Service
	cookies       *gift.Cookies
	approvals     gift.Approvals
	subscriptions subscriptions
	links         managelink.Links
	questions     *monthly.Service
	campaigns     *campaign.Catalog
}

// subscriptions are read for gifts that repeat: manage.Service.
type subscriptions interface {
	Subscription(ctx context.Context, contribution uuid.UUID) (subscription.Subscription, error)
}

// thanksPage is what the thanks page shows of a contribution.
type thanksPage struct {
	contribution.Contribution
	Shown   contribution.Outcome
	Own     bool   // this browser made it: name, email address and message may be shown
	Again   string // the donation page, filled in the same way
	Retry   string // PayPal's page to pick another way to pay; empty when there is none
	Try     string // asks PayPal for the money once more, after the reader picked another way
	Stop    string // drops the request for another attempt
	Approve string // PayPal's approval page; empty when it is past that
	Check   string // asks PayPal once more and comes back here
	Wait    string // why PayPal holds the money back, in words
	Day     string // when the money came in, or when it was begun
	Back    string // the article, where it is on a site of ours; empty otherwise

	Question *question // whether to make a one-time gift monthly; nil where that is not asked
	goesOn
	afterwards
}

// goesOn is what is shown of a gift that repeats, or could.
type goesOn struct {
	Recurring bool
	Each      money.Amount // as it is by now
	Every     string       // "once", "month" or "year"
	Ended     bool
	First     string // the day of the first charge, while it is still to come
	Next      string // the day of the next charge; empty where PayPal names none
	RetryOn   string // the day on which PayPal tries the first charge again, after it failed; likewise
	GaveUp    bool   // PayPal has stopped trying
	Manage    string // where it is paused and stopped
}

// unsure marks a thanks address to which the reader came from PayPal while PayPal would not tell us anything. They most
// likely approved, since that is when PayPal sends people there; "not approved" is then the one thing not to say.
const unsure = "unsure=1"

// again marks a thanks address to which the reader came after a refused payment, and too early for another try.
const again = "again=1"

// firstFailed is the outcome of a gift that repeats whose first charge PayPal could not take.
const firstFailed contribution.Outcome = "first_failed"

// pollEvery is how often a page asks about a try that is overdue.
const pollEvery = 10 * time.Second

// outcomeFor is the outcome to show to this reader.
func outcomeFor(r *http.Request, c contribution.Contribution) contribution.Outcome {
	o := c.Outcome()
	if (o == contribution.OutcomeOpen || o == contribution.OutcomeCancelled) && r.URL.Query().Has("unsure") {
		return contribution.OutcomeConfirming
	}
	return o
}

// open reads the contribution of a request that may see its thanks page, and gives the request in the gift's language.
func (s *Thanks) open(r *http.Request) (contribution.Contribution, *http.Request, error) {
	id, err := page.PathID(r)
	if err != nil {
		return contribution.Contribution{}, r, err
	}
	if !s.MayOpen(s.cookies, r, id) {
		return contribution.Contribution{}, r, errNotYours()
	}
	c, err := s.contributions.Get(r.Context(), id)
	return c, page.InLanguage(r, c.Locale), err
}

// Show answers GET /contributions/{id}/thanks: the truth about one contribution, for who holds its key or made it.
func (s *Thanks) Show(w http.ResponseWriter, r *http.Request) error {
	c, r, err := s.open(r)
	if err != nil {
		return err
	}
	t := s.page(r, c)
	if err := s.readSubscription(r, &t); err != nil {
		return err
	}
	if page.WantsJSON(r) { // the page's own script asks whether there is news
		page.WriteJSON(w, http.StatusOK, page.JSONType, map[string]string{"outcome": string(t.Shown)})
		return nil
	}
	s.ask(r, &t)
	if t.Shown == contribution.OutcomeRetrying { // and so it goes on by itself, without JavaScript too
		w.Header().Set("Refresh", page.Seconds(max(c.Checkout.RetryAt.Sub(s.Now()), pollEvery)+time.Second)+"; url="+t.Check)
	}
	return s.render(w, r, http.StatusOK, &t)
}

func (s *Thanks) render(w http.ResponseWriter, r *http.Request, status int, t *thanksPage) error {
	s.follow(r, t)
	title := t.Headline
	if status != http.StatusOK {
		title = s.Pages.Localizer(r).Say("public.not_through")
	}
	return s.Pages.Render(w, r, status, "public/thanks.html", page.Page{Title: title, NoIndex: true, Data: *t})
}

func (s *Thanks) page(r *http.Request, c contribution.Contribution) thanksPage {
	t := thanksPage{
		Contribution: c, Shown: outcomeFor(r, c), Own: s.cookies.Owns(r, c.ID), Again: againAddress(c),
		Check: s.AddressWithKey(c.ID, "return"), Wait: s.Pages.Localizer(r).Message(waitingFor(c)),
		Day: s.Day(r, c.CreatedAt), Back: s.BackTo(c.Article),
	}
	if !c.CompletedAt.IsZero() {
		t.Day = s.Day(r, c.CompletedAt)
	}
	token := r.URL.Query().Get("token") // the page's key alone tries no card
	if t.Own || c.Checkout.PayPalID != "" && token == c.Checkout.PayPalID {
		s.offerRetry(r, &t)
	}
	if (t.Shown == contribution.OutcomeOpen || t.Shown == contribution.OutcomeCancelled) &&
		s.approvals.Allow(c.Checkout.ApproveURL) {
		t.Approve = c.Checkout.ApproveURL
	}
	return t
}

// readSubscription puts in how a gift that repeats stands. The browser that made it may stop it from here; with the
// page's key alone, which people show around, the way leads over a link by mail.
func (s *Thanks) readSubscription(r *http.Request, t *thanksPage) error {
	t.Each, t.Every = t.Amount, string(t.Frequency)
	if t.Frequency == contribution.Once {
		return nil
	}
	t.Recurring, t.Manage = true, s.links.Ask()
	if t.Own {
		t.Manage = s.links.Subscription(t.ID)
	}
	sub, err := s.subscriptions.Subscription(r.Context(), t.ID)
	if fault.Is(err, fault.NotFound) {
		return nil // nothing has been approved at PayPal
	}
	if err != nil {
		return err
	}
	t.Each, t.Every, t.Ended = sub.Amount, sub.Frequency, sub.State.Ended()
	if first := sub.FirstCharge(); !first.IsZero() {
		t.First = s.Day(r, first)
	} else if next := sub.NextCharge(); !next.IsZero() && !t.Ended {
		t.Next = s.Day(r, next)
	}
	if t.Ended {
		t.Approve = "" // PayPal's page of it leads nowhere any more
	}
	if t.Shown == contribution.OutcomeScheduled && sub.Overdue(s.Now()) {
		t.Shown = contribution.OutcomeConfirming
	}
	if t.State == contribution.Approved { // nothing was paid yet
		s.readFailure(r, t, sub)
	}
	return nil
}

// readFailure sets what the page shows where the first charge of a recurring gift failed.
func (s *Thanks) readFailure(r *http.Request, t *thanksPage, sub subscription.Subscription) {
	stands := manage.StandingOf(sub, s.Now())
	if stands != manage.Failing && stands != manage.Lost {
		return
	}
	t.Shown, t.GaveUp = firstFailed, stands == manage.Lost
	t.Day, t.First, t.Next = "", "", "" // it has not begun, and the next try comes first
	if sub.RetryAt.After(s.Now()) {
		t.RetryOn = s.Day(r, sub.RetryAt)
	}
}

// againAddress is the donation page, filled in as for a contribution.
func againAddress(c contribution.Contribution) string {
	return site.SupportAddress(c.Campaign, c.Amount.Currency, c.Gift().Decimal(), c.Frequency,
		site.Referral{Article: c.Article, Source: c.Source})
}

// offerRetry puts in what the reader of a declined gift can do about it.
func (s *Thanks) offerRetry(r *http.Request, t *thanksPage) {
	address, token := "/contributions/"+t.ID.String(), "?token="+url.QueryEscape(t.Checkout.PayPalID)
	switch {
	case t.Shown == contribution.OutcomeRetrying:
		t.Stop = address + "/cancel" + token
	case t.Shown == contribution.OutcomeDeclined && t.Checkout.MayTryAgain() && s.approvals.Allow(t.Checkout.RetryURL):
		t.Retry = t.Checkout.RetryURL
		if r.URL.Query().Has("again") {
			t.Try = address + "/return" + token + "&" + again
		}
	}
}

// waitingFor says why a captured payment is held back. The codes are PayPal's capture status details (Payments v2).
func waitingFor(c contribution.Contribution) i18n.Message {
	if c.State != contribution.Pending {
		return i18n.Message{}
	}
	switch c.Reason {
	case "ECHECK":
		return i18n.New("public.waits_for_bank")
	case "PENDING_REVIEW", "VERIFICATION_REQUIRED":
		return i18n.New("public.waits_for_review")
	default:
		return i18n.New("public.waits_for_paypal")
	}
}
