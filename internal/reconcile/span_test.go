package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"readerfund/internal/fault"
	"readerfund/internal/reconcile"
	"readerfund/internal/testkit"
)

func TestDaysThatCannotBeLookedAt(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	day := func(n int) time.Time { return f.Clock.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, n) }
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
		_, err := f.Run(t.Context(), c.order)
		faults := fault.All(err)
		if len(faults) != 1 || faults[0].Kind != fault.Invalid || faults[0].Field != c.field ||
			!strings.Contains(faults[0].Message.String(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if f.Count("reconcile_run") != 0 || f.calls.Load() != 0 {
		t.Error("something was begun")
	}
	// Today may be the last day, though it is not over.
	f.clean(reconcile.Order{From: day(-2), To: day(1)})
}

// PayPal is up to three hours late: what is younger is not judged, and is looked at once it can be.
func TestPayPalIsLate(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	f.PayPal.Must("POST", "/sandbox/search", testkit.Fields{"lag": "3h"}, nil)
	f.settled(3, f.Clock.Now().Add(-50*time.Hour), f.Clock.Now().Add(-40*time.Hour))
	unheard := f.gifts(2, f.Clock.Now().Add(-2*time.Hour), f.Clock.Now().Add(-time.Hour))
	f.settled(2, f.Clock.Now().Add(-2*time.Hour), f.Clock.Now().Add(-time.Hour))

	f.looks.Store(0)
	res := f.clean(reconcile.Order{})
	if n := f.looks.Load(); n != 0 {
		t.Errorf("PayPal was asked about %d payments that its record cannot have yet", n)
	}
	if late := f.Clock.Now().Sub(res.CheckedTo); late < 2*time.Hour || late > 4*time.Hour || res.Payments != 3 {
		t.Errorf("checked to %s ago, %d payments", late, res.Payments)
	}
	if _, err := f.Run(t.Context(), reconcile.Order{From: f.Clock.Now().Add(-time.Hour)}); !fault.Is(err,
		fault.Unavailable) || !strings.Contains(err.Error(), "three hours late") {
		t.Errorf("days that PayPal has not reported: %v", err)
	}
	f.Clock.Advance(4 * time.Hour)
	if res := f.clean(reconcile.Order{}); res.Fixed != int64(len(unheard)) {
		t.Errorf("mended %d, want %d", res.Fixed, len(unheard))
	}
	f.agree()
}
