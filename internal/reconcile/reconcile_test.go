package reconcile_test

import (
	"testing"
	"time"

	"readerfund/internal/reconcile"
	"readerfund/internal/testkit"
)

// A day on which no webhook came: gifts, refunds in parts, reversals, disputes won and lost, and nobody told us.
func TestADayWithoutWebhooks(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	gifts := f.gifts(60, f.Clock.Now().Add(-24*time.Hour), f.Clock.Now().Add(-time.Hour))
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[0].Capture+"/refund", testkit.Fields{"amount": "10.00"}, nil)
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[0].Capture+"/refund", testkit.Fields{"amount": "5.00"}, nil)
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[1].Capture+"/refund", testkit.Fields{}, nil)
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[2].Capture+"/reverse", testkit.Fields{}, nil)
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[3].Capture+"/dispute", testkit.Fields{}, nil)
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[4].Capture+"/dispute", testkit.Fields{"outcome": "seller"}, nil)
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[5].Capture+"/dispute",
		testkit.Fields{"outcome": "buyer", "fee": "16.00"}, nil)
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[6].Capture+"/dispute", testkit.Fields{"stage": "INQUIRY"}, nil)

	res := f.clean(reconcile.Order{})
	if res.Payments != 60 || res.Fixed < 60 {
		t.Errorf("%d payments, %d mended", res.Payments, res.Fixed)
	}
	f.agree()
	if n := f.Count("contribution WHERE state = 'disputed'"); n != 2 {
		t.Errorf("%d contributions disputed, want the open dispute and the inquiry", n)
	}
	before := f.dump("reconcile_run")
	again := f.clean(reconcile.Order{})
	if again.Fixed != 0 {
		t.Errorf("the second run mended %d", again.Fixed)
	}
	f.unchanged(before)
	if f.Count("paypal_transaction") != 0 {
		t.Error("PayPal's rows were left behind")
	}
}
