package supporter

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/money"
)

// Contribution is one decision to give, as its reader sees it on their own page. Times are UTC.
type Contribution struct {
	ID        uuid.UUID
	Receipt   string
	Frequency string
	State     string
	Amount    money.Amount
	CreatedAt time.Time
	Payments  []Payment // newest first
}

// Payment is one payment of a contribution. Returned is what went back of it.
type Payment struct {
	PayPalID string
	State    string
	Amount   money.Amount
	Returned money.Amount
	At       time.Time
}

// mostGiven is how many payments a reader's own page shows: ten years of a monthly gift.
const mostGiven = 120

// Given lists what a reader gave and gives, newest first, with at most 120 payments. What came to nothing is left out.
// The address is as it is kept: in lower case.
func (s *Service) Given(ctx context.Context, address string) ([]Contribution, error) {
	var rows []struct {
		ID        uuid.UUID      `db:"id"`
		Receipt   string         `db:"receipt"`
		Frequency string         `db:"frequency"`
		State     string         `db:"state"`
		Minor     int64          `db:"amount_minor"`
		Currency  money.Currency `db:"currency"`
		CreatedAt time.Time      `db:"created_at"`
		PayPalID  string         `db:"paypal_id"`
		PaidState string         `db:"paid_state"`
		Paid      int64          `db:"paid_minor"`
		PaidIn    money.Currency `db:"paid_currency"`
		Returned  int64          `db:"returned_minor"`
		PaidAt    time.Time      `db:"paid_at"`
	}
	err := s.db.SelectContext(ctx, &rows, `WITH `+owned+`
		SELECT c.id, c.receipt, c.frequency, c.state, c.amount_minor, c.currency, c.created_at, p.paypal_id,
		       p.status AS paid_state, p.amount_minor AS paid_minor, p.currency AS paid_currency, p.returned_minor,
		       p.occurred_at AS paid_at
		FROM mine JOIN contribution c USING (id) JOIN payment p ON p.contribution_id = c.id
		WHERE p.status <> 'declined'
		ORDER BY p.occurred_at DESC, p.paypal_id DESC LIMIT $2`, address, mostGiven)
	if err != nil {
		return nil, db.Translate(fmt.Errorf("list what a reader gave: %w", err))
	}
	var all []Contribution
	place := map[uuid.UUID]int{}
	for _, r := range rows {
		n, known := place[r.ID]
		if !known {
			n = len(all)
			place[r.ID] = n
			all = append(all, Contribution{
				ID: r.ID, Receipt: r.Receipt, Frequency: r.Frequency, State: r.State,
				Amount: money.New(r.Minor, r.Currency), CreatedAt: r.CreatedAt.UTC(),
			})
		}
		all[n].Payments = append(all[n].Payments, Payment{
			PayPalID: r.PayPalID, State: r.PaidState, Amount: money.New(r.Paid, r.PaidIn),
			Returned: money.New(r.Returned, r.PaidIn), At: r.PaidAt.UTC(),
		})
	}
	return all, nil
}
