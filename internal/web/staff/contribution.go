package staff

import (
	"net/http"
	"strconv"
	"strings"

	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/refund"
	"readerfund/internal/report"
	"readerfund/internal/review"
	"readerfund/internal/settle"
	"readerfund/internal/web/page"
)

// Contribution is everything about one contribution, and what staff note about it.
type Contribution struct {
	layout

	contributions *contribution.Service
	settler       *settle.Settler
	refunds       *refund.Service
	views         *dashboard.Views
	audit         *audit.Log
}

// contributionPage is everything about one contribution.
type contributionPage struct {
	contributionLine
	Notice    *page.Flash
	History   dashboard.History
	Private   bool // addresses and the reader's words are left out
	Frequency string
	Completed stamp
	CheckAt   stamp
	Reason    string // in words
	Article   string // its address, where it can be linked
	Payments  []movementLine
	Refunds   []movementLine
	Asked     []requestLine
	Disputes  []disputeLine
	Origin    string // in words; empty for what was started here
	Remark    noteForm
	Reviews   []reviewLine // what needs a person
	MayRefund bool         // a payment can be refunded now
	Elsewhere string       // why one can be refunded in PayPal only
	Entries   []entryLine
	Timeline  []timelineEntry
}

// reviewLine is one thing that needs a person, with the field for what they found.
type reviewLine struct {
	ID     int64
	Text   string
	Opened stamp
	Looked noteForm
}

// movementLine is a payment or a refund.
type movementLine struct {
	What     string
	Receipt  string // the payment's own number, where there are several
	PayPalID string
	State    status
	Reason   string
	Amount   money.Amount
	Back     money.Amount // what of a payment went back, where that is some of it
	Occurred stamp
}

// backOf is what went back of a payment, zero where it was nothing or all.
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

// requestLine is a refund that staff asked for.
type requestLine struct {
	dashboard.RefundRequest
	State        status
	Asked, Check stamp
}

// entryLine is a line of the ledger.
type entryLine struct {
	report.Entry
	What     string
	Occurred stamp
}

// timelineEntry is one thing that happened, in words.
type timelineEntry struct {
	At       stamp
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
	if mayContact(r) {
		if err := auditView(r, s.audit, viewedContribution, h.Receipt); err != nil {
			return err
		}
	}
	return s.render(w, r, http.StatusOK, p)
}

func (s *Contribution) render(w http.ResponseWriter, r *http.Request, status int, p contributionPage) error {
	return s.show(w, r, status, "staff/contribution.html", "Contribution "+p.Receipt, "contributions", p)
}

func (s *Contribution) page(r *http.Request, h dashboard.History) (contributionPage, error) {
	refundable, err := s.refunds.Refundable(r.Context(), h.ID)
	if err != nil {
		return contributionPage{}, err
	}
	private := !mayContact(r)
	if private {
		h = withoutPersonalData(h)
	}
	p := contributionPage{
		Private:          private,
		contributionLine: s.contributionLines([]dashboard.Contribution{h.Contribution})[0], History: h,
		Frequency: frequencyInWords(h.Frequency),
		Completed: s.stamp(h.CompletedAt), CheckAt: s.stamp(h.CheckAt), Reason: whyInWords(h.Contribution),
		Article: contribution.LinkedArticle(h.Contribution.Article),
		Notice:  s.flash(r.URL.Query(), h, page.Locale(r)), Disputes: s.disputeLines(h), Timeline: s.timeline(h),
		Origin: originInWords(h.Origin),
	}
	for _, r := range h.Reviews {
		if r.Open() {
			p.Reviews = append(p.Reviews, reviewLine{ID: r.ID, Text: r.Text(), Opened: s.stamp(r.OpenedAt)})
		}
	}
	for _, m := range h.Payments {
		line := movementLine{
			What: "Payment", PayPalID: m.PayPalID, State: stateInWords(m.State), Reason: reasonInWords(m.Reason),
			Amount: m.Amount, Back: backOf(m, h.Refunds), Occurred: s.stamp(m.OccurredAt),
		}
		if len(h.Payments) > 1 {
			line.Receipt = m.Receipt
		}
		p.Payments = append(p.Payments, line)
	}
	for _, m := range refundable {
		p.MayRefund = p.MayRefund || m.Why == nil
		if m.Elsewhere {
			p.Elsewhere = fault.All(m.Why)[0].Message.String()
		}
	}
	for _, m := range h.Refunds {
		what := "Refund"
		if m.Kind == "reversal" {
			what = "Reversal"
		}
		p.Refunds = append(p.Refunds, movementLine{
			What: what, PayPalID: m.PayPalID, State: movementInWords(m.Status), Reason: refundReasonInWords(m.Reason),
			Amount: m.Amount, Occurred: s.stamp(m.OccurredAt),
		})
	}
	for _, q := range h.Asked {
		p.Asked = append(p.Asked, requestLine{q, askedInWords(q.State), s.stamp(q.AskedAt), s.stamp(q.CheckAt)})
	}
	for _, e := range h.Entries {
		p.Entries = append(p.Entries, entryLine{e, entryInWords(e.Kind), s.stamp(e.OccurredAt)})
	}
	return p, nil
}

