package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"readerfund/internal/managelink"
	"readerfund/internal/receipt"
	"readerfund/internal/receipt/form"
	web "readerfund/internal/web/page" // page is a copied answer here
)

// measureReceipts holds payments that get their numbered receipts, and the mails that bring the documents, against
// go-mail alone, which sends mails of the same words over one connection.
func (b *bench) measureReceipts(ctx context.Context) error {
	return b.withPostOffice(ctx, "receipts", func(p *postOffice) error {
		signer := web.NewSigner(secretKey, "")
		receipts, err := receipt.New(receipt.Config{
			DB: p.pool, Zone: time.UTC, Now: time.Now, Log: slog.New(slog.DiscardHandler),
			Issuer: form.Issuer{
				Form: form.US, Series: "R", Lines: []string{"The Bench Press", "1 Main Street", "Springfield"}, TaxID: "12-3456789",
			},
			Links:  receipt.Links{BaseURL: "https://give.example.org", Sign: signer.Sign},
			Manage: managelink.NewLinks("https://give.example.org", signer).Subscription,
		})
		if err != nil {
			return err
		}
		if err := p.book(ctx); err != nil {
			return err
		}
		results, err := contest(ctx, b.plan, contestant{
			name: "service", prepare: p.withoutReceipts, turn: p.timed(p.issueAndSend(receipts)),
		}, p.loop())
		if err != nil {
			return err
		}
		b.add(compare("receipts issued and mailed", "receipts/s", bareMailLoop, results[0], results[1], 0.7))
		return nil
	})
}

// issueAndSend does both at once, as the service does: they are pieces of periodic work of their own, and each goes on
// for as long as there is something to do.
func (p *postOffice) issueAndSend(receipts *receipt.Service) func(context.Context) error {
	return func(ctx context.Context) error {
		issued := make(chan error, 1)
		go func() { issued <- receipts.Issue(ctx) }()
		for {
			select {
			case err := <-issued:
				return errors.Join(err, p.service.Send(ctx))
			default:
			}
			if err := p.service.Send(ctx); err != nil {
				return errors.Join(err, <-issued)
			}
			time.Sleep(time.Millisecond) // the first are not written yet
		}
	}
}

// book writes monthly gifts, each with a payment, by readers who gave an address.
func (p *postOffice) book(ctx context.Context) error {
	return execute(ctx, p.pool, aCampaign, fmt.Sprintf(`
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article, name,
		                          email, state, created_at, updated_at, completed_at)
		SELECT md5(i::text)::uuid, 'R' || i, '', k.id, 'month', 2500, 'EUR', '', 'Ada Reader',
		       'reader' || i || '@example.org', 'completed', now(), now(), now()
		FROM generate_series(1, %d) i, campaign k`, p.mails), `
		INSERT INTO payment (contribution_id, kind, paypal_id, status, state, amount_minor, currency, occurred_at,
		                     recorded_at)
		SELECT id, 'sale', 'SALE' || receipt, 'completed', 'completed', amount_minor, currency, now(), now()
		FROM contribution`, `ANALYZE`)
}

// withoutReceipts has every payment wait for its receipt again.
func (p *postOffice) withoutReceipts(ctx context.Context) error {
	p.catcher.Clear()
	return execute(ctx, p.pool, `TRUNCATE receipt, receipt_counter, mail`, `UPDATE payment SET receipt_due = true`,
		`VACUUM ANALYZE payment`)
}
