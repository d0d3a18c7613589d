package manage

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"readerfund/internal/i18n"
	"readerfund/internal/manage"
	"readerfund/internal/managelink"
	"readerfund/internal/money"
	"readerfund/internal/receipt"
	"readerfund/internal/supporter"
)

// Own is a reader's own page.
type Own struct {
	layout

	door    door
	ask     *Ask
	people  *supporter.Service
	changes *manage.Service

	receipts *receipt.Service // nil leaves receipts out
	document receipt.Links
}

// ownPage is all that a reader gave and gives.
type ownPage struct {
	Address   string
	Recurring []recurring // the latest first
	Payments  []payment   // newest first
	Years     []yearly    // the latest first
}

// recurring is one gift that repeats, or did.
type recurring struct {
	Page      string // where it is changed
	Amount    money.Amount
	Frequency string
	Stands    string // as on its own page
	Next      string
	Until     string
	Ended     string
}

// yearly is a year's statement.
type yearly struct {
	Year int
	Page string
}

// payment is one payment, as the list shows it.
type payment struct {
	Receipt  string
	Page     string // the receipts of its gift; empty where there are none
	Day      string
	Amount   money.Amount
	Returned money.Amount
	Waits    bool // PayPal has not released it yet
}

// Show answers GET /manage: the reader's own page, or the form that asks for the link to it.
func (s *Own) Show(w http.ResponseWriter, r *http.Request) error {
	address, err := s.door.reader(r.Context(), r)
	if errors.Is(err, managelink.ErrNoSession) {
		return s.ask.show(w, r, http.StatusOK, askPage{Sent: r.URL.Query().Has("sent")})
	}
	if err != nil {
		return err
	}
	given, err := s.people.Given(r.Context(), address)
	if err != nil {
		return err
	}
	p := ownPage{Address: address}
	if p.Recurring, err = recurringOf(r.Context(), s.layout, s.people, s.changes, address); err != nil {
		return err
	}
	for _, c := range given {
		for _, paid := range c.Payments {
			p.Payments = append(p.Payments, payment{
				Receipt: c.Receipt, Page: s.receiptsOf(c.ID), Day: s.day(paid.At), Amount: paid.Amount, Returned: paid.Returned,
				Waits: paid.State == "pending",
			})
		}
	}
	if p.Years, err = s.years(r.Context(), address); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, "manage/own.html", i18n.New("manage.title.own"), p)
}

// receiptsOf is the page with the receipts of a gift, which a reader's session opens.
func (s *Own) receiptsOf(id uuid.UUID) string {
	if s.receipts == nil {
		return ""
	}
	return "/contributions/" + id.String() + "/receipt"
}

// years are the statements of the years in which the reader gave, as far as PayPal names them for it.
func (s *Own) years(ctx context.Context, address string) (all []yearly, err error) {
	if s.receipts == nil {
		return nil, nil
	}
	id, err := s.people.ID(ctx, address)
	if err != nil || id == uuid.Nil {
		return nil, err
	}
	years, err := s.receipts.Years(ctx, id)
	for _, year := range years {
		all = append(all, yearly{year, s.document.Statement(id, year)})
	}
	return all, err
}

// recurringOf are the gifts of a reader that repeat, or did.
func recurringOf(
	ctx context.Context, l layout, people *supporter.Service, changes *manage.Service, address string,
) (all []recurring, err error) {
	ids, err := people.Recurring(ctx, address)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		sub, err := changes.Subscription(ctx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, recurring{
			Page: visit{id: id}.address(), Amount: sub.Amount, Frequency: sub.Frequency, Stands: standing(sub),
			Next: l.dayOf(sub.NextCharge()), Until: l.dayOf(sub.PausedUntil), Ended: l.dayOf(sub.EndedAt),
		})
	}
	return all, nil
}

// Whole reports whether all of a payment went back.
func (p payment) Whole() bool { return p.Returned == p.Amount }

// Back reports whether any of it did.
func (p payment) Back() bool { return p.Returned.Minor > 0 }
