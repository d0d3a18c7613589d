package paypal_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// TestConformanceRecord asks for PayPal's record as everybody may, whatever is in it.
func TestConformanceRecord(t *testing.T) {
	t.Parallel()
	conformance(t, func(t *testing.T, w world) {
		ctx, now := t.Context(), time.Now()
		if _, err := w.client.Dispute(ctx, "PP-D-1"); !paypal.NotFound(tell(err)) {
			t.Errorf("there is no such dispute: %v", err)
		}
		if ids, err := w.client.DisputesOf(ctx, "00000000000000000"); tell(err) != nil && !paypal.NotFound(err) ||
			len(ids) != 0 {
			t.Errorf("nothing was paid: %v, %v", ids, err)
		}
		for _, from := range []time.Time{{}, now.Add(-time.Hour)} {
			if err := w.client.DisputesSince(ctx, from, func(string, time.Time) error { return nil }); tell(err) != nil {
				t.Error(err)
			}
		}
		if err := w.client.WebhookEvents(ctx, now.Add(-time.Hour), now,
			func(paypal.ListedEvent) error { return nil }); tell(err) != nil {
			t.Error(err)
		}
		page, err := w.client.Transactions(ctx, paypal.TransactionQuery{From: now.Add(-paypal.MaxWindow), To: now})
		if tell(err) != nil || page.RefreshedAt.IsZero() {
			t.Errorf("got %+v, %v", page, err)
		}
		if _, err := w.client.Transactions(ctx, paypal.TransactionQuery{
			From: now.Add(time.Hour), To: now.Add(2 * time.Hour),
		}); !errors.Is(tell(err), paypal.ErrNotReportedYet) {
			t.Errorf("the future: %v", err)
		}
		if _, err := w.client.Transactions(ctx, paypal.TransactionQuery{
			From: now.AddDate(-3, 0, -2), To: now.AddDate(-3, 0, -1),
		}); !errors.Is(tell(err), paypal.ErrNotReportedYet) {
			t.Errorf("more than three years ago: %v", err)
		}
	})
}

// found reads every page of the last hours and sorts the rows by event code.
func (w world) found(t *testing.T, size int) (map[string][]paypal.Transaction, paypal.TransactionPage) {
	t.Helper()
	rows, q := map[string][]paypal.Transaction{},
		paypal.TransactionQuery{
			From: time.Now().Add(-2 * time.Hour), To: time.Now().Add(time.Hour), PageSize: size, All: true,
		}
	for q.Page = 1; ; q.Page++ {
		page, err := w.client.Transactions(t.Context(), q)
		if tell(err) != nil || page.Page != q.Page {
			t.Fatalf("page %d: %+v, %v", q.Page, page, err)
		}
		for _, row := range page.Transactions {
			if row.Unreadable != "" {
				t.Errorf("%+v", row)
			}
			rows[row.EventCode] = append(rows[row.EventCode], row)
		}
		if q.Page >= page.Pages {
			return rows, page
		}
	}
}

