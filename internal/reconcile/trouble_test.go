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
)

// More than PayPal lists at once: the window is halved until it fits.
func TestTooManyForOneWindow(t *testing.T) {
	t.Parallel()
	w := open(t, options{searchLimit: 40})
	w.gifts(300, w.now().Add(-60*24*time.Hour), w.now().Add(-5*time.Hour))
	if res := w.clean(reconcile.Order{}); res.Payments != 300 {
		t.Errorf("%d payments", res.Payments)
	}
	w.agree()
}

// More in one second than PayPal lists: it is said, and not passed over.
func TestTooManyInOneSecond(t *testing.T) {
	t.Parallel()
	w := open(t, options{searchLimit: 40})
	at := w.now().Add(-24 * time.Hour)
	w.gifts(60, at, at)
	_, err := w.Run(t.Context(), reconcile.Order{From: at.Add(-time.Minute), To: at.Add(time.Minute)})
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "10,000 transactions in one second") {
		t.Errorf("got %v", err)
	}
	if w.count("reconcile_run WHERE state = 'broken' AND note <> ''") != 1 {
		t.Error("the run does not say why it broke off")
	}
}

func TestRowsThatComeTwice(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	w.hook("POST", "search", fields{"repeat": true}, nil)
	gifts := w.gifts(30, w.now().Add(-48*time.Hour), w.now().Add(-5*time.Hour))
	w.hook("POST", "captures/"+gifts[0].Capture+"/refund", fields{}, nil)
	if res := w.clean(reconcile.Order{}); res.Payments != 30 {
		t.Errorf("%d payments", res.Payments)
	}
	w.agree()
}

// A row that is added to a page while the next one is read moves all others on: one comes twice, and one would be missed.
func TestPagesThatMoveWhileTheyAreRead(t *testing.T) {
	if testing.Short() {
		t.Skip("many gifts, one after the other: left out of the short run")
	}
	t.Parallel()
	w := open(t, options{})
	from := w.now().Add(-48 * time.Hour)
	w.gifts(700, from.Add(time.Hour), w.now().Add(-5*time.Hour))
	meddle := func(call int64) {
		if call == 2 {
			w.gifts(3, from.Add(time.Minute), from.Add(2*time.Minute))
		}
	}
	w.meddle.Store(&meddle)
	if res := w.clean(reconcile.Order{From: from}); res.Payments != 703 {
		t.Errorf("%d payments, want 703", res.Payments)
	}
}

func TestPayPalIsBusyInTheMiddle(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	w.gifts(20, w.now().Add(-100*24*time.Hour), w.now().Add(-5*time.Hour))
	meddle := func(call int64) {
		if call == 2 {
			w.hook("POST", "faults", fields{"kind": "status", "status": 429, "headers": fields{"Retry-After": "1"}, "times": 5, "match": fields{"path": "/v1/reporting/transactions"}}, nil)
		}
	}
	w.meddle.Store(&meddle)
	w.clean(reconcile.Order{})
	w.agree()
}

// PayPal gives its record and no payment: the run gives up instead of asking two thousand times, and the next goes on.
func TestPayPalGoesAway(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	w.gifts(60, w.now().Add(-48*time.Hour), w.now().Add(-5*time.Hour))
	w.hook("POST", "faults", fields{"kind": "status", "status": 503, "match": fields{"path": "/v2/*"}}, nil)
	_, err := w.Run(t.Context(), reconcile.Order{})
	if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	w.hook("DELETE", "faults", nil, nil)
	calls := w.calls.Load()
	resumed := false
	w.clean(reconcile.Order{Progress: func(p reconcile.Progress) { resumed = resumed || p.Resumed }})
	if !resumed || w.calls.Load() != calls {
		t.Errorf("resumed %v, asked for PayPal's record %d times more", resumed, w.calls.Load()-calls)
	}
	w.agree()
}

// A run that was stopped while it read is taken up where it was.
func TestARunIsTakenUp(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	w.gifts(40, w.now().Add(-150*24*time.Hour), w.now().Add(-5*time.Hour))
	ctx, stop := context.WithCancel(t.Context())
	_, err := w.Run(ctx, reconcile.Order{Progress: func(p reconcile.Progress) {
		if p.Rows > 15 {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	calls := w.calls.Load()
	if calls < 2 || calls > 4 {
		t.Fatalf("stopped after %d windows, want it in the middle", calls)
	}
	var reached time.Time
	w.clean(reconcile.Order{Progress: func(p reconcile.Progress) {
		if reached.IsZero() {
			reached = p.Reached
		}
	}})
	if again := w.calls.Load() - calls; again > 4 {
		t.Errorf("read %d windows again", again)
	}
	if reached.Before(w.now().Add(-130 * 24 * time.Hour)) {
		t.Errorf("it began anew at %s", reached)
	}
	w.agree()

	// What was left too long ago is not: PayPal's rows are too old.
	w.exec(`UPDATE reconcile_run SET state = 'broken', started_at = started_at - interval '8 hours', seen_at = seen_at - interval '8 hours'`)
	res := w.clean(reconcile.Order{Progress: func(p reconcile.Progress) {
		if p.Resumed {
			t.Error("an old run was taken up")
		}
	}})
	if res.Run == 1 || w.count("reconcile_run WHERE state = 'abandoned'") != 1 {
		t.Errorf("run %d", res.Run)
	}
}

// Two at once, beside webhooks that tell of the same gifts.
func TestTwiceAtOnceBesideWebhooks(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	gifts := w.gifts(60, w.now().Add(-90*24*time.Hour), w.now().Add(-5*time.Hour))
	for i := range 20 {
		w.hook("POST", "captures/"+gifts[i].Capture+"/refund", fields{"amount": "2.00"}, nil)
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if res, err := w.Run(t.Context(), reconcile.Order{}); err != nil || res.Unexplained() != 0 {
				t.Errorf("%d unexplained, %v: %v", res.Unexplained(), err, res.Open)
			}
		})
	}
	all.Go(func() {
		for _, g := range gifts {
			if _, err := w.desk.SettleCapture(t.Context(), g.Capture, contribution.Source{Way: contribution.ByWebhook}); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	w.clean(reconcile.Order{})
	w.agree()
}

// An app that PayPal does not let see everything: what can be looked at is looked at, and the rest is said.
func TestPayPalForbids(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	w.gifts(3, w.now().Add(-48*time.Hour), w.now().Add(-5*time.Hour))
	forbid := func(path string) {
		w.hook("POST", "faults", fields{
			"kind": "status", "status": 403, "body": fields{"name": "NOT_AUTHORIZED", "message": "Authorization failed."}, "match": fields{"path": path},
		}, nil)
	}
	forbid("/v1/customer/disputes*")
	forbid("/v1/notifications/webhooks-events*")
	res := w.clean(reconcile.Order{})
	if len(res.Warnings) != 2 || !strings.Contains(res.Warnings[0], "disputes") || !strings.Contains(res.Warnings[1], "webhook events") {
		t.Errorf("warned of %q", res.Warnings)
	}
	w.agree()
	forbid("/v1/reporting/*")
	if _, err := w.Run(t.Context(), reconcile.Order{}); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "Switch on Transaction Search") {
		t.Errorf("got %v", err)
	}
}
