package monthly

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/subscription"
)

// Config is what a Service needs.
type Config struct {
	DB            *db.DB
	Contributions *contribution.Service
	Campaigns     *campaign.Catalog
	Now           func() time.Time
}

// Service asks the question and keeps the answers. It is safe for concurrent use.
type Service struct{ Config }

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg} }

// Question is what the page asks a reader.
type Question struct {
	Amount      money.Amount // each month
	FirstCharge time.Time    // a month after the one-time gift came in
}

// notice is how long before the first charge the question is asked at the latest. PayPal rejects a start in the past,
// and a reader has three days to approve.
const notice = 4 * 24 * time.Hour

// Ask returns the question for the reader of a contribution, and whether there is one. It is asked after a one-time
// gift that was completed and not returned, unless it was answered, the person already gives monthly or yearly, or the
// campaign offers no monthly gifts in the currency.
func (s *Service) Ask(ctx context.Context, c contribution.Contribution) (Question, bool, error) {
	q, ok, err := s.question(ctx, c)
	if err != nil || !ok {
		return Question{}, false, err
	}
	known, err := s.history(ctx, c.ID)
	if err != nil || known.Answered || known.Followed || known.Recurring {
		return Question{}, false, err
	}
	return q, true, nil
}

// question is the question after a gift, whatever was answered before.
func (s *Service) question(ctx context.Context, c contribution.Contribution) (Question, bool, error) {
	if c.Frequency != contribution.Once || c.State != contribution.Completed || c.CompletedAt.IsZero() {
		return Question{}, false, nil
	}
	q := Question{FirstCharge: subscription.MonthsLater(c.CompletedAt, 1)}
	if q.FirstCharge.Sub(s.Now()) < notice {
		return Question{}, false, nil
	}
	k, err := s.Campaigns.BySlug(ctx, c.Campaign)
	if fault.Is(err, fault.NotFound) {
		return Question{}, false, nil
	}
	if err != nil || len(k.Offered(string(contribution.Monthly), c.Amount.Currency)) == 0 {
		return Question{}, false, err
	}
	all, err := Suggestions(ctx, s.DB)
	if err != nil {
		return Question{}, false, err
	}
	var asked bool
	q.Amount, asked = Amount(all, c.Gift(), s.limit(c.Amount.Currency))
	return q, asked, nil
}

// history is what is known about a gift that matters for the question.
type history struct {
	Answered  bool `db:"answered"`
	Followed  bool `db:"followed"`  // a monthly gift was started after it
	Recurring bool `db:"recurring"` // its person gives monthly or yearly, found by PayPal's payer or the typed address
}

func (s *Service) history(ctx context.Context, id uuid.UUID) (history, error) {
	var h history
	// A person is looked up along two indexes, by the payer that PayPal names and by the address they typed.
	err := s.DB.GetContext(ctx, &h, `
		WITH gift AS (SELECT supporter_id, lower(email) AS email FROM contribution WHERE id = $1),
		theirs AS (
			SELECT c.id FROM gift JOIN contribution c ON c.supporter_id = gift.supporter_id
			UNION
			SELECT c.id FROM gift JOIN contribution c ON c.email <> '' AND lower(c.email) = gift.email)
		SELECT EXISTS (SELECT 1 FROM monthly_answer WHERE contribution_id = $1) AS answered,
		       EXISTS (SELECT 1 FROM contribution WHERE idempotency_key = $2) AS followed,
		       EXISTS (SELECT 1 FROM theirs JOIN subscription s ON s.contribution_id = theirs.id
		               WHERE s.started_at IS NOT NULL AND s.ended_at IS NULL) AS recurring`,
		id, contribution.FollowsKey(id))
	if err != nil {
		return history{}, db.Translate(fmt.Errorf("read what was answered after %s: %w", id, err))
	}
	return h, nil
}
