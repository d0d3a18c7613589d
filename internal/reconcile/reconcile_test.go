package reconcile_test

import (
	"testing"
	"time"

	"readerfund/internal/reconcile"
)

// A day on which no webhook came: gifts, refunds in parts, reversals, cases won and lost, and nobody told us.
func TestADayWithoutWebhooks(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	gifts := w.gifts(60, w.now().Add(-24*time.Hour), w.now().Add(-time.Hour))
	w.hook("POST", "captures/"+gifts[0].Capture+"/refund", fields{"amount": "10.00"}, nil)
	w.hook("POST", "captures/"+gifts[0].Capture+"/refund", fields{"amount": "5.00"}, nil)
	w.hook("POST", "captures/"+gifts[1].Capture+"/refund", fields{}, nil)
	w.hook("POST", "captures/"+gifts[2].Capture+"/reverse", fields{}, nil)
	w.hook("POST", "captures/"+gifts[3].Capture+"/dispute", fields{}, nil)
	w.hook("POST", "captures/"+gifts[4].Capture+"/dispute", fields{"outcome": "seller"}, nil)
	w.hook("POST", "captures/"+gifts[5].Capture+"/dispute", fields{"outcome": "buyer", "fee": "16.00"}, nil)
	w.hook("POST", "captures/"+gifts[6].Capture+"/dispute", fields{"stage": "INQUIRY"}, nil)

	res := w.clean(reconcile.Order{})
	if res.Payments != 60 || res.Mended < 60 {
		t.Errorf("%d payments, %d mended", res.Payments, res.Mended)
	}
	w.agree()
	if n := w.count("contribution WHERE state = 'disputed'"); n != 2 {
		t.Errorf("%d contributions disputed, want the open case and the inquiry", n)
	}
	before := w.dump("reconcile_run")
	again := w.clean(reconcile.Order{})
	if again.Mended != 0 {
		t.Errorf("the second run mended %d", again.Mended)
	}
	w.unchanged(before)
	if w.count("paypal_transaction") != 0 {
		t.Error("PayPal's rows were left behind")
	}
}
