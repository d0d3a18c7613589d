package giving

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/receipt"
	"readerfund/internal/refund"
	"readerfund/internal/report"
	"readerfund/internal/review"
	"readerfund/internal/settle"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// viewedContribution is the audit log's action for opening a contribution. The subject is the receipt number.
const viewedContribution audit.Action = "contribution.view"

// Contribution is the page with everything about one contribution, and with the notes of staff.
type Contribution struct {
	screen.Layout

	contributions *contribution.Service
	settler       *settle.Settler
	refunds       *refund.Service
	views         *dashboard.Views
	audit         *audit.Log
	receipts      *receipt.Service // nil leaves receipts out
}

// contributionPage is everything about one contribution.
type contributionPage struct {
	ContributionLine
	Notice  *page.Flash
	History dashboard.History
	Private bool // addresses and the reader's messages are left out

	PostalAddress string // for receipts, with the reader's full name; empty if none is saved
	Frequency     string
	Completed     screen.Stamp
	CheckAt       screen.Stamp
	Reason        string // in words
	Article       string // its address, where it can be linked
	Payments      []movementLine
	Refunds       []movementLine
	Asked         []requestLine
	Disputes      []disputeLine
	Origin        string // in words; empty for a contribution that was started here
	Remark        noteForm
	Reviews       []reviewLine // what a person has to review
	MayRefund     bool         // a payment can be refunded now
	Elsewhere     string       // why a refund is possible in PayPal only
	Entries       []entryLine
	Timeline      []timelineEntry

	Subscriptions []subscriptionLine
	Changes       []changeLine // requested changes of the subscriptions
	Acts          []actLine    // what staff can do about the subscriptions
}

// reviewLine is one thing that a person has to review, with the field for the result.
type reviewLine struct {
	ID     int64
	Text   string
	Opened screen.Stamp
	Looked noteForm
}

// movementLine is a payment or a refund.
type movementLine struct {
	What      string
	Receipt   string // the payment's own number, where there are several
	Cycle     int    // which payment of a recurring contribution it is; 0 for none
	PayPalID  string
	State     words.Status
	Reason    string
	Amount    money.Amount
	Back      money.Amount // how much of a payment was returned, if it was a part
	Occurred  screen.Stamp
	Documents []documentLink // its receipt, or the notice about it
}

// backOf is the part of a payment that was returned, zero if nothing or all was.
func backOf(p dashboard.Payment, refunds []dashboard.Refund) money.Amount {
	back := money.New(0, p.Amount.Currency)
	for _, r := range refunds {
		if r.PaymentID == p.ID && r.Status == "completed" {
			back.Minor += r.Amount.Minor
		}
	}
	if back.Minor >= p.Amount.Minor {
		back.Minor = 0
	}
	return back
}

// requestLine is a refund that staff requested.
type requestLine struct {
	dashboard.RefundRequest
	State        words.Status
	Asked, Check screen.Stamp
}

// entryLine is a line of the ledger.
type entryLine struct {
	report.Entry
	What     string
	Occurred screen.Stamp
}

// timelineEntry is one thing that happened, in words.
type timelineEntry struct {
	At       screen.Stamp
	NewDay   bool // the first line of its day
	Tone     string
	Title    string
	Detail   string
	From, To string // labels of the states, when it changed one
	Amount   *money.Amount
	By       string
	Ref      string // PayPal's id
	Event    int64  // the webhook event, 0 for none
}

// Show answers GET /staff/contributions/{id}.
func (s *Contribution) Show(w http.ResponseWriter, r *http.Request) error {
	id, err := page.PathID(r)
	if err != nil {
		return err
	}
	h, err := s.views.History(r.Context(), id)
	if err != nil {
		return err
	}
	p, err := s.page(r, h)
	if err != nil {
		return err
	}
	if screen.MayContact(r) {
		if err := screen.AuditView(r, s.audit, viewedContribution, h.Receipt); err != nil {
			return err
		}
	}
	return s.render(w, r, http.StatusOK, p)
}

func (s *Contribution) render(w http.ResponseWriter, r *http.Request, status int, p contributionPage) error {
	return s.Render(w, r, status, "staff/contribution.html",
		i18n.New("staff.title.contribution", i18n.Args{"receipt": p.Receipt}), "contributions", p)
}

