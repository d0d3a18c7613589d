package giving

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/manage"
	"readerfund/internal/money"
	"readerfund/internal/subscription"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// subscriptionLine is a subscription of a contribution, in words.
type subscriptionLine struct {
	subscription.Subscription
	State       words.Status
	Every       string
	Owed        money.Amount // unpaid from failed charges; no currency if nothing is
	EndedBy     string       // in words; empty while it runs
	Failure     string       // why the latest charge failed, while that matters
	First       screen.Stamp // the first charge, while it is still to come
	Next        screen.Stamp
	Retry       screen.Stamp
	PausedUntil screen.Stamp
	Started     screen.Stamp
	Ended       screen.Stamp
	Paid        screen.Stamp // the latest charge
}

// changeLine is a requested change of a subscription, in words.
type changeLine struct {
	dashboard.SubscriptionChange
	Title string
	By    string
	State words.Status
	Asked screen.Stamp
}

func subscriptionLines(s screen.Layout, loc i18n.Localizer, h dashboard.History) []subscriptionLine {
	lines := make([]subscriptionLine, len(h.Subscriptions))
	for i, sub := range h.Subscriptions {
		standing := manage.StandingOf(sub, s.Now())
		lines[i] = subscriptionLine{
			Subscription: sub, State: words.Standing(loc, string(standing)),
			Every: loc.Say("contribution.frequency." + sub.Frequency),
			First: s.Stamp(sub.FirstCharge()), Next: s.Stamp(sub.NextCharge()), Retry: s.Stamp(sub.RetryAt),
			PausedUntil: s.Stamp(sub.PausedUntil),
			Started:     s.Stamp(sub.StartedAt), Ended: s.Stamp(sub.EndedAt), Paid: s.Stamp(sub.LastPaymentAt),
		}
		if !lines[i].First.IsZero() {
			lines[i].Next = screen.Stamp{}
		}
		if sub.State.Ended() {
			lines[i].EndedBy = words.Of(loc, "subscription.by.", sub.EndedBy)
		}
		if standing == manage.Failing || standing == manage.Lost {
			lines[i].Failure = words.Reason(loc, sub.LastFailedReason)
		}
		if sub.Outstanding.Minor > 0 {
			lines[i].Owed = sub.Outstanding
		}
	}
	return lines
}

func changeLines(s screen.Layout, loc i18n.Localizer, h dashboard.History) []changeLine {
	lines := make([]changeLine, len(h.Changes))
	for i, c := range h.Changes {
		lines[i] = changeLine{
			SubscriptionChange: c, Title: changeInWords(s, loc, c), By: words.Of(loc, "subscription.by.", c.By),
			State: words.Change(loc, c.State), Asked: s.Stamp(c.AskedAt),
		}
		if c.Actor != "" {
			lines[i].By = c.Actor
		}
	}
	return lines
}

// changeInWords names the requested change.
func changeInWords(s screen.Layout, loc i18n.Localizer, c dashboard.SubscriptionChange) string {
	switch {
	case c.Amount.Minor > 0:
		return loc.Say("subscription.requested."+c.Kind, i18n.Args{
			"amount": money.Format(c.Amount, loc.Tag()), "frequency": loc.Say("contribution.frequency." + c.Frequency),
		})
	case !c.Until.IsZero():
		return loc.Say("subscription.requested.pause_until", i18n.Args{"day": s.Stamp(c.Until).Day()})
	default:
		return loc.Say("subscription.requested." + c.Kind)
	}
}

// act is an action of staff for the reader of a recurring contribution.
type act string

const (
	stopIt   act = "stop"
	pauseIt  act = "pause"
	resumeIt act = "resume"
)

// actsOn returns the actions that make sense for the subscriptions of a contribution now.
func actsOn(h dashboard.History) []act {
	var acts []act
	has := func(state subscription.State) bool {
		return slices.ContainsFunc(h.Subscriptions, func(sub subscription.Subscription) bool { return sub.State == state })
	}
	if slices.ContainsFunc(h.Changes, func(c dashboard.SubscriptionChange) bool {
		return c.Kind == string(manage.Stop) && (c.State == string(manage.Asked) || c.State == string(manage.Unknown))
	}) {
		return nil // it is being stopped
	}
	if has(subscription.Suspended) {
		acts = append(acts, resumeIt)
	}
	if has(subscription.Active) {
		acts = append(acts, pauseIt)
	}
	if slices.ContainsFunc(h.Subscriptions, subscription.Subscription.Ongoing) {
		acts = append(acts, stopIt)
	}
	return acts
}

// actLine is a link to the page of an action.
type actLine struct{ Address, Label string }

func actLines(loc i18n.Localizer, h dashboard.History) []actLine {
	var lines []actLine
	for _, a := range actsOn(h) {
		lines = append(lines, actLine{actAddress(h.ID, a), loc.Say("subscription.act." + string(a))})
	}
	return lines
}

func actAddress(id uuid.UUID, a act) string {
	return screen.ContributionAddress(id) + "/" + string(a)
}

// Subscription is the page on which staff stop, pause or resume a recurring contribution for its reader.
type Subscription struct {
	screen.Layout

	manage *manage.Service
	views  *dashboard.Views
}

