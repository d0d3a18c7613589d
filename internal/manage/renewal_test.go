package manage_test

import (
	"sync"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/manage"
	"readerfund/internal/subscription"
	"readerfund/internal/testkit"
)

// charged has PayPal make the next charge now, and gives its sale.
func (n *world) charged(c contribution.Contribution, f testkit.Fields) (sale string) {
	n.T.Helper()
	var made struct{ Sale string }
	n.PayPal.Must("POST", "/sandbox/subscriptions/"+n.sub(c).PayPalID+"/renew", f, &made)
	return made.Sale
}

// A charge that PayPal makes while the subscription is cancelled is booked, and the stop stays what it is.
func TestAStopWhileARenewalRuns(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	if _, err := n.Manage.Stop(t.Context(), c.ID, reader); err != nil {
		t.Fatal(err)
	}
	n.Clock.Advance(2 * time.Hour)
	id, sale := n.sub(c).PayPalID, n.charged(c, testkit.Fields{"late": true})
	if _, err := n.Payments.SettleSale(t.Context(), sale, id, byWebhook()); err != nil {
		t.Fatal(err)
	}
	n.wants(c, subscription.Cancelled)
	n.wantChanges(c, "stop done")
	if n.Count("payment WHERE contribution_id = $1 AND status = 'completed'", c.ID) != 2 {
		t.Error("the late charge is not booked")
	}
	if n.reviews(c) == "" {
		t.Error("nobody is asked to look at the charge after the end")
	}
	n.BooksEqual()
}

// A reader stops at the moment in which news of a renewal comes in, three times over: one payment more, and the end.
func TestAStopAndARenewalAtOnce(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	n.Clock.Advance(31 * 24 * time.Hour)
	id, sale := n.sub(c).PayPalID, n.charged(c, testkit.Fields{})
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if _, err := n.Manage.Stop(t.Context(), c.ID, reader); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if _, err := n.Payments.SettleSale(t.Context(), sale, id, byWebhook()); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if _, err := n.Settler.SettleSubscription(t.Context(), id, byWebhook()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n.wants(c, subscription.Cancelled)
	if n.Count("payment WHERE contribution_id = $1 AND status = 'completed'", c.ID) != 2 || n.reviews(c) != "" {
		t.Errorf("%d payments; to look at: %s", n.Count("payment"), n.reviews(c))
	}
	n.BooksEqual()
}

// A reader sees how charging goes: it fails, it recovers, or PayPal gives up.
func TestHowASubscriptionStands(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	stands := func(want manage.Standing) {
		t.Helper()
		n.news(c)
		if got := manage.StandingOf(n.sub(c), n.Clock.Now()); got != want {
			t.Errorf("it is shown as %s, want %s: %+v", got, want, n.sub(c))
		}
	}
	stands(manage.Running)
	from := func(outcome string) { // so do all charges from now on
		f := testkit.Fields{"outcome": outcome, "reason_code": "PAYER_CANNOT_PAY", "times": 100}
		n.PayPal.Must("POST", "/sandbox/subscriptions/"+n.sub(c).PayPalID+"/fail", f, nil)
	}
	from("failed")
	n.Clock.Advance(31 * day)
	n.charged(c, testkit.Fields{})
	stands(manage.Failing)
	from("completed")
	n.Clock.Advance(5 * day)
	n.charged(c, testkit.Fields{})
	stands(manage.Recovered)
	from("failed")
	for range 12 { // three charges with their retries
		if n.sub(c).State != subscription.Active {
			break
		}
		n.Clock.Advance(31 * day)
		// PayPal's own clock may have charged it in the meantime, and suspended it: then this is refused.
		_ = n.PayPal.Hook("POST", "/sandbox/subscriptions/"+n.sub(c).PayPalID+"/renew", testkit.Fields{}, nil)
		n.news(c)
	}
	stands(manage.Lost)
	if _, err := n.Manage.Resume(t.Context(), c.ID, reader); err != nil { // they mended their way of paying
		t.Fatal(err)
	}
	n.wants(c, subscription.Active)
}
