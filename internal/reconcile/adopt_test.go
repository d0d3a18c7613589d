package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/fault"
	"readerfund/internal/reconcile"
)

// direct has somebody pay in PayPal, without coming by us.
func (w *world) direct(amount, note string) (id string) {
	w.t.Helper()
	var made struct{ ID string }
	w.hook("POST", "payments", fields{"amount": amount, "currency": "EUR", "note": note, "payer_email": "Direct@Example.org", "kind": "donation"}, &made)
	return made.ID
}

func TestAGiftMadeInPayPalIsAdopted(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	id := w.direct("40.00", "Keep going")
	w.hook("POST", "payments/"+id+"/refund", fields{"amount": "15.00"}, nil)

	res := w.run(reconcile.Order{})
	if len(res.Open) != 2 || res.Open[0].Kind != reconcile.UnknownPayer || res.Open[0].Ref != id || res.Open[1].Parent != id {
		t.Fatalf("want the gift and its refund: %v", res.Open)
	}
	if _, err := w.Adopt(t.Context(), res.Open[1].ID, campaign.DefaultSlug, editor); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), id) {
		t.Errorf("adopting the refund alone: %v", err)
	}
	if _, err := w.Adopt(t.Context(), res.Open[0].ID, "no-such", editor); !fault.Is(err, fault.NotFound) {
		t.Errorf("adopting into nothing: %v", err)
	}
	if _, err := w.Adopt(t.Context(), 999, campaign.DefaultSlug, editor); !fault.Is(err, fault.NotFound) {
		t.Errorf("adopting nothing: %v", err)
	}
	for range 2 {
		c, err := w.Adopt(t.Context(), res.Open[0].ID, campaign.DefaultSlug, editor)
		if err != nil || c.Amount.String() != "40.00 EUR" {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	w.agree()
	if n := w.count("audit_entry WHERE action = 'reconcile.adopt' AND actor = $1", editor.Name); n != 1 {
		t.Errorf("%d notes of it in the audit log", n)
	}
	if res := w.clean(reconcile.Order{}); res.Adopted != 2 {
		t.Errorf("adopted: %d, want the gift and its refund", res.Adopted)
	}
	// What goes back later goes with it.
	w.hook("POST", "payments/"+id+"/refund", fields{}, nil)
	if res := w.clean(reconcile.Order{}); res.Mended != 1 {
		t.Errorf("mended: %d, want the second refund", res.Mended)
	}
	w.agree()
	if err := w.SetAside(t.Context(), res.Open[0].ID, "Too late", editor); !fault.Is(err, fault.Conflict) {
		t.Errorf("setting aside what was adopted: %v", err)
	}
}

func TestAGiftMadeInPayPalIsSetAside(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	id := w.direct("40.00", "For the old car")
	found := only(t, w.run(reconcile.Order{}))
	for reason, want := range map[string]string{" ": "reason", strings.Repeat("x", 501): "reason"} {
		if err := w.SetAside(t.Context(), found.ID, reason, editor); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.10q: %v", reason, err)
		}
	}
	for range 2 {
		if err := w.SetAside(t.Context(), found.ID, "The editor sold a car.", editor); err != nil {
			t.Fatal(err)
		}
	}
	w.hook("POST", "payments/"+id+"/refund", fields{"amount": "5.00"}, nil)
	w.clean(reconcile.Order{}) // the refund goes with it
	before := w.dump("reconcile_run")
	if res := w.clean(reconcile.Order{}); res.SetAside != 2 {
		t.Errorf("set aside: %d, want the payment and its refund", res.SetAside)
	}
	w.unchanged(before)
	if res := w.clean(reconcile.Order{Dry: true}); res.Mended != 0 {
		t.Errorf("a dry run would mend %d", res.Mended)
	}
	if err := w.Reopen(t.Context(), found.ID, editor); err != nil {
		t.Fatal(err)
	}
	if err := w.Reopen(t.Context(), 999, editor); !fault.Is(err, fault.NotFound) {
		t.Errorf("reopening nothing: %v", err)
	}
	if res := w.run(reconcile.Order{}); res.Unexplained() != 2 {
		t.Errorf("%d unexplained after reopening, want the payment and its refund", res.Unexplained())
	}
	if n := w.count("audit_entry WHERE action IN ('reconcile.set_aside', 'reconcile.reopen')"); n != 2 {
		t.Errorf("%d notes in the audit log", n)
	}
}

// What was set aside comes back when it becomes another difference, and is gone when it is gone.
func TestWhatIsLeftOpenChangesWithPayPal(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	gift := w.settled(1, w.now().Add(-48*time.Hour), w.now().Add(-47*time.Hour))[0]
	w.exec(`UPDATE ledger_entry SET amount_minor = 2600 WHERE kind = 'charge' AND paypal_ref = $1`, gift.Capture)
	found := only(t, w.run(reconcile.Order{}))
	if found.Kind != reconcile.WrongAmount || !strings.Contains(found.Ours, "26.00 EUR") || !strings.Contains(found.Theirs, "25.00 EUR") || found.Advice == "" {
		t.Fatalf("%v", found)
	}
	if err := w.SetAside(t.Context(), found.ID, "Known.", editor); err != nil {
		t.Fatal(err)
	}
	w.clean(reconcile.Order{})
	// Set aside was this difference, and not any other that the same payment may have later.
	w.exec(`UPDATE ledger_entry SET amount_minor = 2700 WHERE kind = 'charge' AND paypal_ref = $1`, gift.Capture)
	if again := only(t, w.run(reconcile.Order{From: w.now().Add(-72 * time.Hour)})); again.ID != found.ID || !strings.Contains(again.Ours, "27.00 EUR") {
		t.Errorf("%v", again)
	}
	// And it is gone when it is gone.
	w.exec(`UPDATE ledger_entry SET amount_minor = 2500 WHERE kind = 'charge' AND paypal_ref = $1`, gift.Capture)
	w.clean(reconcile.Order{From: w.now().Add(-72 * time.Hour)})
	if n := w.count("discrepancy WHERE state = 'gone'"); n != 1 {
		t.Errorf("%d gone", n)
	}
}
