package settle_test

import (
	"context"
	"strings"
	"testing"

	"readerfund/internal/paypal"
	"readerfund/internal/settle"
)

// The database itself refuses to book refunds of more than was paid, should PayPal ever say so.
func TestMoreGoneBackThanCameInIsNotBooked(t *testing.T) {
	t.Parallel()
	d := bare(t)
	c := mustBegin(t, d)
	src := byWebhook
	seen := func(id string, minor int64) []settle.Fact {
		r := paypal.Refund{ID: id, CaptureID: "CAP", Status: paypal.RefundCompleted, Amount: eur(minor), CreatedAt: noon}
		return []settle.Fact{settle.CaptureSeen(c.ID, src, captureOf("CAP", "PARTIALLY_REFUNDED")),
			settle.RefundSeen(c.ID, src, r)}
	}
	apply(t, d, seen("R1", 2000)...)
	if _, err := d.Applier.ApplyAll(t.Context(), seen("R2", 600)); err == nil ||
		!strings.Contains(err.Error(), "more than what is left") {
		t.Errorf("20.00 and 6.00 of 25.00: %v", err)
	}
	usd := paypal.Refund{ID: "R3", CaptureID: "CAP", Status: paypal.RefundCompleted, CreatedAt: noon}
	usd.Amount.Minor, usd.Amount.Currency = 100, "USD"
	if _, err := d.Applier.ApplyAll(t.Context(), []settle.Fact{settle.RefundSeen(c.ID, src, usd)}); err == nil {
		t.Error("a refund in another currency was booked")
	}
	if _, err := d.DB.ExecContext(context.WithoutCancel(t.Context()),
		`UPDATE payment SET returned_minor = amount_minor + 1`); err == nil {
		t.Error("the database took it")
	}
	if got := entries(t.Context(), t, d.DB, c.ID); strings.Count(got, "refund") != 1 {
		t.Errorf("booked:\n%s", got)
	}
}
