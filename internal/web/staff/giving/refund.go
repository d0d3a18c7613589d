package giving

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/refund"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
)

// Refund is the form that requests a refund.
type Refund struct {
	screen.Layout

	refunds *refund.Service
	views   *dashboard.Views
}

// refundPage is the form for a refund: fresh, or shown again with errors.
type refundPage struct {
	page.FormErrors
	ContributionLine
	Why      string       // why no refund is possible; then there is no form
	Payments []refundLine // to choose from, where several can be refunded
	Payment  string       // PayPal's id of the chosen one
	Paid     money.Amount
	Back     money.Amount // how much of it was returned, or is on its way
	Left     money.Amount
	Old      bool          // PayPal may refuse because of its age
	Disputes []disputeLine // the open ones
	Reader   string        // the recipient of the money, if known

	Key    string // one for each rendering: sending the form twice makes one refund
	Whole  bool
	Part   bool
	Amount string // the amount of a partial refund, as typed
	Reason string
	Note   string
}

// refundLine is a payment to choose.
type refundLine struct {
	Address  string
	PayPalID string
	Occurred screen.Stamp
	Left     money.Amount
}

// Show answers GET /staff/contributions/{id}/refund.
func (s *Refund) Show(w http.ResponseWriter, r *http.Request) error {
	id, err := page.PathID(r)
	if err != nil {
		return err
	}
	p, _, err := s.page(r.Context(), s.Pages.Localizer(r), id, r.URL.Query().Get("payment"))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, p)
}

func (s *Refund) render(w http.ResponseWriter, r *http.Request, status int, p refundPage) error {
	return s.Render(w, r, status, "staff/refund.html",
		i18n.New("staff.title.refund", i18n.Args{"receipt": p.Receipt}), "contributions", p)
}

// page returns what can be refunded of a contribution; payment is PayPal's id of one, if there are several.
func (s *Refund) page(
	ctx context.Context, loc i18n.Localizer, id uuid.UUID, payment string,
) (refundPage, dashboard.History, error) {
	h, err := s.views.History(ctx, id)
	if err != nil {
		return refundPage{}, h, err
	}
	all, err := s.refunds.Refundable(ctx, id)
	if err != nil {
		return refundPage{}, h, err
	}
	p := refundPage{
		ContributionLine: ContributionLines(s.Layout, loc, []dashboard.Contribution{h.Contribution})[0], Key: rand.Text(),
		Reader: h.PayerName,
	}
	for _, d := range disputeLines(s.Layout, loc, h) {
		if d.Open {
			p.Disputes = append(p.Disputes, d)
		}
	}
	m, err := refund.Choose(all, payment)
	switch {
	case err == nil:
		p.Payment, p.Paid, p.Left = m.Payment, m.Amount, m.Left
		p.Back = money.New(m.Amount.Minor-m.Left.Minor, m.Amount.Currency)
		p.Old = s.Now().Sub(m.OccurredAt) > refund.UsualLimit
	case refund.IsSeveral(err):
		for _, m := range all {
			if m.Why == nil {
				address := p.Address + "/refund?" + url.Values{"payment": {m.Payment}}.Encode()
				p.Payments = append(p.Payments, refundLine{address, m.Payment, s.Stamp(m.OccurredAt), m.Left})
			}
		}
	default:
		p.Why = loc.Plain().Message(fault.All(err)[0].Message)
	}
	return p, h, nil
}

// Request answers POST /staff/contributions/{id}/refund.
func (s *Refund) Request(w http.ResponseWriter, r *http.Request) error {
	id, err := page.PathID(r)
	if err != nil {
		return err
	}
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	in := refund.Intent{
		Contribution: id, Payment: v.Get("payment"), Currency: v.Get("currency"), Seen: v.Get("left"),
		Reason: v.Get("reason"), Note: v.Get("note"),
		Key: v.Get("key"), By: screen.Actor(r),
	}
	in.Amount, err = chosenAmount(v)
	if err == nil {
		var made refund.Request
		if made, err = s.refunds.Request(r.Context(), in); err == nil {
			page.Redirect(w, refundAddress(id.String(), made.Number))
			return nil
		}
	}
	return s.refuse(w, r, v, in, err)
}

// refundAddress is a contribution's page that reports the outcome of a refund.
func refundAddress(id string, number int) string {
	return "/staff/contributions/" + id + "?refund=" + strconv.Itoa(number)
}

// chosenAmount is the amount that the form asks for. "All of it" is the sum that the form showed, not what is left when
// it arrives, so that no refund is larger than what was on the page.
func chosenAmount(v url.Values) (string, error) {
	var faults []error
	part := strings.TrimSpace(v.Get("amount"))
	switch choice := v.Get("choice"); {
	case choice == "all" && part != "":
		faults = append(faults, fault.Input("amount", "refund.full_and_amount"))
	case choice == "all" && v.Get("left") != "":
		part = v.Get("left")
	case part == "":
		faults = append(faults, fault.Input("amount", "refund.choice_missing"))
	}
	if c := money.Currency(v.Get("currency")); len(faults) == 0 && c.Known() {
		if a, err := money.ParseWritten(part, c); err != nil {
			faults = append(faults, err)
		} else {
			part = a.Decimal()
		}
	}
	if len(faults) > 0 && strings.TrimSpace(v.Get("reason")) == "" { // reported together with the others, not after them
		faults = append(faults, fault.Input("reason", "refund.reason_missing"))
	}
	return part, errors.Join(faults...)
}

// refuse shows the form again with errors. If the refund was saved and only its outcome is unknown, that is no error:
// the contribution's page shows how it stands.
func (s *Refund) refuse(w http.ResponseWriter, r *http.Request, v url.Values, in refund.Intent, failure error) error {
	// The request's deadline may have passed, and the page is needed even more then.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 5*time.Second)
	defer cancel()
	p, h, err := s.page(ctx, s.Pages.Localizer(r), in.Contribution, in.Payment)
	if err != nil {
		return errors.Join(failure, err)
	}
	kind := fault.KindOf(failure)
	if kind != fault.Invalid && kind != fault.Conflict {
		for _, q := range h.Asked {
			if q.UnderWay() {
				s.Log.WarnContext(r.Context(), "a refund's answer was not seen; the sweep goes on", "contribution",
					in.Contribution, "error", failure)
				page.Redirect(w, refundAddress(in.Contribution.String(), q.Number))
				return nil
			}
		}
		return failure
	}
	p.Whole, p.Part, p.Amount, p.Reason, p.Note = v.Get("choice") == "all", v.Get("choice") == "part", v.Get("amount"),
		v.Get("reason"), v.Get("note")
	p.Put(s.Pages.Localizer(r), failure, "amount", "reason", "note")
	status := http.StatusUnprocessableEntity
	if kind == fault.Conflict {
		status = http.StatusConflict
	}
	return s.render(w, r, status, p)
}