// whyInWords explains a state by PayPal's code. Money that is in needs no reason, and a case has a panel of its own.
func whyInWords(c dashboard.Contribution) string {
	switch c.Status {
	case "disputed", "completed", "partially_refunded", "refunded":
		return ""
	default:
		return reasonInWords(c.Reason)
	}
}

// timeline is a contribution's history line by line.
func (s layout) timeline(h dashboard.History) []timelineEntry {
	var lines []timelineEntry
	for _, m := range h.Timeline() {
		lines = append(lines, s.timelineEntry(m, h))
	}
	for i := range lines {
		lines[i].NewDay = i == 0 || lines[i].At.Day() != lines[i-1].At.Day()
	}
	return lines
}

func (s layout) timelineEntry(m dashboard.Moment, h dashboard.History) timelineEntry {
	line := timelineEntry{At: s.stamp(m.At)}
	switch {
	case m.Event != nil:
		e := m.Event
		line.Title, line.Detail, line.By, line.Ref, line.Event = factInWords(e.Fact), reasonInWords(e.Detail),
			wayInWords(e.Source), e.PayPalRef, e.WebhookID
		line.Tone = stateInWords(e.To).Tone
		switch {
		case e.From == "":
			line.By = "the reader"
		case e.From == e.To && e.Fact == "order_created":
			line.Title = "PayPal updated the order"
		case e.From != e.To:
			line.From, line.To = stateInWords(e.From).Label, stateInWords(e.To).Label
		}
		describeStaffEvent(&line, e, h)
	case m.Entry != nil:
		e := m.Entry
		line.Title, line.By, line.Ref, line.Event, line.Tone = "Booked: "+entryInWords(e.Kind), wayInWords(e.Source),
			e.PayPalRef, e.WebhookID, "booked"
		line.Amount = &e.Amount
	case m.Webhook != nil:
		e := m.Webhook
		line.Title, line.Detail, line.By, line.Ref, line.Event, line.Tone = "PayPal event: "+eventInWords(e.Type), e.Note,
			"webhook "+e.Type, e.EventID, e.ID, "news"
	case m.Review != nil && m.At.Equal(m.Review.ClosedAt):
		line.Title, line.Detail, line.By, line.Tone = "Review closed", m.Review.Why, m.Review.ClosedBy, "note"
	case m.Review != nil:
		line.Title, line.Detail, line.By, line.Tone = "Needs review", m.Review.Text(), review.Program, "bad"
	}
	return line
}

// describeStaffEvent puts what staff did, and what is about a case, into words: its detail is no reason for a payment's
// state.
func describeStaffEvent(line *timelineEntry, e *dashboard.Event, h dashboard.History) {
	switch e.Fact {
	case "note":
		line.By, line.Detail, _ = strings.Cut(e.Detail, ": ")
		line.Tone = "note"
	case "refund_asked":
		line.Detail, line.By, line.Tone = "", "staff", "note"
		for _, q := range h.Asked {
			if q.AskedAt.Equal(e.At) {
				line.By, line.Detail, line.Amount = q.Actor, "Reason: "+q.Reason, &q.Amount
			}
		}
	case "refund_refused":
		line.By, line.Tone = "PayPal's answer to our request", "bad"
		for _, q := range h.Asked {
			if q.Answer == e.Detail && q.Advice != "" {
				line.Detail = q.Advice
			}
		}
	case "dispute_open", "dispute_resolved":
		line.Detail = disputeReasonInWords(e.Detail)
		for _, d := range h.Disputes {
			if d.PayPalID == e.PayPalRef && e.Fact == "dispute_resolved" {
				line.Detail = outcomeInWords(d.Outcome).Meaning
			}
		}
	case "refund_pending", "refund_failed", "refund_cancelled":
		line.Detail = refundReasonInWords(e.Detail)
	}
}

// originInWords says where a contribution was made, if not here.
func originInWords(origin string) string {
	switch origin {
	case "adopted":
		return "Made in PayPal directly, and adopted by staff"
	case "restored":
		return "Made here; the record was lost with a database and restored from PayPal's. The article and what the reader " +
			"wrote are not in it"
	default:
		return ""
	}
}

func frequencyInWords(f string) string {
	switch f {
	case "month":
		return "Monthly"
	case "year":
		return "Yearly"
	default:
		return "One-time"
	}
}

// EventAddress is the page of the webhook event that brought the news.
func (l timelineEntry) EventAddress() string { return "/staff/inbox/" + strconv.FormatInt(l.Event, 10) }
