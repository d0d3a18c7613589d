package plan_test

import (
	"testing"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/plan"
	"readerfund/internal/testkit"
)

// Readers find the plans made that were prepared, in each process; preparing them again asks nobody.
func TestPreparedPlansAreThereForTheFirstReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, p := range []*plan.Plans{w.process(), w.process()} {
		if err := p.Prepare(t.Context(), "EUR", "JPY"); err != nil {
			t.Fatal(err)
		}
	}
	_, requests := w.asked()
	if got := w.made(); len(got) != 4 || requests != 4 {
		t.Errorf("%d plans were asked for, and PayPal has %v", requests, got)
	}
	before, _ := w.asked() // made asks, too
	reader := w.process()
	for _, c := range []money.Currency{"EUR", "JPY"} {
		for _, every := range []paypal.Interval{paypal.Monthly, paypal.Yearly} {
			give(t, reader, every, money.New(5000, c))
		}
	}
	if now, _ := w.asked(); now != before {
		t.Errorf("readers waited for %d calls", now-before)
	}
}

// PayPal's refusal of one currency keeps no other one back, and is no error of the work; its silence ends the work
// until the next time, and so does a refusal of everything.
func TestPreparingPlansIsQuietWherePayPalRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault testkit.Fields
		want  int // requests for plans
	}{
		"a currency":      {testkit.Fields{"kind": "issue", "issue": "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER", "times": 2}, 4},
		"everything":      {testkit.Fields{"kind": "status", "status": 403, "times": 1}, 1},
		"no answer given": {testkit.Fields{"kind": "status", "status": 503, "times": 9}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.process()
			w.fault("POST", c.fault)
			if err := p.Prepare(t.Context(), "EUR", "JPY"); err != nil {
				t.Error(err)
			}
			if _, requests := w.asked(); requests != c.want {
				t.Errorf("PayPal was asked for %d plans, want %d", requests, c.want)
			}
			w.clearFaults()
			if err := p.Prepare(t.Context(), "EUR", "JPY"); err != nil {
				t.Error(err)
			}
			if got := w.made(); len(got) != 4 {
				t.Errorf("the next time: PayPal has %v", got)
			}
		})
	}
}

// Where each amount has a plan of its own, there is none to make ahead; where our own database fails, the work does.
func TestPreparingPlansWhereThereIsNothingToPrepare(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	shared, amount := give(t, p, paypal.Monthly, ten)
	w.paypal.Fault(testkit.Fields{"kind": "refuse_override", "times": 1})
	_, err := w.subscribe(shared, amount)
	if again, failed := p.Refused(t.Context(), shared, err); !again || failed != nil {
		t.Fatalf("%v: %v, %v", err, again, failed)
	}
	_, before := w.asked()
	if err := p.Prepare(t.Context(), "EUR", "USD"); err != nil {
		t.Fatal(err)
	}
	if _, now := w.asked(); now != before {
		t.Errorf("%d plans were asked for that nobody subscribes to", now-before)
	}
	w.clock.Advance(8 * 24 * time.Hour)
	testkit.Exec(t, w.db, `ALTER TABLE paypal_plan RENAME TO gone`)
	if err := p.Prepare(t.Context(), "USD"); err == nil {
		t.Error("no error without the table of plans")
	}
}
