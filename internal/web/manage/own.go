package manage

import (
	"errors"
	"net/http"

	"readerfund/internal/i18n"
	"readerfund/internal/managelink"
	"readerfund/internal/money"
	"readerfund/internal/supporter"
)

// Own is a reader's own page.
type Own struct {
	layout

	door   door
	ask    *Ask
	people *supporter.Service
}

// ownPage is all that a reader gave and gives.
type ownPage struct {
	Address  string
	Payments []payment // newest first
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

// Whole reports whether all of a payment went back.
func (p payment) Whole() bool { return p.Returned == p.Amount }

// Back reports whether any of it did.
func (p payment) Back() bool { return p.Returned.Minor > 0 }
