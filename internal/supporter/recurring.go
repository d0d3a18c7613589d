package supporter

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"readerfund/internal/db"
)

// owned are the contributions of an address, $1: those for which PayPal names it, and those that it was typed into.
// They are two looks, each along an index of its own, instead of an OR that has none.
const owned = `
	mine AS (
		SELECT c.id FROM supporter s JOIN contribution c ON c.supporter_id = s.id WHERE s.email = $1
		UNION
		SELECT id FROM contribution WHERE email <> '' AND lower(email) = $1
	)`

// Recurring are a reader's recurring contributions that were begun at PayPal, the latest first, whether they still run
// or not. The address is as it is kept: in lower case.
func (s *Service) Recurring(ctx context.Context, address string) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := s.db.SelectContext(ctx, &ids, `WITH `+owned+`
		SELECT c.id FROM mine JOIN contribution c USING (id)
		WHERE c.frequency <> 'once' AND EXISTS (SELECT 1 FROM subscription b
			WHERE b.contribution_id = c.id AND b.state <> 'approval_pending')
		ORDER BY c.created_at DESC, c.id DESC`, address)
	if err != nil {
		return nil, db.Translate(fmt.Errorf("list recurring contributions of a reader: %w", err))
	}
	return ids, nil
}

// ID is the supporter with an address; uuid.Nil where PayPal has not named it for a payment.
func (s *Service) ID(ctx context.Context, address string) (id uuid.UUID, err error) {
	err = s.db.GetContext(ctx, &id, `SELECT id FROM supporter WHERE email = $1`, address)
	if db.IsNotFound(err) {
		return uuid.Nil, nil
	}
	if err != nil {
		return uuid.Nil, db.Translate(fmt.Errorf("find a supporter: %w", err))
	}
	return id, nil
}

// Owns reports whether a contribution is one of the reader's with the address.
func (s *Service) Owns(ctx context.Context, address string, id uuid.UUID) (bool, error) {
	var owns bool
	err := s.db.GetContext(ctx, &owns, `
		SELECT EXISTS (
			SELECT 1 FROM contribution c LEFT JOIN supporter s ON s.id = c.supporter_id
			WHERE c.id = $2 AND (s.email = $1 OR c.email <> '' AND lower(c.email) = $1))`, address, id)
	if err != nil {
		return false, db.Translate(fmt.Errorf("find whose contribution %s is: %w", id, err))
	}
	return owns, nil
}
