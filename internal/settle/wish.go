package settle

import (
	"context"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/detached"
)

// The reader's wish for another attempt after a refusal: checkout.AsksAgain says what is one.

// noteTold writes down that the reader came back to a refusal and is being told of it.
func (s *Service) noteTold(ctx context.Context, c contribution.Contribution) error {
	if c.State != contribution.Declined || c.Checkout.Told() {
		return nil
	}
	ctx, cancel := detached.Saving(ctx)
	defer cancel()
	return db.Translate(contribution.NoteTold(ctx, s.db, c.ID, s.now()))
}

// dropWish ends the wish: the reader turned back, or there is nothing at PayPal to try.
func (s *Service) dropWish(ctx context.Context, c contribution.Contribution) (contribution.Contribution, error) {
	if c.Checkout.RetryAt.IsZero() {
		return c, nil
	}
	if err := contribution.DropWish(ctx, s.db, c.ID); err != nil {
		return c, db.Translate(err)
	}
	return s.contributions.Get(ctx, c.ID)
}
