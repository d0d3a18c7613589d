package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"readerfund/internal/app"
	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/reconcile"
)

// sequel is what happens at PayPal to a past gift some days later, by the sandbox's hook of that name, and the state
// that the gift has then.
type sequel struct {
	gift    *gift
	at      time.Time
	hook    string
	body    map[string]string
	becomes string
}

const day = 24 * time.Hour

// sequels are those of all past gifts, the earliest first. None comes after the end; what would, stays open.
func sequels(gifts []gift, end time.Time) []sequel {
	draw := rand.New(rand.NewPCG(2026, 1821)) //nolint:gosec // sample data, not a secret
	var all []sequel
	for i := range gifts {
		g := &gifts[i]
		then := func(after time.Duration, hook, becomes string, body map[string]string) {
			if at := g.at.Add(after); at.Before(end) {
				all = append(all, sequel{g, at, hook, body, becomes})
			}
		}
		// A refund comes within days, and soon where the gift is of the last days.
		back := min(day+time.Duration(draw.Int64N(int64(8*day))), end.Sub(g.at)/2)
		cleared := 20*time.Hour + time.Duration(draw.Int64N(int64(day)))
		switch g.ending {
		case partBack:
			then(back, "refund", "partially_refunded", map[string]string{"amount": g.part()})
		case allBack:
			then(back, "refund", "refunded", map[string]string{})
		case pending:
			then(cleared, "settle", "completed", map[string]string{})
		case disputeOpen:
			then(day, "dispute", "disputed", map[string]string{})
		case disputeWon:
			then(4*day, "dispute", "disputed", map[string]string{})
			then(13*day, "dispute", "completed", map[string]string{"outcome": "seller"})
		case disputeLost:
			then(3*day, "dispute", "disputed", map[string]string{})
			then(12*day, "dispute", "reversed", map[string]string{"outcome": "buyer", "fee": "16.00"})
		case returned, closedTab, held, abandoned, declined, cancelled:
		}
	}
	slices.SortStableFunc(all, func(a, b sequel) int { return a.at.Compare(b.at) })
	return all
}

// part is what goes back where not all of it does.
func (g *gift) part() string {
	if strings.Contains(g.amount, ".") {
		return "2.00"
	}
	return "200"
}

// goOn lets happen what comes before a moment, each at its time, and gives the rest.
func (s *seeder) goOn(ctx context.Context, then []sequel, before time.Time) ([]sequel, error) {
	for len(then) > 0 && then[0].at.Before(before) {
		next := then[0]
		if next.at.After(s.clock.now()) {
			s.clock.set(next.at)
		}
		if err := s.happen(ctx, next); err != nil {
			return nil, err
		}
		then = then[1:]
	}
	return then, nil
}

// happen lets one sequel happen and waits until it is in the books.
func (s *seeder) happen(ctx context.Context, next sequel) error {
	var capture string
	err := s.db.GetContext(ctx, &capture, `SELECT paypal_id FROM payment WHERE contribution_id = $1`, next.gift.id)
	if err != nil {
		return fmt.Errorf("find the payment of a past gift: %w", err)
	}
	if err := s.post(ctx, s.keep.PayPalURL+"/sandbox/captures/"+capture+"/"+next.hook, next.body, nil); err != nil {
		return err
	}
	return s.wait(ctx, `SELECT state = $2 FROM contribution WHERE id::text = $1`, next.gift.id, next.becomes)
}

// giveInPayPal is a gift that came without us: by PayPal's own button. The reconciliation page asks what to do with it.
func (s *seeder) giveInPayPal(ctx context.Context) error {
	return s.post(ctx, s.keep.PayPalURL+"/sandbox/payments", map[string]string{
		"amount": "40.00", "currency": "EUR", "kind": "donation", "note": "For the harbour series",
		"payer_email": "fisher@example.com",
	}, nil)
}

// reconcile holds PayPal's record of the past gifts against the books, as every night would have. The night's own run
// may be at it, since the clock has just passed it; then ours goes on with that one, which ends before the latest of
// the past, and another is needed.
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
