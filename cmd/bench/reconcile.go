package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/paypal"
)

const (
	fewPayments     = 10_000  // what memory is held against
	usualPayments   = 100_000 // what is timed
	paymentsAtOnce  = 10_000  // written to our books in one statement
	reconcileRounds = 3       // each takes many seconds
)

// past is a stretch of PayPal's history with as many payments in it, which our books have too.
type past struct {
	payments int
	from, to time.Time // whole days
}

// measureReconcile times `readerfund reconcile` over payments in which both sides agree, beside a client that reads the
// same pages of PayPal's record and does nothing with them; and looks at how its memory grows with their number.
func (b *bench) measureReconcile(ctx context.Context) (err error) {
	address, err := b.house.database(ctx, "reconcile")
	if err != nil {
		return err
	}
	env := b.house.reconcileSettings(address)
	if err := b.house.migrate(env); err != nil {
		return err
	}
	pool, err := db.Open(ctx, address, db.Options{MaxOpen: 2, AnswerTimeout: -1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	few, many := b.pasts(time.Now().UTC().Truncate(24 * time.Hour))
	for seed, p := range []past{few, many} {
		b.say("  setting up %s payments …", grouped(float64(p.payments)))
		if err := b.house.makePast(ctx, pool, p, seed); err != nil {
			return err
		}
	}
	var took, bare, peak, small []float64
	for range min(b.rounds, reconcileRounds) {
		_, memory, err := b.house.reconcile(ctx, env, few)
		if err != nil {
			return err
		}
		small = append(small, memory)
		seconds, memory, err := b.house.reconcile(ctx, env, many)
		if err != nil {
			return err
		}
		took, peak = append(took, seconds), append(peak, memory)
		if seconds, err = b.house.readRecord(ctx, many); err != nil {
			return err
		}
		bare = append(bare, seconds)
	}
	what := fmt.Sprintf("reconciling %s payments", grouped(float64(many.payments)))
	b.add(compare(what, "s", "bare client, the same pages of transaction search", took, bare, 0).atMost(3))
	b.add(compare(what+", peak memory (RSS)", "MB", fmt.Sprintf("reconciling %s", grouped(float64(few.payments))), peak,
		small, 0))
	return nil
}

// pasts are two stretches of time that do not touch.
func (b *bench) pasts(today time.Time) (few, many past) {
	few = past{fewPayments, today.AddDate(0, 0, -340), today.AddDate(0, 0, -320)}
	many = past{b.Payments, today.AddDate(0, 0, -310), today.AddDate(0, 0, -10)}
	if many.payments == 0 {
		many.payments = usualPayments
	}
	if b.Quick {
		few.payments, many.payments = 200, 2000
	}
	return few, many
}

func (h *house) reconcileSettings(database string) []string {
	return []string{
		"DATABASE_URL=" + database, "PAYPAL_API_BASE=" + h.paypal.url, "PAYPAL_CLIENT_ID=sandbox-client",
		"PAYPAL_CLIENT_SECRET=sandbox-secret",
		"PUBLICATION_NAME=The Bench Press",
	}
}

// reconcile runs the command over a stretch, and gives the seconds it took and the most memory it was seen to have, in
// MB.
func (h *house) reconcile(ctx context.Context, env []string, p past) (seconds, peak float64, err error) {
	began := time.Now()
	args := []string{
		"reconcile", "--from", p.from.Format(time.DateOnly), "--to", p.to.AddDate(0, 0, -1).Format(time.DateOnly),
	}
	c, err := launch(h.service, h.logFile(), args, env, nil)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		select {
		case <-c.done:
			tick.Stop()
			seconds = time.Since(began).Seconds()
			if !c.cmd.ProcessState.Success() || !strings.Contains(c.lastWords(),
				fmt.Sprintf("%s payments, 0 unexplained", grouped(float64(p.payments)))) {
				return 0, 0, fmt.Errorf("the books do not agree: %s", c.lastWords())
			}
			return seconds, peak, nil
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-tick.C:
			if now, err := c.resident(); err == nil { // it may just have ended
				peak = max(peak, now)
			}
		}
	}
}

// readRecord reads the same pages and forgets them; it gives seconds.
func (h *house) readRecord(ctx context.Context, p past) (float64, error) {
	client, err := paypal.New(paypal.Config{
		BaseURL: h.paypal.url, ClientID: "sandbox-client", ClientSecret: "sandbox-secret", Timeout: time.Minute,
	})
	if err != nil {
		return 0, err
	}
	began, size, rows := time.Now(), paypal.MaxWindow, 0
	for from := p.from; from.Before(p.to); {
		to := from.Add(size)
		if to.After(p.to) {
			to = p.to
		}
		for page := 1; ; page++ {
			got, err := client.Transactions(ctx, paypal.TransactionQuery{
				From: from, To: to.Add(-time.Second), Page: page, All: true,
			})
			if errors.Is(err, paypal.ErrTooManyTransactions) {
				size, to = size/2, from
				break
			}
			if err != nil {
				return 0, err
			}
			rows += len(got.Transactions)
			if page >= got.Pages {
				break
			}
		}
		from = to
	}
	if rows != p.payments {
		return 0, fmt.Errorf("the record has %d rows, want %d", rows, p.payments)
	}
	return time.Since(began).Seconds(), nil
}

// payment is one that the sandbox made.
type payment struct {
	Capture string `json:"capture"`
	Fee     string `json:"fee"`
	At      string `json:"at"`
}

// makePast has the sandbox make the payments, and writes them into our books as if each had been heard of.
func (h *house) makePast(ctx context.Context, pool *db.DB, p past, seed int) error {
	for made := 0; made < p.payments; made += paymentsAtOnce {
		n := min(paymentsAtOnce, p.payments-made)
		step := p.to.Sub(p.from) / time.Duration(p.payments)
		ids := make([]string, n)
		for i := range ids {
			ids[i] = uuid.NewString()
		}
		list, err := h.history(ctx, map[string]any{
			"payments": n, "from": p.from.Add(time.Duration(made) * step),
			"to": p.from.Add(time.Duration(made+n)*step - time.Second), "currency": "EUR",
			"amount": "25.00", "seed": seed<<32 + made, "list": true, "custom_ids": ids,
		})
		if err != nil {
			return err
		}
		if err := writeBooks(ctx, pool, list); err != nil {
			return err
		}
	}
	return nil
}

func (h *house) history(ctx context.Context, want map[string]any) ([]payment, error) {
	text, err := json.Marshal(want)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.paypal.url+"/sandbox/history", bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	var made struct{ List []payment }
	if err := json.Unmarshal(body, &made); err != nil || resp.StatusCode != http.StatusCreated {
		return nil, fmt.Errorf("make history: %s: %.300s (%w)", resp.Status, body, err)
	}
	return made.List, nil
}

// writeBooks writes payments as contribution, payment, charge and fee.
func writeBooks(ctx context.Context, pool *db.DB, list []payment) error {
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	// The books' ids are made here; that PayPal carries other ones plays no part where the payments are known.
	for _, statement := range []string{`
		INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, created_at, updated_at)
		SELECT gen_random_uuid(), 'bench', '', '', '', '', '', 'EUR', '{}', now(), now() WHERE $1::text <> ''
		ON CONFLICT (slug) DO NOTHING`, `
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state,
			order_id, created_at, updated_at, completed_at)
		SELECT gen_random_uuid(), 'B' || t.capture, '', k.id, 'once', 2500, 'EUR', 'completed', 'O' || t.capture, t.at, t.at,
			t.at
		FROM campaign k, jsonb_to_recordset($1::jsonb) AS t(capture text, at timestamptz) WHERE k.slug = 'bench'`, `
		INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		SELECT c.id, 'capture', t.capture, 'completed', 2500, 'EUR', t.at, t.at
		FROM jsonb_to_recordset($1::jsonb) AS t(capture text, at timestamptz)
		JOIN contribution c ON c.receipt = 'B' || t.capture`, `
		INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
			recorded_at, source)
		SELECT p.contribution_id, p.id, e.kind, e.minor, 'EUR', t.capture, t.at, t.at, 'bench'
		FROM jsonb_to_recordset($1::jsonb) AS t(capture text, at timestamptz, fee numeric)
		JOIN payment p ON p.paypal_id = t.capture,
		     LATERAL (VALUES ('charge', 2500), ('fee', (-100 * t.fee)::bigint)) AS e(kind, minor)`} {
		if _, err := pool.ExecContext(ctx, statement, string(text)); err != nil {
			return fmt.Errorf("write our books: %w", err)
		}
	}
	return nil
}
