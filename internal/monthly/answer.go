package monthly

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// ErrNotAsked is the error for a yes to a question that is not asked, or no longer.
var ErrNotAsked = errors.New("no monthly gift is asked for")

// Yes returns the monthly gift to start for a reader who said yes: the suggested amount, whatever their form contains,
// with what they wrote about themselves. Saying yes twice returns the same gift. The error is ErrNotAsked if the
// question would not be asked, apart from having been answered: a reader who said no may change their mind.
func (s *Service) Yes(ctx context.Context, c contribution.Contribution) (contribution.Intent, error) {
	in := contribution.Intent{
		Campaign: c.Campaign, Currency: string(c.Amount.Currency), Frequency: string(contribution.Monthly),
		Article: c.Article, Name: c.Name, Email: c.Email, Naming: c.Naming, Source: c.Source, Follows: c.ID,
		IdempotencyKey: "follows-" + c.ID.String(), // for the limits: the gift's own key is derived from Follows
	}
	begun, err := s.Contributions.Following(ctx, c.ID)
	if err == nil {
		in.Amount, in.FirstChargeAt = begun.Amount.Decimal(), begun.Checkout.FirstChargeAt
		return in, nil
	}
	if !fault.Is(err, fault.NotFound) {
		return in, err
	}
	q, asked, err := s.question(ctx, c)
	if err != nil {
		return in, err
	}
	known, err := s.history(ctx, c.ID)
	if err == nil && (!asked || known.Recurring) {
		err = ErrNotAsked
	}
	in.Amount, in.FirstChargeAt = q.Amount.Decimal(), q.FirstCharge
	return in, err
}

// Keep saves the answer of a gift's reader. A yes overrides a no, because it leads to PayPal, where the reader consents
// or does not.
func (s *Service) Keep(ctx context.Context, id uuid.UUID, yes bool) error {
	answer := "no"
	if yes {
		answer = "yes"
	}
	_, err := s.DB.ExecContext(ctx, `
		INSERT INTO monthly_answer (contribution_id, answer, answered_at) VALUES ($1, $2, $3)
		ON CONFLICT (contribution_id) DO UPDATE SET answer = excluded.answer, answered_at = excluded.answered_at
		WHERE excluded.answer = 'yes' AND monthly_answer.answer = 'no'`, id, answer, s.Now().UTC())
	if err != nil {
		return db.Translate(fmt.Errorf("keep what was answered after %s: %w", id, err))
	}
	return nil
}
