package refund

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// What the tests need to know of a request, and do to it in place of another process.
const (
	FirstAnswer   = firstAnswer
	LeasedFor     = leasedFor
	RememberedFor = rememberedFor
)

func (r Request) InvoiceID() string     { return r.invoiceID }
func (r Request) DoubtSince() time.Time { return r.doubtSince }
func (r Request) LeaseUntil() time.Time { return r.leaseUntil }

func Find(ctx context.Context, q sqlx.QueryerContext, condition string, args ...any) (Request, error) {
	return find(ctx, q, condition, args...)
}

func (s *Service) Write(ctx context.Context, in Intent) (Request, error) { return s.write(ctx, in) }

func (s *Service) Lease(ctx context.Context, id uuid.UUID) (Request, bool, error) {
	return s.lease(ctx, id)
}

func (s *Service) End(ctx context.Context, r Request, state State, code, advice string) (Request, error) {
	return s.end(ctx, r, state, code, advice)
}

func (s *Service) Postpone(ctx context.Context, r Request, state State) (Request, error) {
	return s.postpone(ctx, r, state)
}
