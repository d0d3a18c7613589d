package manage

import (
	"context"
	"errors"
	"net/http"

	"readerfund/internal/i18n"
	"readerfund/internal/manage"
	"readerfund/internal/managelink"
	"readerfund/internal/money"
	"readerfund/internal/supporter"
)

// Own is a reader's own page.
type Own struct {
	layout

	door    door
	ask     *Ask
	people  *supporter.Service
	changes *manage.Service
}

// ownPage is all that a reader gave and gives.
type ownPage struct {
	Address   string
	Recurring []recurring // the latest first
	Payments  []payment   // newest first
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

// payment is one payment, as the list shows it.
type payment struct {
	Receipt  string
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
				Receipt: c.Receipt, Day: s.day(paid.At), Amount: paid.Amount, Returned: paid.Returned,
				Waits: paid.State == "pending",
			})
		}
	}
	return s.show(w, r, http.StatusOK, "manage/own.html", i18n.New("manage.title.own"), p)
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
			Next: l.dayOf(sub.NextBillingAt), Until: l.dayOf(sub.PausedUntil), Ended: l.dayOf(sub.EndedAt),
		})
	}
	return all, nil
}

// Whole reports whether all of a payment went back.
func (p payment) Whole() bool { return p.Returned == p.Amount }

// Back reports whether any of it did.
func (p payment) Back() bool { return p.Returned.Minor > 0 }
