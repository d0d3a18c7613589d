package reconcile_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/reconcile"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
)

// More than PayPal lists at once: the window is halved until it fits.
func TestTooManyForOneWindow(t *testing.T) {
	t.Parallel()
	f := open(t, options{searchLimit: 40})
	f.gifts(300, f.Clock.Now().Add(-60*24*time.Hour), f.Clock.Now().Add(-5*time.Hour))
	if res := f.clean(reconcile.Order{}); res.Payments != 300 {
		t.Errorf("%d payments", res.Payments)
	}
	f.agree()
}

// More in one second than PayPal lists: it is said, and not passed over.
func TestTooManyInOneSecond(t *testing.T) {
	t.Parallel()
	f := open(t, options{searchLimit: 40})
	at := f.Clock.Now().Add(-24 * time.Hour)
	f.gifts(60, at, at)
	_, err := f.Run(t.Context(), reconcile.Order{From: at.Add(-time.Minute), To: at.Add(time.Minute)})
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "10,000 transactions in one second") {
		t.Errorf("got %v", err)
	}
	if f.Count("reconcile_run WHERE state = 'broken' AND note <> ''") != 1 {
		t.Error("the run does not say why it broke off")
	}
}

func TestRowsThatComeTwice(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	f.PayPal.Must("POST", "/sandbox/search", testkit.Fields{"repeat": true}, nil)
	gifts := f.gifts(30, f.Clock.Now().Add(-48*time.Hour), f.Clock.Now().Add(-5*time.Hour))
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[0].Capture+"/refund", testkit.Fields{}, nil)
	if res := f.clean(reconcile.Order{}); res.Payments != 30 {
		t.Errorf("%d payments", res.Payments)
	}
	f.agree()
}

// A row that is added to a page while the next one is read moves all others on: one comes twice, and one would be
// missed.
func TestPagesThatMoveWhileTheyAreRead(t *testing.T) {
	if testing.Short() {
		t.Skip("many gifts, one after the other: left out of the short run")
	}
	t.Parallel()
	f := open(t, options{})
	from := f.Clock.Now().Add(-48 * time.Hour)
	f.gifts(520, from.Add(time.Hour), f.Clock.Now().Add(-5*time.Hour))
	meddle := func(call int64) {
		if call == 2 {
			f.gifts(3, from.Add(time.Minute), from.Add(2*time.Minute))
		}
	}
	f.meddle.Store(&meddle)
	if res := f.clean(reconcile.Order{From: from}); res.Payments != 523 {
		t.Errorf("%d payments, want 523", res.Payments)
	}
}

func TestPayPalIsBusyInTheMiddle(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	f.gifts(20, f.Clock.Now().Add(-100*24*time.Hour), f.Clock.Now().Add(-5*time.Hour))
	meddle := func(call int64) {
		if call == 2 {
			f.PayPal.Must("POST", "/sandbox/faults",
				testkit.Fields{
					"kind": "status", "status": 429, "headers": testkit.Fields{"Retry-After": "1"}, "times": 5,
					"match": testkit.Fields{"path": "/v1/reporting/transactions"},
				}, nil)
		}
	}
	f.meddle.Store(&meddle)
	f.clean(reconcile.Order{})
	f.agree()
}

// PayPal gives its record and no payment: the run gives up instead of asking two thousand times, and the next goes on.
func TestPayPalGoesAway(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	f.gifts(60, f.Clock.Now().Add(-48*time.Hour), f.Clock.Now().Add(-5*time.Hour))
	f.PayPal.Must("POST", "/sandbox/faults",
		testkit.Fields{"kind": "status", "status": 503, "match": testkit.Fields{"path": "/v2/*"}}, nil)
	_, err := f.Run(t.Context(), reconcile.Order{})
	if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	f.PayPal.Must("DELETE", "/sandbox/faults", nil, nil)
	calls := f.calls.Load()
	resumed := false
	f.clean(reconcile.Order{Progress: func(p reconcile.Progress) { resumed = resumed || p.Resumed }})
	if !resumed || f.calls.Load() != calls {
		t.Errorf("resumed %v, asked for PayPal's record %d times more", resumed, f.calls.Load()-calls)
	}
	f.agree()
}

