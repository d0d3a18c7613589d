package manage

import (
	"context"

	"github.com/google/uuid"

	"readerfund/internal/subscription"
)

// What the tests do in place of a process that dies.
const (
	FirstAnswer   = firstAnswer
	LeasedFor     = leasedFor
	ConsentWithin = consentWithin
)

// WriteDown commits what is wanted, and no more.
func (s *Service) WriteDown(ctx context.Context, id uuid.UUID, want Change) (uuid.UUID, error) {
	all, err := s.write(ctx, id, want)
	if err != nil {
		return uuid.Nil, err
	}
	return all[0].ID, nil
}

// LeaseOnly takes a change for sending, and sends nothing.
func (s *Service) LeaseOnly(ctx context.Context, id uuid.UUID) error {
	_, _, err := s.lease(ctx, id)
	return err
}

// Die sends a change, and does not live to see the answer.
func (s *Service) Die(ctx context.Context, id uuid.UUID) error {
	c, _, err := s.lease(ctx, id)
	if err != nil {
		return err
	}
	sub, err := subscription.Find(ctx, s.db, c.Subscription)
	if err != nil {
		return err
	}
	_, err = s.call(ctx, c, sub)
	return err
}
