package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"readerfund/internal/fault"
	"readerfund/internal/reconcile"
)

func TestDaysThatCannotBeLookedAt(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	day := func(n int) time.Time { return w.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, n) }
	for _, c := range []struct {
		name  string
		order reconcile.Order
		field string
		says  string
	}{
		{"reversed", reconcile.Order{From: day(-3), To: day(-9)}, "to", "Swap them"},
		{"begins in the future", reconcile.Order{From: day(2)}, "from", "in the future"},
		{"ends in the future", reconcile.Order{From: day(-3), To: day(3)}, "to", "in the future"},
		{"beyond three years", reconcile.Order{From: day(-1200)}, "from", "three years"},
		{"ends beyond three years", reconcile.Order{To: day(-1200)}, "to", "three years"},
	} {
		_, err := w.Run(t.Context(), c.order)
		faults := fault.All(err)
		if len(faults) != 1 || faults[0].Kind != fault.Invalid || faults[0].Field != c.field || !strings.Contains(faults[0].Message.String(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if w.count("reconcile_run") != 0 || w.calls.Load() != 0 {
		t.Error("something was begun")
	}
	// Today may be the last day, though it is not over.
	w.clean(reconcile.Order{From: day(-2), To: day(1)})
}

// PayPal is up to three hours late: what is younger is not judged, and is looked at once it can be.
func TestPayPalIsLate(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	w.hook("POST", "search", fields{"lag": "3h"}, nil)
	w.settled(3, w.now().Add(-50*time.Hour), w.now().Add(-40*time.Hour))
	unheard := w.gifts(2, w.now().Add(-2*time.Hour), w.now().Add(-time.Hour))
	w.settled(2, w.now().Add(-2*time.Hour), w.now().Add(-time.Hour))

	w.looks.Store(0)
	res := w.clean(reconcile.Order{})
	if n := w.looks.Load(); n != 0 {
		t.Errorf("PayPal was asked about %d payments that its record cannot have yet", n)
	}
	if late := w.now().Sub(res.CheckedTo); late < 2*time.Hour || late > 4*time.Hour || res.Payments != 3 {
		t.Errorf("checked to %s ago, %d payments", late, res.Payments)
	}
	if _, err := w.Run(t.Context(), reconcile.Order{From: w.now().Add(-time.Hour)}); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "three hours late") {
		t.Errorf("days that PayPal has not reported: %v", err)
	}
	w.later(4 * time.Hour)
	if res := w.clean(reconcile.Order{}); res.Mended != int64(len(unheard)) {
		t.Errorf("mended %d, want %d", res.Mended, len(unheard))
	}
	w.agree()
}
