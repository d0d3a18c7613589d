package contribution

import (
	"context"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/batch"
	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/money"
)

// Limit is the least and the most a reader may give at once, in minor units.
type Limit struct{ Min, Max int64 }

// Config is what a Service needs.
type Config struct {
	DB         *db.DB
	Campaigns  *campaign.Catalog
	Limits     map[money.Currency]Limit
	Fees       map[money.Currency]money.Fee // PayPal's schedule; readers may cover the fee in these currencies alone
	SweepEvery time.Duration                // how often the sweep runs
	Now        func() time.Time
}

// Service begins contributions and keeps what people say about them. It is safe for concurrent use.
type Service struct {
	db         *db.DB
	campaigns  *campaign.Catalog
	limits     map[money.Currency]Limit
	fees       map[money.Currency]money.Fee
	sweepEvery time.Duration
	now        func() time.Time

	begun *batch.Writer[Contribution, inserted]
	moved *batch.Writer[step, error]
}

// writesAtOnce: while one commit waits for the disk, the next batch is already being parsed and written.
const writesAtOnce = 2

// New makes a Service.
func New(cfg Config) *Service {
	s := &Service{
		db: cfg.DB, campaigns: cfg.Campaigns, limits: cfg.Limits, fees: cfg.Fees, sweepEvery: cfg.SweepEvery,
		now: cfg.Now,
	}
	s.begun, s.moved = batch.NewWriter(writesAtOnce, s.insertAll), batch.NewWriter(writesAtOnce, s.advanceAll)
	return s
}

// Get reads a contribution. The error is a fault.NotFound when there is none.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Contribution, error) {
	c, err := Find(ctx, s.db, id)
	return c, db.Translate(err)
}

// Following reads the monthly gift that follows a one-time gift. The error is a fault.NotFound when there is none.
func (s *Service) Following(ctx context.Context, gift uuid.UUID) (Contribution, error) {
	c, err := find(ctx, s.db, "c.idempotency_key = $1", FollowsKey(gift))
	return c, db.Translate(err)
}

// Limits is the least and the most to give in a currency, in minor units.
func (s *Service) Limits(c money.Currency) Limit { return s.limits[c] }

// CheckAmount returns a fault.Invalid on "amount" when the amount is below the least or above the most that a reader
// may give at once.
func (s *Service) CheckAmount(a money.Amount) error {
	limit := s.limits[a.Currency]
	switch {
	case a.Minor < limit.Min:
		return fault.Input("amount", "contribution.amount_too_small", fault.Args{
			"min": money.New(limit.Min, a.Currency),
		})
	case a.Minor > limit.Max:
		return fault.Input("amount", "contribution.amount_too_large", fault.Args{
			"max": money.New(limit.Max, a.Currency),
		})
	default:
		return nil
	}
}
