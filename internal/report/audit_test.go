package report_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/account"
	"readerfund/internal/audit"
	"readerfund/internal/fault"
	"readerfund/internal/report"
)

// note writes an audit entry as the rooms do.
func (b *book) note(e audit.Entry) {
	b.t.Helper()
	tx, err := b.d.BeginTxx(b.t.Context(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func(tx *sqlx.Tx) { _ = tx.Rollback() }(tx)
	if err := audit.Write(b.t.Context(), tx, e); err != nil {
		b.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		b.t.Fatal(err)
	}
}

func TestAudit(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := report.New(b.d, time.UTC, "EUR")
	first := at("2026-11-22T12:00:00Z")
	for i := range 7 {
		b.note(audit.Entry{
			At: first.Add(time.Duration(i) * time.Minute), Actor: []string{"ann@example.org", "command line"}[i%2], Action: "contribution.refund",
			Subject: fmt.Sprintf("AAAA-000%d", i), Detail: map[string]string{"amount": "5.00 EUR", "before": "completed"},
		})
	}
	b.note(audit.Entry{At: first.Add(time.Hour), Actor: audit.CommandLine, Action: account.ActionAdd, Subject: "kim@example.org"})

	seen := func(q report.AuditQuery) (all []string) {
		for {
			page, err := r.Audit(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Entries {
				all = append(all, e.Subject)
			}
			if q.After = page.Next; q.After == "" {
				return all
			}
		}
	}
	check(t, seen(report.AuditQuery{Limit: 3}), "kim@example.org", "AAAA-0006", "AAAA-0005", "AAAA-0004", "AAAA-0003", "AAAA-0002", "AAAA-0001", "AAAA-0000")
	check(t, seen(report.AuditQuery{Actor: " Ann@Example.org ", Limit: 2}), "AAAA-0006", "AAAA-0004", "AAAA-0002", "AAAA-0000")
	check(t, seen(report.AuditQuery{Subject: "aaaa0oo3"}), "AAAA-0003")
	check(t, seen(report.AuditQuery{Subject: "KIM@example.org"}), "kim@example.org")
	check(t, seen(report.AuditQuery{Subject: "AAAA"}))

	page, err := r.Audit(t.Context(), report.AuditQuery{Subject: "AAAA-0002"})
	if err != nil {
		t.Fatal(err)
	}
	if e := page.Entries[0]; !e.At.Equal(first.Add(2*time.Minute)) || e.Actor != "ann@example.org" || e.Action != "contribution.refund" || e.Detail["amount"] != "5.00 EUR" || e.Detail["before"] != "completed" {
		t.Errorf("got %+v", e)
	}
	for field, q := range map[string]report.AuditQuery{
		"actor": {Actor: "a\x00"}, "subject": {Subject: "\xff"}, "after": {After: "x"}, "limit": {Limit: report.MaxLimit + 1},
	} {
		if _, err := r.Audit(t.Context(), q); !fault.Is(err, fault.Invalid) || fault.All(err)[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// What the page of a contribution says of refunds asked for, cases and conversions is what the rows say.
func TestHistoryOfWhatWentBack(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	g := b.paid(gift{Amount: 2500, Currency: "USD", At: at("2026-11-20T12:00:00Z"), State: "disputed"}, 98)
	for i, row := range []struct {
		minor  int64
		status string
	}{{1000, "completed"}, {300, "pending"}, {200, "failed"}} {
		b.exec(`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at) VALUES ($1, 'refund', $2, $3, $4, 'USD', $5, $5)`,
			g.payment, fmt.Sprint("REFUND", i), row.status, row.minor, at("2026-11-21T12:00:00Z"))
	}
	b.exec(`INSERT INTO refund_request (id, contribution_id, payment_id, number, form_key, amount_minor, currency, reason, note, actor, state, answer, advice, refund_id, asked_at, ended_at)
		VALUES (gen_random_uuid(), $1, $2, 1, 'key', 1000, 'USD', 'Paid twice', 'Sorry!', 'ann@example.org', 'done', '', '', 'REFUND0', $3, $4)`,
		g.ID, g.payment, at("2026-11-21T11:59:00Z"), at("2026-11-21T12:00:00Z"))
	b.exec(`INSERT INTO refund_request (id, contribution_id, payment_id, number, form_key, amount_minor, currency, reason, actor, state, check_at, asked_at)
		VALUES (gen_random_uuid(), $1, $2, 2, 'key2', 300, 'USD', 'And more', 'ann@example.org', 'unknown', $3, $3)`, g.ID, g.payment, at("2026-11-21T13:00:00Z"))
	b.exec(`INSERT INTO dispute (payment_id, paypal_id, status, paypal_status, stage, channel, reason, amount_minor, currency, may_accept, respond_by, opened_at, changed_at, recorded_at)
		VALUES ($1, 'PP-D-1', 'open', 'WAITING_FOR_SELLER_RESPONSE', 'CHARGEBACK', 'EXTERNAL', 'UNAUTHORISED', 2500, 'USD', true, $2, $3, $3, $3)`,
		g.payment, at("2026-12-01T12:00:00Z"), at("2026-11-21T14:00:00Z"))
	b.exec(`INSERT INTO conversion (payment_id, from_minor, from_currency, to_minor, to_currency, rate, recorded_at) VALUES ($1, 2402, 'USD', 2210, 'EUR', '0.92', $2)`,
		g.payment, at("2026-11-20T12:00:00Z"))
	r := report.New(b.d, time.UTC, "EUR")
	h, err := r.History(t.Context(), g.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Asked) != 2 || h.Asked[0].UnderWay() || !h.Asked[1].UnderWay() || h.Asked[0].RefundID != "REFUND0" || h.Asked[0].Note != "Sorry!" || h.Asked[0].EndedAt.IsZero() || h.Asked[1].CheckAt.IsZero() || h.Asked[0].Amount.String() != "10.00 USD" {
		t.Errorf("asked %+v", h.Asked)
	}
	if len(h.Disputes) != 1 || !h.Disputes[0].Open || !h.Disputes[0].MayAccept || h.Disputes[0].RespondBy != at("2026-12-01T12:00:00Z") || h.Disputes[0].Amount.String() != "25.00 USD" || h.Disputes[0].Channel != "EXTERNAL" {
		t.Errorf("disputes %+v", h.Disputes)
	}
	if len(h.Turned) != 1 || h.Turned[0].From.String() != "24.02 USD" || h.Turned[0].To.String() != "22.10 EUR" || h.Turned[0].Rate != "0.92" {
		t.Errorf("conversions %+v", h.Turned)
	}
	a, err := r.Attention(t.Context(), at("2026-11-22T12:00:00Z"))
	if err != nil || a.Disputes != 1 || a.Refunds != 1 || a.None() {
		t.Errorf("attention %+v, %v", a, err)
	}
	found, err := r.Contributions(t.Context(), report.ContributionsQuery{Search: "pp-d-1"})
	if err != nil || len(found.Contributions) != 1 || found.Contributions[0].Status != "disputed" {
		t.Errorf("not found by its case: %+v, %v", found, err)
	}
}