func TestTransactionsOfTheEmulator(t *testing.T) {
	t.Parallel()
	w := newEmulator(t)
	ctx, r := t.Context(), gift(money.New(2500, "EUR"))
	order := w.approved(t, r, "")
	done, err := w.client.CaptureOrder(ctx, order.ID, uuid.NewString())
	if err != nil {
		t.Fatal(tell(err))
	}
	capture := done.Captures[0]
	refund, err := w.client.RefundCapture(ctx, capture.ID,
		paypal.RefundRequest{RequestID: uuid.NewString(), Amount: money.New(500, "EUR"), Note: "Half of it.\nYours"})
	if err != nil {
		t.Fatal(tell(err))
	}
	var direct struct{ ID string }
	w.hook(t, http.MethodPost, "/sandbox/payments",
		map[string]any{"amount": "7.00", "note": "for the paper", "payer_email": payerMail}, &direct)
	for size, pages := range map[int]int{0: 1, 1: 3} {
		rows, last := w.found(t, size)
		paid, back, given := rows["T0006"], rows["T1107"], rows["T0013"]
		if len(paid) != 1 || len(back) != 1 || len(given) != 1 || last.Total != 3 || last.Pages != pages ||
			time.Since(last.RefreshedAt).Abs() > time.Minute {
			t.Fatalf("%+v, %+v", rows, last)
		}
		if p := paid[0]; p.ID != capture.ID || p.Amount != capture.Amount || p.Fee == nil || *p.Fee != capture.Fee.Neg() ||
			p.CustomID != r.CustomID || p.InvoiceID != r.InvoiceID ||
			p.Status != "S" || p.Payer.Email != payerMail || p.ReferenceID != order.ID || p.ReferenceType != "ODR" ||
			time.Since(p.InitiatedAt).Abs() > time.Minute {
			t.Errorf("paid: %+v", p)
		}
		if b := back[0]; b.ID != refund.ID || b.Amount != refund.Amount.Neg() || b.ReferenceID != capture.ID ||
			b.ReferenceType != "TXN" {
			t.Errorf("back: %+v", b)
		}
		if g := given[0]; g.ID != direct.ID || g.Amount != money.New(700, "EUR") || g.Note != "for the paper" ||
			g.CustomID != "" || g.Payer.Email != payerMail {
			t.Errorf("given: %+v", g)
		}
	}
	if _, err := w.client.Capture(ctx, direct.ID); !paypal.NotFound(tell(err)) {
		t.Errorf("a payment made at PayPal is no capture: %v", err)
	}
	one, err := w.client.Transactions(ctx, paypal.TransactionQuery{
		From: time.Now().Add(-time.Hour), To: time.Now(), ID: capture.ID,
	})
	if tell(err) != nil || len(one.Transactions) != 1 || one.Transactions[0].ID != capture.ID {
		t.Errorf("by id: %+v, %v", one, err)
	}
}

func TestTransactionsOfTheEmulatorComeLateAndTwice(t *testing.T) {
	t.Parallel()
	w := newEmulator(t)
	w.hook(t, http.MethodPost, "/sandbox/payments", map[string]any{"amount": "7.00"}, nil)
	w.hook(t, http.MethodPost, "/sandbox/search", map[string]any{"repeat": true}, nil)
	if rows, last := w.found(t, 0); len(rows["T0013"]) != 2 || last.Total != 2 ||
		rows["T0013"][0].ID != rows["T0013"][1].ID {
		t.Errorf("%+v", rows)
	}
	w.hook(t, http.MethodPost, "/sandbox/search", map[string]any{"lag": "3h"}, nil)
	q := paypal.TransactionQuery{From: time.Now().Add(-4 * time.Hour), To: time.Now()}
	got, err := w.client.Transactions(t.Context(), q)
	if tell(err) != nil || len(got.Transactions) != 0 || time.Since(got.RefreshedAt) < 179*time.Minute {
		t.Errorf("%+v, %v", got, err)
	}
	q.From = time.Now().Add(-2 * time.Hour)
	if _, err := w.client.Transactions(t.Context(), q); !errors.Is(tell(err), paypal.ErrNotReportedYet) {
		t.Errorf("got %v", err)
	}
}

func TestTransactionsOfTheEmulatorBeyondTheLimit(t *testing.T) {
	t.Parallel()
	w := newEmulator(t)
	w.hook(t, http.MethodPost, "/sandbox/history",
		map[string]any{"payments": 10_001, "from": time.Now().Add(-2 * time.Hour), "to": time.Now(), "custom_id": "gift-{n}"},
		nil)
	q := paypal.TransactionQuery{From: time.Now().Add(-3 * time.Hour), To: time.Now()}
	if _, err := w.client.Transactions(t.Context(), q); !errors.Is(tell(err), paypal.ErrTooManyTransactions) {
		t.Fatalf("got %v", err)
	}
	seen, half := map[string]int{}, time.Now().Add(-time.Hour)
	for _, q := range []paypal.TransactionQuery{{From: q.From, To: half}, {From: half, To: q.To}} {
		for q.Page = 1; ; q.Page++ {
			page, err := w.client.Transactions(t.Context(), q)
			if tell(err) != nil || len(page.Transactions) > paypal.MaxPage {
				t.Fatalf("%d rows, %v", len(page.Transactions), err)
			}
			for _, row := range page.Transactions {
				seen[row.CustomID]++
			}
			if q.Page >= page.Pages {
				break
			}
		}
	}
	for n := range 10_001 {
		if id := fmt.Sprint("gift-", n+1); seen[id] == 0 {
			t.Fatalf("%s is missing of %d", id, len(seen))
		}
	}
}
