package alert_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/alert"
	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/health"
	"readerfund/internal/metrics"
)

var update = flag.Bool("update", false, "rewrite docs/alerts.md")

// house is a database with the rows that a test writes, and a board that looks at it, on a clock that the test sets.
type house struct {
	t       *testing.T
	db      *db.DB
	board   *alert.Board
	metrics *metrics.Metrics
	log     *bytes.Buffer
	n       int
	away    time.Time // since when PayPal does not answer

	uncounted      int64 // gifts let in past the limits
	uncountedSince time.Time

	mu sync.Mutex
	at time.Time
}

func openHouse(t *testing.T) *house {
	t.Helper()
	h := &house{
		t: t, db: dbtest.New(t), metrics: metrics.New(), log: &bytes.Buffer{},
		at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
	}
	h.board = alert.NewBoard(alert.Config{
		DB: h.db, Health: health.New(h.db), Now: h.now, Metrics: h.metrics,
		Log:        slog.New(slog.NewTextHandler(h.log, nil)),
		PayPalAway: func(context.Context) time.Time { return h.away },
		Uncounted:  func() (int64, time.Time) { return h.uncounted, h.uncountedSince },
	})
	if err := campaign.EnsureDefault(t.Context(), h.db, "The Test Post", "EUR", h.at); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

func (h *house) ago(d time.Duration) time.Time { return h.now().Add(-d) }

func (h *house) exec(query string, args ...any) {
	h.t.Helper()
	if _, err := h.db.ExecContext(h.t.Context(), query, args...); err != nil {
		h.t.Fatal(err)
	}
}

// refusedOrder writes a gift for which PayPal made no order, so long ago.
func (h *house) refusedOrder(ago time.Duration, code string) {
	h.t.Helper()
	h.n++
	h.exec(`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor,
			currency, state, reason, created_at, updated_at)
		SELECT $1, $2, ''::bytea, id, 'once', 2500, 'EUR', 'failed', $3, $4, $4 FROM campaign`,
		uuid.New(), fmt.Sprintf("REFUSED-%d", h.n), code, h.ago(ago))
}

// contribution writes one that came into its state so long ago; the sweep still looks at it.
func (h *house) contribution(state string, ago time.Duration, attention string) uuid.UUID {
	h.t.Helper()
	h.n++
	id, order := uuid.New(), fmt.Sprintf("ORDER%d", h.n)
	if state == "started" || state == "order_unknown" {
		order = ""
	}
	h.exec(`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency,
			state, order_id, check_at, created_at, updated_at)
		SELECT $1, $2, ''::bytea, id, 'once', 2500, 'EUR', $3, nullif($4, ''), $5, $6, $6 FROM campaign`,
		id, fmt.Sprintf("TEST-%04d", h.n), state, order, h.now(), h.ago(ago))
	if attention != "" {
		h.exec(`INSERT INTO review (contribution_id, code, arguments, opened_at)
			VALUES ($1, 'earlier_note', jsonb_build_object('text', $2::text), $3)`, id, attention, h.ago(ago))
	}
	h.exec(`INSERT INTO contribution_event (contribution_id, fact, from_state, to_state, source, at) VALUES ($1, 'x', 'created', $2, 'return', $3)`, id, state, h.ago(ago))
	return id
}

// gift writes a completed contribution with its capture, booked so long ago.
func (h *house) gift(ago time.Duration) (id uuid.UUID, payment int64) {
	h.t.Helper()
	id = h.contribution("completed", ago, "")
	h.exec(`UPDATE contribution SET check_at = NULL WHERE id = $1`, id)
	err := h.db.GetContext(h.t.Context(), &payment, `
		INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		VALUES ($1, 'capture', $2, 'completed', 2500, 'EUR', $3, $3)
		RETURNING id`, id, fmt.Sprintf("CAPTURE%d", h.n), h.ago(ago))
	if err != nil {
		h.t.Fatal(err)
	}
	return id, payment
}

// event writes a webhook event. attempts above 0 means that it is not done with: it is due at the time given.
func (h *house) event(state string, about *uuid.UUID, resource string, received, due time.Time, attempts int) {
	h.t.Helper()
	h.n++
	h.exec(`INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, resource_id, headers, body, received_at, state, attempts, due_at, contribution_id)
		VALUES ($1, $1, $2, 'PAYMENT.CAPTURE.COMPLETED', $3, '{}', ''::bytea, $2, $4, $5, $6, $7)`,
		fmt.Sprintf("WH-%d", h.n), received, resource, state, attempts, sqlTime(due), about)
}

func sqlTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// look evaluates once.
func (h *house) look() {
	h.t.Helper()
	if err := h.board.Evaluate(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// firing are the names of the alerts that fire.
func (h *house) firing() string {
	h.t.Helper()
	all, _, err := h.board.List(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	var names []string
	for _, s := range all {
		if s.Firing() {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, " ")
}

// exported is what Prometheus would read.
func (h *house) exported() string {
	h.t.Helper()
	w := httptest.NewRecorder()
	h.metrics.Handler().ServeHTTP(w, httptest.NewRequestWithContext(h.t.Context(), http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

// subscribed writes a subscription that was approved so long ago and is not charged yet.
func (h *house) subscribed(ago time.Duration) {
	h.t.Helper()
	id := h.contribution("approved", ago, "")
	h.exec(`UPDATE contribution SET frequency = 'month', order_id = NULL, subscription_id = 'I-' || receipt WHERE id = $1`, id)
}
