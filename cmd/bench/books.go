package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// compareBooks holds the shop's ledger against what the sandbox believes of every capture that the shop was told of:
// speed that costs an entry is none. It returns how many agree.
func (s *shop) compareBooks(ctx context.Context) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.house.paypal.url+"/sandbox/ledger", nil)
	if err != nil {
		return 0, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return 0, err
	}
	var agree, differ int
	err = s.pool.QueryRowContext(ctx, `
		WITH told AS (SELECT resource_id AS id FROM webhook_event),
		theirs AS (
			SELECT t.id, 100 * t.amount AS amount, 100 * t.fee AS fee, t.currency
			FROM jsonb_to_recordset($1::jsonb)
				AS t (id text, kind text, amount numeric, fee numeric, currency text, status text, custom_id text)
			JOIN contribution c ON c.id::text = t.custom_id
			WHERE t.kind IN ('capture', 'sale') AND t.status = 'COMPLETED' AND t.id IN (SELECT id FROM told)),
		ours AS (
			SELECT paypal_ref AS id, sum(amount_minor) FILTER (WHERE kind = 'charge') AS amount,
			       -sum(amount_minor) FILTER (WHERE kind = 'fee') AS fee, min(currency) AS currency
			FROM ledger_entry WHERE paypal_ref IN (SELECT id FROM told) GROUP BY paypal_ref)
		SELECT count(*) FILTER (WHERE same), count(*) FILTER (WHERE NOT same)
		FROM (SELECT (o.amount, o.fee, o.currency) IS NOT DISTINCT FROM (t.amount, t.fee, t.currency) AS same
		      FROM theirs t FULL JOIN ours o ON o.id = t.id) pair`, string(text)).Scan(&agree, &differ)
	if err != nil {
		return 0, fmt.Errorf("compare the books: %w", err)
	}
	if differ > 0 {
		return 0, fmt.Errorf("the books and PayPal's record differ in %d captures, and agree in %d", differ, agree)
	}
	return agree, nil
}
