package web

import (
	"net/http"
	"strconv"

	"readerfund/internal/money"
	"readerfund/internal/report"
)

// contributionPage is everything about one contribution.
type contributionPage struct {
	contributionLine
	History   report.History
	Frequency string
	Completed stamp
	CheckAt   stamp
	Reason    string // in words
	Article   string // its address, where it can be linked
	Payments  []movementLine
	Refunds   []movementLine
	Entries   []entryLine
	Story     []storyLine
}

// movementLine is a payment or a refund.
type movementLine struct {
	What     string
	PayPalID string
	State    status
	Reason   string
	Amount   money.Amount
	Occurred stamp
}

// entryLine is a line of the ledger.
type entryLine struct {
	report.Entry
	What     string
	Occurred stamp
}

// storyLine is one thing that happened, in words.
type storyLine struct {
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

// showContribution answers GET /staff/contributions/{id}.
func (s *site) showContribution(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	h, err := s.Reports.History(r.Context(), id)
	if err != nil {
		return err
	}
	p := contributionPage{
		contributionLine: s.contributionLines([]report.Contribution{h.Contribution})[0], History: h, Frequency: frequencyInWords(h.Frequency),
		Completed: s.stamp(h.CompletedAt), CheckAt: s.stamp(h.CheckAt), Reason: reasonInWords(h.Reason), Article: webAddress(h.Contribution.Article),
		Story: s.story(h),
	}
	for _, m := range h.Payments {
		p.Payments = append(p.Payments, movementLine{"Payment", m.PayPalID, movementInWords(m.Status), reasonInWords(m.Reason), m.Amount, s.stamp(m.OccurredAt)})
	}
	for _, m := range h.Refunds {
		what := "Refund"
		if m.Kind == "reversal" {
			what = "Taken back by PayPal"
		}
		p.Refunds = append(p.Refunds, movementLine{what, m.PayPalID, movementInWords(m.Status), reasonInWords(m.Reason), m.Amount, s.stamp(m.OccurredAt)})
	}
	for _, e := range h.Entries {
		p.Entries = append(p.Entries, entryLine{e, entryInWords(e.Kind), s.stamp(e.OccurredAt)})
	}
	return s.showStaff(w, r, http.StatusOK, "staff/contribution.html", "Contribution "+h.Receipt, "contributions", p)
}

// story tells a contribution's history line by line.
func (s *site) story(h report.History) []storyLine {
	var lines []storyLine
	for _, m := range h.Timeline() {
		lines = append(lines, s.storyLine(m))
	}
	for i := range lines {
		lines[i].NewDay = i == 0 || lines[i].At.Day() != lines[i-1].At.Day()
	}
	return lines
}

func (s *site) storyLine(m report.Moment) storyLine {
	line := storyLine{At: s.stamp(m.At)}
	switch {
	case m.Event != nil:
		e := m.Event
		line.Title, line.Detail, line.By, line.Ref, line.Event = factInWords(e.Fact), reasonInWords(e.Detail), wayInWords(e.Source), e.PayPalRef, e.WebhookID
		line.Tone = stateInWords(e.To).Tone
		switch {
		case e.From == "":
			line.By = "the reader"
		case e.From == e.To && e.Fact == "order_created":
			line.Title = "PayPal told more about the order"
		case e.From != e.To:
			line.From, line.To = stateInWords(e.From).Label, stateInWords(e.To).Label
		}
	case m.Entry != nil:
		e := m.Entry
		line.Title, line.By, line.Ref, line.Event, line.Tone = "Booked: "+entryInWords(e.Kind), wayInWords(e.Source), e.PayPalRef, e.WebhookID, "booked"
		line.Amount = &e.Amount
	case m.Webhook != nil:
		e := m.Webhook
		line.Title, line.Detail, line.By, line.Ref, line.Event, line.Tone = "PayPal sent news: "+eventInWords(e.Type), e.Note, "webhook "+e.Type, e.EventID, e.ID, "news"
	}
	return line
}

func frequencyInWords(f string) string {
	switch f {
	case "month":
		return "Every month"
	case "year":
		return "Every year"
	default:
		return "One time"
	}
}

// EventAddress is the page of the webhook event that brought the news.
func (l storyLine) EventAddress() string { return "/staff/inbox/" + strconv.FormatInt(l.Event, 10) }
