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

// ErrNotAsked is a yes to a question that is not asked, or not any more.
var ErrNotAsked = errors.New("no monthly gift is asked for")

// Yes is the monthly gift to begin for a reader who said yes: what was suggested here, whatever their form says, with
// what they wrote about themselves. Of a yes that is sent again it is the same gift. The error is ErrNotAsked where the
// question would not be asked, but for an answer to it: who said no and thinks again may.
func (s *Service) Yes(ctx context.Context, c contribution.Contribution) (contribution.Intent, error) {
	in := contribution.Intent{
		Campaign: c.Campaign, Currency: string(c.Amount.Currency), Frequency: string(contribution.Monthly),
		Article: c.Article, Name: c.Name, Email: c.Email, Naming: c.Naming, UTM: c.UTM, Follows: c.ID,
		IdempotencyKey: "follows-" + c.ID.String(), // for the limits: the gift's own key follows from Follows
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

// Keep writes down what the reader of a gift answered. A yes counts more than a no: it leads to PayPal, where the
// reader agrees or does not.
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