// postalAddress returns the name and address for the reader's receipts, if the account may see them.
func (s *Contribution) postalAddress(r *http.Request, h dashboard.History) (string, error) {
	if s.receipts == nil || !screen.MayContact(r) {
		return "", nil
	}
	return s.receipts.AddressFor(r.Context(), h.ID)
}

func (s *Contribution) page(r *http.Request, h dashboard.History) (contributionPage, error) {
	refundable, err := s.refunds.Refundable(r.Context(), h.ID)
	if err != nil {
		return contributionPage{}, err
	}
	loc, private := s.Pages.Localizer(r), !screen.MayContact(r)
	if private {
		h = withoutPersonalData(h)
	}
	p := contributionPage{
		Private:          private,
		ContributionLine: ContributionLines(s.Layout, loc, []dashboard.Contribution{h.Contribution})[0], History: h,
		Frequency: loc.Say("contribution.frequency." + cmp.Or(h.Frequency, "once")),
		Completed: s.Stamp(h.CompletedAt), CheckAt: s.Stamp(h.CheckAt), Reason: whyInWords(loc, h.Contribution),
		Article: contribution.LinkedArticle(h.Contribution.Article),
		Notice:  s.flash(loc, r.URL.Query(), h), Disputes: disputeLines(s.Layout, loc, h),
		Timeline:      timeline(s.Layout, loc, h),
		Subscriptions: subscriptionLines(s.Layout, loc, h), Changes: changeLines(s.Layout, loc, h), Acts: actLines(loc, h),
	}
	if p.PostalAddress, err = s.postalAddress(r, h); err != nil {
		return p, err
	}
	numbers := cycles(h)
	p.Origin, _ = loc.Lookup("history.origin." + h.Origin)
	for _, r := range h.Reviews {
		if r.Open() {
			p.Reviews = append(p.Reviews, reviewLine{ID: r.ID, Text: loc.Message(review.Sentence(r.Code, r.Args)),
				Opened: s.Stamp(r.OpenedAt)})
		}
	}
	for _, m := range h.Payments {
		line := movementLine{
			What: loc.Say("staff.payment"), PayPalID: m.PayPalID, State: words.State(loc, m.State),
			Reason: words.Reason(loc, m.Reason), Amount: m.Amount, Back: backOf(m, h.Refunds), Cycle: numbers[m.ID],
			Occurred: s.Stamp(m.OccurredAt), Documents: documentLinks(loc, h, m.ID, 0, !private),
		}
		if len(h.Payments) > 1 {
			line.Receipt = m.Receipt
		}
		p.Payments = append(p.Payments, line)
	}
	for _, m := range refundable {
		p.MayRefund = p.MayRefund || m.Why == nil
		if m.Elsewhere {
			p.Elsewhere = loc.Plain().Message(fault.All(m.Why)[0].Message)
		}
	}
	for _, m := range h.Refunds {
		p.Refunds = append(p.Refunds, movementLine{
			What: words.Entry(loc, m.Kind), PayPalID: m.PayPalID, State: words.Movement(loc, m.Status),
			Reason: words.RefundReason(loc, m.Reason), Amount: m.Amount, Occurred: s.Stamp(m.OccurredAt),
			Documents: documentLinks(loc, h, m.PaymentID, m.ID, !private),
		})
	}
	for _, q := range h.Asked {
		p.Asked = append(p.Asked, requestLine{q, words.RefundRequest(loc, q.State), s.Stamp(q.AskedAt), s.Stamp(q.CheckAt)})
	}
	for _, e := range h.Entries {
		p.Entries = append(p.Entries, entryLine{e, words.Entry(loc, e.Kind), s.Stamp(e.OccurredAt)})
	}
	return p, nil
}

// whyInWords explains a state by PayPal's code. Money that arrived needs no reason, and a dispute has a panel of its
// own.
func whyInWords(loc i18n.Localizer, c dashboard.Contribution) string {
	if !contribution.State(c.Status).NeedsReason() {
		return ""
	}
	return words.Reason(loc, c.Reason)
}