// actPage is the form, fresh or shown again.
type actPage struct {
	page.FormErrors
	ContributionLine
	Act      string // where the form goes
	Title    string
	Button   string
	Notes    []string // the consequences
	Pausing  bool
	Months   int
	Reason   string
	Why      string // why it cannot be done now
	Standing subscriptionLine
}

// Show answers GET /staff/contributions/{id}/stop, pause and resume.
func (s *Subscription) Show(w http.ResponseWriter, r *http.Request) error {
	id, err := page.PathID(r)
	if err != nil {
		return err
	}
	p, err := s.page(r.Context(), s.Pages.Localizer(r), id, act(r.PathValue("act")))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, p)
}

func (s *Subscription) page(ctx context.Context, loc i18n.Localizer, id uuid.UUID, a act) (actPage, error) {
	h, err := s.views.History(ctx, id)
	if err != nil {
		return actPage{}, err
	}
	if len(h.Subscriptions) == 0 {
		return actPage{}, fault.New(fault.NotFound, "change.no_subscription")
	}
	family := "subscription.act." + string(a)
	p := actPage{
		ContributionLine: ContributionLines(s.Layout, loc, []dashboard.Contribution{h.Contribution})[0],
		Act:              actAddress(id, a), Title: loc.Say(family + "_title"), Button: loc.Say(family + "_button"),
		Pausing: a == pauseIt, Months: 1,
	}
	for _, line := range subscriptionLines(s.Layout, loc, h) {
		if p.Standing.PayPalID == "" || line.Ongoing() {
			p.Standing = line
		}
	}
	for _, note := range []string{"_money", "_reader", "_after"} {
		p.Notes = append(p.Notes, loc.Say(family+note))
	}
	if !slices.Contains(actsOn(h), a) {
		p.Why = loc.Say("subscription.act.not_now")
	}
	return p, nil
}

func (s *Subscription) render(w http.ResponseWriter, r *http.Request, status int, p actPage) error {
	return s.Render(w, r, status, "staff/subscription.html",
		i18n.New("staff.title.subscription", i18n.Args{"act": p.Title, "receipt": p.Receipt}), "contributions", p)
}

// Do answers POST /staff/contributions/{id}/stop, pause and resume. Whatever PayPal answers, the contribution's page
// shows how the change stands: pressing the button twice has the same result.
func (s *Subscription) Do(w http.ResponseWriter, r *http.Request) error {
	id, err := page.PathID(r)
	if err != nil {
		return err
	}
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	a := act(r.PathValue("act"))
	by := manage.By{Kind: manage.ByStaff, Actor: screen.Actor(r), Reason: v.Get("reason")}
	failure := s.do(r.Context(), id, a, v, by)
	kind := fault.KindOf(failure)
	if failure == nil {
		page.Redirect(w, screen.ContributionAddress(id)+"?"+url.Values{"changed": {string(a)}}.Encode())
		return nil
	}
	if kind != fault.Invalid && kind != fault.Conflict && kind != fault.Unavailable {
		return failure
	}
	// The request's deadline may have passed, and the page is needed even more then.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 5*time.Second)
	defer cancel()
	loc := s.Pages.Localizer(r)
	p, err := s.page(ctx, loc, id, a)
	if err != nil {
		return err
	}
	p.Reason, p.Months = v.Get("reason"), monthsOf(v)
	p.Put(loc, failure, "reason", "months")
	return s.render(w, r, page.ProblemOf(loc, failure).Status, p)
}

func (s *Subscription) do(ctx context.Context, id uuid.UUID, a act, v url.Values, by manage.By) error {
	var err error
	switch a {
	case stopIt:
		_, err = s.manage.Stop(ctx, id, by)
	case pauseIt:
		_, err = s.manage.Pause(ctx, id, monthsOf(v), by)
	case resumeIt:
		_, err = s.manage.Resume(ctx, id, by)
	default:
		err = fault.New(fault.NotFound, "change.no_such_change")
	}
	return err
}

// monthsOf parses how many months a pause is to last; anything but a number is 0.
func monthsOf(v url.Values) int {
	n, err := strconv.Atoi(v.Get("months"))
	if err != nil {
		return 0
	}
	return n
}

// changedNotice reports the outcome of the last action on a subscription.
func (s *Contribution) changedNotice(loc i18n.Localizer, v url.Values, h dashboard.History) *page.Flash {
	for _, line := range changeLines(s.Layout, loc, h) {
		if line.Kind != v.Get("changed") {
			continue
		}
		tone := "wait"
		if line.SubscriptionChange.State == string(manage.Done) {
			tone = "good"
		}
		return &page.Flash{Tone: tone, Title: line.Title, Text: line.State.Meaning}
	}
	return nil
}

// cycles numbers the completed payments of a recurring contribution by the time they were made.
func cycles(h dashboard.History) map[int64]int {
	if !h.Recurring() {
		return nil
	}
	inOrder := slices.SortedFunc(slices.Values(h.Payments), func(a, b dashboard.Payment) int {
		return cmp.Or(a.OccurredAt.Compare(b.OccurredAt), cmp.Compare(a.PayPalID, b.PayPalID))
	})
	numbers := map[int64]int{}
	for _, p := range inOrder {
		if p.Status == "completed" {
			numbers[p.ID] = len(numbers) + 1
		}
	}
	return numbers
}
