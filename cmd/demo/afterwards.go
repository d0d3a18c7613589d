package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"readerfund/internal/app"
	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/reconcile"
)

// disputes are the cases about past gifts, so that each way a case can go is on a page: one waits for an answer, one was
// won, one was lost and cost a fee.
func disputes() []map[string]string {
	return []map[string]string{{}, {"outcome": "seller"}, {"outcome": "buyer", "fee": "16.00"}}
}

// dispute has readers complain about the latest gifts in euro that simply came in.
func (s *seeder) dispute(ctx context.Context, gifts []gift) error {
	var of []string
	err := s.db.SelectContext(ctx, &of, `
		SELECT p.paypal_id FROM payment p JOIN contribution c ON c.id = p.contribution_id
		WHERE c.state = 'completed' AND c.currency = 'EUR' ORDER BY c.created_at DESC LIMIT $1`, min(len(disputes()), len(gifts)/20))
	if err != nil {
		return err
	}
	for i, capture := range of {
		if err := s.post(ctx, s.keep.PayPalURL+"/sandbox/captures/"+capture+"/dispute", disputes()[i], nil); err != nil {
			return err
		}
	}
	// The lost one is over when its reversal is in.
	return s.wait(ctx, `
		SELECT count(*) = $1 AND NOT EXISTS (SELECT 1 FROM dispute d JOIN payment p ON p.id = d.payment_id JOIN contribution c ON c.id = p.contribution_id
		                                     WHERE d.outcome = 'RESOLVED_BUYER_FAVOUR' AND c.state = 'completed')
		FROM dispute`, len(of))
}

// giveInPayPal is a gift that came without us: by PayPal's own button. The reconciliation page asks what to do with it.
func (s *seeder) giveInPayPal(ctx context.Context) error {
	return s.post(ctx, s.keep.PayPalURL+"/sandbox/payments", map[string]string{
		"amount": "40.00", "currency": "EUR", "kind": "donation", "note": "For the harbour series", "payer_email": "fisher@example.com",
	}, nil)
}

// reconcile holds PayPal's record of the past gifts against the books, as every night would have. The night's own run may be
// at it, since the clock has just passed it; then ours goes on with that one, which ends before the latest of the past, and
// another is needed.
func (d *demo) reconcile(ctx context.Context, cfg config.Config) error {
	pool, err := db.Open(ctx, string(cfg.DatabaseURL), db.Options{MaxOpen: 4})
	if err != nil {
		return err
	}
	books, err := app.NewReconciliation(cfg, pool, d.log, d.clock.now)
	if err != nil {
		return errors.Join(err, pool.Close())
	}
	began := d.clock.now().Add(-time.Minute)
	var done reconcile.Result
	for tries := 0; err == nil && tries < 5 && done.CheckedTo.Before(began); tries++ {
		done, err = books.Run(ctx, reconcile.Order{})
	}
	books.Close()
	if err != nil {
		err = fmt.Errorf("reconcile the past gifts: %w", err)
	}
	return errors.Join(err, pool.Close())
}
