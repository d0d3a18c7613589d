package dashboard_test

import (
	"fmt"
	"testing"
	"time"

	"readerfund/internal/dashboard"
	"readerfund/internal/health"
)

// What the page of a contribution says of refunds asked for, disputes and conversions is what the rows say.
func TestHistoryOfWhatWentBack(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	g := b.Paid(gift{Amount: 2500, Currency: "USD", At: at("2026-11-20T12:00:00Z"), State: "disputed"}, 98)
	for i, row := range []struct {
		minor  int64
		status string
	}{{1000, "completed"}, {300, "pending"}, {200, "failed"}} {
		b.Exec(`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at) VALUES ($1, 'refund', $2, $3, $4, 'USD', $5, $5)`,
			g.Payment, fmt.Sprint("REFUND", i), row.status, row.minor, at("2026-11-21T12:00:00Z"))
	}
	b.Exec(`INSERT INTO refund_request (id, contribution_id, payment_id, number, form_key, amount_minor, currency, reason, note, actor, state, answer, advice, refund_id, asked_at, ended_at)
		VALUES (gen_random_uuid(), $1, $2, 1, 'key', 1000, 'USD', 'Paid twice', 'Sorry!', 'ann@example.org', 'done', '', '',
			'REFUND0', $3, $4)`,
		g.ID, g.Payment, at("2026-11-21T11:59:00Z"), at("2026-11-21T12:00:00Z"))
	b.Exec(`INSERT INTO refund_request (id, contribution_id, payment_id, number, form_key, amount_minor, currency, reason, actor, state, check_at, asked_at)
		VALUES (gen_random_uuid(), $1, $2, 2, 'key2', 300, 'USD', 'And more', 'ann@example.org', 'unknown', $3, $3)`, g.ID,
		g.Payment, at("2026-11-21T13:00:00Z"))
	b.Exec(`INSERT INTO dispute (payment_id, paypal_id, status, paypal_status, stage, channel, reason, amount_minor, currency, may_accept, respond_by, opened_at, changed_at, recorded_at)
		VALUES ($1, 'PP-D-1', 'open', 'WAITING_FOR_SELLER_RESPONSE', 'CHARGEBACK', 'EXTERNAL', 'UNAUTHORISED', 2500, 'USD',
			true, $2, $3, $3, $3)`,
		g.Payment, at("2026-12-01T12:00:00Z"), at("2026-11-21T14:00:00Z"))
	b.Exec(`INSERT INTO conversion (payment_id, from_minor, from_currency, to_minor, to_currency, rate, recorded_at) VALUES ($1, 2402, 'USD', 2210, 'EUR', '0.92', $2)`,
		g.Payment, at("2026-11-20T12:00:00Z"))
	r := dashboard.New(b.DB, time.UTC)
	h, err := r.History(t.Context(), g.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Asked) != 2 || h.Asked[0].UnderWay() || !h.Asked[1].UnderWay() || h.Asked[0].RefundID != "REFUND0" ||
		h.Asked[0].Note != "Sorry!" || h.Asked[0].EndedAt.IsZero() || h.Asked[1].CheckAt.IsZero() ||
		h.Asked[0].Amount.String() != "10.00 USD" {
		t.Errorf("asked %+v", h.Asked)
	}
	if len(h.Disputes) != 1 || !h.Disputes[0].Open || !h.Disputes[0].MayAccept ||
		h.Disputes[0].RespondBy != at("2026-12-01T12:00:00Z") || h.Disputes[0].Amount.String() != "25.00 USD" ||
		h.Disputes[0].Channel != "EXTERNAL" {
		t.Errorf("disputes %+v", h.Disputes)
	}
	if len(h.Turned) != 1 || h.Turned[0].From.String() != "24.02 USD" || h.Turned[0].To.String() != "22.10 EUR" ||
		h.Turned[0].Rate != "0.92" {
		t.Errorf("conversions %+v", h.Turned)
	}
	if p := h.Payments[0]; p.State != "disputed" || p.Receipt != g.Receipt {
		t.Errorf("payment %+v", p)
	}
	a, err := health.New(b.DB).Attention(t.Context(), at("2026-11-22T12:00:00Z"))
	if err != nil || a.Disputes != 1 || a.Refunds != 1 || a.None() {
		t.Errorf("attention %+v, %v", a, err)
	}
	found, err := r.Contributions(t.Context(), dashboard.ContributionsQuery{Search: "pp-d-1"})
	if err != nil || len(found.Contributions) != 1 || found.Contributions[0].Status != "disputed" {
		t.Errorf("not found by its dispute: %+v, %v", found, err)
	}
}
