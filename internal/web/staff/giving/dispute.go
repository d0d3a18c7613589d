package giving

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/settle"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// disputeLine is a dispute about a payment, in words.
type disputeLine struct {
	dashboard.Dispute
	Stage     string
	Meaning   string       // what the stage means for the money
	Turn      words.Status // which side has to act next, or how it ended
	Why       string       // what the reader complains about
	By        string       // who opened it
	Opened    screen.Stamp
	Changed   screen.Stamp
	RespondBy screen.Stamp
	Soon      bool // the time to answer is nearly over
	Late      bool
	Accept    string // the page that accepts it; empty when it cannot be accepted from here
	Accepting string // how far accepting it has got; empty if it was not accepted
}

// dueSoon is how long before the deadline of a dispute its page says that time is running out.
const dueSoon = 3 * 24 * time.Hour

func disputeLines(s screen.Layout, loc i18n.Localizer, h dashboard.History) []disputeLine {
	var lines []disputeLine
	for _, d := range h.Disputes {
		line := disputeLine{
			Dispute: d, Turn: words.DisputeOutcome(loc, d.Outcome), Why: words.DisputeReason(loc, d.Reason),
			By:     loc.Say("dispute.opened_by.INTERNAL"),
			Opened: s.Stamp(d.OpenedAt), Changed: s.Stamp(d.ChangedAt), RespondBy: s.Stamp(d.RespondBy),
		}
		line.Stage, line.Meaning = words.DisputeStage(loc, d.Stage, d.Channel)
		if d.Channel == "EXTERNAL" {
			line.By = loc.Say("dispute.opened_by.EXTERNAL")
		}
		if d.Open {
			line.Turn = words.DisputeTurn(loc, d.PayPalStatus)
			left := d.RespondBy.Sub(s.Now())
			line.Soon, line.Late = !d.RespondBy.IsZero() && left < dueSoon && left >= 0, !d.RespondBy.IsZero() && left < 0
			line.Accepting = acceptingInWords(loc, d.Acceptance)
			if d.MayAccept {
				line.Accept = screen.ContributionAddress(h.ID) + "/disputes/" + url.PathEscape(d.PayPalID) + "/accept"
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// acceptingInWords says how far accepting an open dispute has got.
func acceptingInWords(loc i18n.Localizer, acceptance string) string {
	switch acceptance {
	case "asked", "unknown":
		return loc.Say("dispute.accepting.asked")
	case "accepted":
		return loc.Say("dispute.accepting.accepted")
	default:
		return ""
	}
}

// Dispute is the page that accepts a dispute.
type Dispute struct {
	screen.Layout

	disputes *settle.Disputes
	views    *dashboard.Views
}

// acceptPage is the page shown before a claim is accepted.
type acceptPage struct {
	page.FormErrors
	ContributionLine
	Dispute disputeLine
	Note    string
}

// read loads a dispute of a contribution; the error is a fault.NotFound if it has none with that id.
func (s *Dispute) read(r *http.Request) (dashboard.History, disputeLine, error) {
	id, err := page.PathID(r)
	if err != nil {
		return dashboard.History{}, disputeLine{}, err
	}
	h, err := s.views.History(r.Context(), id)
	if err != nil {
		return dashboard.History{}, disputeLine{}, err
	}
	for _, line := range disputeLines(s.Layout, s.Pages.Localizer(r), h) {
		if line.PayPalID == r.PathValue("dispute") {
			return h, line, nil
		}
	}
	return dashboard.History{}, disputeLine{}, fault.New(fault.NotFound, "dispute.not_found")
}

// ShowAccept answers GET /staff/contributions/{id}/disputes/{dispute}/accept.
func (s *Dispute) ShowAccept(w http.ResponseWriter, r *http.Request) error {
	h, line, err := s.read(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, h, acceptPage{Dispute: line})
}

func (s *Dispute) render(w http.ResponseWriter, r *http.Request, status int, h dashboard.History, p acceptPage) error {
	p.ContributionLine = ContributionLines(s.Layout, s.Pages.Localizer(r), []dashboard.Contribution{h.Contribution})[0]
	return s.Render(w, r, status, "staff/accept.html", i18n.New("staff.title.accept", i18n.Args{"receipt": p.Receipt}),
		"contributions", p)
}

// Accept answers POST /staff/contributions/{id}/disputes/{dispute}/accept. Whatever PayPal answers, the contribution's
// page shows how the dispute stands: pressing the button twice has the same result.
func (s *Dispute) Accept(w http.ResponseWriter, r *http.Request) error {
	h, line, err := s.read(r)
	if err != nil {
		return err
	}
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	to := screen.ContributionAddress(h.ID) + "?" + url.Values{"accepted": {line.PayPalID}}.Encode()
	if !line.Open {
		page.Redirect(w, to)
		return nil
	}
	_, failure := s.disputes.Accept(r.Context(), h.ID, line.PayPalID, v.Get("note"), screen.Actor(r))
	switch kind := fault.KindOf(failure); {
	case failure == nil, kind == fault.Unavailable:
		if failure != nil {
			s.Log.WarnContext(r.Context(), "whether a claim was accepted is not known yet", "contribution", h.ID, "dispute",
				line.PayPalID, "error", failure)
		}
		page.Redirect(w, to)
		return nil
	case kind == fault.Invalid || kind == fault.Conflict:
		h, line, err = s.read(r) // it may have changed in the meantime
		if err != nil {
			return errors.Join(failure, err)
		}
		p := acceptPage{Dispute: line, Note: v.Get("note")}
		p.Put(s.Pages.Localizer(r), failure, "note")
		return s.render(w, r, page.ProblemOf(s.Pages.Localizer(r), failure).Status, h, p)
	default:
		return failure
	}
}