// timeline returns a contribution's history line by line.
func timeline(s screen.Layout, loc i18n.Localizer, h dashboard.History) []timelineEntry {
	var lines []timelineEntry
	for _, m := range h.Timeline() {
		lines = append(lines, newTimelineEntry(s, loc, m, h))
	}
	for i := range lines {
		lines[i].NewDay = i == 0 || lines[i].At.Day() != lines[i-1].At.Day()
	}
	return lines
}

func newTimelineEntry(s screen.Layout, loc i18n.Localizer, m dashboard.Moment, h dashboard.History) timelineEntry {
	line := timelineEntry{At: s.Stamp(m.At)}
	switch {
	case m.Event != nil:
		e := m.Event
		line.Title, line.Detail, line.By = words.Fact(loc, e.Fact, h.Recurring()), words.Reason(loc, e.Detail),
			words.Source(loc, e.Source)
		line.Ref, line.Event, line.Tone = e.PayPalRef, e.WebhookID, words.State(loc, e.To).Tone
		switch {
		case e.From == "":
			line.By = words.Source(loc, "reader")
		case e.From == e.To && e.Fact == "order_created":
			line.Title = words.Fact(loc, "order_updated", false)
		case e.From != e.To:
			line.From, line.To = words.State(loc, e.From).Label, words.State(loc, e.To).Label
		}
		describeStaffEvent(loc, &line, e, h)
	case m.Entry != nil:
		e := m.Entry
		line.Title = loc.Say("staff.history.booked", i18n.Args{"entry": words.Entry(loc, e.Kind)})
		line.By, line.Ref, line.Event, line.Tone = words.Source(loc, e.Source), e.PayPalRef, e.WebhookID, "booked"
		line.Amount = &e.Amount
	case m.Webhook != nil:
		e := m.Webhook
		line.Title = loc.Say("staff.history.event", i18n.Args{"event": words.Event(loc, e.Type)})
		line.By = loc.Say("staff.history.by_webhook", i18n.Args{"type": e.Type})
		line.Detail, line.Ref, line.Event, line.Tone = e.Note, e.EventID, e.ID, "news"
	case m.Review != nil && m.At.Equal(m.Review.ClosedAt):
		line.Title, line.Detail, line.By, line.Tone = loc.Say("staff.history.review_closed"), m.Review.Why,
			m.Review.ClosedBy, "note"
	case m.Review != nil:
		line.Title, line.By, line.Tone = loc.Say("staff.history.needs_review"), review.Program, "bad"
		line.Detail = loc.Message(review.Sentence(m.Review.Code, m.Review.Args))
	}
	return line
}

// describeStaffEvent puts actions of staff and news about disputes into words: their detail is not a reason for a
// payment's state.
func describeStaffEvent(loc i18n.Localizer, line *timelineEntry, e *dashboard.Event, h dashboard.History) {
	switch e.Fact {
	case "note":
		line.By, line.Detail, _ = strings.Cut(e.Detail, ": ")
		line.Tone = "note"
	case "refund_asked":
		line.Detail, line.By, line.Tone = "", loc.Say("staff.history.by_staff"), "note"
		for _, q := range h.Asked {
			if q.AskedAt.Equal(e.At) {
				line.Detail = loc.Say("staff.history.reason", i18n.Args{"reason": q.Reason})
				line.By, line.Amount = q.Actor, &q.Amount
			}
		}
	case "refund_refused":
		line.By, line.Tone = words.Source(loc, "answer"), "bad"
		for _, q := range h.Asked {
			if q.Answer == e.Detail && q.Advice != "" {
				line.Detail = q.Advice
			}
		}
	case "dispute_open", "dispute_resolved":
		line.Detail = words.DisputeReason(loc, e.Detail)
		for _, d := range h.Disputes {
			if d.PayPalID == e.PayPalRef && e.Fact == "dispute_resolved" {
				line.Detail = words.DisputeOutcome(loc, d.Outcome).Meaning
			}
		}
	case "refund_pending", "refund_failed", "refund_cancelled":
		line.Detail = words.RefundReason(loc, e.Detail)
	}
}

// EventAddress is the page of the webhook event behind the line.
func (l timelineEntry) EventAddress() string { return "/staff/inbox/" + strconv.FormatInt(l.Event, 10) }
