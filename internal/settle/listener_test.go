package settle_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// A listener hears of what was new, once, and of every refund; its error undoes what was applied.
func TestListenersHearOfAppliedFacts(t *testing.T) {
	t.Parallel()
	var heard []settle.Applied
	var trouble error
	listen := func(_ context.Context, _ *sqlx.Tx, a settle.Applied) error {
		heard = append(heard, a)
		return trouble
	}
	d := openWith(t, newsroom.Options{Clock: testkit.ClockAt(noon), Listeners: []settle.Listener{listen}})
	c := mustBegin(t, d)
	src := byWebhook
	paid := settle.CaptureSeen(c.ID, src, captureOf("CAP", "COMPLETED"))
	trouble = fault.New(fault.Conflict, "Something went wrong.")
	if _, err := d.Applier.ApplyAll(t.Context(), []settle.Fact{paid}); !errors.Is(err, trouble) {
		t.Errorf("a listener's error came out as %v", err)
	}
	if now, err := d.Contributions.Get(t.Context(), c.ID); err != nil || now.State != contribution.Started {
		t.Errorf("its facts stand: %s, %v", now.State, err)
	}
	heard, trouble = nil, nil
	for range 3 {
		apply(t, d, paid)
	}
	if len(heard) != 1 || heard[0].Before != contribution.Started ||
		heard[0].Contribution.State != contribution.Completed || len(heard[0].Refunds) != 0 ||
		len(heard[0].Payments) != 1 || heard[0].Payments[0].PayPalID != "CAP" {
		t.Errorf("of a payment told three times it heard %+v", heard)
	}
	heard = nil
	back := paypal.Refund{ID: "R", CaptureID: "CAP", Status: paypal.RefundCompleted, Amount: eur(500), CreatedAt: noon}
	for range 2 {
		apply(t, d, paid, settle.RefundSeen(c.ID, src, back))
	}
	if len(heard) != 2 || len(heard[1].Refunds) != 1 || len(heard[1].Payments) != 0 ||
		heard[1].Before != contribution.PartiallyRefunded {
		t.Errorf("of a refund told twice it heard %+v", heard)
	}
}
