package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
)

// renews is works for charges of n subscriptions that run: their webhooks are all that tells of a renewal.
func (s *shop) renews(n int) contestant {
	var gifts []gift
	c := s.worksOn(func() []gift { return gifts }, n, 0)
	c.name = "renewals"
	c.prepare = func(ctx context.Context) (err error) {
		if gifts, err = s.subscribe(ctx, n); err != nil {
			return err
		}
		return errors.Join(s.store(ctx, gifts[len(s.processes):]), s.rest(ctx))
	}
	return c
}

// subscribe makes n subscriptions that run at PayPal, and here; of their latest charge we have not heard. Each is of a
// reader who typed their address.
func (s *shop) subscribe(ctx context.Context, n int) ([]gift, error) {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7()).String()
	}
	custom, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	began := time.Now().Add(-24 * time.Hour).UTC()
	var made struct {
		Subscriptions []struct {
			ID    string   `json:"id"`
			Sales []string `json:"sales"`
		} `json:"subscriptions"`
	}
	in := fmt.Sprintf(`{"custom_ids":%s,"currency":"EUR","amount":"25.00","start":%q}`, custom, began.Format(time.RFC3339))
	if err := s.ask(ctx, "/sandbox/subscriptions", in, &made); err != nil {
		return nil, err
	}
	gifts, subscriptions := make([]gift, n), make([]string, n)
	for i, sub := range made.Subscriptions {
		if len(sub.Sales) != 1 {
			return nil, fmt.Errorf("subscription %s has %d charges, want 1", sub.ID, len(sub.Sales))
		}
		gifts[i], subscriptions[i] = gift{Subscription: sub.ID, capture: sub.Sales[0]}, sub.ID
	}
	_, err = s.pool.ExecContext(ctx, `
		WITH begun AS (
			INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, name,
			                          email, state, subscription_id, created_at, updated_at)
			SELECT id, 'B' || upper(right(id::text, 12)), '', (SELECT id FROM campaign ORDER BY created_at LIMIT 1), 'month',
			       2500, 'EUR', 'Ada Reader', 'reader-' || lower(subscription) || '@news.example', 'approved', subscription,
			       $3, $3
			FROM unnest($1::uuid[], $2::text[]) AS b (id, subscription))
		INSERT INTO subscription (paypal_id, contribution_id, plan_id, state, status_at, seen_at, frequency, amount_minor,
		                          currency, started_at, check_at, recorded_at)
		SELECT subscription, id, 'P-BENCH', 'active', $3, $3, 'month', 2500, 'EUR', $3, $3::timestamptz + interval '2 days', $3
		FROM unnest($1::uuid[], $2::text[]) AS b (id, subscription)`, db.Array(ids), db.Array(subscriptions), began)
	return gifts, err
}

// renewed is the body of PayPal's news that a subscription was charged.
func renewed(event string, g gift) []byte {
	return []byte(strings.NewReplacer("{event}", event, "{sale}", g.capture, "{subscription}", g.Subscription).Replace(
		`{"id":"{event}","event_version":"1.0","resource_type":"sale","event_type":"PAYMENT.SALE.COMPLETED",` +
			`"summary":"Payment completed for EUR 25.0 EUR","resource":{"id":"{sale}","state":"completed",` +
			`"billing_agreement_id":"{subscription}","amount":{"total":"25.00","currency":"EUR"},"invoice_number":""}}`))
}

// measureRenewals times what is done about the charges of subscriptions beside what is done about captures.
func (b *bench) measureRenewals(ctx context.Context) (err error) {
	s, err := b.house.openShop(ctx, "renewals", 1, nil)
	if err != nil {
		return errors.Join(err, s.close())
	}
	defer func() { err = errors.Join(err, s.close()) }()
	n := 2000
	if b.Quick {
		n = 60
	}
	results, err := contest(ctx, b.plan, s.renews(n), s.works(n, 0))
	if err != nil {
		return err
	}
	b.add(compare("sale webhook processing, 1 process", "events/s", "capture webhooks", results[0], results[1], 0.9))
	return b.agree(ctx, s)
}