// A run that was stopped while it read is taken up where it was.
func TestARunIsTakenUp(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	f.gifts(40, f.Clock.Now().Add(-150*24*time.Hour), f.Clock.Now().Add(-5*time.Hour))
	ctx, stop := context.WithCancel(t.Context())
	_, err := f.Run(ctx, reconcile.Order{Progress: func(p reconcile.Progress) {
		if p.Rows > 15 {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	calls := f.calls.Load()
	if calls < 2 || calls > 4 {
		t.Fatalf("stopped after %d windows, want it in the middle", calls)
	}
	var reached time.Time
	f.clean(reconcile.Order{Progress: func(p reconcile.Progress) {
		if reached.IsZero() {
			reached = p.Reached
		}
	}})
	if again := f.calls.Load() - calls; again > 4 {
		t.Errorf("read %d windows again", again)
	}
	if reached.Before(f.Clock.Now().Add(-130 * 24 * time.Hour)) {
		t.Errorf("it began anew at %s", reached)
	}
	f.agree()

	// What was left too long ago is not: PayPal's rows are too old.
	f.Exec(`UPDATE reconcile_run SET state = 'broken', started_at = started_at - interval '8 hours', seen_at = seen_at - interval '8 hours'`)
	res := f.clean(reconcile.Order{Progress: func(p reconcile.Progress) {
		if p.Resumed {
			t.Error("an old run was taken up")
		}
	}})
	if res.Run == 1 || f.Count("reconcile_run WHERE state = 'abandoned'") != 1 {
		t.Errorf("run %d", res.Run)
	}
}

// Two at once, beside webhooks that tell of the same gifts.
func TestTwiceAtOnceBesideWebhooks(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	gifts := f.gifts(60, f.Clock.Now().Add(-90*24*time.Hour), f.Clock.Now().Add(-5*time.Hour))
	for i := range 20 {
		f.PayPal.Must("POST", "/sandbox/captures/"+gifts[i].Capture+"/refund", testkit.Fields{"amount": "2.00"}, nil)
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if res, err := f.Run(t.Context(), reconcile.Order{}); err != nil || res.Unexplained() != 0 {
				t.Errorf("%d unexplained, %v: %v", res.Unexplained(), err, res.Open)
			}
		})
	}
	all.Go(func() {
		for _, g := range gifts {
			if _, err := f.Payments.SettleCapture(t.Context(), g.Capture, settle.Source{Way: contribution.ByWebhook}); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	f.clean(reconcile.Order{})
	f.agree()
}

// An app that PayPal does not let see everything: what can be looked at is looked at, and the rest is said.
func TestPayPalForbids(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	f.gifts(3, f.Clock.Now().Add(-48*time.Hour), f.Clock.Now().Add(-5*time.Hour))
	forbid := func(path string) {
		f.PayPal.Must("POST", "/sandbox/faults", testkit.Fields{
			"kind": "status", "status": 403, "body": testkit.Fields{
				"name": "NOT_AUTHORIZED", "message": "Authorization failed.",
			}, "match": testkit.Fields{"path": path},
		}, nil)
	}
	forbid("/v1/customer/disputes*")
	forbid("/v1/notifications/webhooks-events*")
	res := f.clean(reconcile.Order{})
	if len(res.Warnings) != 2 || !strings.Contains(res.Warnings[0].String(), "disputes") ||
		!strings.Contains(res.Warnings[1].String(), "webhook events") {
		t.Errorf("warned of %q", res.Warnings)
	}
	f.agree()
	forbid("/v1/reporting/*")
	if _, err := f.Run(t.Context(), reconcile.Order{}); !fault.Is(err, fault.Unavailable) ||
		!strings.Contains(err.Error(), "Switch on Transaction Search") {
		t.Errorf("got %v", err)
	}
}
