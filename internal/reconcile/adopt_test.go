package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/fault"
	"readerfund/internal/reconcile"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// direct has somebody pay in PayPal, without coming by us.
func (f *fixture) direct(amount, note string) (id string) {
	f.T.Helper()
	var made struct{ ID string }
	f.PayPal.Must("POST", "/sandbox/payments",
		testkit.Fields{
			"amount": amount, "currency": "EUR", "note": note, "payer_email": "Direct@Example.org", "kind": "donation",
		}, &made)
	return made.ID
}

func TestAGiftMadeInPayPalIsAdopted(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	id := f.direct("40.00", "Keep going")
	f.PayPal.Must("POST", "/sandbox/payments/"+id+"/refund", testkit.Fields{"amount": "15.00"}, nil)

	res := f.run(reconcile.Order{})
	if len(res.Open) != 2 || res.Open[0].Kind != reconcile.UnknownPayer || res.Open[0].Ref != id ||
		res.Open[1].Parent != id {
		t.Fatalf("want the gift and its refund: %v", res.Open)
	}
	if _, err := f.Adopt(t.Context(), res.Open[1].ID, campaign.DefaultSlug, newsroom.Editor); !fault.Is(err,
		fault.Conflict) || !strings.Contains(err.Error(), id) {
		t.Errorf("adopting the refund alone: %v", err)
	}
	if _, err := f.Adopt(t.Context(), res.Open[0].ID, "no-such", newsroom.Editor); !fault.Is(err, fault.NotFound) {
		t.Errorf("adopting into nothing: %v", err)
	}
	if _, err := f.Adopt(t.Context(), 999, campaign.DefaultSlug, newsroom.Editor); !fault.Is(err, fault.NotFound) {
		t.Errorf("adopting nothing: %v", err)
	}
	for range 2 {
		c, err := f.Adopt(t.Context(), res.Open[0].ID, campaign.DefaultSlug, newsroom.Editor)
		if err != nil || c.Amount.String() != "40.00 EUR" {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	f.agree()
	if n := f.Count("audit_entry WHERE action = 'reconcile.adopt' AND actor = $1", newsroom.Editor.Name); n != 1 {
		t.Errorf("%d notes of it in the audit log", n)
	}
	if res := f.clean(reconcile.Order{}); res.Adopted != 2 {
		t.Errorf("adopted: %d, want the gift and its refund", res.Adopted)
	}
	// What goes back later goes with it.
	f.PayPal.Must("POST", "/sandbox/payments/"+id+"/refund", testkit.Fields{}, nil)
	if res := f.clean(reconcile.Order{}); res.Fixed != 1 {
		t.Errorf("mended: %d, want the second refund", res.Fixed)
	}
	f.agree()
	if err := f.SetAside(t.Context(), res.Open[0].ID, "Too late", newsroom.Editor); !fault.Is(err, fault.Conflict) {
		t.Errorf("setting aside what was adopted: %v", err)
	}
}

func TestAGiftMadeInPayPalIsSetAside(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	id := f.direct("40.00", "For the old car")
	found := only(t, f.run(reconcile.Order{}))
	for reason, want := range map[string]string{" ": "reason", strings.Repeat("x", 501): "reason"} {
		if err := f.SetAside(t.Context(), found.ID, reason, newsroom.Editor); !fault.Is(err, fault.Invalid) ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%.10q: %v", reason, err)
		}
	}
	for range 2 {
		if err := f.SetAside(t.Context(), found.ID, "The newsroom.Editor sold a car.", newsroom.Editor); err != nil {
			t.Fatal(err)
		}
	}
	f.PayPal.Must("POST", "/sandbox/payments/"+id+"/refund", testkit.Fields{"amount": "5.00"}, nil)
	f.clean(reconcile.Order{}) // the refund goes with it
	before := f.dump("reconcile_run")
	if res := f.clean(reconcile.Order{}); res.SetAside != 2 {
		t.Errorf("set aside: %d, want the payment and its refund", res.SetAside)
	}
	f.unchanged(before)
	if res := f.clean(reconcile.Order{Dry: true}); res.Fixed != 0 {
		t.Errorf("a dry run would mend %d", res.Fixed)
	}
	if err := f.Reopen(t.Context(), found.ID, newsroom.Editor); err != nil {
		t.Fatal(err)
	}
	if err := f.Reopen(t.Context(), 999, newsroom.Editor); !fault.Is(err, fault.NotFound) {
		t.Errorf("reopening nothing: %v", err)
	}
	if res := f.run(reconcile.Order{}); res.Unexplained() != 2 {
		t.Errorf("%d unexplained after reopening, want the payment and its refund", res.Unexplained())
	}
	if n := f.Count("audit_entry WHERE action IN ('reconcile.set_aside', 'reconcile.reopen')"); n != 2 {
		t.Errorf("%d notes in the audit log", n)
	}
}

// What was set aside comes back when it becomes another difference, and is gone when it is gone.
func TestWhatIsLeftOpenChangesWithPayPal(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	gift := f.settled(1, f.Clock.Now().Add(-48*time.Hour), f.Clock.Now().Add(-47*time.Hour))[0]
	f.Exec(`UPDATE ledger_entry SET amount_minor = 2600 WHERE kind = 'charge' AND paypal_ref = $1`, gift.Capture)
	found := only(t, f.run(reconcile.Order{}))
	if found.Kind != reconcile.WrongAmount || !strings.Contains(found.Ours, "26.00 EUR") ||
		!strings.Contains(found.Theirs, "25.00 EUR") || found.Advice == "" {
		t.Fatalf("%v", found)
	}
	if err := f.SetAside(t.Context(), found.ID, "Known.", newsroom.Editor); err != nil {
		t.Fatal(err)
	}
	f.clean(reconcile.Order{})
	// Set aside was this difference, and not any other that the same payment may have later.
	f.Exec(`UPDATE ledger_entry SET amount_minor = 2700 WHERE kind = 'charge' AND paypal_ref = $1`, gift.Capture)
	if again := only(t, f.run(reconcile.Order{From: f.Clock.Now().Add(-72 * time.Hour)})); again.ID != found.ID ||
		!strings.Contains(again.Ours, "27.00 EUR") {
		t.Errorf("%v", again)
	}
	// And it is gone when it is gone.
	f.Exec(`UPDATE ledger_entry SET amount_minor = 2500 WHERE kind = 'charge' AND paypal_ref = $1`, gift.Capture)
	f.clean(reconcile.Order{From: f.Clock.Now().Add(-72 * time.Hour)})
	if n := f.Count("discrepancy WHERE state = 'gone'"); n != 1 {
		t.Errorf("%d gone", n)
	}
}
